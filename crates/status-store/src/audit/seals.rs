//! Verifying the checkpoints.

use std::collections::{BTreeSet, HashMap};

use status_domain::ids::SubjectId;

use super::finding::{Finding, Place, What};
use super::verify::{Anchor, Verdict};
use super::{Checkpoint, Leaf, Tree, Unreadable};
use crate::record::Digest;

/// The checkpoints, as far as they were read.
#[derive(Debug)]
pub(super) struct Seals {
    anchors: HashMap<u64, Digest>,
    /// The one whose leaves are being read.
    open: Option<Open>,
    /// Number and hash of the last one in line.
    last: (u64, Digest),
    /// The first one that was missed, until it turns up elsewhere.
    missed: Option<u64>,
    /// Those whose leaves prove nothing.
    unsound: BTreeSet<u64>,
    /// First and last number of those that are not there, in order.
    gaps: Vec<(u64, u64)>,
    pub(super) checkpoints: u64,
    pub(super) leaves: u64,
}

#[derive(Debug)]
struct Open {
    number: u64,
    /// What it says of its leaves; `None` if that cannot be read.
    promised: Option<(u64, Digest)>,
    tree: Tree,
    last: Option<SubjectId>,
    /// Whether every leaf could be read and stands in its place.
    is_readable: bool,
    bad: Option<What>,
}

impl Seals {
    pub(super) fn new(anchors: &[Anchor]) -> Self {
        Self {
            anchors: anchors.iter().map(|anchor| (anchor.number, anchor.hash)).collect(),
            open: None,
            last: (0, [0; 32]),
            missed: None,
            unsound: BTreeSet::new(),
            gaps: Vec::new(),
            checkpoints: 0,
            leaves: 0,
        }
    }

    pub(super) fn last(&self) -> Option<(u64, Digest)> {
        (self.last.0 > 0).then_some(self.last)
    }

    pub(super) fn current(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.number)
    }

    pub(super) fn is_sound(&self, checkpoint: u64) -> bool {
        let earlier = self.gaps.partition_point(|(first, _)| *first <= checkpoint);
        let in_gap = self.gaps[..earlier].last().is_some_and(|(_, last)| checkpoint <= *last);
        checkpoint <= self.last.0 && !in_gap && !self.unsound.contains(&checkpoint)
    }

    pub(super) fn checkpoint(
        &mut self,
        checkpoint: Result<&Checkpoint, Unreadable>,
        verdict: impl FnOnce(&Checkpoint) -> Verdict,
        findings: &mut Vec<Finding>,
    ) {
        self.close(findings);
        self.checkpoints += 1;
        let expected = self.last.0 + 1;
        let number = match checkpoint {
            // The number of one that was changed may be what was changed.
            Ok(checkpoint) if checkpoint.computed_hash() != checkpoint.hash => expected,
            Ok(checkpoint) => checkpoint.draft.number,
            Err(Unreadable { number }) => number.unwrap_or(expected),
        };
        let mut bad = None;
        if number > expected {
            self.gaps.push((expected, number - 1));
            if self.missed.is_none() {
                self.missed = Some(expected);
            } else {
                findings.push(found(expected, What::Removed));
            }
        } else if number < expected {
            self.missed.take_if(|missed| *missed == number);
            bad = Some(What::Reordered);
        }
        let promised = checkpoint.ok().map(|one| (one.draft.leaves, one.draft.root));
        if bad.is_none() {
            bad = match checkpoint {
                Ok(checkpoint) => self.inspect(checkpoint, number == expected, verdict),
                Err(_) => Some(What::Changed),
            };
            let hash = checkpoint.map_or([0; 32], Checkpoint::computed_hash);
            self.last = (number, hash);
        }
        let tree = Tree::default();
        self.open = Some(Open { number, promised, tree, last: None, is_readable: true, bad });
    }

    /// What is wrong with a checkpoint that stands in its place, its leaves aside.
    fn inspect(
        &self,
        checkpoint: &Checkpoint,
        follows: bool,
        verdict: impl FnOnce(&Checkpoint) -> Verdict,
    ) -> Option<What> {
        if checkpoint.computed_hash() != checkpoint.hash {
            return Some(What::Changed);
        }
        match verdict(checkpoint) {
            Verdict::Holds => {}
            Verdict::DoesNotHold => return Some(What::BadSignature),
            Verdict::UnknownKey => return Some(What::UnknownKey),
        }
        let number = checkpoint.draft.number;
        if self.anchors.get(&number).is_some_and(|hash| *hash != checkpoint.hash) {
            return Some(What::NotTheAnchor);
        }
        let (last, hash) = self.last;
        // One that was changed itself is not what the next one follows, and is found already.
        let is_known = follows && !self.unsound.contains(&last);
        (is_known && checkpoint.draft.previous != hash).then_some(What::NotInLine)
    }

    pub(super) fn leaf(&mut self, leaf: Option<&Leaf>) {
        self.leaves += 1;
        let Some(open) = &mut self.open else { return };
        let Some(leaf) = leaf else {
            open.is_readable = false;
            return;
        };
        open.is_readable &= open.last.is_none_or(|last| last < leaf.subject);
        open.last = Some(leaf.subject);
        open.tree.push(leaf);
    }

    fn close(&mut self, findings: &mut Vec<Finding>) {
        let Some(open) = self.open.take() else { return };
        let actual = (open.tree.leaves(), open.tree.root());
        let is_whole = open.is_readable && open.promised.is_none_or(|promised| promised == actual);
        let what = open.bad.or((!is_whole).then_some(What::LeavesChanged));
        if let Some(what) = what {
            self.unsound.insert(open.number);
            findings.push(found(open.number, what));
        }
    }

    /// All checkpoints were read.
    pub(super) fn end(&mut self, findings: &mut Vec<Finding>) {
        self.close(findings);
        findings.extend(self.missed.take().map(|number| found(number, What::Removed)));
        if self.anchors.keys().any(|number| *number > self.last.0) {
            findings.push(found(self.last.0 + 1, What::Truncated));
        }
    }
}

const fn found(number: u64, what: What) -> Finding {
    Finding { place: Place::Checkpoint(number), what }
}
