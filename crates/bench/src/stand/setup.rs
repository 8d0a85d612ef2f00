//! Files and addresses of a gateway under test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::Context as _;
use router::quickstart::{self, Prepared};
use tempfile::TempDir;

use crate::options::Options;

/// What is ready to be run.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Holds everything.
    pub(crate) directory: TempDir,
    /// As the quickstart would run it.
    pub(crate) prepared: Prepared,
    /// The same configuration for `serve`.
    pub(crate) config: PathBuf,
}

/// When clients are answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AnswerWhen {
    /// When the change is durable.
    Recorded,
    /// When every system has confirmed.
    Applied,
}

/// Makes credentials and a configuration in a fresh directory, on an address that nobody else has.
pub(crate) fn prepare(options: &Options, answer_when: AnswerWhen) -> anyhow::Result<Setup> {
    let mut directory = tempfile::Builder::new();
    let directory = directory.prefix("statusgate-bench-").tempdir_in(options.parent_directory());
    let directory = directory.context("making a temporary directory")?;
    let ip = address();
    let (listen, first) = (SocketAddr::from((ip, 8080)), SocketAddr::from((ip, 9101)));
    let prepared = quickstart::prepare(directory.path(), listen, first, router::clock::now());
    let prepared = prepared.context("preparing the gateway")?;
    let file = directory.path().join(quickstart::CONFIG_FILE);
    let text = std::fs::read_to_string(file).context("reading the configuration")?;
    let config = directory.path().join("serve.toml");
    std::fs::write(&config, edited(&text, answer_when)?).context("writing the configuration")?;
    Ok(Setup { directory, prepared, config })
}

fn edited(text: &str, answer_when: AnswerWhen) -> anyhow::Result<String> {
    let mut text = replace(text, "development = true", "development = false")?;
    if answer_when == AnswerWhen::Recorded {
        for client in ["[[netxd.clients]]\n", "[[way4.clients]]\n"] {
            text = replace(&text, client, &format!("{client}answer_when = \"recorded\"\n"))?;
        }
    }
    // What there is to say about the configuration is known.
    text.push_str("\n[log]\nlevel = \"warn,router::cli=error\"\n");
    Ok(text)
}

fn replace(text: &str, old: &str, new: &str) -> anyhow::Result<String> {
    anyhow::ensure!(text.contains(old), "the quickstart's configuration has no {old:?}");
    Ok(text.replacen(old, new, 1))
}

/// A loopback address that no other gateway of this process has, and hardly one of another process.
pub(crate) fn address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + (high & 0x3f), low, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_do_not_wait_are_set_up_so() {
        let text = "development = true\n[[netxd.clients]]\nname = 1\n[[way4.clients]]\nname = 2\n";
        let edited = edited(text, AnswerWhen::Recorded).unwrap();
        assert!(edited.starts_with("development = false\n"));
        assert_eq!(edited.matches("answer_when = \"recorded\"\nname").count(), 2);
        assert!(super::edited("", AnswerWhen::Applied).is_err());
    }
}
