//! A gateway with its four upstream systems.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use router::quickstart::SimulatorPlan;
use serde_json::{Value, json};
use simulators::Simulator;
use status_domain::ids::Identifier;
use status_store::history;
use status_store::sqlite::SqliteStore;
use status_store::store::{Needs, Snapshot, Store as _, Writes};
use tempfile::TempDir;

use super::calls::Calls;
use super::gateway::{self, Process};
use super::simulated::System;
use super::{Answer, CONTRACT, CUSTOMER, MOBILE, N4N_CUSTOMER, Setup};

/// Everything that one test needs. Dropping it ends everything.
#[derive(Debug)]
pub(crate) struct Bench {
    /// How the gateway is called.
    pub(crate) calls: Calls,
    gateway: Option<Process>,
    simulators: [Option<Simulator>; 4],
    plan: SimulatorPlan,
    config: PathBuf,
    directory: TempDir,
}

impl Bench {
    /// The quickstart's gateway with the sample crosswalk, as `serve` runs it.
    pub(crate) async fn start() -> Self {
        Setup::new().start().await
    }

    pub(super) async fn new(
        directory: TempDir,
        config: PathBuf,
        plan: SimulatorPlan,
        env_file: &Path,
    ) -> Self {
        let calls = Calls::new(variables(env_file));
        let mut simulators = [const { None }; 4];
        for system in System::ALL {
            simulators[system.index()] = Some(system.start(&plan).await);
        }
        Self { calls, gateway: None, simulators, plan, config, directory }
    }

    /// Adds a crosswalk to the record.
    pub(crate) fn import(&self, crosswalk: &Path) {
        let arguments = ["subject".as_ref(), "import".as_ref(), crosswalk.as_os_str()];
        let config = ["--config".as_ref(), self.config.as_os_str()];
        gateway::run(&[&arguments[..], &config[..]].concat());
    }

    /// Starts the gateway, which must not run.
    pub(crate) async fn start_gateway(&mut self) {
        assert!(self.gateway.is_none());
        self.gateway = Some(Process::start(&self.config, &self.log_file()).await);
    }

    /// Ends the gateway at once, wherever it is.
    pub(crate) fn kill_9(&mut self) {
        self.gateway.take().unwrap().kill_9();
    }

    /// Tells the gateway to stop, and does not wait.
    pub(crate) fn terminate(&self) {
        self.gateway.as_ref().unwrap().terminate();
    }

    /// Waits for the end of a gateway that was told to stop.
    pub(crate) async fn stopped(&mut self) {
        self.gateway.take().unwrap().ended().await;
    }

    /// Stops the gateway in good order.
    pub(crate) async fn stop(&mut self) {
        self.terminate();
        self.stopped().await;
    }

    /// Stops the gateway in good order and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_gateway().await;
    }

    /// Stops an upstream: connections to it are refused.
    pub(crate) async fn stop_upstream(&mut self, system: System) {
        self.simulators[system.index()].take().unwrap().stop().await;
    }

    /// Starts an upstream again, in its first state.
    pub(crate) async fn start_upstream(&mut self, system: System) {
        self.simulators[system.index()] = Some(system.start(&self.plan).await);
    }

    /// Replaces what goes wrong at an upstream from now on.
    pub(crate) async fn faults(&self, system: System, faults: Value) {
        let url = format!("http://{}/_sim/faults", system.address(&self.plan));
        let body = json!({ "faults": faults }).to_string();
        let answer = self.calls.http().put(url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// What an upstream holds and what it was asked.
    pub(crate) async fn state(&self, system: System) -> Value {
        let url = format!("http://{}/_sim/state", system.address(&self.plan));
        let answer = self.calls.http().get(url).send().await.unwrap();
        Answer::read(answer).await.unwrap().json()
    }

    /// An upstream's journal, one line for each request: `ACC2 T`, or `ACC2 T (no effect)`.
    pub(crate) async fn journal(&self, system: System) -> Vec<String> {
        let state = self.state(system).await;
        let line = |entry: &Value| {
            let operation = entry["operation"].as_str().unwrap();
            let operation = operation.strip_prefix("CustomerService.").unwrap_or(operation);
            let value = entry["value"].as_str().unwrap();
            let effect = if entry["effect"] == true { "" } else { " (no effect)" };
            format!("{operation} {value}{effect}")
        };
        state["journal"].as_array().unwrap().iter().map(line).collect()
    }

    /// How many requests each of the four systems was sent, in their order.
    pub(crate) async fn received(&self) -> [u64; 4] {
        let mut received = [0; 4];
        for system in System::ALL {
            received[system.index()] = self.state(system).await["received"].as_u64().unwrap();
        }
        received
    }

    /// What the four systems hold for the documents' customer, in one line:
    /// `ACTIVE ACC1=_ ACC2=_ Active unlocked`.
    pub(crate) async fn documents_customer(&self) -> String {
        self.held(CUSTOMER, CONTRACT, MOBILE, N4N_CUSTOMER).await
    }

    /// What the four systems hold under these ids, in one line; `?` where they know nobody.
    pub(crate) async fn held(
        &self,
        customer: &str,
        contract: &str,
        mobile: &str,
        n4n: &str,
    ) -> String {
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let netxd = text(&self.state(System::Netxd).await["customers"][customer]["status"]);
        let slots = &self.state(System::Way4).await["contracts"][contract];
        let (acc1, acc2) = (text(&slots["ACC1"]), text(&slots["ACC2"]));
        let crm = self.state(System::Capillary).await;
        let crm = crm["customers"].as_array().unwrap();
        let label = crm.iter().find(|one| one["mobile"] == mobile).map(|one| text(&one["label"]));
        let label = label.unwrap_or_else(|| "?".to_owned());
        let lock = match self.state(System::N4n).await["customers"][n4n]["locked"].as_bool() {
            Some(true) => "locked",
            Some(false) => "unlocked",
            None => "?",
        };
        format!("{netxd} ACC1={acc1} ACC2={acc2} {label} {lock}")
    }

    /// What the gateway has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    /// Where the gateway, its record and its credentials are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The record, beside the gateway.
    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.directory.path().join("statusgate.db")).unwrap()
    }

    /// What the record holds of the subjects that these name.
    pub(crate) async fn record(&self, identifiers: &[(&str, &str, &str)]) -> Snapshot {
        let identifier = |(system, kind, value): &(&str, &str, &str)| Identifier {
            system: system.parse().unwrap(),
            kind: kind.parse().unwrap(),
            value: value.parse().unwrap(),
        };
        let identifiers = identifiers.iter().map(identifier).collect();
        let needs = Needs { now: router::clock::now(), identifiers, ..Needs::default() };
        self.store().write(needs, |snapshot| (Writes::default(), snapshot)).await.unwrap()
    }

    /// Checks the history of every subject in the snapshot, and returns how many entries there are.
    pub(crate) async fn verify_history(&self, snapshot: &Snapshot) -> usize {
        let (store, mut entries) = (self.store(), 0);
        for row in snapshot.families.iter().flat_map(|family| &family.subjects) {
            let rows = store.history(row.subject.id).await.unwrap();
            assert_eq!(history::first_bad(&rows), None, "{:?}", row.subject.id);
            assert_eq!(rows.len() as u64, row.head.length);
            let last = rows.last().map(|row| row.hash).unwrap_or_default();
            assert_eq!(last, row.head.hash);
            entries += rows.len();
        }
        entries
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("stderr.log")
    }
}

/// The variables that the example scripts source.
fn variables(env_file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(env_file).unwrap();
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs.map(|(name, word)| (name.to_owned(), word.trim_matches('\'').to_owned())).collect()
}
