//! The command line.

mod audit;
mod import;
mod run;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use audit::Audit;

/// A gateway that takes a change of a customer's status in one vendor's format and makes it true in
/// every system that knows the customer.
#[derive(Debug, Parser)]
#[command(name = "statusgate", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway with four simulated upstream systems and fresh development credentials.
    Quickstart(Quickstart),
    /// Run the gateway.
    Serve {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a configuration and say what is wrong with it. Exit status 1 if it cannot be used.
    CheckConfig {
        /// The configuration.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Work with subjects.
    #[command(subcommand)]
    Subject(Subject),
    /// Prove that the history is as it was recorded.
    #[command(subcommand)]
    Audit(Audit),
}

/// How to run the quickstart.
#[derive(Debug, Args)]
pub struct Quickstart {
    /// Where the gateway listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where the simulators listen: an address and the first of four ports.
    #[arg(long, value_name = "ADDR:FIRST_PORT", default_value = "127.0.0.1:9101")]
    pub simulators: SocketAddr,
    /// Where the record and the development credentials are kept.
    #[arg(long, value_name = "DIR", default_value = "var")]
    pub data_dir: PathBuf,
}

/// What to do with subjects.
#[derive(Debug, Subcommand)]
pub enum Subject {
    /// Add a crosswalk file (CSV) to the record. Lines that are there already change nothing.
    Import {
        /// The crosswalk: subject,kind,parent,system,identifier,value.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The configuration that names the record. Without it, the quickstart's in --data-dir.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where the quickstart keeps its record.
        #[arg(long, value_name = "DIR", default_value = "var", conflicts_with = "config")]
        data_dir: PathBuf,
    },
}

/// Does what the command line says.
///
/// # Errors
///
/// Whatever keeps it from being done, with what was being tried.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Quickstart(options) => run::quickstart(&options),
        Command::Serve { config } => run::serve(&config),
        Command::CheckConfig { file } => run::check_config(&file),
        Command::Subject(Subject::Import { file, config, data_dir }) => {
            import::import(&file, config.as_deref(), &data_dir)
        }
        Command::Audit(command) => audit::run(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
