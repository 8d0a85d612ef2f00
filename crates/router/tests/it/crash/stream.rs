//! Killed again and again under a stream of changes.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use status_store::record::RegisterState;
use tokio::task::{LocalSet, spawn_local};

use crate::support::{Answer, Bench, Calls, Setup, System, Way4Change, eventually};

const FAMILIES: usize = 6;
const KILLS: usize = 10;
const SEED: u64 = 0x5eed_0042;

/// One customer with an account and what should be held for it.
#[derive(Clone, Debug)]
struct Family {
    customer: String,
    contract: String,
    mobile: String,
    n4n: String,
    lifecycle: &'static str,
    fraud: bool,
    hold: bool,
    edit_lock: bool,
}

/// A change that is allowed whatever has gone before.
#[derive(Clone, Copy, Debug)]
enum Step {
    Lifecycle(&'static str),
    Fraud(bool),
    Hold(bool),
    EditLock(bool),
}

const STEPS: [Step; 9] = [
    Step::Lifecycle("ACTIVE"),
    Step::Lifecycle("SUSPENDED"),
    Step::Lifecycle("BLOCKED"),
    Step::Fraud(true),
    Step::Fraud(false),
    Step::Hold(true),
    Step::Hold(false),
    Step::EditLock(true),
    Step::EditLock(false),
];

impl Family {
    fn new(number: usize) -> Self {
        Self {
            customer: format!("10000000007{number:04}"),
            contract: format!("000362111000000{number:04}"),
            mobile: format!("9197803{number:05}"),
            n4n: format!("8{number:04}"),
            lifecycle: "ACTIVE",
            fraud: false,
            hold: false,
            edit_lock: false,
        }
    }

    fn crosswalk(&self, text: &mut String) {
        let Self { customer, contract, mobile, n4n, .. } = self;
        write!(
            text,
            "{customer},customer,,netxd,customer_id,{customer}\n\
             {customer},customer,,capillary,mobile,{mobile}\n\
             {customer},customer,,n4n,customer_id,{n4n}\n\
             {contract},account,{customer},way4,contract_number,{contract}\n"
        )
        .unwrap();
    }

    fn is_blocked(&self) -> bool {
        self.fraud || self.lifecycle == "BLOCKED"
    }

    /// Whether the policy lets it happen; a change that could have no effect is refused.
    fn allows(&self, step: Step) -> bool {
        match step {
            Step::Lifecycle(status) => !self.fraud || status == "BLOCKED",
            Step::Hold(false) => self.lifecycle == "ACTIVE",
            Step::EditLock(false) => !self.is_blocked(),
            Step::Fraud(_) | Step::Hold(true) | Step::EditLock(true) => true,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Lifecycle(status) => self.lifecycle = status,
            Step::Fraud(on) => self.fraud = on,
            Step::Hold(on) => self.hold = on,
            Step::EditLock(on) => self.edit_lock = on,
        }
    }

    /// What every system should hold.
    fn held(&self) -> String {
        let status = if self.fraud { "BLOCKED" } else { self.lifecycle };
        let label = match status {
            "ACTIVE" => "Active",
            "SUSPENDED" => "Suspended",
            _ => "Blocked",
        };
        let acc1 = if self.fraud { "O" } else { "_" };
        let acc2 = if self.hold || self.lifecycle != "ACTIVE" { "T" } else { "_" };
        let lock = if self.edit_lock || self.is_blocked() { "locked" } else { "unlocked" };
        format!("{status} ACC1={acc1} ACC2={acc2} {label} {lock}")
    }

