//! Load against the gateway, and the ceilings beside it.
//!
//! Starts the built gateway as a process of its own, with the four simulated upstream systems in this
//! one, sends it requests over connections that are kept, and prints what came of it next to what the
//! same machine can do at most. See `docs/performance.md`. Writes to a temporary directory only.

mod ceiling;
mod load;
mod machine;
mod options;
mod report;
mod request;
mod run;
mod scenario;
mod stand;

use std::process::ExitCode;

use clap::Parser as _;

use crate::options::Options;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    match options.echo {
        Some(address) => ceiling::echo::serve(address),
        None => run::all(&options),
    }
}
