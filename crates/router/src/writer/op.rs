//! What the writer is asked to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use status_domain::answer::Answer;
use status_domain::command::{ChangeRequest, DecisionRequest};
use status_domain::failure::{Confirmation, Failure};
use status_domain::ids::{ChangeId, Identifier, SubjectId, System};
use status_domain::principal::Principal;
use status_domain::register::Order;
use status_domain::subject::SubjectKind;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use crate::gateway::{Answered, Encoder};

/// One thing for the writer to do. Everything that changes the record comes this way, in order.
#[derive(Debug)]
pub enum Op {
    /// Decide and record a change.
    Change(Box<ChangeOp>),
    /// Record a checker's decision.
    Decide(Box<DecideOp>),
    /// Take lanes that are due.
    Claim(ClaimOp),
    /// Record what came of requests to an upstream.
    Record(Arc<Report>),
    /// Add to the crosswalk.
    Link(LinkOp),
}

/// A change to decide and record.
pub struct ChangeOp {
    /// Who asks.
    pub by: Principal,
    /// For what.
    pub request: ChangeRequest,
    /// Whether the caller waits for the upstreams.
    pub wait: bool,
    /// How to answer.
    pub encode: Encoder,
    /// Where the first word goes. Dropped if the change could not be recorded.
    pub accepted: oneshot::Sender<Accepted>,
}

/// A decision to record.
pub struct DecideOp {
    /// Who decides.
    pub by: Principal,
    /// What.
    pub request: DecisionRequest,
    /// How to answer.
    pub encode: Encoder,
    /// Where the first word goes. Dropped if the decision could not be recorded.
    pub accepted: oneshot::Sender<Accepted>,
}

/// The first word on a request.
#[derive(Debug)]
pub enum Accepted {
    /// It is also the last one.
    Done(Answered),
    /// Recorded; the rest follows.
    Waiting {
        /// The change.
        change: ChangeId,
        /// Where the rest comes.
        done: oneshot::Receiver<Answered>,
        /// What can be said until then.
        interim: Box<Answer>,
    },
}

/// A request for lanes that are due.
#[derive(Debug)]
pub struct ClaimOp {
    /// Of which upstream.
    pub system: System,
    /// How many at most; each takes a permit of the upstream.
    pub limit: u32,
    /// Says how many were taken.
    pub taken: oneshot::Sender<u32>,
}

/// Rows for the crosswalk.
#[derive(Debug)]
pub struct LinkOp {
    /// Subjects with their identifiers; parents before their accounts.
    pub rows: Vec<LinkRow>,
    /// Says what became of each row, in order. Dropped if nothing could be recorded.
    pub done: oneshot::Sender<Vec<Linked>>,
}

/// One subject for the crosswalk.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// The name that the file gives it, as an identifier of its own.
    pub name: Identifier,
    /// What it is.
    pub kind: SubjectKind,
    /// The name of the customer an account belongs to.
    pub parent: Option<Identifier>,
    /// What the systems know it by.
    pub identifiers: Vec<Identifier>,
}

/// What became of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Linked {
    /// A subject was made.
    Created,
    /// Identifiers were added to a subject.
    Extended,
    /// It was there already.
    Unchanged,
    /// It contradicts the crosswalk; nothing was done.
    Refused(&'static str),
}

/// A lane to be worked on.
#[derive(Debug)]
pub struct LaneWork {
    /// About whom.
    pub subject: SubjectId,
    /// To whom.
    pub system: System,
    /// The lease's fencing token.
    pub token: Uuid,
    /// What to write, in order.
    pub orders: Vec<LaneOrder>,
    /// When it must be over, well before the lease ends.
    pub deadline: Instant,
    /// The right to do so, given back when it is dropped.
    pub permit: OwnedSemaphorePermit,
}

/// One value to write.
#[derive(Clone, Debug)]
pub struct LaneOrder {
    /// What and where.
    pub order: Order,
    /// The version of the register's desired value.
    pub version: u64,
    /// The change that made it.
    pub change: ChangeId,
    /// Whether an earlier request may have had its effect.
    pub in_doubt: bool,
}

/// What came of working on a lane.
#[derive(Debug)]
pub struct Report {
    /// About whom.
    pub subject: SubjectId,
    /// To whom.
    pub system: System,
    /// The lease's fencing token.
    pub token: Uuid,
    /// What came of each order that was tried, in order.
    pub results: Vec<OrderResult>,
    /// The lane's permit, for going on at once if there is more to send. Taken by the writer when it
    /// does.
    pub permit: std::sync::Mutex<Option<OwnedSemaphorePermit>>,
    /// Random number, uniform in 0..1, for the wait before the next attempt.
    pub chance: f64,
}

/// What came of one order.
#[derive(Debug)]
pub struct OrderResult {
    /// The order.
    pub order: LaneOrder,
    /// When it was begun.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// Whether a failure is the order's own. It is not while its upstream fails for everybody.
    pub counts: bool,
    /// What came of it.
    pub result: Result<Confirmation, Failure>,
}

impl std::fmt::Debug for ChangeOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeOp").field("by", &self.by.client).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DecideOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecideOp").field("by", &self.by.client).finish_non_exhaustive()
    }
}
