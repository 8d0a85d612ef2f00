//! The writer: everything that changes the record, one batch and one durable commit at a time.
//!
//! Requests, decisions, claims and results arrive on one bounded queue. The loop takes what is there,
//! loads what it needs in one read, decides each in arrival order, and commits everything together.
//! What follows from it — answers to callers, requests to upstreams — happens after the commit.

mod accept;
mod answer;
mod approve;
mod claim;
mod effect;
#[cfg(test)]
mod failing;
mod link;
pub mod op;
mod record;
mod settle;
#[cfg(test)]
mod simulation;
mod submit;
mod unit;
pub mod waiters;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use status_domain::ids::ChangeId;
use status_domain::policy::Policy;
use status_store::record::AnswerKey;
use status_store::store::{Needs, Snapshot, Store, StoreError, Writes};
use tokio::sync::mpsc;

use crate::clock;
use crate::retry::RetryPolicy;
use crate::upstreams::Upstreams;
use crate::writer::effect::Effect;
use crate::writer::op::{ChangeOp, Op, Report};
use crate::writer::unit::Unit;
use crate::writer::waiters::Waiters;

pub use crate::writer::effect::{Outbox, Outlet};

/// What the writer decides by. The same for a whole batch.
#[derive(Debug)]
pub struct Rules {
    /// The policy.
    pub policy: Policy,
    /// The upstream systems.
    pub upstreams: Upstreams,
    /// When to try again.
    pub retry: RetryPolicy,
    /// For how long a lane is leased. Longer than everything that is done under one lease.
    pub lease: Duration,
}

/// The writer loop.
#[derive(Debug)]
pub struct Writer<S> {
    /// The record.
    pub store: S,
    /// What to do.
    pub queue: mpsc::Receiver<Op>,
    /// What to decide by.
    pub rules: Arc<Rules>,
    /// Who waits.
    pub waiters: Arc<Waiters>,
    /// Where work for upstreams goes.
    pub outbox: Outbox,
    /// Most operations in one commit.
    pub batch_max: usize,
}

/// Wait after a commit that failed, before results are recorded again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);

impl<S: Store> Writer<S> {
    /// Runs until every sender of the queue is gone.
    pub async fn run(mut self) {
        let mut unrecorded: Vec<Arc<Report>> = Vec::new();
        while let Some(batch) = self.batch(&mut unrecorded).await {
            let reports: Vec<_> = batch.iter().filter_map(Op::report).cloned().collect();
            if let Err(error) = self.commit(batch).await {
                // Requests are answered by their senders being dropped. Results must not be lost.
                log_failure(&error);
                unrecorded = if is_passing(&error) { reports } else { self.sift(reports).await };
            }
        }
    }

    /// What to do next: results that could not be recorded before, and whatever waits.
    async fn batch(&mut self, unrecorded: &mut Vec<Arc<Report>>) -> Option<Vec<Op>> {
        let mut batch = Vec::with_capacity(self.batch_max);
        if unrecorded.is_empty() {
            let taken = self.queue.recv_many(&mut batch, self.batch_max).await;
            return (taken > 0).then_some(batch);
        }
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        batch.extend(unrecorded.drain(..).map(Op::Record));
        // Callers are not kept waiting for the record to come back: if it does not, they are told.
        for _ in 0..self.batch_max {
            let Ok(op) = self.queue.try_recv() else { break };
            batch.push(op);
        }
        Some(batch)
    }

    /// Records results one by one after the record refused them together. One that it refuses by itself
    /// is given up: its lane's lease ends, and then the lane is worked on again.
    async fn sift(&self, reports: Vec<Arc<Report>>) -> Vec<Arc<Report>> {
        let mut unrecorded = Vec::new();
        for report in reports {
            match self.commit(vec![Op::Record(Arc::clone(&report))]).await {
                Ok(()) => {}
                Err(error) if is_passing(&error) => unrecorded.push(report),
                Err(error) => {
                    let (subject, system) = (report.subject, &report.system);
                    tracing::error!(%subject, %system, %error, "a result cannot be recorded");
                }
            }
        }
        unrecorded
    }

    async fn commit(&self, batch: Vec<Op>) -> Result<(), StoreError> {
        let needs = plan(&batch, clock::now());
        let rules = Arc::clone(&self.rules);
        let waiters = Arc::clone(&self.waiters);
        let decide = move |snapshot| work(batch, snapshot, &rules, &waiters);
        let effects = self.store.write(needs, decide).await?;
        for effect in effects {
            effect.carry_out(&self.waiters, &self.outbox);
        }
        Ok(())
    }
}

impl Op {
    const fn report(&self) -> Option<&Arc<Report>> {
        match self {
            Self::Record(report) => Some(report),
            Self::Change(_) | Self::Decide(_) | Self::Claim(_) | Self::Link(_) => None,
        }
    }
}

/// What the batch must know.
fn plan(batch: &[Op], now: DateTime<Utc>) -> Needs {
    let mut needs = Needs { now, ..Needs::default() };
    for op in batch {
        match op {
            Op::Change(change) => {
                needs.identifiers.extend(change.request.named_by.iter().cloned());
                needs.answers.extend(answer_key(change));
            }
            Op::Decide(decide) => needs.approvals.extend(decide.request.id.parse::<ChangeId>()),
            Op::Claim(claim) => needs.claims.push((claim.system.clone(), claim.limit)),
            Op::Record(report) => needs.subjects.push(report.subject),
            Op::Link(link) => {
                for row in &link.rows {
                    needs.identifiers.push(row.name.clone());
                    needs.identifiers.extend(row.parent.clone());
                    needs.identifiers.extend(row.identifiers.iter().cloned());
                }
            }
        }
    }
    needs
}

fn answer_key(op: &ChangeOp) -> Option<AnswerKey> {
    let key = op.request.idempotency.as_ref()?;
    Some(AnswerKey { client: op.by.client.clone(), key: key.key.clone() })
}

/// Does the batch in arrival order.
fn work(
    batch: Vec<Op>,
    snapshot: Snapshot,
    rules: &Rules,
    waiters: &Waiters,
) -> (Writes, Vec<Effect>) {
    let mut unit = Unit::new(snapshot, rules, waiters);
    for op in batch {
        match op {
            Op::Change(change) => submit::change(&mut unit, *change),
            Op::Decide(decide) => approve::decide(&mut unit, *decide),
            Op::Claim(claim) => claim::claim(&mut unit, claim),
            Op::Record(report) => record::record(&mut unit, &report),
            Op::Link(rows) => link::link(&mut unit, rows),
        }
    }
    unit.finish()
}

/// Whether the same batch may be recorded later.
const fn is_passing(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::InDoubt(_) => true,
        StoreError::Refused(_) | StoreError::Corrupt { .. } | StoreError::TooNew { .. } => false,
    }
}

fn log_failure(error: &StoreError) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, source, "a batch could not be recorded");
}
