//! What the gateway has to say to a caller.

use std::borrow::Cow;
use std::fmt;

use crate::approval::{Approval, ApprovalPage};
use crate::failure::UpstreamRefusal;
use crate::hold::HoldOwner;
use crate::ids::{ChangeId, System};
use crate::status::Status;

/// What the gateway answers. Every wire format has a form for every one of these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Every required upstream confirmed; or, for a client that asked not to wait, the change is
    /// recorded. The only answer that may use a format's success shape.
    Applied(Applied),
    /// Some upstreams hold the change and others refused it. A person has been told.
    PartlyApplied {
        /// The change.
        change: ChangeId,
        /// Upstreams that do not hold it.
        missing: Vec<System>,
    },
    /// Recorded, waits for a checker.
    PendingApproval {
        /// The change, which is also the approval's id.
        change: ChangeId,
    },
    /// Recorded and on its way, not confirmed in the time the caller had.
    Queued {
        /// The change.
        change: ChangeId,
    },
    /// An upstream refused it and nothing was changed anywhere.
    RefusedUpstream {
        /// The change.
        change: ChangeId,
        /// Which upstream.
        system: System,
        /// Its own words.
        refusal: UpstreamRefusal,
    },
    /// Nobody can tell whether it was applied. A person has been told.
    Unknown {
        /// The change.
        change: ChangeId,
    },
    /// A newer change of the same thing overtook it before it was delivered.
    Superseded {
        /// The change.
        change: ChangeId,
    },
    /// The policy refuses it. Nothing was recorded as changed.
    RefusedByPolicy(PolicyRefusal),
    /// One approval. For a decision that was carried out: in its state after it.
    Approval(Box<Approval>),
    /// A list of approvals.
    Approvals(ApprovalPage),
    /// The gateway did not act on the request.
    NotActedOn(NotActedOn),
}

/// A change that is in force.
#[derive(Clone, Eq, PartialEq)]
pub struct Applied {
    /// The change.
    pub change: ChangeId,
    /// The effective status of the subject after it.
    pub effective: Status,
    /// The answer of the upstream that speaks the caller's format, if there is one. May hold personal
    /// data.
    pub native: Option<Box<str>>,
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Applied")
            .field("change", &self.change)
            .field("effective", &self.effective)
            .field("has_native", &self.native.is_some())
            .finish()
    }
}

/// Why the policy refuses a change.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyRefusal {
    /// A rule denies this move.
    #[error("{from} to {to} is not allowed: {why}")]
    Denied {
        /// The status the facet has.
        from: Status,
        /// The status asked for.
        to: Status,
        /// The rule's own words.
        why: Box<str>,
        /// Statuses to which this caller may move the facet from here, with or without approval.
        allowed: Vec<Status>,
    },
    /// Something else stands that would keep the change from taking effect.
    #[error("it would have no effect while {} stands", Standing::list(.standing))]
    Ineffective {
        /// What stands; at least one.
        standing: Vec<Standing>,
    },
    /// The hold in place cannot be released or replaced.
    #[error("the hold of {owner} with code {code} is final")]
    Irreversible {
        /// Whose hold.
        owner: HoldOwner,
        /// Its native code.
        code: Box<str>,
    },
    /// A required upstream has no value for the status.
    #[error("{system} cannot hold it: {why}")]
    NotRepresentable {
        /// Which upstream.
        system: System,
        /// What it cannot hold.
        why: Box<str>,
    },
}

/// A restriction that stands in the way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// A hold, which its owner may release.
    Hold {
        /// Whose hold.
        owner: HoldOwner,
        /// How restrictive; ACTIVE for one that restricts nothing and fills its slot all the same.
        severity: Status,
    },
    /// The lifecycle status.
    Lifecycle(Status),
}

impl Standing {
    fn list(standing: &[Self]) -> String {
        let name = |one: &Self| match one {
            Self::Hold { owner, severity: Status::Active } => {
                format!("the hold of {owner} (released by {owner})")
            }
            Self::Hold { owner, severity } => {
                format!("the {severity} hold of {owner} (released by {owner})")
            }
            Self::Lifecycle(status) => format!("lifecycle status {status}"),
        };
        standing.iter().map(name).collect::<Vec<_>>().join(" and ")
    }
}

/// Why the gateway did not act on a request. Nothing was changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotActedOn {
    /// The request could be answered but not understood; it must be corrected.
    #[error("{0}")]
    Malformed(DecodeError),
    /// The caller could not be authenticated. Says nothing about what was wrong.
    #[error("not authenticated")]
    Unauthenticated,
    /// The caller is known and may not do this.
    #[error("{0} is not permitted")]
    Forbidden(&'static str),
    /// Nobody knows the subject, and unknown subjects are not registered here.
    #[error("the subject is not known")]
    UnknownSubject,
    /// The identifiers name more than one subject.
    #[error("the identifiers name {0} different subjects")]
    Ambiguous(usize),
    /// There is no such approval, or it is another tenant's.
    #[error("there is no such request")]
    UnknownApproval,
    /// The approval was decided before.
    #[error("the request was decided before")]
    AlreadyDecided,
    /// Maker and checker are the same person.
    #[error("the maker of a request cannot decide it")]
    OwnRequest,
    /// The idempotency key was used for a different request.
    #[error("the message number was used for a different request")]
    KeyReused,
    /// The first request with this idempotency key has not finished.
    #[error("the first request with this number has not finished")]
    InProgress,
    /// Too much is waiting; try later.
    #[error("overloaded, try again later")]
    Overloaded,
    /// The record cannot be reached or written; try later.
    #[error("the record is not available, try again later")]
    Unavailable,
    /// The gateway's own fault.
    #[error("internal error")]
    Internal,
}

/// What is wrong with a request whose envelope could be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct DecodeError {
    /// Where, in the caller's spelling. Never a value.
    pub field: Cow<'static, str>,
    /// What is wrong there.
    pub problem: Problem,
    /// The code by which the adapter that found it will answer; empty for its general one.
    pub code: &'static str,
}

impl DecodeError {
    /// A problem that is answered with the format's general code.
    #[must_use]
    pub const fn new(field: &'static str, problem: Problem) -> Self {
        Self { field: Cow::Borrowed(field), problem, code: "" }
    }

    /// A problem that is answered with a code of its own.
    #[must_use]
    pub const fn coded(field: &'static str, problem: Problem, code: &'static str) -> Self {
        Self { field: Cow::Borrowed(field), problem, code }
    }
}

/// What is wrong with a field. The texts never repeat the input.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is there and must not be.
    #[error("not allowed here")]
    NotAllowed,
    /// It is of another JSON type than it should be.
    #[error("must be {0}")]
    WrongType(&'static str),
    /// It is none of the values that are defined.
    #[error("not one of the defined values")]
    Undefined,
    /// It is longer than it may be, in characters.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// It does not have the form it should have.
    #[error("must be {0}")]
    Form(&'static str),
    /// It is given more than once.
    #[error("given more than once")]
    Repeated,
    /// It does not agree with what is configured.
    #[error("does not agree with the configuration")]
    Mismatch,
}
