//! The `statusgate` binary.

use std::process::ExitCode;

use clap::Parser as _;
use router::cli::{self, Cli};

fn main() -> anyhow::Result<ExitCode> {
    cli::run(Cli::parse())
}
