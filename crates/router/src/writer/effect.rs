//! What follows from a commit, once it is durable.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use status_domain::answer::Answer;
use status_domain::ids::{ChangeId, System};
use tokio::sync::{mpsc, oneshot};

use crate::gateway::{Answered, outcome};
use crate::writer::op::{Accepted, LaneWork, Linked};
use crate::writer::waiters::{Waiter, Waiters};

/// One consequence of a commit.
pub(super) enum Effect {
    /// Say the first word to a caller.
    Accept(oneshot::Sender<Accepted>, Accepted),
    /// Remember a caller who waits.
    Wait(ChangeId, Waiter),
    /// Say the last word to everybody who waits for a change: as it is kept for repeats to those who may
    /// repeat, and to others in their own format.
    Finish(Box<Finished>),
    /// Work on a lane.
    Dispatch(LaneWork),
    /// A lane becomes due.
    Due(System, DateTime<Utc>),
    /// So many lanes were taken.
    Taken(oneshot::Sender<u32>, u32),
    /// What became of crosswalk rows.
    Linked(oneshot::Sender<Vec<Linked>>, Vec<Linked>),
}

/// Where work for the upstreams goes, by system.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// The delivery loops.
    pub loops: BTreeMap<System, Outlet>,
}

/// The way to one delivery loop.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// Lanes to work on. Bounded by the permits they hold.
    pub work: mpsc::UnboundedSender<LaneWork>,
    /// When lanes become due.
    pub due: mpsc::UnboundedSender<DateTime<Utc>>,
}

impl Effect {
    /// Nobody listening any more is no error anywhere here: a caller may have gone, and at the end of
    /// the program so have the delivery loops.
    pub(super) fn carry_out(self, waiters: &Waiters, outbox: &Outbox) {
        match self {
            Self::Accept(to, accepted) => drop(to.send(accepted)),
            Self::Wait(change, waiter) => waiters.add(change, waiter),
            Self::Finish(finished) => finish(waiters, &finished),
            Self::Dispatch(work) => {
                if let Some(outlet) = outbox.loops.get(&work.system) {
                    drop(outlet.work.send(work));
                }
            }
            Self::Due(system, at) => {
                if let Some(outlet) = outbox.loops.get(&system) {
                    let _gone = outlet.due.send(at);
                }
            }
            Self::Taken(to, count) => drop(to.send(count)),
            Self::Linked(to, rows) => drop(to.send(rows)),
        }
    }
}

/// A change that has come to its end, as it is told to those who wait for it.
pub(super) struct Finished {
    pub(super) change: ChangeId,
    pub(super) at: DateTime<Utc>,
    /// What became of it.
    pub(super) answer: Answer,
    /// The request, for a checker.
    pub(super) request: Option<Answer>,
    /// The answer as it was kept for repeats.
    pub(super) kept: Option<http::Response<Bytes>>,
}

fn finish(waiters: &Waiters, finished: &Finished) {
    for caller in waiters.take(finished.change).callers {
        let answer = match &finished.request {
            Some(request) if caller.sees_request => request,
            Some(_) | None => &finished.answer,
        };
        let response = match &finished.kept {
            Some(kept) if caller.answer.is_some() => kept.clone(),
            Some(_) | None => (caller.encode)(answer, finished.at),
        };
        let change = Some(finished.change);
        drop(caller.done.send(Answered { response, change, outcome: outcome(answer) }));
    }
}
