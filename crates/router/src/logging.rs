//! The log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::server::{LogConfig, LogFormat};

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The level is not a filter.
    #[error("log.level is not a filter of the form info or warn,router=debug")]
    Level(#[source] tracing_subscriber::filter::ParseError),
    /// It has been set up before.
    #[error("the log is set up already")]
    Twice(#[source] TryInitError),
}

/// Sets up the log: one line for each event, on standard error.
///
/// # Errors
///
/// [`LoggingError`].
pub fn start(config: &LogConfig) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(&config.level).map_err(LoggingError::Level)?;
    let log = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Human => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
            log.with(fmt::layer().with_writer(std::io::stderr).with_ansi(ansi)).try_init()
        }
        LogFormat::Json => log
            .with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
    }
    .map_err(LoggingError::Twice)
}
