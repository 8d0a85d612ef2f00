//! What follows from a commit, once it is durable.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use status_domain::answer::Answer;
use status_domain::ids::{ChangeId, System};
use tokio::sync::{mpsc, oneshot};

use crate::gateway::Answered;
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
    Finish(ChangeId, Answered, Box<Answer>, DateTime<Utc>),
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
            Self::Finish(change, kept, answer, at) => finish(waiters, change, &kept, &answer, at),
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

fn finish(
    waiters: &Waiters,
    change: ChangeId,
    kept: &Answered,
    answer: &Answer,
    at: DateTime<Utc>,
) {
    for caller in waiters.take(change).callers {
        // A checker may wait for a change that was asked for in another format.
        let response = match caller.answer {
            Some(_) => kept.response.clone(),
            None => (caller.encode)(answer, at),
        };
        let answered = Answered { response, change: kept.change, outcome: kept.outcome };
        drop(caller.done.send(answered));
    }
}
