//! Delivery: making upstreams hold what they should.
//!
//! One loop for each upstream. Work comes from the writer right after a commit, or is claimed when a
//! lane becomes due: after a failure, after a restart, or when there was no room for one more request.
//! What comes of it goes back to the writer.

mod client;
mod lane;
mod login;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use status_store::store::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::delivery::lane::Channel;
use crate::upstreams::UpstreamEntry;
use crate::writer::op::{ClaimOp, LaneWork, Op};

pub use crate::delivery::client::{ClientError, client};

/// The delivery loop of one upstream.
#[derive(Debug)]
pub struct Delivery<S> {
    /// The upstream.
    pub upstream: Arc<UpstreamEntry>,
    /// The record, read only for when something becomes due.
    pub store: S,
    /// Where results go.
    pub writer: mpsc::Sender<Op>,
    /// Lanes to work on.
    pub work: mpsc::UnboundedReceiver<LaneWork>,
    /// When lanes become due.
    pub due: mpsc::UnboundedReceiver<DateTime<Utc>>,
    /// Speaks HTTP.
    pub client: reqwest::Client,
    /// Turns true when no new work is to be begun.
    pub stop: watch::Receiver<bool>,
}

/// Most lanes taken at once.
const CLAIM_MAX: usize = 64;

/// Wait before asking again for lanes, when the record could not be asked.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

impl<S: Store> Delivery<S> {
    /// Runs until told to stop, then lets what is under way come to its end.
    pub async fn run(mut self) {
        let channel = Arc::new(Channel::new(Arc::clone(&self.upstream), self.client.clone()));
        let mut lanes = JoinSet::new();
        // What was left by whoever ran before is found by looking.
        let mut next = Some(clock::now());
        let mut stop = self.stop.clone();
        loop {
            let wait = until(next);
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                Some(work) = self.work.recv() => {
                    lanes.spawn(lane::work(Arc::clone(&channel), work, self.writer.clone()));
                }
                Some(at) = self.due.recv() => next = Some(next.map_or(at, |next| next.min(at))),
                Some(_) = lanes.join_next() => {}
                () = tokio::time::sleep(wait), if next.is_some() => {
                    next = self.claim().await;
                }
            }
        }
        while lanes.join_next().await.is_some() {}
    }

    /// Takes lanes that are due; says when to look again.
    async fn claim(&self) -> Option<DateTime<Utc>> {
        let now = Instant::now();
        if let Some(until) = self.upstream.closed_until(now) {
            return Some(clock::now() + (until - now));
        }
        let free = self.upstream.permits.available_permits().min(CLAIM_MAX);
        if free == 0 {
            // One that comes free will be used by the next look, which is not far away.
            return Some(clock::now() + Duration::from_millis(5));
        }
        let (taken, count) = oneshot::channel();
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        let op = ClaimOp { system: self.upstream.system().clone(), limit, taken };
        if self.writer.send(Op::Claim(op)).await.is_err() {
            return None;
        }
        match count.await {
            Ok(taken) if taken == limit => return Some(clock::now()),
            Ok(_) => {}
            Err(_) => return Some(clock::now() + PAUSE_AFTER_FAILURE),
        }
        match self.store.next_due(self.upstream.system()).await {
            Ok(next) => next.map(|at| at.max(clock::now() + Duration::from_millis(5))),
            Err(_) => Some(clock::now() + PAUSE_AFTER_FAILURE),
        }
    }
}

/// Ends when told to stop, or when there is nobody left to tell.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

fn until(next: Option<DateTime<Utc>>) -> Duration {
    next.and_then(|at| (at - clock::now()).to_std().ok()).unwrap_or_default()
}
