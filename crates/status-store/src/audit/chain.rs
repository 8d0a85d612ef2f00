//! Verifying one subject's history.

use status_domain::ids::SubjectId;

use super::Unreadable;
use super::finding::{Finding, Place, What};
use crate::history;
use crate::record::{Digest, Head, HistoryRow};

/// One subject's history, as far as it was read.
#[derive(Debug)]
pub(super) struct Chain {
    subject: SubjectId,
    /// The recorded end.
    recorded: Option<Head>,
    /// What checkpoints say, in rising length.
    commitments: std::iter::Peekable<std::vec::IntoIter<(u64, Head)>>,
    /// The last entry that is as it should be.
    last: Head,
    /// So many entries are vouched for by checkpoints.
    committed: u64,
    bad: Option<Bad>,
    read: u64,
}

/// The first bad entry, and what its true self would look like, should it turn up later.
#[derive(Clone, Copy, Debug)]
struct Bad {
    number: u64,
    what: What,
    previous: Digest,
}

/// How a history ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The first thing that is wrong.
    pub(super) finding: Option<Finding>,
    /// Entries read.
    pub(super) entries: u64,
    /// Entries that no checkpoint vouches for, of a history in which nothing is wrong.
    pub(super) uncommitted: u64,
}

impl Chain {
    /// `commitments` are those of sound checkpoints only, in rising length.
    pub(super) fn new(
        subject: SubjectId,
        recorded: Option<Head>,
        commitments: Vec<(u64, Head)>,
    ) -> Self {
        Self {
            subject,
            recorded,
            commitments: commitments.into_iter().peekable(),
            last: Head::default(),
            committed: 0,
            bad: None,
            read: 0,
        }
    }

    pub(super) const fn subject(&self) -> SubjectId {
        self.subject
    }

    pub(super) fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) {
        self.read += 1;
        match (&mut self.bad, entry) {
            (Some(bad), Ok(row)) => bad.may_be(row),
            (Some(_), Err(_)) => {}
            (None, Ok(row)) => self.follow(row),
            (None, Err(Unreadable { number })) => {
                let expected = self.last.length + 1;
                let is_here = number.is_none_or(|number| number == expected);
                self.blame(expected, if is_here { What::Changed } else { What::Removed });
            }
        }
    }

    fn follow(&mut self, row: &HistoryRow) {
        let expected = self.last.length + 1;
        if row.number != expected {
            let what = if is_entry(row, expected, &self.last.hash) {
                What::Changed
            } else {
                What::Removed
            };
            return self.blame(expected, what);
        }
        let hash = history::hash(row);
        if row.subject != self.subject || hash != row.hash {
            return self.blame(expected, What::Changed);
        }
        if row.previous != self.last.hash {
            // What a checkpoint vouches for is not at fault.
            if self.last.length == self.committed {
                return self.blame(expected, What::Changed);
            }
            let what = What::Replaced { unproven_from: self.committed + 1 };
            return self.blame(self.last.length, what);
        }
        self.last = Head { length: expected, hash };
        while let Some((checkpoint, head)) =
            self.commitments.next_if(|(_, head)| head.length == expected)
        {
            if head.hash != hash {
                let unproven_from = self.committed + 1;
                return self.blame(expected, What::NotCommitted { checkpoint, unproven_from });
            }
            self.committed = expected;
        }
    }

    const fn blame(&mut self, number: u64, what: What) {
        self.bad = Some(Bad { number, what, previous: self.last.hash });
    }

    pub(super) fn end(mut self) -> Ended {
        let finding = match self.bad {
            Some(Bad { number, what, .. }) => {
                Some(Finding { place: Place::Entry(self.subject, number), what })
            }
            None => self.wrong_end(),
        };
        let uncommitted = if finding.is_none() { self.last.length - self.committed } else { 0 };
        Ended { finding, entries: self.read, uncommitted }
    }

    /// What is wrong with the end of a chain that is whole as far as it goes.
    fn wrong_end(&mut self) -> Option<Finding> {
        let Head { length, hash } = self.last;
        let entry =
            |number, what| Some(Finding { place: Place::Entry(self.subject, number), what });
        let whole = |what| Some(Finding { place: Place::Subject(self.subject), what });
        if self.commitments.peek().is_some() {
            return entry(length + 1, What::Truncated);
        }
        let Some(recorded) = self.recorded else {
            return if length == 0 { None } else { whole(What::NotRegistered) };
        };
        if recorded == self.last {
            return None;
        }
        // The hash covers the number: it is this entry's, whatever length stands beside it.
        if recorded.hash == hash || recorded.length <= self.committed && length == self.committed {
            return whole(What::EndChanged);
        }
        if recorded.length > length {
            return entry(length + 1, What::Truncated);
        }
        if recorded.length < length {
            return entry(recorded.length + 1, What::Added);
        }
        entry(length, What::NotTheEnd { unproven_from: self.committed + 1 })
    }
}

impl Bad {
    /// Takes back that the entry was changed or removed if it is here, in another place.
    fn may_be(&mut self, row: &HistoryRow) {
        let is_missed = matches!(self.what, What::Changed | What::Removed);
        if is_missed && is_entry(row, self.number, &self.previous) {
            self.what = What::Reordered;
        }
    }
}

/// Whether the row was recorded with this number after the entry of this hash.
fn is_entry(row: &HistoryRow, number: u64, previous: &Digest) -> bool {
    row.previous == *previous && history::hash(&HistoryRow { number, ..row.clone() }) == row.hash
}
