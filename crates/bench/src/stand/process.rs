//! Programs that are started.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};

/// A program that runs. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Kept open: a program that speaks into a closed pipe fails.
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it and waits until it prints a line that begins with `ready`. What it logs goes to
    /// `log`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&OsStr],
        ready: &str,
        log: Stdio,
    ) -> anyhow::Result<Self> {
        let child =
            Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("there is no pipe")?;
        let mut process = Self { child, stdout: BufReader::new(stdout) };
        let mut line = String::new();
        while process.stdout.read_line(&mut line).context("reading what it says")? > 0 {
            if line.starts_with(ready) {
                return Ok(process);
            }
            line.clear();
        }
        bail!("{} did not start", program.display())
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already. Its record goes with it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Adds a crosswalk to the record of a gateway that does not run.
pub(super) fn import(program: &Path, crosswalk: &Path, config: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(["subject", "import"]).arg(crosswalk).arg("--config").arg(config);
    let output = command.output().with_context(|| format!("starting {}", program.display()))?;
    if !output.status.success() {
        bail!("the import failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
