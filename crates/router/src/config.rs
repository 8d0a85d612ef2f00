//! Configuration: one TOML file, overridden by environment variables, read once at start.
//!
//! Every struct refuses keys that it does not know. Secrets have no default and are not printed.
//! `docs/configuration.md` lists the settings.

use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

pub mod adapters;
pub mod audit;
pub mod capillary;
pub mod check;
pub mod n4n;
pub mod netxd;
pub mod policy;
pub mod server;
pub mod values;
pub mod way4;

mod read;
#[cfg(test)]
mod tests;

pub use check::{Finding, Severity};
pub use values::AnswerWhen;

/// Environment variables that override a setting start with this; the rest is the setting's path with
/// two underscores between sections: `STATUSGATE__SERVER__LISTEN`.
pub const ENVIRONMENT_PREFIX: &str = "STATUSGATE__";

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether the credentials in it are for development. Only `quickstart` runs with such a one.
    /// Default `false`.
    #[serde(default)]
    pub development: bool,
    /// How the gateway listens.
    #[serde(default)]
    pub server: server::ServerConfig,
    /// Where the record is kept.
    pub store: server::StoreConfig,
    /// How changes are gathered into commits.
    #[serde(default)]
    pub writer: server::WriterConfig,
    /// How upstreams are brought to what is recorded.
    #[serde(default)]
    pub delivery: server::DeliveryConfig,
    /// How the history is kept tamper-evident.
    #[serde(default)]
    pub audit: audit::AuditConfig,
    /// Which moves are allowed, denied, or need a second person.
    #[serde(default)]
    pub policy: policy::PolicyConfig,
    /// What is logged.
    #[serde(default)]
    pub log: server::LogConfig,
    /// The NetXD format. Absent: not served, and there is no such upstream.
    pub netxd: Option<netxd::NetxdConfig>,
    /// The WAY4 format. Absent: not served, and there is no such upstream.
    pub way4: Option<way4::Way4Config>,
    /// The Capillary format. Absent: not served, and there is no such upstream.
    pub capillary: Option<capillary::CapillaryConfig>,
    /// The N4N format. Absent: not served, and there is no such upstream.
    pub n4n: Option<n4n::N4nConfig>,
}

/// A configuration that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be opened.
    #[error("reading the configuration file {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The text is no TOML. What stands there is not repeated, as it may be a secret.
    #[error("the configuration is not valid TOML ({position})")]
    Syntax {
        /// Where, as far as it is known.
        position: String,
    },
    /// A setting is missing, unknown or wrong.
    #[error("{0}")]
    Setting(Finding),
    /// A file that the configuration names could not be read.
    #[error("{key}: reading {}", path.display())]
    NamedFile {
        /// The setting that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Config {
    /// Reads a configuration from text, with overrides in the form of environment variables. Those that
    /// do not start with [`ENVIRONMENT_PREFIX`] are passed over.
    ///
    /// Files that the text names are not read; see [`Config::read_file`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Syntax`] or [`ConfigError::Setting`].
    pub fn read(
        text: &str,
        overrides: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        read::read(text, overrides)
    }

    /// Reads a configuration file, the process's environment, and the key files that the configuration
    /// names. Relative paths are relative to the file's directory.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn read_file(path: &Path) -> Result<Self, ConfigError> {
        let opened = std::fs::read_to_string(path);
        let text = opened.map_err(|source| ConfigError::Open { path: path.to_owned(), source })?;
        let text_pairs = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        let mut config = Self::read(&text, text_pairs)?;
        config.load_files(path.parent().unwrap_or_else(|| Path::new("")))?;
        Ok(config)
    }

    /// Makes relative paths relative to `directory` and reads the key files.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NamedFile`], or [`ConfigError::Setting`] where a key is given both ways.
    pub fn load_files(&mut self, directory: &Path) -> Result<(), ConfigError> {
        let values::StoreUrl::Sqlite(store) = &mut self.store.url;
        *store = directory.join(&store);
        let audit = &mut self.audit;
        let key = "audit.signing_key";
        load(directory, key, &mut audit.signing_key, &mut audit.signing_key_file)?;
        for (index, file) in std::mem::take(&mut audit.public_key_files).into_iter().enumerate() {
            let path = directory.join(file);
            let key = format!("audit.public_key_files[{index}]");
            match std::fs::read_to_string(&path) {
                Ok(text) => audit.public_keys.push(text),
                Err(source) => return Err(ConfigError::NamedFile { key, path, source }),
            }
        }
        if let Some(netxd) = &mut self.netxd {
            for (index, client) in netxd.clients.iter_mut().enumerate() {
                let key = format!("netxd.clients[{index}].public_key");
                load(directory, &key, &mut client.public_key, &mut client.public_key_file)?;
            }
            if let Some(upstream) = &mut netxd.upstream {
                let key = "netxd.upstream.private_key";
                load(directory, key, &mut upstream.private_key, &mut upstream.private_key_file)?;
            }
        }
        let Some(capillary) = &mut self.capillary else { return Ok(()) };
        if let Some(oauth) = &mut capillary.oauth {
            let key = "capillary.oauth.signing_key";
            load(directory, key, &mut oauth.signing_key, &mut oauth.signing_key_file)?;
        }
        for (index, org) in capillary.orgs.iter_mut().enumerate() {
            for (number, issuer) in org.user_issuers.iter_mut().enumerate() {
                let key = format!("capillary.orgs[{index}].user_issuers[{number}].public_key");
                load(directory, &key, &mut issuer.public_key, &mut issuer.public_key_file)?;
            }
        }
        Ok(())
    }
}

/// What a key file's text becomes.
trait FromText {
    fn from_text(text: String) -> Self;
}

impl FromText for String {
    fn from_text(text: String) -> Self {
        text
    }
}

impl FromText for SecretString {
    fn from_text(text: String) -> Self {
        text.into()
    }
}

fn load<T: FromText>(
    directory: &Path,
    key: &str,
    text: &mut Option<T>,
    file: &mut Option<PathBuf>,
) -> Result<(), ConfigError> {
    let Some(named) = file.take() else { return Ok(()) };
    if text.is_some() {
        let message = "is given twice, as text and as a file";
        return Err(ConfigError::Setting(Finding::error(key, message)));
    }
    let path = directory.join(named);
    match std::fs::read_to_string(&path) {
        Ok(read) => *text = Some(T::from_text(read)),
        Err(source) => {
            return Err(ConfigError::NamedFile { key: format!("{key}_file"), path, source });
        }
    }
    Ok(())
}
