//! Everything that `statusgate quickstart` needs: fresh development credentials, a configuration that
//! knows them, and the variables that the example scripts source.
//!
//! The credentials are made at the first start in a data directory and kept. The configuration and the
//! variables are written at every start, because addresses may differ. Every file can be read by its
//! owner only.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use simulators::{CapillarySettings, N4nSettings, NetxdSettings, Way4Settings};

use crate::config::{Config, ConfigError};

mod credentials;
mod files;
mod rendered;
mod simulated;
#[cfg(test)]
mod tests;

/// The file with the configuration, in the data directory.
pub const CONFIG_FILE: &str = "quickstart.toml";

/// The file with the variables, in the data directory.
pub const ENV_FILE: &str = "quickstart.env";

/// The file with the credentials, in the data directory. Removing it makes the next start the first.
pub const CREDENTIALS_FILE: &str = "quickstart.credentials.json";

/// What is ready to be run.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The gateway's configuration, as it stands in [`CONFIG_FILE`] and is overridden by environment
    /// variables.
    pub config: Config,
    /// The four upstream systems.
    pub simulators: SimulatorPlan,
    /// Where the variables stand.
    pub env_file: PathBuf,
}

/// Where each simulator listens and how it is set up.
#[derive(Clone, Debug)]
pub struct SimulatorPlan {
    /// The NetXD ledger.
    pub netxd: (SocketAddr, NetxdSettings),
    /// Network International in front of WAY4.
    pub way4: (SocketAddr, Way4Settings),
    /// The Capillary CRM.
    pub capillary: (SocketAddr, CapillarySettings),
    /// NATS For Networks.
    pub n4n: (SocketAddr, N4nSettings),
}

/// Why nothing could be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A file or directory could not be written.
    #[error("writing {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or directory could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kept credentials are of another version, or damaged.
    #[error("{} cannot be understood; remove it to start afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Credentials could not be made.
    #[error("the system has no random numbers to make credentials from")]
    NoRandomness,
    /// A port is zero or there are no four ports in a row.
    #[error("the simulators need four ports in a row, the first of them between 1 and 65532")]
    Ports,
    /// The written configuration, with environment variables laid over it, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Four addresses in a row.
#[derive(Clone, Copy, Debug)]
struct Addresses {
    gateway: SocketAddr,
    netxd: SocketAddr,
    way4: SocketAddr,
    capillary: SocketAddr,
    n4n: SocketAddr,
}

impl Addresses {
    fn new(gateway: SocketAddr, first: SocketAddr) -> Result<Self, PrepareError> {
        let nth = |offset: u16| {
            let port = first.port().checked_add(offset).ok_or(PrepareError::Ports)?;
            if first.port() == 0 { Err(PrepareError::Ports) } else { Ok((first.ip(), port).into()) }
        };
        Ok(Self { gateway, netxd: nth(0)?, way4: nth(1)?, capillary: nth(2)?, n4n: nth(3)? })
    }
}

/// Makes the data directory ready: credentials if there are none, configuration and variables anyway.
///
/// `simulators` is the first of four addresses: NetXD, WAY4, Capillary, N4N. `now` dates tokens for
/// persons, which are good for 365 days.
///
/// # Errors
///
/// [`PrepareError`]. What was there before is then still there.
pub fn prepare(
    data_dir: &Path,
    listen: SocketAddr,
    simulators: SocketAddr,
    now: DateTime<Utc>,
) -> Result<Prepared, PrepareError> {
    let addresses = Addresses::new(listen, simulators)?;
    files::make_private_directory(data_dir)?;
    let directory = std::fs::canonicalize(data_dir)
        .map_err(|source| PrepareError::Read { path: data_dir.to_owned(), source })?;
    let credentials = credentials::keep_or_make(&directory, now)?;
    credentials::keep_or_make_audit_key(&directory)?;

    let config_file = directory.join(CONFIG_FILE);
    files::write_private(&config_file, &rendered::configuration(&credentials, &addresses))?;
    let env_file = directory.join(ENV_FILE);
    files::write_private(&env_file, &rendered::variables(&credentials, &addresses, &directory))?;
    Ok(Prepared {
        config: Config::read_file(&config_file)?,
        simulators: simulated::plan(&credentials, &addresses),
        env_file,
    })
}
