//! The writer's loop on a record that fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, SubjectId, System};
use status_domain::policy::Policy;
use status_store::record::{ApprovalRow, ChangeRow, HistoryRow};
use status_store::store::{Needs, Snapshot, Store, StoreError, Writes};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::op::{LinkOp, Linked, Op, Report};
use super::waiters::Waiters;
use super::{Outbox, Rules, Writer};
use crate::retry::RetryPolicy;
use crate::upstreams::Upstreams;

/// A record that knows nothing and fails as it is told, write by write, then no more.
#[derive(Clone, Default)]
struct Failing {
    failures: Arc<Mutex<VecDeque<StoreError>>>,
    writes: Arc<Mutex<usize>>,
}

impl Store for Failing {
    async fn write<T: Send + 'static>(
        &self,
        needs: Needs,
        decide: impl FnOnce(Snapshot) -> (Writes, T) + Send + 'static,
    ) -> Result<T, StoreError> {
        *self.writes.lock().unwrap() += 1;
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        Ok(decide(Snapshot { now: needs.now, ..Snapshot::default() }).1)
    }

    async fn approval(&self, _: ChangeId) -> Result<Option<ApprovalRow>, StoreError> {
        Ok(None)
    }

    async fn approvals(
        &self,
        _: &str,
        _: Option<DateTime<Utc>>,
        _: Option<DateTime<Utc>>,
    ) -> Result<Vec<ApprovalRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn change(&self, _: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        Ok(None)
    }

    async fn history(&self, _: SubjectId) -> Result<Vec<HistoryRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn next_due(&self, _: &System) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(None)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn purge_answers(&self, _: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn refused() -> StoreError {
    StoreError::Refused("a constraint".into())
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("locked".into())
}

fn report() -> Op {
    Op::Record(Arc::new(Report {
        subject: SubjectId(Uuid::nil()),
        system: System::new("ledger"),
        token: Uuid::nil(),
        results: Vec::new(),
        permit: Mutex::new(None),
        chance: 0.0,
    }))
}

fn link() -> (Op, oneshot::Receiver<Vec<Linked>>) {
    let (done, outcome) = oneshot::channel();
    (Op::Link(LinkOp { rows: Vec::new(), done }), outcome)
}

/// Runs a writer on a record with these failures until `ops` are done.
async fn run(failures: Vec<StoreError>, ops: Vec<Op>) -> usize {
    let store = Failing { failures: Arc::new(Mutex::new(failures.into())), ..Failing::default() };
    let (queue, rest) = mpsc::channel(16);
    let second = Duration::from_secs(1);
    let retry = RetryPolicy {
        attempts_max: 1,
        age_max: chrono::TimeDelta::hours(1),
        backoff_min: second,
        backoff_max: second,
        retry_after_max: second,
    };
    let (policy, upstreams) = (Policy::default(), Upstreams::default());
    let writer = Writer {
        store: store.clone(),
        queue: rest,
        rules: Arc::new(Rules { policy, upstreams, retry, lease: second }),
        waiters: Arc::new(Waiters::default()),
        outbox: Outbox::default(),
        batch_max: 8,
    };
    for op in ops {
        queue.send(op).await.unwrap();
    }
    drop(queue);
    writer.run().await;
    *store.writes.lock().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_result_that_the_record_refuses_for_good_does_not_stop_the_writer() {
    let writes = run(vec![refused(), refused()], vec![report()]).await;
    assert_eq!(writes, 2, "once in the batch, once by itself, and then given up");
}

#[tokio::test(start_paused = true)]
async fn one_refused_result_does_not_take_others_with_it() {
    let writes = run(vec![refused(), refused()], vec![report(), report()]).await;
    assert_eq!(writes, 3, "together, then each by itself");
}

#[tokio::test(start_paused = true)]
async fn a_result_is_tried_until_the_record_is_back() {
    let writes = run(vec![unavailable(), unavailable(), unavailable()], vec![report()]).await;
    assert_eq!(writes, 4);
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_at_once_when_the_record_is_not_there() {
    let (op, outcome) = link();
    run(vec![unavailable()], vec![op]).await;
    assert!(outcome.await.is_err());
}
