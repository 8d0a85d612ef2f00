//! Verifying an export.
//!
//! The file is read from front to back. Beside that, what the checkpoints say of the subjects that come next
//! is read ahead from its first part, so many leaves at a time; the larger the record, the more often that part
//! is read, and the memory stays bounded.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use status_domain::ids::SubjectId;
use status_store::audit::{Checkpoint, Counts, Finding, Unreadable, Verdict, Verifier};
use status_store::history;
use status_store::record::{Head, HistoryRow};

use super::line::{Line, Read, Unread};

/// Leaves that are held at once: some 300 MB at most.
pub const LEAVES_HELD: usize = 2_000_000;

/// Longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// What verifying an export came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verified {
    /// What was read.
    pub counts: Counts,
    /// First line that is none or is not in its place.
    pub first_stray_line: Option<u64>,
    /// How many of them there are.
    pub stray_lines: u64,
    /// Whether the last line is there and says how many lines there are.
    pub is_complete: bool,
}

/// The public keys that an export names. Whoever wrote the export wrote them too.
///
/// # Errors
///
/// If the file cannot be read, or its first line is not that of an export.
pub fn public_keys(path: &Path) -> io::Result<Vec<String>> {
    let mut lines = Lines::open(path)?;
    match lines.next()? {
        Some(Some(Read::Header { is_known: true, public_keys })) => Ok(public_keys),
        Some(_) | None => Err(invalid("the file is no export of this version")),
    }
}

/// Verifies an export, and hands over what it finds as it finds it. `leaves_held` bounds the memory; see
/// [`LEAVES_HELD`]. `progress` is called with the number of bytes of each line.
///
/// # Errors
///
/// As [`public_keys`]; also if a line is longer than 16 MiB.
pub fn verify<F: FnMut(&Checkpoint) -> Verdict>(
    path: &Path,
    verifier: Verifier<F>,
    leaves_held: usize,
    mut progress: impl FnMut(u64),
    mut found: impl FnMut(Finding),
) -> io::Result<Verified> {
    public_keys(path)?;
    let mut lines = Lines::open(path)?;
    lines.next()?;
    let mut reading = Reading {
        path,
        verifier,
        ahead: Ahead { from: Some(SubjectId(uuid::Uuid::nil())), held: Vec::new(), leaves_held },
        last: None,
        is_among_subjects: false,
        garbled: false,
        seen: [0; 4],
        verified: Verified::default(),
    };
    while let Some(line) = lines.next()? {
        progress(lines.bytes);
        if reading.verified.is_complete || !reading.line(line)? {
            reading.verified.first_stray_line.get_or_insert(lines.number);
            reading.verified.stray_lines += 1;
        }
        reading.verifier.findings().into_iter().for_each(&mut found);
    }
    reading.pass_over(None)?;
    let Reading { verifier, mut verified, .. } = reading;
    let (findings, counts) = verifier.finish();
    findings.into_iter().for_each(&mut found);
    verified.counts = counts;
    Ok(verified)
}

struct Reading<'a, F> {
    path: &'a Path,
    verifier: Verifier<F>,
    ahead: Ahead,
    /// The last subject in order.
    last: Option<SubjectId>,
    is_among_subjects: bool,
    /// Whether the line before was none.
    garbled: bool,
    /// What the last line should say.
    seen: [u64; 4],
    verified: Verified,
}

impl<F: FnMut(&Checkpoint) -> Verdict> Reading<'_, F> {
    /// Whether the line is one and in its place.
    fn line(&mut self, line: Option<Read>) -> io::Result<bool> {
        let Some(line) = line else {
            self.garble();
            return Ok(false);
        };
        match line {
            Read::Header { .. } => return Ok(false),
            Read::Checkpoint(checkpoint) => {
                self.seen[0] += 1;
                return Ok(self.checkpoint(Ok(&checkpoint)));
            }
            Read::Leaf(checkpoint, leaf) => {
                self.seen[1] += 1;
                if self.is_among_subjects {
                    return Ok(false);
                }
                let belongs = self.verifier.current_checkpoint() == Some(checkpoint);
                self.verifier.leaf(belongs.then_some(&leaf));
            }
            Read::Subject(subject, end) => {
                self.seen[2] += 1;
                self.garbled = false;
                return self.subject(subject, end);
            }
            Read::Entry(row) => {
                self.seen[3] += 1;
                return self.entry(&row);
            }
            Read::Unreadable(what, number) => return Ok(self.unreadable(what, number)),
            Read::Total(total) => self.verified.is_complete = total == self.seen,
        }
        Ok(true)
    }

    fn garble(&mut self) {
        if self.is_among_subjects {
            // What it was shows by what comes next.
            self.garbled = true;
        } else {
            self.verifier.leaf(None);
        }
    }

    fn checkpoint(&mut self, checkpoint: Result<&Checkpoint, Unreadable>) -> bool {
        if !self.is_among_subjects {
            self.verifier.checkpoint(checkpoint);
        }
        !self.is_among_subjects
    }

    fn unreadable(&mut self, what: Unread, number: Option<u64>) -> bool {
        match what {
            Unread::Checkpoint => {
                self.seen[0] += 1;
                self.checkpoint(Err(Unreadable { number }))
            }
            Unread::Leaf => {
                self.seen[1] += 1;
                if !self.is_among_subjects {
                    self.verifier.leaf(None);
                }
                !self.is_among_subjects
            }
            Unread::Entry => {
                self.seen[3] += 1;
                self.verifier.entry(Err(Unreadable { number }));
                self.is_among_subjects
            }
        }
    }

    fn subject(&mut self, subject: SubjectId, end: Option<Head>) -> io::Result<bool> {
        self.is_among_subjects = true;
        let in_order = self.last.is_none_or(|last| last < subject);
        if !in_order {
            self.verifier.subject(subject, end, &[]);
            return Ok(false);
        }
        self.pass_over(Some(subject))?;
        let leaves = self.ahead.take(subject);
        self.verifier.subject(subject, end, &leaves);
        self.last = Some(subject);
        Ok(true)
    }

    fn entry(&mut self, row: &HistoryRow) -> io::Result<bool> {
        let current = self.verifier.current();
        if current != Some(row.subject) {
            let follows = self.last.is_none_or(|last| last < row.subject);
            if follows && history::hash(row) == row.hash {
                // The line of its subject is not there.
                self.garbled = false;
                self.subject(row.subject, None)?;
                self.verifier.entry(Ok(row));
                return Ok(false);
            }
            if current.is_none() {
                return Ok(false);
            }
        }
        if std::mem::take(&mut self.garbled) {
            self.verifier.entry(Err(Unreadable { number: None }));
        }
        self.verifier.entry(Ok(row));
        Ok(true)
    }

    /// Reports the subjects before this one that checkpoints have and the file does not.
    fn pass_over(&mut self, until: Option<SubjectId>) -> io::Result<()> {
        let is_before = |subject| until.is_none_or(|until| subject < until);
        loop {
            while let Some(next) = self.ahead.next().filter(|next| is_before(*next)) {
                let leaves = self.ahead.take(next);
                self.verifier.subject(next, None, &leaves);
            }
            // Only when nothing is held may there be some that were not read yet.
            match self.ahead.from {
                Some(from) if self.ahead.held.is_empty() && until.is_none_or(|it| from <= it) => {
                    self.ahead.read(self.path, from)?;
                }
                Some(_) | None => return Ok(()),
            }
        }
    }
}

