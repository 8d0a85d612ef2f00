//! What a caller asks for, in canonical words.

use chrono::{DateTime, Utc};

use crate::approval::ApprovalState;
use crate::facet::{EditLock, Facet};
use crate::hold::{HoldOwner, NativeCode, Slot};
use crate::ids::{IdempotencyKey, Identifier};
use crate::profile::Profile;
use crate::status::Status;
use crate::subject::SubjectKind;
use crate::text::{Native, Reason};

/// A request that could be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// Change something.
    Change(Box<ChangeRequest>),
    /// Decide on a change that waits for approval.
    Decide(DecisionRequest),
    /// Show one approval; the text is what the caller gave as its id.
    ShowApproval(Box<str>),
    /// List approvals.
    ListApprovals(ApprovalFilter),
}

/// A request to change one facet of one subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeRequest {
    /// How the caller named the subject: at least one identifier. All must name the same subject.
    pub named_by: Vec<Identifier>,
    /// What the subject is, should nobody know it yet.
    pub kind: SubjectKind,
    /// What to change.
    pub action: Action,
    /// Why.
    pub reason: Option<Reason>,
    /// What the caller's format carries beyond that, for an upstream of the same format and for
    /// showing the request again.
    pub native: Option<Native>,
    /// By what a repeat of this request is known, where the format has such a thing.
    pub idempotency: Option<IdempotencyKey>,
    /// Whether the format shows a change as a request that is read back and decided later. Such a change
    /// is answered with [`Answer::Approval`](crate::answer::Answer::Approval), also where no second
    /// person is needed.
    pub shown_as_request: bool,
}

/// What to change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Set the lifecycle status.
    SetLifecycle(Status),
    /// Place a hold, or replace the one this owner has.
    PlaceHold {
        /// Whose hold.
        owner: HoldOwner,
        /// How restrictive; `None` for a hold that restricts nothing.
        severity: Option<Status>,
        /// The code it is written as.
        native: NativeCode,
        /// Whether it may later be released or replaced by another code.
        reversible: bool,
        /// On whom it is placed.
        scope: Scope,
    },
    /// Release the hold of one owner.
    ReleaseHold {
        /// Whose hold.
        owner: HoldOwner,
        /// The slot the caller wants cleared.
        slot: Slot,
        /// What else the slot shows: the caller is refused while any of it stands, because the slot
        /// would not be clear.
        shows: SlotShows,
    },
    /// Set the code that a slot shows while no hold stands in it.
    SetResting {
        /// Whose holds the slot shows.
        owner: HoldOwner,
        /// The code.
        native: NativeCode,
        /// What else the slot shows; as for a release.
        shows: SlotShows,
    },
    /// Set or release the guard against edits.
    SetEditLock {
        /// What it is to be.
        lock: EditLock,
        /// Effective statuses under which the record stays guarded all the same; unlocking is refused
        /// while one of them holds.
        kept_while: Vec<Status>,
    },
    /// Change consumer details.
    UpdateProfile(Profile),
}

impl Action {
    /// The facet the action addresses.
    #[must_use]
    pub fn facet(&self) -> Facet {
        match self {
            Self::SetLifecycle(_) => Facet::Lifecycle,
            Self::PlaceHold { owner, .. }
            | Self::ReleaseHold { owner, .. }
            | Self::SetResting { owner, .. } => Facet::Hold(owner.clone()),
            Self::SetEditLock { .. } => Facet::EditLock,
            Self::UpdateProfile(_) => Facet::Profile,
        }
    }
}

/// On whom a hold is placed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// On the subject that was named.
    Account,
    /// On the customer it belongs to, if it belongs to one.
    Customer,
}

/// What a slot shows besides the holds of its owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SlotShows {
    /// Nothing else.
    OwnerOnly,
    /// The lifecycle status and the holds of every owner but these.
    AllBut(Vec<HoldOwner>),
}

/// A decision on a change that waits for approval.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecisionRequest {
    /// What the caller gave as the request's id.
    pub id: Box<str>,
    /// Which way.
    pub verdict: Verdict,
    /// The checker's words.
    pub comment: Option<Reason>,
}

/// A checker's decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Carry it out.
    Approve,
    /// Do not.
    Reject,
}

/// Which approvals to list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ApprovalFilter {
    /// The maker's number.
    pub maker_number: Option<i64>,
    /// States to include; empty for all.
    pub states: Vec<ApprovalState>,
    /// Native attributes that must match.
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// Not made before this instant.
    pub from: Option<DateTime<Utc>>,
    /// Made before this instant.
    pub to: Option<DateTime<Utc>>,
    /// What to sort by.
    pub sort: ApprovalSort,
    /// Which way.
    pub order: SortOrder,
    /// Zero-based page.
    pub page: u32,
    /// Entries on a page, 1-1000.
    pub limit: u32,
}

/// What a list of approvals is sorted by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ApprovalSort {
    /// When it was made.
    #[default]
    Started,
    /// When it ended; those that have not come last.
    Ended,
}

/// Direction of sorting.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SortOrder {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}
