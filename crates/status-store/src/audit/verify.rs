//! Verifying a record, row by row.

use status_domain::ids::SubjectId;

use super::chain::Chain;
use super::finding::{Finding, Place, What};
use super::seals::Seals;
use super::{Checkpoint, Leaf, Unreadable, Visitor};
use crate::record::{Digest, Head, HistoryRow};
use crate::store::StoreError;

/// What a signature proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It was made over these bytes with a known key.
    Holds,
    /// It was not.
    DoesNotHold,
    /// Its key is not known.
    UnknownKey,
}

/// A checkpoint as it is known from elsewhere, for example from the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Digest,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Checkpoints.
    pub checkpoints: u64,
    /// Leaves of checkpoints.
    pub leaves: u64,
    /// Subjects.
    pub subjects: u64,
    /// Entries of histories.
    pub entries: u64,
    /// Entries, in histories in which nothing is wrong, that no sound checkpoint vouches for.
    pub uncommitted: u64,
    /// Number and hash of the last checkpoint.
    pub last: Option<(u64, Digest)>,
}

/// Verifies a record that is handed to it row by row: first each checkpoint, followed by its leaves, then
/// each subject, followed by its entries, everything in its order.
///
/// It finds the first thing that is wrong with each checkpoint and with each subject. It keeps the numbers
/// of bad checkpoints and what checkpoints say of the subject at hand, and nothing else.
#[derive(Debug)]
pub struct Verifier<F> {
    check: F,
    seals: Seals,
    chain: Option<Chain>,
    counts: Counts,
    findings: Vec<Finding>,
    has_all_checkpoints: bool,
}

impl<F: FnMut(&Checkpoint) -> Verdict> Verifier<F> {
    /// `check` checks the signature over [`Checkpoint::signed_bytes`].
    pub fn new(check: F, anchors: &[Anchor]) -> Self {
        Self {
            check,
            seals: Seals::new(anchors),
            chain: None,
            counts: Counts::default(),
            findings: Vec::new(),
            has_all_checkpoints: false,
        }
    }

    /// The next checkpoint.
    pub fn checkpoint(&mut self, checkpoint: Result<&Checkpoint, Unreadable>) {
        self.seals.checkpoint(checkpoint, &mut self.check, &mut self.findings);
    }

    /// The next leaf of the last checkpoint; `None` if it cannot be read.
    pub fn leaf(&mut self, leaf: Option<&Leaf>) {
        self.seals.leaf(leaf);
    }

    /// The next subject, with the recorded end of its history (`None` if it is not registered) and what
    /// checkpoints say of it, in the order of their numbers.
    pub fn subject(&mut self, subject: SubjectId, recorded: Option<Head>, leaves: &[(u64, Head)]) {
        self.end_checkpoints();
        self.end_subject();
        self.counts.subjects += 1;
        let mut commitments: Vec<(u64, Head)> = Vec::with_capacity(leaves.len());
        for &(checkpoint, head) in leaves {
            if !self.seals.is_sound(checkpoint) {
                continue;
            }
            if commitments.last().is_some_and(|(_, before)| head.length <= before.length) {
                let place = Place::Checkpoint(checkpoint);
                self.findings.push(Finding { place, what: What::GoesBack(subject) });
                continue;
            }
            commitments.push((checkpoint, head));
        }
        self.chain = Some(Chain::new(subject, recorded, commitments));
    }

    /// The next entry of the last subject. Without a subject before it, it is nobody's and passed over.
    pub fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) {
        if let Some(chain) = &mut self.chain {
            chain.entry(entry);
        }
    }

    /// The number of the checkpoint whose leaves are being read.
    #[must_use]
    pub fn current_checkpoint(&self) -> Option<u64> {
        self.seals.current()
    }

    /// The subject whose entries are being read.
    #[must_use]
    pub fn current(&self) -> Option<SubjectId> {
        self.chain.as_ref().map(Chain::subject)
    }

    /// What was found since the last call, in the order of reading.
    pub fn findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// Everything was read: what was found since the last call of [`Self::findings`], and what there was.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Finding>, Counts) {
        self.end_checkpoints();
        self.end_subject();
        let (checkpoints, leaves) = (self.seals.checkpoints, self.seals.leaves);
        let last = self.seals.last();
        (self.findings, Counts { checkpoints, leaves, last, ..self.counts })
    }

    fn end_checkpoints(&mut self) {
        if !self.has_all_checkpoints {
            self.has_all_checkpoints = true;
            self.seals.end(&mut self.findings);
        }
    }

    fn end_subject(&mut self) {
        let Some(chain) = self.chain.take() else { return };
        let ended = chain.end();
        self.counts.entries += ended.entries;
        self.counts.uncommitted += ended.uncommitted;
        self.findings.extend(ended.finding);
    }
}

impl<F: FnMut(&Checkpoint) -> Verdict> Visitor for Verifier<F> {
    type Error = StoreError;

    fn checkpoint(
        &mut self,
        checkpoint: Result<&Checkpoint, Unreadable>,
    ) -> Result<(), StoreError> {
        self.checkpoint(checkpoint);
        Ok(())
    }

    fn leaf(&mut self, subject: SubjectId, head: Option<Head>) -> Result<(), StoreError> {
        self.leaf(head.map(|head| Leaf { subject, head }).as_ref());
        Ok(())
    }

    fn subject(
        &mut self,
        subject: SubjectId,
        recorded: Option<Head>,
        leaves: &[(u64, Head)],
    ) -> Result<(), StoreError> {
        self.subject(subject, recorded, leaves);
        Ok(())
    }

    fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) -> Result<(), StoreError> {
        self.entry(entry);
        Ok(())
    }
}
