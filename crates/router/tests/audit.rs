//! The history of a real gateway, verified by the real binary.
//!
//! Linux only: elsewhere a machine has no loopback address but 127.0.0.1, where others may listen.

#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a test helper fails the test it is called from")]
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long the gateway may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

const SUBJECTS: [&str; 2] = ["100000000025001", "100000000001001"];

#[test]
fn the_history_of_a_gateway_is_good_while_it_runs_and_after_and_so_is_its_export() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path());
    gateway.changes();
    let said = succeeds(&audit(directory.path(), &["verify"]));
    assert!(said.ends_with("nothing is wrong\n"), "{said}");
    let log = gateway.stop();
    let anchors = anchors(&log);
    assert!(!anchors.is_empty(), "{log}");

    let anchor = anchors.last().unwrap();
    let said = succeeds(&audit(directory.path(), &["verify", "--anchor", anchor]));
    assert!(said.contains(&format!("last checkpoint: {anchor}\n")), "{said}");
    // The last one is made when everything has been recorded.
    assert!(!said.contains("no checkpoint has yet"), "{said}");
    let other = format!("9{anchor}");
    let said = fails(&audit(directory.path(), &["verify", "--anchor", &other]));
    assert!(said.contains(": was cut off"), "{said}");

    let export = directory.path().join("export.jsonl");
    let export = export.to_str().unwrap();
    succeeds(&audit(directory.path(), &["export", "--output", export]));
    assert_eq!(fs::metadata(export).unwrap().permissions().mode() & 0o777, 0o600);
    let again = audit(directory.path(), &["export", "--output", export]);
    assert_eq!(again.status.code(), Some(1));
    let piped = succeeds(&audit(directory.path(), &["export"]));
    let body = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap();
    assert_eq!(body(&piped), body(&fs::read_to_string(export).unwrap()));

    // Elsewhere, with nothing but the file and the public key.
    let key = public_key(&piped, directory.path());
    let key = key.to_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let arguments = ["verify", "--export", export, "--public-key", key, "--anchor", anchor];
    let said = succeeds(&audit(elsewhere.path(), &arguments));
    assert!(said.ends_with("nothing is wrong\n") && !said.contains("itself names"), "{said}");
    let said = succeeds(&audit(elsewhere.path(), &["verify", "--export", export]));
    assert!(said.contains("the keys that the export itself names"), "{said}");
}

#[test]
fn an_edited_export_fails_and_the_entry_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path());
    gateway.changes();
    gateway.stop();
    let export = succeeds(&audit(directory.path(), &["export"]));
    let is_second =
        |line: &&str| line.contains("\"type\":\"entry\"") && line.contains("\"number\":2,");
    let line = export.lines().find(is_second).unwrap();
    let (_, rest) = line.split_once("\"subject\":\"").unwrap();
    let (subject, _) = rest.split_once('"').unwrap();
    let path = directory.path().join("export.jsonl");
    let verify = |text: String| {
        fs::write(&path, text).unwrap();
        fails(&audit(directory.path(), &["verify", "--export", path.to_str().unwrap()]))
    };

    let kind = |line: &str| {
        let (_, rest) = line.split_once("\"kind\":\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let changed = line.replace(&format!("\"kind\":\"{}\"", kind(line)), "\"kind\":\"denied\"");
    let said = verify(export.replace(line, &changed));
    assert!(said.contains(&format!("subject {subject}, entry 2: was changed\n")), "{said}");
    let said = verify(export.replace(&format!("{line}\n"), ""));
    assert!(said.contains(&format!("subject {subject}, entry 2: was ")), "{said}");
    assert!(said.contains("the export is not complete"), "{said}");
    let said = verify(export.replace(line, "{}"));
    assert!(said.contains(&format!("subject {subject}, entry 2: was changed\n")), "{said}");
    assert!(said.contains("is no line of an export"), "{said}");
}

#[test]
fn what_cannot_be_read_is_not_good() {
    let directory = tempfile::tempdir().unwrap();
    let output = audit(directory.path(), &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let path = directory.path().join("export.jsonl");
    fs::write(&path, "hunter2\n").unwrap();
    let output = audit(directory.path(), &["verify", "--export", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output).contains("hunter2"), "{}", text(&output));
    let output = audit(directory.path(), &["verify", "--anchor", "1:beef"]);
    assert_eq!(output.status.code(), Some(2));
}

/// A running `statusgate quickstart`.
struct Gateway {
    process: Child,
    directory: PathBuf,
}

impl Gateway {
    #[track_caller]
    fn start(directory: &Path) -> Self {
        static STARTED: AtomicU16 = AtomicU16::new(0);
        let port = 21_000 + 10 * STARTED.fetch_add(1, Ordering::Relaxed);
        let address = own_address();
        let log = fs::File::create(directory.join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_statusgate"))
            .arg("quickstart")
            .args(["--listen", &SocketAddrV4::new(address, port).to_string()])
            .args(["--simulators", &SocketAddrV4::new(address, port + 1).to_string()])
            .arg("--data-dir")
            .arg(directory)
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
        let gateway = Self { process, directory: directory.to_owned() };
        loop {
            match said.recv_timeout(READY_WITHIN) {
                Ok(line) if line.starts_with("statusgate ready on ") => return gateway,
                Ok(_) => {}
                Err(error) => panic!("not ready: {error}\n{}", gateway.log()),
            }
        }
    }

    /// Asks for some changes, as the ledger's sample does.
    fn changes(&self) {
        for subject in SUBJECTS {
            for status in ["SUSPENDED", "ACTIVE"] {
                let mut command = Command::new(examples().join("netxd-update-customer-status.sh"));
                command.env("STATUSGATE_ENV", self.directory.join("quickstart.env"));
                let output = command.args([subject, status, "on request"]).output().unwrap();
                assert!(output.status.success(), "{}\n{}", text(&output), self.log());
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Stops it as a service manager does, and returns its log.
    #[track_caller]
    fn stop(mut self) -> String {
        let process = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &process]).status().unwrap();
        assert!(told.success());
        assert!(self.process.wait().unwrap().success(), "{}", self.log());
        self.log()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The checkpoints of a log, as anchors.
fn anchors(log: &str) -> Vec<String> {
    let value = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("{name}="))?;
        Some(rest.split_whitespace().next()?.trim_matches('"').to_owned())
    };
    let anchor = |line: &str| Some(format!("{}:{}", value(line, "number")?, value(line, "hash")?));
    log.lines().filter(|line| line.contains("checkpoint")).filter_map(anchor).collect()
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

/// The public key that the gateway signed with, in a file, taken from an export's header.
fn public_key(export: &str, directory: &Path) -> PathBuf {
    let header: serde_json::Value = serde_json::from_str(export.lines().next().unwrap()).unwrap();
    let path = directory.join("public.pem");
    fs::write(&path, header["public_keys"][0].as_str().unwrap()).unwrap();
    path
}

/// Runs `statusgate audit` on what a quickstart left in a directory.
fn audit(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statusgate"));
    command.arg("audit").args(arguments).arg("--data-dir").arg(directory);
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn fails(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command printed, errors last.
fn text(output: &Output) -> String {
    String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap()
}
