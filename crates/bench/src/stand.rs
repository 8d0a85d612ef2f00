//! A gateway under test, with what it needs around it.

mod process;
mod setup;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use router::quickstart::{Prepared, SimulatorPlan};
use serde_json::Value;
use simulators::Simulator;
use tempfile::TempDir;

use crate::load;
use crate::machine::Meter;
use crate::options::Options;
use crate::request;

pub(crate) use process::Process;
pub(crate) use setup::{AnswerWhen, Setup, address, prepare};

/// A gateway in a process of its own, and the four simulators in this one. Dropping it ends them and
/// removes the record.
#[derive(Debug)]
pub(crate) struct Stand {
    /// Where the gateway listens.
    pub(crate) address: SocketAddr,
    gateway: Process,
    simulators: Option<Simulators>,
    variables: BTreeMap<String, String>,
    directory: TempDir,
}

impl Stand {
    /// Starts everything on a fresh record that holds this crosswalk.
    pub(crate) fn start(
        options: &Options,
        crosswalk: &str,
        answer_when: AnswerWhen,
    ) -> anyhow::Result<Self> {
        let setup = prepare(options, answer_when)?;
        let simulators = Simulators::start(&setup.prepared)?;
        Self::on(options, setup, crosswalk, Some(simulators))
    }

    /// The same with upstream systems that cannot be reached.
    pub(crate) fn without_upstreams(
        options: &Options,
        crosswalk: &str,
        answer_when: AnswerWhen,
    ) -> anyhow::Result<Self> {
        Self::on(options, prepare(options, answer_when)?, crosswalk, None)
    }

    fn on(
        options: &Options,
        setup: Setup,
        crosswalk: &str,
        simulators: Option<Simulators>,
    ) -> anyhow::Result<Self> {
        let program = options.program()?;
        let file = setup.directory.path().join("crosswalk.csv");
        std::fs::write(&file, crosswalk).context("writing the crosswalk")?;
        process::import(&program, &file, &setup.config)?;
        let arguments = ["serve".as_ref(), "--config".as_ref(), setup.config.as_os_str()];
        // Upstreams that cannot be reached have it warn without end.
        let log = if simulators.is_some() { Stdio::inherit() } else { Stdio::null() };
        let gateway = Process::start(&program, &arguments, "statusgate ready on ", log)?;
        let variables = variables(&setup.prepared.env_file)?;
        let (address, directory) = (setup.prepared.config.server.listen, setup.directory);
        Ok(Self { address, gateway, simulators, variables, directory })
    }

    /// Kills the gateway and keeps its record.
    pub(crate) fn kill(self) -> TempDir {
        self.directory
    }

    /// What to look at while it is under load.
    pub(crate) fn meter(&self) -> Meter {
        let addresses =
            self.simulators.iter().flat_map(|one| &one.running).map(Simulator::address).collect();
        Meter { process: Some(self.gateway.id()), simulators: addresses }
    }

    /// A token for WAY4's format.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        let (id, secret) = (self.variable("NI_CLIENT_ID")?, self.variable("NI_CLIENT_SECRET")?);
        token(self.address, id, secret)
    }

    /// The key that signs NetXD calls.
    pub(crate) fn netxd_key(&self) -> anyhow::Result<EcdsaKeyPair> {
        let text = std::fs::read(self.variable("NETXD_PRIVATE_KEY")?).context("reading the key")?;
        let key = pem::parse(text).context("reading the key")?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.contents())
            .ok()
            .context("the key is none")
    }

    /// A variable of the example scripts.
    pub(crate) fn variable(&self, name: &'static str) -> anyhow::Result<&str> {
        self.variables.get(name).map(String::as_str).context(name)
    }
}

/// Asks for a token of WAY4's format, at the gateway or at the simulator.
pub(crate) fn token(address: SocketAddr, id: &str, secret: &str) -> anyhow::Result<String> {
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let answer = load::ask(address, &request::post_form(address, "/v1/tokenkc/generate", &form))?;
    let answer: Value = serde_json::from_slice(&answer).context("reading a token")?;
    answer["access_token"].as_str().map(str::to_owned).context("there is no token in the answer")
}

/// The four simulators, on threads of their own.
#[derive(Debug)]
pub(crate) struct Simulators {
    running: Vec<Simulator>,
    _runtime: tokio::runtime::Runtime,
}

impl Simulators {
    /// Starts them.
    pub(crate) fn start(prepared: &Prepared) -> anyhow::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build();
        let runtime = runtime.context("starting the simulators")?;
        let SimulatorPlan { netxd, way4, capillary, n4n } = prepared.simulators.clone();
        let running = runtime.block_on(async {
            anyhow::Ok(vec![
                simulators::start_netxd(netxd.0, netxd.1).await?,
                simulators::start_way4(way4.0, way4.1).await?,
                simulators::start_capillary(capillary.0, capillary.1).await?,
                simulators::start_n4n(n4n.0, n4n.1).await?,
            ])
        });
        Ok(Self { running: running.context("starting the simulators")?, _runtime: runtime })
    }
}

fn variables(env_file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(env_file).context("reading the credentials")?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, word)| (name.to_owned(), word.trim_matches('\'').to_owned())).collect())
}