/// Leaves by their subjects, read ahead.
struct Ahead {
    /// Subjects from this one on were not read yet; `None` if all were.
    from: Option<SubjectId>,
    /// Last subject first; of one subject, last checkpoint first.
    held: Vec<(SubjectId, u64, Head)>,
    leaves_held: usize,
}

impl Ahead {
    fn next(&self) -> Option<SubjectId> {
        self.held.last().map(|(subject, ..)| *subject)
    }

    /// What checkpoints say of the next subject, if it is this one.
    fn take(&mut self, subject: SubjectId) -> Vec<(u64, Head)> {
        let mut leaves = Vec::new();
        while let Some((_, checkpoint, head)) = self.held.pop_if(|(next, ..)| *next == subject) {
            leaves.push((checkpoint, head));
        }
        leaves
    }

    /// Reads the leaves of the subjects from this one on, as many as may be held, but at least those of one
    /// subject.
    fn read(&mut self, path: &Path, from: SubjectId) -> io::Result<()> {
        let mut lines = Lines::open(path)?;
        let mut until = None;
        self.held.clear();
        while let Some(line) = lines.next()? {
            match line {
                Some(Read::Leaf(checkpoint, leaf)) => {
                    let wanted =
                        leaf.subject >= from && until.is_none_or(|until| leaf.subject < until);
                    if wanted {
                        self.held.push((leaf.subject, checkpoint, leaf.head));
                    }
                    if self.held.len() > 2 * self.leaves_held {
                        until = self.cut().or(until);
                    }
                }
                Some(Read::Subject(..) | Read::Entry(_)) => break,
                Some(
                    Read::Header { .. }
                    | Read::Checkpoint(_)
                    | Read::Unreadable(..)
                    | Read::Total(_),
                )
                | None => {}
            }
        }
        self.sort();
        self.held.reverse();
        self.from = until;
        Ok(())
    }

    fn sort(&mut self) {
        self.held.sort_unstable_by_key(|(subject, checkpoint, _)| (*subject, *checkpoint));
    }

    /// Drops the last subjects; returns the first that was dropped, if there is more than one subject.
    fn cut(&mut self) -> Option<SubjectId> {
        self.sort();
        let first = self.held.first()?.0;
        let at_limit = self.held.get(self.leaves_held)?.0;
        let until = if at_limit > first {
            at_limit
        } else {
            self.held.iter().map(|(subject, ..)| *subject).find(|subject| *subject > first)?
        };
        let kept = self.held.partition_point(|(subject, ..)| *subject < until);
        self.held.truncate(kept);
        Some(until)
    }
}

struct Lines {
    input: BufReader<File>,
    text: Vec<u8>,
    /// Of the last line, from 1.
    number: u64,
    /// Of the last line.
    bytes: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let input = BufReader::with_capacity(1 << 16, File::open(path)?);
        Ok(Self { input, text: Vec::new(), number: 0, bytes: 0 })
    }

    /// The next line, or `None` at the end; a line that is none is `Some(None)`.
    fn next(&mut self) -> io::Result<Option<Option<Read>>> {
        self.text.clear();
        let mut input = (&mut self.input).take(LINE_BYTES_MAX);
        self.bytes = input.read_until(b'\n', &mut self.text)? as u64;
        if self.bytes == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.text.pop_if(|byte| *byte == b'\n').is_none() && self.bytes == LINE_BYTES_MAX {
            return Err(invalid("a line of the export is too long"));
        }
        Ok(Some(Line::read(&self.text)))
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
