//! `audit verify` and `audit export`.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use status_domain::ids::SubjectId;
use status_store::audit::{
    Anchor, AuditReader, Checkpoint, Counts, Extent, Finding, Leaf, Unreadable, Verdict, Verifier,
    Visitor, walk,
};
use status_store::record::{Head, HistoryRow};
use status_store::sqlite::SqliteReader;
use status_store::store::StoreError;

use crate::audit::export;
use crate::audit::file::{self, LEAVES_HELD, Verified};
use crate::audit::keys::{PublicKey, PublicKeys};
use crate::audit::line::{Hex, hex};
use crate::cli::run::{on_runtime, say};
use crate::clock;
use crate::config::Config;
use crate::config::values::StoreUrl;
use crate::quickstart::CONFIG_FILE;

/// What to do with the record's history.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no entry of the history was changed, removed, reordered or cut off. Exit status 1 if one
    /// was, or if it cannot be told. Only reads; the gateway may run meanwhile.
    Verify(Verify),
    /// Write the history with its checkpoints to a file that can be verified without the record.
    Export(Export),
}

/// What to verify.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    record: Record,
    /// Verify this export and not the record.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// A public key that checkpoints may be signed with, SPKI in PEM, besides those of the configuration.
    #[arg(long = "public-key", value_name = "FILE")]
    public_keys: Vec<PathBuf>,
    /// A checkpoint as the gateway's log has it: it must be there, with this hash.
    #[arg(long = "anchor", value_name = "NUMBER:HASH")]
    anchors: Vec<AnchorText>,
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    record: Record,
    /// The file to make; one that exists is not overwritten. Without it, standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Which record.
#[derive(Debug, Args)]
struct Record {
    /// The configuration that names the record. Without it, the quickstart's in --data-dir.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the quickstart keeps its record.
    #[arg(long, value_name = "DIR", default_value = "var", conflicts_with = "config")]
    data_dir: PathBuf,
}

impl Record {
    fn config(&self) -> anyhow::Result<Config> {
        let quickstart = self.data_dir.join(CONFIG_FILE);
        Ok(Config::read_file(self.config.as_deref().unwrap_or(&quickstart))?)
    }
}

/// A checkpoint's number and hash.
#[derive(Clone, Copy, Debug)]
struct AnchorText(Anchor);

/// An anchor is a checkpoint's number, a colon and its hash, as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a checkpoint's number, a colon and its hash as 64 hexadecimal digits in lower case")]
struct InvalidAnchor;

impl FromStr for AnchorText {
    type Err = InvalidAnchor;

    fn from_str(text: &str) -> Result<Self, InvalidAnchor> {
        let (number, hash) = text.split_once(':').ok_or(InvalidAnchor)?;
        let number = number.parse().map_err(|_| InvalidAnchor)?;
        let Hex(hash) = Hex::parse(hash).ok_or(InvalidAnchor)?;
        if number == 0 { Err(InvalidAnchor) } else { Ok(Self(Anchor { number, hash })) }
    }
}

pub(super) fn run(command: Audit) -> anyhow::Result<ExitCode> {
    match command {
        Audit::Verify(options) => verify(&options),
        Audit::Export(options) => export(&options),
    }
}

