//! The disk: what every commit waits for.

use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;

use super::repeat;
use crate::load::Outcome;
use crate::options::Options;

pub(super) fn run(options: &Options) -> anyhow::Result<Outcome> {
    let file = tempfile::tempfile_in(options.parent_directory());
    let mut file = file.context("making a temporary file")?;
    let block = [0x5a; 4096];
    repeat(options.seconds, || {
        let begin = Instant::now();
        file.write_all(&block).and_then(|()| file.sync_data()).context("writing to the disk")?;
        Ok((begin.elapsed(), 1))
    })
}
