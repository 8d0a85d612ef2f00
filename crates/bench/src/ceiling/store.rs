//! The store: the rows of accepted changes written as fast as it takes them, with nothing read and
//! nothing decided.

use std::time::Instant;

use anyhow::Context as _;
use router::writer::Outbox;
use status_store::sqlite::SqliteStore;
use status_store::store::{Needs, Store as _, Writes};

use super::repeat;
use super::rig::{Rig, Watched, runtime};
use super::rows::Rows;
use crate::load::Outcome;
use crate::options::Options;
use crate::request::SUBJECTS;
use crate::stand::{self, AnswerWhen};

pub(super) fn run(options: &Options, batch: usize) -> anyhow::Result<Outcome> {
    let setup = stand::prepare(options, AnswerWhen::Recorded)?;
    let runtime = runtime()?;
    let watched = Watched::open_and_watch(&setup.directory.path().join("watched.db"))?;
    let mut rows = runtime.block_on(async {
        // Nobody delivers: every change finds its lane free, and the lane is leased.
        let rig = Rig::start(&setup.prepared.config, watched.clone(), |_, _| Outbox::default())?;
        rig.link().await?;
        watched.take();
        for contract in 0..SUBJECTS {
            let answered = rig.change(u64::from(contract), contract, true).await?;
            anyhow::ensure!(answered.change.is_some(), "a change was refused");
        }
        Rows::of(watched.take())
    })?;
    let store = SqliteStore::open(&setup.directory.path().join("record.db"));
    let store = store.context("opening the record")?;
    let write = |writes: Writes| {
        let begin = Instant::now();
        let written = runtime.block_on(store.write(Needs::default(), move |_| (writes, ())));
        written.context("writing to the record")?;
        anyhow::Ok(begin.elapsed())
    };
    write(rows.subjects())?;
    repeat(options.seconds, || Ok((write(rows.batch(batch))?, batch)))
}
