//! The single words that stand in columns of their own.

use status_domain::approval::ApprovalState;
use status_domain::facet::Facet;
use status_domain::subject::SubjectKind;

use crate::record::RegisterState;

/// The word for what a subject is.
pub(crate) const fn kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Customer => "customer",
        SubjectKind::Account => "account",
    }
}

/// What a subject is.
pub(crate) fn read_kind(word: &str) -> Option<SubjectKind> {
    [SubjectKind::Customer, SubjectKind::Account].into_iter().find(|one| kind(*one) == word)
}

/// The word for where a register stands.
pub(crate) const fn register_state(state: RegisterState) -> &'static str {
    match state {
        RegisterState::Pending => "pending",
        RegisterState::InDoubt => "in_doubt",
        RegisterState::Confirmed => "confirmed",
        RegisterState::Refused => "refused",
        RegisterState::Parked => "parked",
    }
}

/// Where a register stands.
pub(crate) fn read_register_state(word: &str) -> Option<RegisterState> {
    Some(match word {
        "pending" => RegisterState::Pending,
        "in_doubt" => RegisterState::InDoubt,
        "confirmed" => RegisterState::Confirmed,
        "refused" => RegisterState::Refused,
        "parked" => RegisterState::Parked,
        _ => return None,
    })
}

/// The word for where an approval stands.
pub(crate) const fn approval_state(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "waiting",
        ApprovalState::Executing => "executing",
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Failed => "failed",
    }
}

/// Where an approval stands.
pub(crate) fn read_approval_state(word: &str) -> Option<ApprovalState> {
    Some(match word {
        "waiting" => ApprovalState::Waiting,
        "executing" => ApprovalState::Executing,
        "approved" => ApprovalState::Approved,
        "rejected" => ApprovalState::Rejected,
        "failed" => ApprovalState::Failed,
        _ => return None,
    })
}

/// The text for a facet.
pub(crate) fn facet(facet: &Facet) -> String {
    match facet {
        Facet::Lifecycle => "lifecycle".to_owned(),
        Facet::Hold(owner) => format!("hold:{owner}"),
        Facet::EditLock => "edit_lock".to_owned(),
        Facet::Profile => "profile".to_owned(),
    }
}

/// The facet.
pub(crate) fn read_facet(text: &str) -> Option<Facet> {
    Some(match text {
        "lifecycle" => Facet::Lifecycle,
        "edit_lock" => Facet::EditLock,
        "profile" => Facet::Profile,
        _ => Facet::Hold(text.strip_prefix("hold:")?.parse().ok()?),
    })
}
