//! Changes that wait for a second person.

use chrono::{DateTime, Utc};

use crate::failure::UpstreamRefusal;
use crate::ids::{ChangeId, System};
use crate::principal::Person;
use crate::text::{Native, Reason};

/// Where an approval stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ApprovalState {
    /// Waits for a checker.
    Waiting,
    /// Approved, not yet confirmed by the upstreams.
    Executing,
    /// Approved and confirmed. Final.
    Approved,
    /// Rejected by the checker. Final.
    Rejected,
    /// Approved, and then not applied. Final.
    Failed,
}

/// A change that was sent to approval, as it is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// Its id, the same as the change's.
    pub id: ChangeId,
    /// The format it was asked for in.
    pub format: System,
    /// Whose it is; others cannot see it.
    pub tenant: Box<str>,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who asked for it.
    pub maker: Person,
    /// Who decided it. `None` while waiting, and where policy approved it without a person.
    pub checker: Option<Person>,
    /// The checker's words.
    pub comment: Option<Reason>,
    /// The request in the words of its format.
    pub native: Option<Native>,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// When it reached a final state.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, if an upstream refused it.
    pub refusal: Option<UpstreamRefusal>,
}

/// Part of a list of approvals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalPage {
    /// This page.
    pub entries: Vec<Approval>,
    /// Zero-based number of this page.
    pub page: u32,
    /// Entries on a full page.
    pub limit: u32,
    /// Entries on all pages.
    pub total: u64,
}