fn export(options: &Export) -> anyhow::Result<ExitCode> {
    let config = options.record.config()?;
    let keys = config.audit.public_keys().map_err(|finding| anyhow::anyhow!("{finding}"))?;
    let mut reader = open(&config)?;
    on_runtime(async {
        let progress = bar(rows(reader.extent().await?), "lines");
        let advance = || progress.inc(1);
        let now = clock::now();
        match &options.output {
            Some(path) => {
                let file = create(path)?;
                let written =
                    export::export(&mut reader, BufWriter::new(&file), &keys, now, advance).await?;
                file.sync_all().with_context(|| format!("writing {}", path.display()))?;
                progress.finish_and_clear();
                say(&format!("{}: {}", path.display(), told(written)))?;
            }
            None => {
                let output = BufWriter::new(io::stdout());
                export::export(&mut reader, output, &keys, now, advance).await?;
                progress.finish_and_clear();
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A new file that only its owner can read.
fn create(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.with_context(|| format!("making {}", path.display()))
}

fn verify(options: &Verify) -> anyhow::Result<ExitCode> {
    let mut keys = PublicKeys::default();
    for path in &options.public_keys {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("reading {}", path.display()))?;
        let key = PublicKey::from_pem(&text);
        keys.add(key.with_context(|| format!("{} cannot be used", path.display()))?);
    }
    let anchors: Vec<Anchor> = options.anchors.iter().map(|anchor| anchor.0).collect();
    let mut tally = Tally::default();
    match &options.export {
        Some(path) => {
            if options.record.config.is_some() {
                add_configured(&mut keys, &options.record.config()?)?;
            }
            if keys.is_empty() {
                add_named(&mut keys, path)?;
            }
            let verified = verify_file(path, keys, &anchors, &mut tally)?;
            tally.file(&verified);
            tally.tell(verified.counts)
        }
        None => {
            let config = options.record.config()?;
            add_configured(&mut keys, &config)?;
            let mut reader = open(&config)?;
            on_runtime(async {
                let counts = verify_record(&mut reader, keys, &anchors, &mut tally).await?;
                tally.tell(counts)
            })
        }
    }
}

fn add_configured(keys: &mut PublicKeys, config: &Config) -> anyhow::Result<()> {
    let configured = config.audit.public_keys().map_err(|finding| anyhow::anyhow!("{finding}"))?;
    configured.iter().for_each(|key| keys.add(*key));
    Ok(())
}

/// For want of better: an export proves no more than that it is of one piece if it is checked with the keys
/// that it names itself.
fn add_named(keys: &mut PublicKeys, path: &Path) -> anyhow::Result<()> {
    for text in file::public_keys(path).with_context(|| format!("reading {}", path.display()))? {
        keys.add(PublicKey::from_pem(&text).context("a public key in the export")?);
    }
    say(
        "signatures are checked with the keys that the export itself names; to prove whose they are, \
         give --public-key or --config",
    )
}

fn open(config: &Config) -> anyhow::Result<SqliteReader> {
    let StoreUrl::Sqlite(path) = &config.store.url;
    SqliteReader::open(path).with_context(|| format!("opening {}", path.display()))
}

fn verify_file(
    path: &Path,
    keys: PublicKeys,
    anchors: &[Anchor],
    tally: &mut Tally,
) -> anyhow::Result<Verified> {
    let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let progress = bar(length, "bytes");
    let verifier = Verifier::new(move |checkpoint: &Checkpoint| keys.check(checkpoint), anchors);
    let found = |finding| tally.add(finding);
    let verified = file::verify(path, verifier, LEAVES_HELD, |bytes| progress.inc(bytes), found)
        .with_context(|| format!("reading {}", path.display()));
    progress.finish_and_clear();
    verified
}

async fn verify_record<R: AuditReader>(
    reader: &mut R,
    keys: PublicKeys,
    anchors: &[Anchor],
    tally: &mut Tally,
) -> anyhow::Result<Counts> {
    let progress = bar(rows(reader.extent().await?), "rows");
    let check = move |checkpoint: &Checkpoint| keys.check(checkpoint);
    let mut shown = Shown { verifier: Verifier::new(check, anchors), tally, progress };
    walk(reader, &mut shown).await?;
    let Shown { verifier, tally, progress } = shown;
    let (findings, counts) = verifier.finish();
    findings.into_iter().for_each(|finding| tally.add(finding));
    progress.finish_and_clear();
    Ok(counts)
}

/// A verification whose progress shows.
struct Shown<'a, F> {
    verifier: Verifier<F>,
    tally: &'a mut Tally,
    progress: ProgressBar,
}

impl<F: FnMut(&Checkpoint) -> Verdict> Shown<'_, F> {
    fn advance(&mut self) {
        self.progress.inc(1);
        for finding in self.verifier.findings() {
            self.tally.add(finding);
        }
    }
}

impl<F: FnMut(&Checkpoint) -> Verdict> Visitor for Shown<'_, F> {
    type Error = StoreError;

    fn checkpoint(
        &mut self,
        checkpoint: Result<&Checkpoint, Unreadable>,
    ) -> Result<(), StoreError> {
        self.verifier.checkpoint(checkpoint);
        self.advance();
        Ok(())
    }

    fn leaf(&mut self, subject: SubjectId, head: Option<Head>) -> Result<(), StoreError> {
        self.verifier.leaf(head.map(|head| Leaf { subject, head }).as_ref());
        self.advance();
        Ok(())
    }

    fn subject(
        &mut self,
        subject: SubjectId,
        recorded: Option<Head>,
        leaves: &[(u64, Head)],
    ) -> Result<(), StoreError> {
        self.verifier.subject(subject, recorded, leaves);
        self.advance();
        Ok(())
    }

    fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) -> Result<(), StoreError> {
        self.verifier.entry(entry);
        self.advance();
        Ok(())
    }
}

