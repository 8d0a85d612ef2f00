//! `subject import`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use status_domain::policy::Policy;
use status_store::sqlite::SqliteStore;
use tokio::sync::{mpsc, oneshot};

use crate::cli::run::{on_runtime, say};
use crate::config::Config;
use crate::config::values::StoreUrl;
use crate::crosswalk;
use crate::retry::RetryPolicy;
use crate::upstreams::Upstreams;
use crate::writer::op::{LinkOp, LinkRow, Linked, Op};
use crate::writer::waiters::Waiters;
use crate::writer::{Outbox, Rules, Writer};

/// Rows in one commit.
const ROWS: usize = 500;

/// What became of a file's rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    created: usize,
    extended: usize,
    unchanged: usize,
    refused: usize,
}

pub(super) fn import(
    file: &Path,
    config: Option<&Path>,
    data_dir: &Path,
) -> anyhow::Result<ExitCode> {
    let quickstart = data_dir.join("quickstart.toml");
    let config = Config::read_file(config.unwrap_or(&quickstart))?;
    let input = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let rows = crosswalk::read(input).with_context(|| format!("reading {}", file.display()))?;
    let StoreUrl::Sqlite(path) = &config.store.url;
    let store = SqliteStore::open(path)?;
    on_runtime(async {
        let (queue, writer) = writer(store);
        let progress = Progress::shown(rows.len());
        let tally = link(&queue, rows, &progress).await?;
        drop(queue);
        writer.await.context("ending the writer")?;
        say(&format!(
            "{} subjects created, {} extended, {} unchanged, {} refused",
            tally.created, tally.extended, tally.unchanged, tally.refused
        ))?;
        Ok(if tally.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// A writer that only links: it knows no upstream, so it sends nothing.
fn writer(store: SqliteStore) -> (mpsc::Sender<Op>, tokio::task::JoinHandle<()>) {
    let (queue, ops) = mpsc::channel(4);
    let second = std::time::Duration::from_secs(1);
    let retry = RetryPolicy {
        attempts_max: 1,
        age_max: chrono::TimeDelta::zero(),
        backoff_min: second,
        backoff_max: second,
        retry_after_max: second,
    };
    let rules =
        Rules { policy: Policy::default(), upstreams: Upstreams::default(), retry, lease: second };
    let writer = Writer {
        store,
        queue: ops,
        rules: Arc::new(rules),
        waiters: Arc::new(Waiters::default()),
        outbox: Outbox::default(),
        batch_max: 1,
    };
    (queue, tokio::spawn(writer.run()))
}

/// Hands rows to the writer, and reports those that it refuses.
pub(super) async fn link(
    queue: &mpsc::Sender<Op>,
    rows: Vec<LinkRow>,
    progress: &Progress,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for rows in rows.chunks(ROWS) {
        let (done, outcome) = oneshot::channel();
        let op = Op::Link(LinkOp { rows: rows.to_vec(), done });
        if queue.send(op).await.is_err() {
            bail!("the writer has ended");
        }
        let outcomes = outcome.await.context("recording the crosswalk")?;
        for (row, outcome) in rows.iter().zip(outcomes) {
            match outcome {
                Linked::Created => tally.created += 1,
                Linked::Extended => tally.extended += 1,
                Linked::Unchanged => tally.unchanged += 1,
                Linked::Refused(why) => {
                    tally.refused += 1;
                    progress.tell(&format!("{}: {why}", row.name.value.expose()));
                }
            }
        }
        progress.advance(rows.len());
    }
    progress.end();
    Ok(tally)
}

/// How far it is.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar on standard error, if that is a terminal.
    pub(super) fn shown(rows: usize) -> Self {
        let bar = ProgressBar::new(rows as u64);
        let style = "{bar:40} {pos}/{len} subjects, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// None.
    pub(super) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    fn advance(&self, rows: usize) {
        self.0.inc(rows as u64);
    }

    /// On standard error, above the bar if there is one.
    fn tell(&self, line: &str) {
        self.0.suspend(|| {
            let _closed = writeln!(std::io::stderr(), "refused: {line}");
        });
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}
