//! How a gateway is to be set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use router::quickstart::{self, Prepared};
use tempfile::TempDir;

use super::bench::Bench;

/// The crosswalk of the quickstart.
const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/crosswalk.csv");

/// What differs from the quickstart.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    crosswalk: Option<String>,
    edits: Vec<(String, String)>,
    more: String,
    enrol_unknown: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let setup = Self {
            crosswalk: Some(std::fs::read_to_string(SAMPLE).unwrap()),
            edits: Vec::new(),
            more: String::new(),
            enrol_unknown: true,
        };
        // Tests would rather try too often than wait.
        setup.and(
            "[delivery]\nattempts_max = 10000\nbackoff_min_ms = 10\nbackoff_max_ms = 100\n\
             retry_after_max_ms = 2000\n",
        )
    }
}

impl Setup {
    /// As the quickstart, with quick retries.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// No crosswalk: the gateway knows nobody.
    pub(crate) fn without_crosswalk(self) -> Self {
        Self { crosswalk: None, ..self }
    }

    /// Another crosswalk instead of the sample.
    pub(crate) fn with_crosswalk(self, csv: &str) -> Self {
        Self { crosswalk: Some(csv.to_owned()), ..self }
    }

    /// Adds a line of settings under a section that the quickstart's configuration has, such as
    /// `[server]`.
    pub(crate) fn under(mut self, section: &str, line: &str) -> Self {
        self.edits.push((format!("\n{section}\n"), format!("\n{section}\n{line}\n")));
        self
    }

    /// Replaces text of the configuration, which must occur in it.
    pub(crate) fn replacing(mut self, old: &str, new: &str) -> Self {
        self.edits.push((old.to_owned(), new.to_owned()));
        self
    }

    /// Adds sections at the end of the configuration.
    pub(crate) fn and(mut self, sections: &str) -> Self {
        self.more.push('\n');
        self.more.push_str(sections);
        self
    }

    /// How long callers wait for the upstreams at most.
    pub(crate) fn answering_within_ms(self, deadline: u32) -> Self {
        self.under("[server]", &format!("answer_deadline_ms = {deadline}"))
    }

    /// Upstream systems that know only the documents' customers.
    pub(crate) fn with_strict_upstreams(self) -> Self {
        Self { enrol_unknown: false, ..self }
    }

    /// Starts the four simulators, and the gateway on the record with the crosswalk in it.
    pub(crate) async fn start(self) -> Bench {
        let mut bench = self.without_gateway().await;
        bench.start_gateway().await;
        bench
    }

    /// As [`Setup::start`], with the gateway still to be started.
    pub(crate) async fn without_gateway(self) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let ip = address();
        let (listen, first) = (SocketAddr::from((ip, 8080)), SocketAddr::from((ip, 9101)));
        let now = router::clock::now();
        let prepared = quickstart::prepare(directory.path(), listen, first, now).unwrap();
        let config = self.write_config(&directory);
        let crosswalk = self.crosswalk.as_ref().map(|text| {
            let path = directory.path().join("crosswalk.csv");
            std::fs::write(&path, text).unwrap();
            path
        });
        let Prepared { mut simulators, env_file, .. } = prepared;
        simulators.netxd.1.enrol_unknown = self.enrol_unknown;
        simulators.way4.1.enrol_unknown = self.enrol_unknown;
        simulators.capillary.1.enrol_unknown = self.enrol_unknown;
        simulators.n4n.1.enrol_unknown = self.enrol_unknown;
        let bench = Bench::new(directory, config, simulators, &env_file).await;
        if let Some(crosswalk) = crosswalk {
            bench.import(&crosswalk);
        }
        bench
    }

    fn write_config(&self, directory: &TempDir) -> PathBuf {
        let text = read(&directory.path().join(quickstart::CONFIG_FILE));
        let mut text = text.replace("development = true", "development = false");
        for (old, new) in &self.edits {
            assert!(text.contains(old), "the configuration has no {old:?}");
            text = text.replacen(old, new, 1);
        }
        text.push_str(&self.more);
        let path = directory.path().join("serve.toml");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A loopback address that no other test has, in this process or in another that runs now.
fn address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    assert_ne!(next, 0, "too many tests for one process");
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + (high & 0x7f), low, next)
}
