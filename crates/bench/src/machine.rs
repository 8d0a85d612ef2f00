//! What this machine is, and what a process uses of it. Reads `/proc`, so it is for Linux.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::load::Connection;
use crate::request;

/// Clock ticks per second in `/proc/PID/stat`: 100 on every architecture this is likely to run on.
const TICKS_PER_SECOND: u32 = 100;

/// Name of the gateway's thread that writes to the record.
const WRITER: &str = "sqlite-write";

/// What to look at while load is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    /// The process under load.
    pub(crate) process: Option<u32>,
    /// Simulators whose requests are counted.
    pub(crate) simulators: Vec<SocketAddr>,
}

impl Meter {
    /// Makes ready to read.
    pub(crate) async fn open(&self) -> anyhow::Result<OpenMeter> {
        if let Some(process) = self.process {
            // Sets the peak of the resident memory back to the present. Where that is not permitted,
            // the peak is that of the whole run.
            let _not_permitted = std::fs::write(format!("/proc/{process}/clear_refs"), "5");
        }
        let mut simulators = Vec::with_capacity(self.simulators.len());
        for address in &self.simulators {
            simulators.push((*address, Connection::open(*address).await?));
        }
        Ok(OpenMeter { process: self.process, simulators })
    }
}

/// A meter that can be read.
#[derive(Debug)]
pub(crate) struct OpenMeter {
    process: Option<u32>,
    simulators: Vec<(SocketAddr, Connection)>,
}

/// What was used up to an instant, or between two of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// CPU time of the process under load.
    pub(crate) cpu: Option<Duration>,
    /// CPU time of the one thread of it that writes to the record.
    pub(crate) writer_cpu: Option<Duration>,
    /// CPU time of this process: the load and the simulators.
    pub(crate) own_cpu: Duration,
    /// Resident memory of the process under load, in KiB.
    pub(crate) resident_kib: Option<u64>,
    /// The most it was, in KiB.
    pub(crate) peak_kib: Option<u64>,
    /// Status-changing requests that the simulators received.
    pub(crate) delivered: Option<u64>,
}

impl OpenMeter {
    /// Reads everything.
    pub(crate) async fn read(&mut self) -> anyhow::Result<Reading> {
        let own = cpu(std::process::id())?;
        let mut reading = Reading { own_cpu: own, ..Reading::default() };
        if let Some(process) = self.process {
            reading.cpu = Some(cpu(process)?);
            reading.writer_cpu = thread_cpu(process, WRITER)?;
            reading.resident_kib = status(process, "VmRSS")?;
            reading.peak_kib = status(process, "VmHWM")?;
        }
        for (address, connection) in &mut self.simulators {
            let request = request::get(*address, "/_sim/state");
            let answer = connection.exchange(request.as_bytes()).await?;
            let state: Value = serde_json::from_slice(answer.body).context("reading a state")?;
            let received = state["received"].as_u64().context("the state has no count")?;
            *reading.delivered.get_or_insert_default() += received;
        }
        Ok(reading)
    }
}

impl Reading {
    /// What was used between this reading and a later one.
    pub(crate) fn until(&self, later: &Self) -> Self {
        let between = |from: Option<Duration>, to: Option<Duration>| {
            Some(to?.saturating_sub(from.unwrap_or_default()))
        };
        Self {
            cpu: between(self.cpu, later.cpu),
            writer_cpu: between(self.writer_cpu, later.writer_cpu),
            own_cpu: later.own_cpu.saturating_sub(self.own_cpu),
            delivered: later.delivered.map(|to| to.saturating_sub(self.delivered.unwrap_or(0))),
            resident_kib: later.resident_kib,
            peak_kib: later.peak_kib,
        }
    }
}

/// User and system time of a process, of all its threads.
fn cpu(process: u32) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"));
    let text = text.context("the process under load has ended")?;
    cpu_of(&text).context("/proc/PID/stat is not as it should be")
}

/// The same of its thread with this name, if it has one.
fn thread_cpu(process: u32, name: &str) -> anyhow::Result<Option<Duration>> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    for thread in threads.context("the process under load has ended")?.flatten() {
        let read = |file: &str| std::fs::read_to_string(thread.path().join(file));
        // Threads may end while they are looked through.
        let (Ok(comm), Ok(stat)) = (read("comm"), read("stat")) else { continue };
        if comm.trim() == name {
            return Ok(cpu_of(&stat));
        }
    }
    Ok(None)
}

fn cpu_of(stat: &str) -> Option<Duration> {
    // The name, in parentheses, may hold anything. After it come state, ten numbers, user and system.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs(u64::from(user) + u64::from(system)) / TICKS_PER_SECOND)
}

fn status(process: u32, name: &str) -> anyhow::Result<Option<u64>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"));
    let text = text.context("the process under load has ended")?;
    Ok(text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.split_ascii_whitespace().next()?.parse().ok()))
}

/// What the machine is, in one line. `directory` is where the record goes.
pub(crate) fn facts(directory: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let model = model.into_iter().find(|(key, _)| key.trim() == "model name");
    let model = model.map_or("unknown processor", |(_, value)| value.trim());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let disk = file_system(directory).unwrap_or_else(|| "unknown file system".to_owned());
    format!("{cores} cores ({model}), Linux {}, record on {disk}", kernel.trim())
}

/// Kind of the file system that holds `directory`.
fn file_system(directory: &Path) -> Option<String> {
    let directory = std::fs::canonicalize(directory).ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let (at, kind) = (fields.next()?.to_owned(), fields.next()?.to_owned());
        directory.starts_with(&at).then_some((at.len(), kind))
    };
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found_behind_a_name_with_spaces_and_parentheses() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194304 1 2 3 4 150 25 8 9 20 0 6 0 1 2";
        assert_eq!(cpu_of(stat), Some(Duration::from_millis(1750)));
        assert_eq!(cpu_of("nothing"), None);
    }

    #[test]
    fn this_process_has_a_resident_size() {
        assert!(status(std::process::id(), "VmRSS").unwrap().is_some_and(|kib| kib > 0));
        assert_eq!(status(std::process::id(), "VmNothing").unwrap(), None);
    }
}
