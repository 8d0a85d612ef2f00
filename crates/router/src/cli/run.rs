//! Commands that run the gateway, or would.

use std::future::Future;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use simulators::Simulator;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Quickstart;
use crate::cli::import::{Progress, link};
use crate::clock;
use crate::config::Config;
use crate::crosswalk;
use crate::logging;
use crate::quickstart::{self, Prepared, SimulatorPlan};
use crate::serve::{self, Running};

/// The crosswalk of the quickstart.
const SAMPLE_CROSSWALK: &str = include_str!("../../../../examples/quickstart/crosswalk.csv");

pub(super) fn serve(file: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::read_file(file)?;
    logging::start(&config.log)?;
    if config.development {
        bail!("{} holds development credentials, which only quickstart accepts", file.display());
    }
    refuse_errors(&config)?;
    on_runtime(async {
        let running = serve::start(&config).await?;
        announce(&running)?;
        until_told(running).await
    })
}

pub(super) fn quickstart(options: &Quickstart) -> anyhow::Result<ExitCode> {
    let prepared =
        quickstart::prepare(&options.data_dir, options.listen, options.simulators, clock::now())
            .context("preparing the quickstart")?;
    let Prepared { config, simulators, env_file } = prepared;
    logging::start(&config.log)?;
    refuse_errors(&config)?;
    on_runtime(async {
        let simulators = start(simulators).await?;
        let running = serve::start(&config).await?;
        let rows = crosswalk::read(SAMPLE_CROSSWALK.as_bytes())?;
        link(&running.queue, rows, &Progress::hidden()).await?;
        say(&format!("credentials for the examples are in {}", env_file.display()))?;
        announce(&running)?;
        let done = until_told(running).await;
        for simulator in simulators {
            simulator.stop().await;
        }
        done
    })
}

async fn start(plan: SimulatorPlan) -> anyhow::Result<[Simulator; 4]> {
    let SimulatorPlan { netxd, way4, capillary, n4n } = plan;
    let at = |address| format!("starting a simulator on {address}");
    Ok([
        simulators::start_netxd(netxd.0, netxd.1).await.with_context(|| at(netxd.0))?,
        simulators::start_way4(way4.0, way4.1).await.with_context(|| at(way4.0))?,
        simulators::start_capillary(capillary.0, capillary.1)
            .await
            .with_context(|| at(capillary.0))?,
        simulators::start_n4n(n4n.0, n4n.1).await.with_context(|| at(n4n.0))?,
    ])
}

pub(super) fn check_config(file: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::read_file(file)?;
    let findings = config.check();
    for finding in &findings {
        say(&finding.to_string())?;
    }
    if findings.iter().any(|finding| finding.is_error()) {
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("{} can be used", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_errors(config: &Config) -> anyhow::Result<()> {
    for finding in config.check() {
        if finding.is_error() {
            bail!("{finding}");
        }
        tracing::warn!("{finding}");
    }
    Ok(())
}

/// Runs on threads of its own, apart from those that serve HTTP.
pub(super) fn on_runtime(
    work: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting the runtime")?.block_on(work)
}

/// The one line that says that requests are accepted.
fn announce(running: &Running) -> anyhow::Result<()> {
    say(&format!("statusgate ready on http://{}", running.address))
}

async fn until_told(mut running: Running) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    let code = tokio::select! {
        _ = terminate.recv() => ExitCode::SUCCESS,
        _ = interrupt.recv() => ExitCode::SUCCESS,
        () = running.ended() => ExitCode::FAILURE,
    };
    tracing::info!("stopping");
    running.stop().await;
    Ok(code)
}

/// Says something to whoever started the program.
pub(super) fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("writing to standard output")
}
