//! The rows of the record, in the domain's words.

use chrono::{DateTime, Utc};
use status_domain::approval::Approval;
use status_domain::command::ChangeRequest;
use status_domain::facet::Facet;
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, SubjectId, System};
use status_domain::principal::Principal;
use status_domain::register::{RegisterName, RegisterValue};
use status_domain::settle::Assertion;
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectState};
use status_domain::text::{Native, Reason};
use uuid::Uuid;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A subject and the end of its history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SubjectRow {
    /// The subject, with its identifiers.
    pub subject: Subject,
    /// The last entry of its history.
    pub head: Head,
}

/// The end of a subject's history.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Head {
    /// Number of entries.
    pub length: u64,
    /// Hash of the last entry; all zeros while there is none.
    pub hash: Digest,
}

/// One entry of a subject's history. Written once, never changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryRow {
    /// Whose history.
    pub subject: SubjectId,
    /// 1 for the first entry.
    pub number: u64,
    /// The change it tells about.
    pub change: ChangeId,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What it tells: `recorded`, `approval_requested`, `approved`, `rejected`, `applied`, …
    pub kind: Box<str>,
    /// The particulars as JSON text. No secrets, no personal data.
    pub body: Box<str>,
    /// Hash of the entry before it.
    pub previous: Digest,
    /// Hash of this entry, which covers everything above.
    pub hash: Digest,
}

/// One change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeRow {
    /// Its id.
    pub id: ChangeId,
    /// The root of the family it was decided in: the customer, or an account that belongs to nobody.
    pub family: SubjectId,
    /// Who was named.
    pub subject: SubjectId,
    /// Who asked.
    pub by: Principal,
    /// What it addresses.
    pub facet: Facet,
    /// What was asked for, for people. No personal data.
    pub summary: Box<str>,
    /// Why.
    pub reason: Option<Reason>,
    /// The caller's extras, to be passed on to an upstream of the same format.
    pub native: Option<Native>,
    /// What it has come to.
    pub outcome: ChangeOutcome,
    /// The effective status of the named subject that it leads to.
    pub effective: Status,
    /// The registers it asserted.
    pub assertions: Vec<Assertion>,
    /// What it addressed and the state before, kept while it may still be put back.
    pub before: Vec<(SubjectId, SubjectState)>,
    /// Under which key its final answer is kept for repeats.
    pub answer_key: Option<AnswerKey>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// When its outcome became final.
    pub settled_at: Option<DateTime<Utc>>,
}

/// What a change has come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ChangeOutcome {
    /// Waits for a checker.
    Waiting,
    /// Recorded, on its way to the upstreams.
    Open,
    /// Every required upstream confirmed.
    Applied,
    /// Some upstreams hold it, these do not.
    Partly(Vec<System>),
    /// An upstream refused it and it was put back.
    Refused(System, UpstreamRefusal),
    /// A checker refused it.
    Rejected,
    /// Nobody can tell.
    Unknown,
    /// A newer change took its place.
    Superseded,
}

impl ChangeOutcome {
    /// Whether something may still change about it without a person.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Waiting | Self::Open => true,
            Self::Applied
            | Self::Partly(_)
            | Self::Refused(..)
            | Self::Rejected
            | Self::Unknown
            | Self::Superseded => false,
        }
    }
}

/// What one upstream register should hold and what it is known to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegisterRow {
    /// Whose register.
    pub subject: SubjectId,
    /// In which upstream.
    pub system: System,
    /// Which one.
    pub register: RegisterName,
    /// What it should hold. Empty once confirmed where the value is personal data.
    pub desired: RegisterValue,
    /// Counts the desired values, from 1.
    pub version: u64,
    /// The change that made the desired value.
    pub change: ChangeId,
    /// What it is known to hold, and which version that was. `None` while that is in doubt.
    pub confirmed: Option<(RegisterValue, u64)>,
    /// Where it stands.
    pub state: RegisterState,
    /// How often the desired value has been tried.
    pub attempts: u32,
    /// What the last failed attempt came to; no secrets.
    pub last_error: Option<Box<str>>,
}

/// Where a register stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegisterState {
    /// The desired value is to be sent.
    Pending,
    /// It may have been sent with effect: read back before sending again.
    InDoubt,
    /// Confirmed equals desired.
    Confirmed,
    /// The upstream will not take the value. Flagged for a person.
    Refused,
    /// Tried as often as is allowed: a dead letter. Flagged for a person.
    Parked,
}

/// The right to talk to one upstream about one subject. At most one request is under way for each lane.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LaneRow {
    /// About whom.
    pub subject: SubjectId,
    /// To whom.
    pub system: System,
    /// When the next request is due; `None` when there is nothing to send.
    pub due_at: Option<DateTime<Utc>>,
    /// Who is talking now.
    pub lease: Option<Lease>,
}

/// A lane in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lease {
    /// Fencing token: a result counts only if it carries the lane's present token.
    pub token: Uuid,
    /// When somebody else may take over.
    pub until: DateTime<Utc>,
}

/// One request to an upstream and what came of it. Written once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttemptRow {
    /// About whom.
    pub subject: SubjectId,
    /// To whom.
    pub system: System,
    /// Which register.
    pub register: RegisterName,
    /// Which version of its desired value.
    pub version: u64,
    /// For which change.
    pub change: ChangeId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What came of it, in one word: `confirmed`, `not_sent`, `refused`, `unknown`, …
    pub result: Box<str>,
    /// Particulars; no secrets.
    pub detail: Option<Box<str>>,
}

/// A caller's message number together with the caller.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AnswerKey {
    /// The client's configured name.
    pub client: Box<str>,
    /// The number with everything that scopes it on its wire.
    pub key: Box<str>,
}

/// What a repeat of a request gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnswerRow {
    /// Under which number.
    pub key: AnswerKey,
    /// Digest of what was asked for.
    pub content: Digest,
    /// The change, if one was recorded.
    pub change: Option<ChangeId>,
    /// The answer, once it is final.
    pub response: Option<StoredResponse>,
    /// When the first request came.
    pub created_at: DateTime<Utc>,
}

/// An answer, byte for byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// Header names and values, in order.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Body.
    pub body: Box<[u8]>,
}

/// A change that was sent to approval.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalRow {
    /// As it is shown.
    pub approval: Approval,
    /// Who asked.
    pub by: Principal,
    /// The root of the subject's family.
    pub family: SubjectId,
    /// Who it is about.
    pub subject: SubjectId,
    /// Exactly what was asked for and is carried out when approved.
    pub request: ChangeRequest,
}
