//! The gateway as a process.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::eventually;

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_statusgate");

/// How long the gateway may take to start. Other tests start theirs at the same time.
const START: Duration = Duration::from_secs(30);

/// A gateway that runs. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Kept open: a program that speaks into a closed pipe fails.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it and waits until it says that it is ready. What it logs is added to `log`.
    pub(super) async fn start(config: &Path, log: &Path) -> Self {
        let stderr = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let ready = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while stdout.read_line(&mut line).unwrap() > 0 {
                if line.starts_with("statusgate ready on ") {
                    return Some(stdout);
                }
                line.clear();
            }
            None
        });
        let ready = tokio::time::timeout(START, ready).await;
        if ready.is_err() {
            drop(child.kill());
        }
        let stdout = ready.unwrap().unwrap();
        let log = || std::fs::read_to_string(log).unwrap();
        assert!(stdout.is_some(), "the gateway did not start: {}", log());
        Self { child, _stdout: stdout.unwrap() }
    }

    /// Ends it at once, wherever it is.
    pub(super) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop. It goes on for as long as it needs.
    pub(super) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(super) async fn ended(mut self) {
        let status = eventually("the gateway ends", async || self.child.try_wait().unwrap()).await;
        assert!(status.success(), "the gateway ended with {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs the program to its end and returns what it said.
pub(super) fn run(arguments: &[&std::ffi::OsStr]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {said}{log}");
    said
}
