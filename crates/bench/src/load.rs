//! Load: requests over connections that are kept, and how long their answers take.

mod connection;
mod tally;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout};

use crate::machine::{Meter, Reading};

pub(crate) use connection::Connection;
pub(crate) use tally::Tally;

/// How long the last answers may take after the measured time.
const LAST_ANSWERS: Duration = Duration::from_secs(20);

/// Makes the requests of one connection: each call writes the next one.
pub(crate) type Requests = Box<dyn FnMut(&mut Vec<u8>)>;

/// How load is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Where requests go.
    pub(crate) address: SocketAddr,
    /// Connections, each with one request under way at most.
    pub(crate) connections: usize,
    /// Requests per second over all connections; `None` to send as soon as there is an answer.
    pub(crate) rate: Option<u32>,
    /// How long before anything is measured.
    pub(crate) warm_up: Duration,
    /// How long is measured.
    pub(crate) measured: Duration,
    /// What an answer contains that is a success.
    pub(crate) expected: &'static str,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The answers.
    pub(crate) tally: Tally,
    /// What was used up during the measured time.
    pub(crate) used: Reading,
    /// How long was measured.
    pub(crate) measured: Duration,
}

impl Outcome {
    /// Successful answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.tally.successes() as f64 / self.measured.as_secs_f64()
    }
}

/// Makes load. Blocks; everything happens on the calling thread.
///
/// # Errors
///
/// If no connection can be made, or the machine cannot be measured. Answers that are no success are
/// counted, and so are connections that break.
pub(crate) fn run(
    plan: Plan,
    meter: &Meter,
    requests: &dyn Fn(usize) -> Requests,
) -> anyhow::Result<Outcome> {
    block_on(drive(plan, meter, requests))
}

/// Sends these requests once each, over 64 connections, and returns how many were answered with what is
/// expected. Blocks.
pub(crate) fn once(
    address: SocketAddr,
    expected: &'static str,
    requests: Vec<Vec<u8>>,
) -> anyhow::Result<usize> {
    block_on(async {
        let waiting = Rc::new(RefCell::new(requests.into_iter()));
        let mut senders = JoinSet::new();
        for _ in 0..64 {
            let waiting = Rc::clone(&waiting);
            let mut connection = Connection::open(address).await?;
            senders.spawn_local(async move {
                let mut successes = 0;
                loop {
                    let next = waiting.borrow_mut().next();
                    let Some(request) = next else { return anyhow::Ok(successes) };
                    let answer = connection.exchange(&request).await?;
                    successes += usize::from(answer.is(expected));
                }
            });
        }
        let mut successes = 0;
        while let Some(sender) = senders.join_next().await {
            successes += sender.context("a sender ended")??;
        }
        Ok(successes)
    })
}

/// Sends one request and returns the body of its answer, which must have HTTP status 200. Blocks.
pub(crate) fn ask(address: SocketAddr, request: &str) -> anyhow::Result<Vec<u8>> {
    block_on(async {
        let mut connection = Connection::open(address).await?;
        let answer = connection.exchange(request.as_bytes()).await?;
        anyhow::ensure!(answer.status == 200, "refused: {}", answer.shown());
        Ok(answer.body.to_vec())
    })
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting the load")?;
    LocalSet::new().block_on(&runtime, work)
}

async fn drive(
    plan: Plan,
    meter: &Meter,
    requests: &dyn Fn(usize) -> Requests,
) -> anyhow::Result<Outcome> {
    let mut connections = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        connections.push(Connection::open(plan.address).await?);
    }
    let mut meter = meter.open().await?;
    let window = Window::from(&plan, Instant::now());
    let tally = Rc::new(RefCell::new(Tally::new()?));
    let mut senders = JoinSet::new();
    for (index, connection) in connections.into_iter().enumerate() {
        let pace = Pace::of(&plan, index, window.begin);
        let sender = Sender { connection, expected: plan.expected, tally: Rc::clone(&tally) };
        senders.spawn_local(sender.work(requests(index), pace, window));
    }
    sleep_until(window.open.into()).await;
    let before = meter.read().await?;
    sleep_until(window.close.into()).await;
    let after = meter.read().await?;
    let ended = timeout(LAST_ANSWERS, async { while senders.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tally.borrow_mut().failure("an answer is still missing");
        senders.shutdown().await;
    }
    let tally = Rc::try_unwrap(tally).ok().context("a sender is still at work")?.into_inner();
    Ok(Outcome { tally, used: before.until(&after), measured: plan.measured })
}

/// When what is done.
#[derive(Clone, Copy, Debug)]
struct Window {
    begin: Instant,
    open: Instant,
    close: Instant,
}

impl Window {
    fn from(plan: &Plan, begin: Instant) -> Self {
        let open = begin + plan.warm_up;
        Self { begin, open, close: open + plan.measured }
    }
}

/// When one connection sends its next request.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// When it has its answer.
    Closed,
    /// At these instants. A request that is late because the one before it took long is counted from
    /// when it was due.
    Open { next: Instant, every: Duration },
}

impl Pace {
    fn of(plan: &Plan, index: usize, begin: Instant) -> Self {
        let Some(rate) = plan.rate else { return Self::Closed };
        let every = Duration::from_secs_f64(plan.connections as f64 / f64::from(rate));
        let offset = every.mul_f64(index as f64 / plan.connections as f64);
        Self::Open { next: begin + offset, every }
    }

    /// Waits until the next request is due, and returns since when it is.
    async fn due(&mut self) -> Instant {
        match self {
            Self::Closed => Instant::now(),
            Self::Open { next, every } => {
                let due = *next;
                *next += *every;
                sleep_until(due.into()).await;
                due
            }
        }
    }
}

struct Sender {
    connection: Connection,
    expected: &'static str,
    tally: Rc<RefCell<Tally>>,
}

impl Sender {
    async fn work(mut self, mut requests: Requests, mut pace: Pace, window: Window) {
        let mut request = Vec::with_capacity(2048);
        loop {
            let due = pace.due().await;
            if due >= window.close {
                return;
            }
            request.clear();
            requests(&mut request);
            let answer = self.connection.exchange(&request).await;
            let end = Instant::now();
            let mut tally = self.tally.borrow_mut();
            match answer {
                Ok(answer) if answer.is(self.expected) => {
                    if end >= window.open && end < window.close {
                        tally.success(end - due);
                    }
                }
                Ok(answer) => tally.failure(&answer.shown()),
                Err(error) => {
                    tally.failure(&format!("{error:#}"));
                    return;
                }
            }
        }
    }
}
