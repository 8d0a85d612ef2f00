//! One life: from an empty record through whatever happens to an end where everything must be right.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use status_domain::answer::Answer;
use status_domain::command::{DecisionRequest, Verdict};
use status_domain::ids::ChangeId;
use status_domain::policy::Policy;
use status_domain::settle::{Assertion, AssertionState};
use status_domain::subject::SubjectKind;
use status_store::history;
use status_store::record::{ChangeOutcome, RegisterState};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::actors;
use super::memory::Memory;
use super::world::{CARDS, Cards, LEDGER, Ledger, World};
use crate::breaker::{Breaker, BreakerPolicy};
use crate::gateway::{Answered, Encoder};
use crate::retry::RetryPolicy;
use crate::upstreams::{UpstreamEntry, Upstreams};
use crate::writer::effect::{Effect, Outbox, Outlet};
use crate::writer::op::{
    Accepted, ChangeOp, ClaimOp, DecideOp, LaneWork, LinkOp, LinkRow, Op, OrderResult, Report,
};
use crate::writer::waiters::Waiters;
use crate::writer::{Rules, plan, work};

const STEPS: usize = 120;
const ATTEMPTS_MAX: u32 = 6;
const LEASE: Duration = Duration::from_secs(60);

pub(super) struct Life {
    seed: u64,
    dice: StdRng,
    now: DateTime<Utc>,
    memory: Memory,
    world: World,
    rules: Rules,
    process: Process,
    /// Callers that were told "applied".
    told_applied: Arc<Mutex<Vec<ChangeId>>>,
    /// Callers that were told anything about a change.
    acknowledged: Vec<ChangeId>,
}

/// What dies with the process.
struct Process {
    waiters: Waiters,
    queue: Vec<Op>,
    under_way: Vec<LaneWork>,
    outbox: Outbox,
    work: mpsc::UnboundedReceiver<LaneWork>,
    accepted: Vec<oneshot::Receiver<Accepted>>,
    done: Vec<oneshot::Receiver<Answered>>,
}

impl Process {
    fn new() -> Self {
        let (work, lanes) = mpsc::unbounded_channel();
        let mut outbox = Outbox::default();
        for system in [LEDGER, CARDS] {
            let (due, _) = mpsc::unbounded_channel();
            outbox.loops.insert(system, Outlet { work: work.clone(), due });
        }
        Self {
            waiters: Waiters::default(),
            queue: Vec::new(),
            under_way: Vec::new(),
            outbox,
            work: lanes,
            accepted: Vec::new(),
            done: Vec::new(),
        }
    }
}

fn upstream(adapter: Box<dyn status_domain::adapter::Upstream>) -> UpstreamEntry {
    // The breaker goes by the machine's clock, so here it never opens.
    let breaker = BreakerPolicy { failures_max: u32::MAX, ..BreakerPolicy::default() };
    UpstreamEntry {
        adapter,
        required: true,
        timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(1),
        permits: Arc::new(Semaphore::new(2)),
        breaker: Mutex::new(Breaker::new(breaker)),
    }
}

fn rules() -> Rules {
    Rules {
        policy: Policy { allow_ineffective: true, ..Policy::shipped(Vec::new()) },
        upstreams: Upstreams::new(vec![upstream(Box::new(Ledger)), upstream(Box::new(Cards))]),
        retry: RetryPolicy {
            attempts_max: ATTEMPTS_MAX,
            age_max: TimeDelta::hours(24),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            retry_after_max: Duration::from_secs(10),
        },
        lease: LEASE,
    }
}

