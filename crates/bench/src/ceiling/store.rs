//! The store: the rows of accepted changes written as fast as it takes them, with nothing read and
//! nothing decided.

use std::time::Instant;

use anyhow::Context as _;
use status_store::sqlite::SqliteStore;
use status_store::store::{Needs, Store as _, Writes};

use super::repeat;
use super::rows::Rows;
use crate::load::{self, Outcome};
use crate::options::Options;
use crate::request::{self, SUBJECTS, WAY4_SUCCESS, Way4Template};
use crate::stand::{AnswerWhen, Stand};

pub(super) fn run(options: &Options, batch: usize) -> anyhow::Result<Outcome> {
    // Nothing is delivered, so every change stays as it was accepted.
    let stand = Stand::without_upstreams(options, &request::contracts(), AnswerWhen::Recorded)?;
    let template = Way4Template::new(stand.address, &stand.token()?)?;
    let requests = (0..SUBJECTS).map(|number| {
        let mut request = Vec::new();
        template.write(&mut request, u64::from(number) + 1, number, true);
        request
    });
    let accepted = load::once(stand.address, WAY4_SUCCESS, requests.collect())?;
    anyhow::ensure!(accepted == SUBJECTS as usize, "only {accepted} changes were accepted");
    let directory = stand.kill();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
    let runtime = runtime.context("starting a runtime")?;
    let written = SqliteStore::open(&directory.path().join("statusgate.db"));
    let mut rows = runtime.block_on(Rows::read(&written.context("opening the record")?))?;
    let store = SqliteStore::open(&directory.path().join("copies.db"));
    let store = store.context("opening a record")?;
    let write = |writes: Writes| {
        let begin = Instant::now();
        let written = runtime.block_on(store.write(Needs::default(), move |_| (writes, ())));
        written.context("writing to the record")?;
        anyhow::Ok(begin.elapsed())
    };
    write(rows.subjects())?;
    repeat(options.seconds, || Ok((write(rows.batch(batch))?, batch)))
}
