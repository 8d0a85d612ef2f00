//! The gateway's writer without HTTP: changes are read, decided and recorded, and upstreams that confirm
//! at once are recorded too.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use router::clock;
use router::upstreams::Upstreams;
use router::writer::op::{LaneWork, Op, OrderResult, Report};
use router::writer::{Outbox, Outlet};
use status_domain::failure::Confirmation;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::rig::{Rig, Watched, runtime};
use crate::load::{Outcome, Tally};
use crate::machine::Reading;
use crate::options::Options;
use crate::request::SUBJECTS;
use crate::stand::{self, AnswerWhen};

/// Changes under way at once.
const AT_ONCE: u32 = 256;

pub(super) fn run(options: &Options) -> anyhow::Result<Outcome> {
    let setup = stand::prepare(options, AnswerWhen::Recorded)?;
    let store = Watched::open(&setup.directory.path().join("record.db"))?;
    let (warm_up, measured) = (options.warm_up, options.seconds);
    runtime()?.block_on(async {
        let rig = Rig::start(&setup.prepared.config, store, confirm_at_once)?;
        rig.link().await?;
        let open = Instant::now() + warm_up;
        let mut clients = JoinSet::new();
        for client in 0..AT_ONCE {
            clients.spawn(work(rig.clone(), client, open, open + measured));
        }
        let (mut tally, mut count) = (Tally::new()?, 0);
        while let Some(client) = clients.join_next().await {
            for took in client.context("a client ended")?? {
                tally.success(took);
                count += 1;
            }
        }
        anyhow::ensure!(count > 0, "nothing was recorded");
        Ok(Outcome { tally, used: Reading::default(), measured })
    })
}

/// Changes contracts of its own until the time is up; returns how long each took.
async fn work(
    rig: Rig,
    client: u32,
    open: Instant,
    close: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let (mut contract, mut blocked, mut turn) = (client, true, 0);
    loop {
        let begin = Instant::now();
        if begin >= close {
            return Ok(times);
        }
        let msg_id = u64::from(client) * 100_000_000 + turn;
        let answered = rig.change(msg_id, contract, blocked).await?;
        let answered_is_good = answered.change.is_some();
        anyhow::ensure!(answered_is_good, "a change was answered {}", answered.outcome);
        let end = Instant::now();
        if end >= open && end < close {
            times.push(end - begin);
        }
        (contract, turn) = (contract + AT_ONCE, turn + 1);
        if contract >= SUBJECTS {
            (contract, blocked) = (client, !blocked);
        }
    }
}

/// Upstreams that take no time.
fn confirm_at_once(upstreams: &Upstreams, writer: &mpsc::Sender<Op>) -> Outbox {
    let mut outbox = Outbox::default();
    for upstream in upstreams.iter() {
        let (work, mut lanes) = mpsc::unbounded_channel::<LaneWork>();
        let (due, mut dues) = mpsc::unbounded_channel();
        outbox.loops.insert(upstream.system().clone(), Outlet { work, due });
        let writer = writer.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(lane) = lanes.recv() => {
                        let report = Op::Record(Arc::new(confirmed(lane)));
                        if writer.send(report).await.is_err() {
                            return;
                        }
                    }
                    // A lane for which there was no permit: the contract's next change takes it.
                    Some(_) = dues.recv() => {}
                    else => return,
                }
            }
        });
    }
    outbox
}

fn confirmed(lane: LaneWork) -> Report {
    let LaneWork { subject, system, token, orders, permit, .. } = lane;
    let result = |order| OrderResult {
        order,
        started_at: clock::now(),
        duration: Duration::ZERO,
        result: Ok(Confirmation::default()),
    };
    let results = orders.into_iter().map(result).collect();
    Report { subject, system, token, results, permit: Mutex::new(Some(permit)), chance: 0.5 }
}
