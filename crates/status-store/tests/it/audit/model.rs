//! A record in memory, with checkpoints whose signatures are not worth anything elsewhere.

use sha2::{Digest as _, Sha256};
use status_domain::ids::SubjectId;
use status_store::audit::{
    self, Anchor, Checkpoint, Counts, Draft, Finding, Leaf, Seal, SealError, Verdict, Verifier,
};
use status_store::history;
use status_store::record::{Digest, Head, HistoryRow};

use crate::support::{at, change_id, subject_id};

/// The id of the key that everything is signed with.
pub(crate) const KEY: Digest = [7; 32];

/// Signs as a keyed hash does.
pub(crate) fn seal(draft: &Draft) -> Result<Seal, SealError> {
    Ok(Seal { key: KEY, signature: Box::new(signature(&draft.bytes(&KEY))) })
}

fn signature(bytes: &[u8]) -> Digest {
    Sha256::new().chain_update(b"secret").chain_update(bytes).finalize().into()
}

pub(crate) fn check(checkpoint: &Checkpoint) -> Verdict {
    if checkpoint.key != KEY {
        return Verdict::UnknownKey;
    }
    if checkpoint.signature[..] == signature(&checkpoint.signed_bytes()) {
        Verdict::Holds
    } else {
        Verdict::DoesNotHold
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) checkpoints: Vec<(Checkpoint, Vec<Leaf>)>,
    pub(crate) subjects: Vec<Chained>,
}

#[derive(Clone, Debug)]
pub(crate) struct Chained {
    pub(crate) id: SubjectId,
    pub(crate) recorded: Option<Head>,
    pub(crate) entries: Vec<HistoryRow>,
    committed: u64,
}

impl Record {
    /// So many subjects, without history.
    pub(crate) fn new(subjects: u128) -> Self {
        let chained = |number| Chained {
            id: subject_id(number),
            recorded: Some(Head::default()),
            entries: Vec::new(),
            committed: 0,
        };
        Self { checkpoints: Vec::new(), subjects: (1..=subjects).map(chained).collect() }
    }

    pub(crate) fn append(&mut self, subject: usize) {
        let chained = &mut self.subjects[subject];
        let mut head = chained.recorded.unwrap();
        let number = head.length + 1;
        let change = change_id(number.into());
        let body = format!("{{\"n\":{number}}}");
        let entry = history::append(&mut head, chained.id, change, at(0), "recorded", body);
        chained.entries.push(entry);
        chained.recorded = Some(head);
    }

    pub(crate) fn checkpoint(&mut self) {
        let grown = |one: &&mut Chained| one.recorded.unwrap().length > one.committed;
        let leaves: Vec<Leaf> = self
            .subjects
            .iter_mut()
            .filter(grown)
            .map(|one| {
                let head = one.recorded.unwrap();
                one.committed = head.length;
                Leaf { subject: one.id, head }
            })
            .collect();
        if leaves.is_empty() {
            return;
        }
        let previous = self.checkpoints.last().map_or([0; 32], |(last, _)| last.hash);
        let draft = Draft {
            number: self.checkpoints.len() as u64 + 1,
            at: at(0),
            leaves: leaves.len() as u64,
            root: audit::root(&leaves),
            previous,
        };
        self.checkpoints.push((draft.sealed(seal(&draft).unwrap()), leaves));
    }

    pub(crate) fn anchor(&self) -> Vec<Anchor> {
        let anchor =
            |(last, _): &(Checkpoint, _)| Anchor { number: last.draft.number, hash: last.hash };
        self.checkpoints.last().map(anchor).into_iter().collect()
    }

    /// What is wrong with it, in the order of the places.
    pub(crate) fn findings(&self, anchors: &[Anchor]) -> Vec<Finding> {
        self.verify(anchors).0
    }

    pub(crate) fn verify(&self, anchors: &[Anchor]) -> (Vec<Finding>, Counts) {
        let mut verifier = Verifier::new(check, anchors);
        for (checkpoint, leaves) in &self.checkpoints {
            verifier.checkpoint(Ok(checkpoint));
            leaves.iter().for_each(|leaf| verifier.leaf(Some(leaf)));
        }
        for chained in &self.subjects {
            let leaves: Vec<(u64, Head)> = self
                .checkpoints
                .iter()
                .flat_map(|(one, leaves)| leaves.iter().map(|leaf| (one.draft.number, *leaf)))
                .filter(|(_, leaf)| leaf.subject == chained.id)
                .map(|(number, leaf)| (number, leaf.head))
                .collect();
            verifier.subject(chained.id, chained.recorded, &leaves);
            chained.entries.iter().for_each(|entry| verifier.entry(Ok(entry)));
        }
        let (mut findings, counts) = verifier.finish();
        findings.sort_by_key(|finding| finding.place);
        (findings, counts)
    }
}
