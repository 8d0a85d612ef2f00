//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use crate::scenario::Scenario;

/// Measures the gateway under load, beside the ceilings of this machine.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Options {
    /// How long each measurement takes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How long the load runs before anything is measured, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Connections at once; every scenario runs with each of these numbers.
    #[arg(long, value_name = "NUMBERS", default_value = "64,256", value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) connections: Vec<u16>,
    /// Only these measurements.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<Measurement>,
    /// Requests per second, sent on time whether or not answers come. Without it, every connection sends
    /// its next request when it has its answer.
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// How often everything is measured; the run with the median rate is shown.
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Do not fail when requests were answered with anything but success.
    #[arg(long)]
    pub(crate) allow_errors: bool,
    /// The gateway's program. By default the one beside this program.
    #[arg(long, value_name = "PATH")]
    statusgate: Option<PathBuf>,
    /// Where the temporary directory is made. The record is written there, so it should be on the kind of
    /// disk that is of interest.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Be the echo server instead.
    #[arg(long, value_name = "ADDR", hide = true)]
    pub(crate) echo: Option<SocketAddr>,
}

/// Something that is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Measurement {
    /// WAY4 changes, answered once they are durable.
    Accept,
    /// WAY4 changes, answered once four systems have confirmed.
    Applied,
    /// Signed NetXD changes, answered once they are durable.
    Signed,
    /// WAY4 requests with a message number that was answered before.
    Repeat,
    /// Ceiling: a bare HTTP server.
    Echo,
    /// Ceiling: the WAY4 simulator without the gateway.
    Simulator,
    /// Ceiling: the same rows written by the store.
    Store,
    /// Ceiling: signatures checked on one core.
    Es256,
    /// Ceiling: the disk.
    Disk,
}

impl Options {
    pub(crate) fn wants(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    /// The scenarios to run.
    pub(crate) fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        Scenario::ALL.into_iter().filter(|scenario| self.wants(scenario.measurement()))
    }

    /// The gateway's program.
    pub(crate) fn program(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.statusgate {
            return Ok(path.clone());
        }
        let own = std::env::current_exe().context("finding this program")?;
        let path = own.with_file_name("statusgate");
        anyhow::ensure!(path.is_file(), "{} is not there; build it first", path.display());
        Ok(path)
    }

    /// Where the temporary directories go.
    pub(crate) fn parent_directory(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(std::env::temp_dir)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    if !(0.1..=3600.0).contains(&seconds) {
        return Err("from 0.1 to 3600 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}
