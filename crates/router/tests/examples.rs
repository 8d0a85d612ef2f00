//! The scripts in `examples/quickstart` against the real binary, each as a newcomer would call it.
//!
//! Linux only: elsewhere a machine has no loopback address but 127.0.0.1, where others may listen.

#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a test helper fails the test it is called from")]
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::Value;
use tempfile::TempDir;

/// How long the gateway may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

const CUSTOMER: &str = "100000000025001";
const CONTRACT: &str = "0003621110000000183";

#[test]
fn a_status_sent_as_in_netxds_sample_reaches_every_system() {
    let gateway = Quickstart::start();
    gateway.succeeds("netxd-update-customer-status.sh", &[CUSTOMER, "SUSPENDED", "on request"]);
    assert_eq!(gateway.netxd()["customers"][CUSTOMER]["notes"], "on request");
    gateway.holds(["SUSPENDED", "_", "T", "Suspended"]);

    let answer = gateway.succeeds("netxd-update-customer-status.sh", &[]);
    assert_eq!(answer, r#"{"id":"1","result":{"Id":"100000000025001","Status":"ACTIVE"}}"#);
    gateway.holds(["ACTIVE", "_", "_", "Active"]);

    let answer = gateway.refuses("netxd-update-customer-status.sh", &[CUSTOMER, "CLOSED"]);
    assert!(answer.contains(r#""code":"INVALID_REQUEST""#), "{answer}");
    gateway.holds(["ACTIVE", "_", "_", "Active"]);
}

#[test]
fn netxds_sample_in_javascript_does_the_same() {
    if !is_there("node") {
        return;
    }
    let gateway = Quickstart::start();
    gateway.succeeds("netxd-update-customer-status.js", &[CUSTOMER, "BLOCKED"]);
    gateway.holds(["BLOCKED", "_", "T", "Blocked"]);

    gateway.succeeds("netxd-update-customer-status.js", &[]);
    gateway.holds(["ACTIVE", "_", "_", "Active"]);

    gateway.refuses("netxd-update-customer-status.js", &[CUSTOMER, "CLOSED"]);
    gateway.holds(["ACTIVE", "_", "_", "Active"]);
}

#[test]
fn details_sent_as_in_netxds_sample_reach_the_ledger() {
    let gateway = Quickstart::start();
    let email = |state: &Value| state["customers"]["100000000001001"]["profile"].clone();
    gateway.succeeds("netxd-update-customer.sh", &["100000000001001", "mark@bank.example"]);
    assert_eq!(email(&gateway.netxd())["contact"]["email"], "mark@bank.example");

    let answer = gateway.succeeds("netxd-update-customer.sh", &[]);
    assert!(answer.contains(r#""status":"ACTIVE""#), "{answer}");
    assert_eq!(email(&gateway.netxd())["contact"]["email"], "customersample@gmail.com");

    gateway.refuses("netxd-update-customer.sh", &[" "]);
    assert_eq!(gateway.netxd()["received"], 2);
}

#[test]
fn a_block_sent_as_in_network_internationals_sample_reaches_every_system() {
    const SCRIPT: &str = "way4-account-status-change.sh";
    let gateway = Quickstart::start();
    gateway.succeeds(SCRIPT, &["--basic", "--fresh", CONTRACT, "ACC1", "O"]);
    gateway.holds(["BLOCKED", "O", "_", "Blocked"]);

    gateway.succeeds(SCRIPT, &["--msg-id", "RELEASE1", CONTRACT, "ACC1", "_"]);
    gateway.holds(["ACTIVE", "_", "_", "Active"]);

    let first = gateway.succeeds(SCRIPT, &[]);
    gateway.holds(["ACTIVE", "_", "C", "Active"]);
    let received = gateway.way4()["received"].clone();
    assert_eq!(gateway.succeeds(SCRIPT, &["--basic"]), first);
    assert_eq!(gateway.way4()["received"], received);

    let answer = gateway.refuses(SCRIPT, &[CONTRACT, "ACC2", "T"]);
    assert!(answer.contains(r#""error_code":"G009""#), "{answer}");
    gateway.holds(["ACTIVE", "_", "C", "Active"]);
    assert_eq!(gateway.run(SCRIPT, &["--no-such-option"]).status.code(), Some(2));
}

#[test]
fn a_request_made_as_in_capillarys_sample_waits_for_its_checker() {
    let gateway = Quickstart::start();
    let nobody = gateway.refuses("capillary-decide.sh", &[]);
    assert!(nobody.contains("no request waits"), "{nobody}");
    gateway.refuses("capillary-read.sh", &[]);

    let created = request(&gateway.succeeds("capillary-create.sh", &[]));
    let waiting = gateway.succeeds("capillary-list.sh", &["AdminTask"]);
    assert!(waiting.contains(&created), "{waiting}");
    let answer = gateway.refuses("capillary-decide.sh", &["--as-maker", &created]);
    assert!(answer.contains(r#""code":2001"#), "{answer}");
    gateway.holds(["ACTIVE", "_", "_", "Active"]);

    gateway.succeeds("capillary-decide.sh", &[]);
    gateway.holds(["SUSPENDED", "_", "T", "Suspended"]);
    let shown = gateway.succeeds("capillary-read.sh", &[]);
    assert_eq!(request(&shown), created);
    assert!(shown.contains(r#""state":"approved""#), "{shown}");

    let second = request(&gateway.succeeds("capillary-create.sh", &["919780375690", "Active"]));
    gateway.succeeds("capillary-decide.sh", &[&second, "rejected", "not this one"]);
    gateway.holds(["SUSPENDED", "_", "T", "Suspended"]);
    let all = gateway.succeeds("capillary-list.sh", &[]);
    assert!(all.contains(&created) && all.contains(&second), "{all}");
    let answer = gateway.refuses("capillary-create.sh", &["919780375690", "NoSuchLabel"]);
    assert!(answer.contains(r#""code":3017"#), "{answer}");
}

#[test]
fn n4ns_sample_unlocks_what_its_counterpart_locked() {
    let gateway = Quickstart::start();
    assert_eq!(gateway.succeeds("n4n-lock.sh", &[]), "true");
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], true);
    assert_eq!(gateway.succeeds("n4n-unlock.sh", &[]), "true");
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], false);

    gateway.succeeds("n4n-lock.sh", &["subscription_id=SUB-191"]);
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], true);
    gateway.refuses("n4n-unlock.sh", &["customer_id="]);
    gateway.refuses("n4n-lock.sh", &["customer_id="]);
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], true);
}

#[test]
fn n4ns_sample_in_python_works_with_and_without_its_library() {
    if !is_there("python3") {
        return;
    }
    let gateway = Quickstart::start();
    gateway.succeeds("n4n-lock.sh", &[]);
    assert_eq!(gateway.succeeds("n4n-unlock.py", &[]), "True");
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], false);

    gateway.succeeds("n4n-lock.sh", &[]);
    // Without site-packages, thus without `requests`.
    let script = examples().join("n4n-unlock.py");
    let alone = |customer: &str| {
        let mut python = Command::new("python3");
        finish(gateway.with_environment(python.arg("-S").arg(&script).arg(customer)))
    };
    assert_eq!(alone("no digits").status.code(), Some(1));
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], true);
    assert_eq!(text(&alone("191")), "True");
    assert_eq!(gateway.n4n()["customers"]["191"]["locked"], false);
    gateway.refuses("n4n-unlock.py", &["no digits"]);
}

#[test]
fn the_walkthrough_is_as_the_readme_tells_it_also_the_second_time() {
    let gateway = Quickstart::start();
    gateway.succeeds("walkthrough.sh", &[]);
    gateway.succeeds("walkthrough.sh", &[]);
    let state = gateway.succeeds("show-state.sh", &[]);
    assert!(state.contains("WAY4       0003621110000004242  ACC1=_ ACC2=_"), "{state}");
    let received = gateway.netxd()["received"].to_string();
    assert!(state.contains(&format!("received: NetXD {received}, WAY4 ")), "{state}");
    let all: Value = serde_json::from_str(&gateway.succeeds("show-state.sh", &["--json"])).unwrap();
    assert_eq!(all["n4n"], gateway.n4n());
}

#[test]
fn a_script_called_before_the_gateway_says_what_to_do() {
    for script in scripts() {
        if interpreter(&script).is_some_and(|program| !is_there(program)) {
            continue;
        }
        let mut command = Command::new(examples().join(&script));
        let output = finish(command.env("STATUSGATE_ENV", "/nowhere/quickstart.env"));
        assert_eq!(output.status.code(), Some(2), "{script}");
        assert!(text(&output).contains("start the gateway with 'make run' first"), "{script}");
    }
}

#[test]
fn every_script_can_be_run_and_is_in_the_table_and_in_a_test() {
    let table = fs::read_to_string(examples().join("README.md")).unwrap();
    let scripts = scripts();
    assert!(scripts.len() >= 13, "{scripts:?}");
    for script in scripts {
        let mode = fs::metadata(examples().join(&script)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script} is not executable");
        assert!(table.contains(&format!("| `{script}` |")), "{script} is not in the table");
        let quoted = format!("\"{script}\"");
        assert!(include_str!("examples.rs").contains(&quoted), "{script} is not tested");
    }
}

/// A running `statusgate quickstart` of its own.
struct Quickstart {
    process: Child,
    simulators: SocketAddrV4,
    data_dir: TempDir,
}

impl Quickstart {
    #[track_caller]
    fn start() -> Self {
        static STARTED: AtomicU16 = AtomicU16::new(0);
        let port = 20_000 + 10 * STARTED.fetch_add(1, Ordering::Relaxed);
        let address = own_address();
        let simulators = SocketAddrV4::new(address, port + 1);
        let data_dir = tempfile::tempdir().unwrap();
        let log = fs::File::create(data_dir.path().join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_statusgate"))
            .arg("quickstart")
            .args(["--listen", &SocketAddrV4::new(address, port).to_string()])
            .args(["--simulators", &simulators.to_string()])
            .arg("--data-dir")
            .arg(data_dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (lines, said) = mpsc::channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        let gateway = Self { process, simulators, data_dir };
        loop {
            match said.recv_timeout(READY_WITHIN) {
                Ok(line) if line.starts_with("statusgate ready on ") => return gateway,
                Ok(_) => {}
                Err(error) => panic!("not ready: {error}\n{}", gateway.log()),
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data_dir.path().join("log")).unwrap_or_default()
    }

    fn with_environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("STATUSGATE_ENV", self.data_dir.path().join("quickstart.env"))
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(examples().join(script));
        finish(self.with_environment(command.args(arguments)))
    }

    /// Runs a script that must end well, and returns what it printed.
    #[track_caller]
    fn succeeds(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.run(script, arguments);
        let printed = text(&output);
        assert!(output.status.success(), "{script} {arguments:?}: {printed}\n{}", self.log());
        printed
    }

    /// Runs a script that must be refused, and returns what it printed.
    #[track_caller]
    fn refuses(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.run(script, arguments);
        let printed = text(&output);
        assert_eq!(output.status.code(), Some(1), "{script} {arguments:?}: {printed}");
        printed
    }

    fn netxd(&self) -> Value {
        self.state(0)
    }

    fn way4(&self) -> Value {
        self.state(1)
    }

    fn capillary(&self) -> Value {
        self.state(2)
    }

    fn n4n(&self) -> Value {
        self.state(3)
    }

    /// What the documents' customer must have: NetXD's status, WAY4's ACC1 and ACC2, Capillary's label.
    #[track_caller]
    fn holds(&self, expected: [&str; 4]) {
        let (netxd, way4, capillary) = (self.netxd(), self.way4(), self.capillary());
        let contract = &way4["contracts"][CONTRACT];
        let status = &netxd["customers"][CUSTOMER]["status"];
        let label = &capillary["customers"][0]["label"];
        assert_eq!([status, &contract["ACC1"], &contract["ACC2"], label], expected);
    }

    /// The state of the simulator with this number, from 0.
    fn state(&self, number: u16) -> Value {
        let address = SocketAddrV4::new(*self.simulators.ip(), self.simulators.port() + number);
        let mut connection = TcpStream::connect(address).unwrap();
        let request = format!("GET /_sim/state HTTP/1.0\r\nHost: {address}\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A loopback address that no other process of this machine derives.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    // Process numbers have at most 22 bits.
    Ipv4Addr::new(127, 128 | high, middle, low)
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart")
}

/// The names of all scripts, without the file that they source.
fn scripts() -> Vec<String> {
    let names = fs::read_dir(examples()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_script = |name: &str| name != "environment.sh" && suffix(name).is_some();
    names.filter(|name| is_script(name)).collect()
}

fn suffix(name: &str) -> Option<&str> {
    let (_, suffix) = name.rsplit_once('.')?;
    ["sh", "js", "py"].contains(&suffix).then_some(suffix)
}

/// The program beyond bash that a script needs.
fn interpreter(script: &str) -> Option<&'static str> {
    match suffix(script)? {
        "js" => Some("node"),
        "py" => Some("python3"),
        _ => None,
    }
}

/// Whether a program can be run here. If not, says so.
fn is_there(program: &str) -> bool {
    let version = Command::new(program).arg("--version").output();
    let is_there = version.is_ok_and(|output| output.status.success());
    if !is_there {
        // Not by a macro: what those print is not shown of a test that passes.
        let line = format!("NOT TESTED: the examples that need {program}: it is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is_there
}

/// Runs a command to its end, from a directory that is not the repository's.
#[track_caller]
fn finish(command: &mut Command) -> Output {
    command.current_dir("/").stdin(Stdio::null()).output().unwrap()
}

/// What a command printed, errors last.
fn text(output: &Output) -> String {
    let printed = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(printed).unwrap().trim_end().to_owned()
}

/// The id of the first request in an answer.
#[track_caller]
fn request(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap();
    answer["data"]["requestId"].as_str().unwrap().to_owned()
}