/// What was found: of each kind the first, and how many there are.
#[derive(Debug, Default)]
struct Tally {
    kinds: BTreeMap<&'static str, (Finding, u64)>,
    /// What is wrong with the file rather than with the record.
    notes: Vec<String>,
}

impl Tally {
    fn add(&mut self, finding: Finding) {
        let (first, count) = self.kinds.entry(finding.what.kind()).or_insert((finding, 0));
        if finding.place < first.place {
            *first = finding;
        }
        *count += 1;
    }

    fn file(&mut self, verified: &Verified) {
        if let Some(line) = verified.first_stray_line {
            let more = more(verified.stray_lines);
            self.notes.push(format!("line {line} is no line of an export in its place{more}"));
        }
        if !verified.is_complete {
            self.notes.push("the export is not complete".to_owned());
        }
    }

    /// Says what was checked and what was found.
    fn tell(&self, counts: Counts) -> anyhow::Result<ExitCode> {
        let Counts { checkpoints, leaves, subjects, entries, uncommitted, last } = counts;
        say(&told(Extent { checkpoints, leaves, subjects, entries }))?;
        match last {
            Some((number, hash)) => say(&format!("last checkpoint: {number}:{}", hex(&hash)))?,
            None => say("there is no checkpoint")?,
        }
        if uncommitted > 0 {
            say(&format!("no checkpoint has yet: {uncommitted} of the entries"))?;
        }
        let mut findings: Vec<&(Finding, u64)> = self.kinds.values().collect();
        findings.sort_by_key(|(finding, _)| finding.place);
        for (finding, count) in &findings {
            say(&format!("{finding}{}", more(*count)))?;
        }
        for note in &self.notes {
            say(note)?;
        }
        if findings.is_empty() && self.notes.is_empty() {
            say("nothing is wrong")?;
            return Ok(ExitCode::SUCCESS);
        }
        say("the history is not as it was recorded")?;
        Ok(ExitCode::FAILURE)
    }
}

fn more(count: u64) -> String {
    if count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() }
}

fn told(extent: Extent) -> String {
    let Extent { checkpoints, leaves, subjects, entries } = extent;
    format!(
        "{checkpoints} checkpoints with {leaves} leaves, {subjects} subjects with {entries} entries"
    )
}

const fn rows(extent: Extent) -> u64 {
    extent.checkpoints + extent.leaves + extent.subjects + extent.entries
}

/// A bar on standard error, if that is a terminal.
fn bar(length: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&style) {
        bar.set_style(style);
    }
    bar
}