    /// Sends the change until it is answered: whoever got no answer asks again.
    async fn ask(&self, calls: &Calls, step: Step, msg_id: &str) -> Answer {
        let contract = &self.contract;
        let way4 = async |slot, value| {
            calls.way4_request(&Way4Change { msg_id, contract, slot, value }.body()).await
        };
        eventually("an answer", async || {
            let request = match step {
                Step::Lifecycle(status) => calls.netxd_status_request(&self.customer, status),
                Step::Fraud(on) => way4("ACC1", if on { "O" } else { "_" }).await,
                Step::Hold(on) => way4("ACC2", if on { "T" } else { "_" }).await,
                Step::EditLock(on) => {
                    let operation = if on { "lock" } else { "unlock" };
                    calls.n4n_request(operation, &format!("customer_id={}", self.n4n))
                }
            };
            calls.send(request).await
        })
        .await
    }
}

/// Whether the answer says that the change was accepted, confirmed or not.
fn is_accepted(step: Step, answer: &Answer) -> bool {
    match step {
        Step::Lifecycle(_) => ["ok", "PENDING_DELIVERY"].contains(&answer.netxd().as_str()),
        Step::Fraud(_) | Step::Hold(_) => ["S 000", "F G002"].contains(&answer.way4().as_str()),
        Step::EditLock(_) => [200, 504].contains(&answer.status),
    }
}

/// Changes one family until told to stop.
async fn work(
    calls: Calls,
    mut family: Family,
    number: usize,
    stop: Rc<Cell<bool>>,
    answered: Rc<Cell<usize>>,
) -> Family {
    let mut rng = StdRng::seed_from_u64(SEED + number as u64);
    let mut count = 0;
    while !stop.get() {
        // The first one makes them known everywhere.
        let step = if count == 0 { STEPS[0] } else { *STEPS.choose(&mut rng).unwrap() };
        count += 1;
        let answer = family.ask(&calls, step, &format!("M{number}X{count}")).await;
        let accepted = is_accepted(step, &answer);
        assert_eq!(accepted, family.allows(step), "{step:?} of {family:?}: {answer:?}");
        if accepted {
            family.apply(step);
        }
        answered.set(answered.get() + 1);
    }
    family
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_however_often_the_gateway_is_killed() {
    LocalSet::new().run_until(killed_again_and_again()).await;
}

async fn killed_again_and_again() {
    let families: Vec<Family> = (0..FAMILIES).map(Family::new).collect();
    let mut crosswalk = "subject,kind,parent,system,identifier,value\n".to_owned();
    for family in &families {
        family.crosswalk(&mut crosswalk);
    }
    let mut bench = Setup::new().with_crosswalk(&crosswalk).start().await;
    bench.calls.way4_token().await;
    for system in System::ALL {
        let mut faults = Vec::new();
        for kind in ["drop_after_effect", "drop_before_effect", "garbage"].iter().cycle().take(24) {
            faults.push(json!({ "kind": "delay", "ms": 4, "times": 3 }));
            faults.push(json!({ "kind": kind }));
        }
        faults.push(json!({ "kind": "delay", "ms": 4, "forever": true }));
        bench.faults(system, faults.into()).await;
    }
    let (stop, answered) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let workers = families.into_iter().enumerate().map(|(number, family)| {
        let (stop, answered) = (Rc::clone(&stop), Rc::clone(&answered));
        spawn_local(work(bench.calls.clone(), family, number, stop, answered))
    });
    let workers: Vec<_> = workers.collect();

    let mut rng = StdRng::seed_from_u64(SEED);
    for _ in 0..KILLS {
        let enough = answered.get() + rng.random_range(1..=20);
        let seen = async || (answered.get() >= enough).then_some(());
        eventually("more changes are answered", seen).await;
        bench.kill_9();
        bench.start_gateway().await;
    }
    stop.set(true);
    for worker in workers {
        let family = worker.await.unwrap();
        check(&bench, &family).await;
    }
}

/// What was acknowledged is held everywhere, the record agrees, and its history is whole.
async fn check(bench: &Bench, family: &Family) {
    let Family { customer, contract, mobile, n4n, .. } = family;
    let expected = family.held();
    let same = async || {
        // A system that was never told about them knows nobody.
        let held = bench.held(customer, contract, mobile, n4n).await;
        (held == expected).then_some(())
    };
    eventually(&format!("{expected} for {family:?}"), same).await;

    let names = [("netxd", "customer_id", customer.as_str())];
    let quiet = async || {
        let record = bench.record(&names).await;
        record.families[0].changes.is_empty().then_some(record)
    };
    let record = eventually("every change has come to its end", quiet).await;
    for row in &record.families[0].registers {
        assert_eq!(row.state, RegisterState::Confirmed, "{row:?}");
        let confirmed = row.confirmed.as_ref().map(|(value, version)| (value, *version));
        assert_eq!(confirmed, Some((&row.desired, row.version)), "{row:?}");
    }
    assert!(bench.verify_history(&record).await > 0);
}