impl Life {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            dice: StdRng::seed_from_u64(seed),
            now: DateTime::UNIX_EPOCH,
            memory: Memory::default(),
            world: World::default(),
            rules: rules(),
            process: Process::new(),
            told_applied: Arc::default(),
            acknowledged: Vec::new(),
        }
    }

    pub(super) fn live(mut self) {
        if self.dice.random_bool(0.8) {
            self.link();
        }
        for _ in 0..STEPS {
            match self.dice.random_range(0..100) {
                0..30 => self.ask(),
                30..34 => self.check_one(),
                34..60 => self.commit(),
                60..80 => self.deliver(false),
                80..90 => self.claim(),
                90..98 => self.pass(self.seconds()),
                _ => self.die(),
            }
        }
        self.settle_down();
        self.judge();
    }

    fn seconds(&self) -> u64 {
        self.dice.clone().random_range(0..20)
    }

    fn encoder(&self) -> Encoder {
        let told = Arc::clone(&self.told_applied);
        Arc::new(move |answer, _| {
            if let Answer::Applied(applied) = answer {
                told.lock().unwrap().push(applied.change);
            }
            http::Response::new(Bytes::from(format!("{answer:?}")))
        })
    }

    /// Three customers with an account each.
    fn link(&mut self) {
        let mut rows = Vec::new();
        for number in 0..3 {
            let (customer, account) = (actors::customer(number), actors::account(number));
            let row = |name, kind, parent| LinkRow { name, kind, parent, identifiers: Vec::new() };
            rows.push(row(customer.clone(), SubjectKind::Customer, None));
            rows.push(row(account, SubjectKind::Account, Some(customer)));
        }
        let (done, _) = oneshot::channel();
        self.run(vec![Op::Link(LinkOp { rows, done })]);
    }

    fn ask(&mut self) {
        let (by, request) = actors::request(&mut self.dice);
        let (accepted, receipt) = oneshot::channel();
        let op = ChangeOp { by, request, wait: true, encode: self.encoder(), accepted };
        self.process.accepted.push(receipt);
        self.process.queue.push(Op::Change(Box::new(op)));
    }

    fn check_one(&mut self) {
        let Some(id) = self.memory.approvals.keys().next_back().copied() else { return };
        let verdict = if self.dice.random_bool(0.7) { Verdict::Approve } else { Verdict::Reject };
        let request = DecisionRequest { id: id.to_string().into(), verdict, comment: None };
        let (accepted, receipt) = oneshot::channel();
        let by =
            actors::caller(&LEDGER, if self.dice.random_bool(0.8) { "checker" } else { "maker" });
        let op = DecideOp { by, request, encode: self.encoder(), accepted };
        self.process.accepted.push(receipt);
        self.process.queue.push(Op::Decide(Box::new(op)));
    }

    fn claim(&mut self) {
        let system = if self.dice.random_bool(0.5) { LEDGER } else { CARDS };
        let (taken, _) = oneshot::channel();
        self.process.queue.push(Op::Claim(ClaimOp { system, limit: 2, taken }));
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn commit(&mut self) {
        let most = self.process.queue.len().min(5);
        let batch: Vec<Op> = self.process.queue.drain(..most).collect();
        self.run(batch);
    }

    /// One commit, which may fail.
    fn run(&mut self, batch: Vec<Op>) {
        self.now += TimeDelta::milliseconds(1);
        let reports: Vec<_> = batch.iter().filter_map(Op::report).cloned().collect();
        let snapshot = self.memory.load(&plan(&batch, self.now));
        let (writes, effects) = work(batch, snapshot, &self.rules, &self.process.waiters);
        if self.dice.random_bool(0.03) {
            drop(effects);
            self.process.queue.extend(reports.into_iter().map(Op::Record));
            return;
        }
        self.memory.apply(writes);
        for effect in effects {
            Effect::carry_out(effect, &self.process.waiters, &self.process.outbox);
        }
        while let Ok(lane) = self.process.work.try_recv() {
            let key = (lane.subject, lane.system.clone());
            let other = self.process.under_way.iter().any(|one| {
                let lease = self.memory.lanes[&key].lease.map(|lease| lease.token);
                (one.subject, one.system.clone()) == key && lease == Some(one.token)
            });
            assert!(!other, "seed {}: two requests under way on one lane", self.seed);
            self.process.under_way.push(lane);
        }
        self.listen();
    }

    fn listen(&mut self) {
        let mut told = Vec::new();
        self.process.accepted.retain_mut(|receipt| match receipt.try_recv() {
            Ok(accepted) => {
                told.push(accepted);
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => false,
        });
        for accepted in told {
            match accepted {
                Accepted::Done(answered) => self.acknowledged.extend(answered.change),
                Accepted::Waiting { change, done, .. } => {
                    self.acknowledged.push(change);
                    self.process.done.push(done);
                }
            }
        }
        self.process.done.retain_mut(|done| done.try_recv().is_err());
    }

    /// One lane is worked on to its end.
    fn deliver(&mut self, is_kind: bool) {
        if self.process.under_way.is_empty() {
            return;
        }
        let at = self.dice.random_range(0..self.process.under_way.len());
        let work = self.process.under_way.swap_remove(at);
        let lane = (work.subject, work.system.clone());
        let holds = self.holds(&work);
        if !holds {
            // Timed out long ago: nothing is sent any more under a lease that has ended.
            return;
        }
        let mut results = Vec::new();
        for order in work.orders {
            let result = self.world.call(&mut self.dice, &lane, &order, is_kind);
            let go_on = result.is_ok();
            let duration = Duration::from_millis(5);
            let counts = self.dice.random_bool(0.8);
            results.push(OrderResult { order, started_at: self.now, duration, counts, result });
            if !go_on {
                break;
            }
        }
        if !is_kind && self.dice.random_bool(0.05) {
            // The answer came, and the process hung before it could be recorded.
            return;
        }
        let report = Report {
            subject: work.subject,
            system: work.system,
            token: work.token,
            results,
            permit: Mutex::new(Some(work.permit)),
            chance: self.dice.random(),
        };
        self.process.queue.push(Op::Record(Arc::new(report)));
    }

    /// Whether a lane's lease is still this one's.
    fn holds(&self, work: &LaneWork) -> bool {
        let lease = self.memory.lanes[&(work.subject, work.system.clone())].lease;
        lease.is_some_and(|lease| lease.token == work.token && lease.until > self.now)
    }

    /// The process is killed. Requests that were under way arrive, or do not.
    fn die(&mut self) {
        let died = std::mem::replace(&mut self.process, Process::new());
        for work in died.under_way {
            let lane = (work.subject, work.system.clone());
            if self.dice.random_bool(0.5)
                && self.holds(&work)
                && let Some(order) = work.orders.first()
            {
                drop(self.world.call(&mut self.dice, &lane, order, true));
            }
        }
        self.rules.upstreams = rules().upstreams;
    }

    /// Everything works from here on: the queues run empty.
    fn settle_down(&mut self) {
        for _ in 0..400 {
            while !self.process.queue.is_empty() {
                self.commit();
            }
            while !self.process.under_way.is_empty() {
                self.deliver(true);
            }
            if self.process.queue.is_empty() && !self.has_due() {
                return;
            }
            self.pass(30);
            for system in [LEDGER, CARDS] {
                let (taken, _) = oneshot::channel();
                self.process.queue.push(Op::Claim(ClaimOp { system, limit: 64, taken }));
            }
        }
        panic!("seed {}: the queues do not run empty", self.seed);
    }

    fn has_due(&self) -> bool {
        self.memory.lanes.values().any(|lane| lane.due_at.is_some())
    }

    fn judge(&self) {
        let seed = self.seed;
        for (key, row) in &self.memory.registers {
            match row.state {
                RegisterState::Confirmed => {
                    let held = self.world.held.get(key);
                    assert_eq!(held, Some(&row.desired), "seed {seed}: {key:?}\n{}", self.story());
                    assert_eq!(row.confirmed.as_ref().map(|(value, _)| value), held);
                }
                RegisterState::Refused | RegisterState::Parked => {}
                RegisterState::Pending | RegisterState::InDoubt => {
                    panic!("seed {seed}: {key:?} is left over");
                }
            }
        }
        for change in self.memory.changes.values() {
            let is_open = change.outcome == ChangeOutcome::Open;
            assert!(!is_open, "seed {seed}: {} is open\n{}", change.id, self.story());
        }
        for id in &self.acknowledged {
            assert!(self.memory.changes.contains_key(id), "seed {seed}: {id} was lost");
        }
        for id in self.told_applied.lock().unwrap().iter() {
            // An answer is made before its commit; one whose commit failed was never sent.
            let change = self.memory.changes.get(id);
            let Some(change) = change.filter(|row| row.outcome == ChangeOutcome::Applied) else {
                continue;
            };
            let taken = |one: &Assertion| {
                let key = (one.subject, one.system.clone(), one.register.clone());
                one.state != AssertionState::Confirmed || self.world.has_taken(&key, one.version)
            };
            assert!(change.assertions.iter().all(taken), "seed {seed}: {id} was not applied");
        }
        self.judge_history();
        self.judge_keys();
    }

    /// What became of every change and register, for whoever looks into a failure.
    fn story(&self) -> String {
        let mut story = String::new();
        for change in self.memory.changes.values() {
            let _ = writeln!(story, "{} {} {:?}", change.id, change.summary, change.outcome);
            for one in &change.assertions {
                let (system, register) = (&one.system, one.register.as_str());
                let (version, state) = (one.version, &one.state);
                let _ =
                    writeln!(story, "  {} {system} {register} {version} {state:?}", one.subject);
            }
        }
        for row in self.memory.registers.values() {
            let (subject, system, register) = (row.subject, &row.system, row.register.as_str());
            let (version, state, error) = (row.version, row.state, &row.last_error);
            let _ = writeln!(story, "{subject} {system} {register} {version} {state:?} {error:?}");
        }
        story
    }

    fn judge_history(&self) {
        let seed = self.seed;
        for (subject, rows) in &self.memory.history {
            assert_eq!(history::first_bad(rows), None, "seed {seed}: history of {subject}");
            let head = self.memory.subjects[subject].head;
            assert_eq!(head.length, rows.len() as u64, "seed {seed}: history of {subject}");
        }
        let all = || self.memory.history.values().flatten();
        for (id, change) in &self.memory.changes {
            let count =
                |kind: &str| all().filter(|row| row.change == *id && *row.kind == *kind).count();
            let finals =
                ["applied", "partly_applied", "refused", "rejected", "unknown", "superseded"];
            let ends: usize = finals.iter().map(|kind| count(kind)).sum();
            let expected = usize::from(change.outcome != ChangeOutcome::Waiting);
            assert_eq!(ends, expected, "seed {seed}: {id} ends {ends} times");
            assert!(count("recorded") + count("approval_requested") >= 1, "seed {seed}: {id}");
            assert!(count("recorded") <= 1, "seed {seed}: {id} was recorded twice");
        }
    }

    fn judge_keys(&self) {
        let mut keys: Vec<_> =
            self.memory.changes.values().filter_map(|row| row.answer_key.clone()).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all, "seed {}: one number, two changes", self.seed);
    }
}
