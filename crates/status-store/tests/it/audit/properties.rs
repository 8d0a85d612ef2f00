//! Whatever is done to one row of a record is found, and found where it was done.

use proptest::prelude::*;
use proptest::sample::Index;
use status_store::audit::{Checkpoint, Finding, Leaf, Place, What};
use status_store::history;
use status_store::record::{Head, HistoryRow};

use super::model::Record;
use crate::support::{change_id, subject_id};

/// Up to four subjects whose entries and checkpoints come in any order; at least one entry.
fn record() -> impl Strategy<Value = Record> {
    let step = prop_oneof![4 => (0_usize..4).prop_map(Some), 1 => Just(None)];
    (0_usize..4, proptest::collection::vec(step, 0..40)).prop_map(|(first, steps)| {
        let mut record = Record::new(4);
        record.append(first);
        for step in steps {
            match step {
                Some(subject) => record.append(subject),
                None => record.checkpoint(),
            }
        }
        record
    })
}

/// One that has a checkpoint.
fn sealed() -> impl Strategy<Value = Record> {
    record().prop_map(|mut record| {
        record.append(0);
        record.checkpoint();
        record
    })
}

/// A subject with at least one entry, and one of its entries.
fn pick(record: &Record, subject: &Index, entry: &Index) -> (usize, usize) {
    let subjects: Vec<usize> = (0..record.subjects.len())
        .filter(|number| !record.subjects[*number].entries.is_empty())
        .collect();
    let subject = *subject.get(&subjects);
    (subject, entry.index(record.subjects[subject].entries.len()))
}

fn entry(record: &Record, subject: usize, entry: usize) -> Place {
    Place::Entry(record.subjects[subject].id, entry as u64 + 1)
}

fn only(findings: &[Finding]) -> Option<(Place, What)> {
    match findings {
        [one] => Some((one.place, one.what)),
        _ => None,
    }
}

type EntryChange = fn(&mut HistoryRow, usize);

const ENTRY_CHANGES: [EntryChange; 9] = [
    |row, _| row.subject = subject_id(77),
    |row, _| row.number += 1,
    |row, _| row.number = row.number.saturating_sub(2),
    |row, _| row.change = change_id(99),
    |row, bit| row.at += chrono::TimeDelta::microseconds(1 << (bit % 40)),
    |row, _| row.kind = "applied".into(),
    |row, bit| row.body = flipped(&row.body, bit).into(),
    |row, bit| row.previous[bit / 8 % 32] ^= 1 << (bit % 8),
    |row, bit| row.hash[bit / 8 % 32] ^= 1 << (bit % 8),
];

/// The text with one of its ASCII characters changed into another.
fn flipped(text: &str, bit: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = bit % bytes.len();
    bytes[place] ^= 1;
    String::from_utf8(bytes).unwrap()
}

type CheckpointChange = fn(&mut Checkpoint, usize);

const CHECKPOINT_CHANGES: [CheckpointChange; 8] = [
    |one, _| one.draft.number += 1,
    |one, _| one.draft.at += chrono::TimeDelta::microseconds(1),
    |one, _| one.draft.leaves += 1,
    |one, bit| one.draft.root[bit / 8 % 32] ^= 1 << (bit % 8),
    |one, bit| one.draft.previous[bit / 8 % 32] ^= 1 << (bit % 8),
    |one, bit| one.key[bit / 8 % 32] ^= 1 << (bit % 8),
    |one, bit| one.signature[bit / 8 % 32] ^= 1 << (bit % 8),
    |one, bit| one.hash[bit / 8 % 32] ^= 1 << (bit % 8),
];

type LeafChange = fn(&mut Vec<Leaf>, usize);

const LEAF_CHANGES: [LeafChange; 6] = [
    |leaves, at| leaves[at].subject = subject_id(77),
    |leaves, at| leaves[at].head.length += 1,
    |leaves, at| leaves[at].head.hash[at] ^= 1,
    |leaves, at| _ = leaves.remove(at),
    |leaves, at| leaves.push(leaves[at]),
    |leaves, at| leaves.swap(at, 0),
];

proptest! {
    #[test]
    fn an_untouched_record_is_good(record in record()) {
        let (findings, counts) = record.verify(&record.anchor());
        prop_assert_eq!(findings, []);
        let entries: usize = record.subjects.iter().map(|one| one.entries.len()).sum();
        prop_assert_eq!(counts.entries, entries as u64);
        prop_assert_eq!(counts.checkpoints, record.checkpoints.len() as u64);
        let committed: u64 = record
            .subjects
            .iter()
            .map(|one| {
                let leaves = record.checkpoints.iter().flat_map(|(_, leaves)| leaves);
                let own = leaves.filter(|leaf| leaf.subject == one.id);
                own.map(|leaf| leaf.head.length).max().unwrap_or(0)
            })
            .sum();
        prop_assert_eq!(counts.uncommitted, entries as u64 - committed);
    }

    #[test]
    fn an_entry_with_anything_changed_is_named(
        mut record in record(), subject: Index, index: Index, change: Index, bit in 0_usize..256,
    ) {
        let (subject, index) = pick(&record, &subject, &index);
        let place = entry(&record, subject, index);
        change.get(&ENTRY_CHANGES)(&mut record.subjects[subject].entries[index], bit);
        let found = only(&record.findings(&[]));
        prop_assert_eq!(found, Some((place, What::Changed)));
    }

    #[test]
    fn a_changed_entry_with_its_hash_made_anew_is_named(
        mut record in record(), subject: Index, index: Index, bit in 0_usize..256,
    ) {
        let (subject, index) = pick(&record, &subject, &index);
        let place = entry(&record, subject, index);
        let row = &mut record.subjects[subject].entries[index];
        row.body = flipped(&row.body, bit).into();
        row.hash = history::hash(row);
        let found = only(&record.findings(&[])).map(|(place, _)| place);
        prop_assert_eq!(found, Some(place));
    }

    #[test]
    fn a_removed_entry_is_named(mut record in record(), subject: Index, index: Index) {
        let (subject, index) = pick(&record, &subject, &index);
        let place = entry(&record, subject, index);
        let entries = &mut record.subjects[subject].entries;
        entries.remove(index);
        let what = if index == entries.len() { What::Truncated } else { What::Removed };
        prop_assert_eq!(only(&record.findings(&[])), Some((place, what)));
    }

    #[test]
    fn the_first_of_truncated_entries_is_named(mut record in record(), subject: Index, index: Index) {
        let (subject, index) = pick(&record, &subject, &index);
        let place = entry(&record, subject, index);
        record.subjects[subject].entries.truncate(index);
        prop_assert_eq!(only(&record.findings(&[])), Some((place, What::Truncated)));
    }

    #[test]
    fn the_first_of_two_swapped_entries_is_named(
        mut record in record(), subject: Index, one: Index, two: Index, renumbered: bool,
    ) {
        let (subject, one) = pick(&record, &subject, &one);
        let entries = &mut record.subjects[subject].entries;
        let two = two.index(entries.len());
        if one == two {
            return Ok(());
        }
        entries.swap(one, two);
        if renumbered {
            (entries[one].number, entries[two].number) = (one as u64 + 1, two as u64 + 1);
        }
        let place = entry(&record, subject, one.min(two));
        prop_assert_eq!(only(&record.findings(&[])), Some((place, What::Reordered)));
    }

    /// The limit of what can be found: what no checkpoint has yet can be written anew as a whole.
    #[test]
    fn a_chain_made_anew_is_found_at_the_next_checkpoint_that_has_it(
        mut record in record(), subject: Index, index: Index,
    ) {
        let (subject, index) = pick(&record, &subject, &index);
        let chained = &mut record.subjects[subject];
        let mut head = match index {
            0 => Head::default(),
            _ => Head { length: index as u64, hash: chained.entries[index - 1].hash },
        };
        for row in &mut chained.entries[index..] {
            let (at, kind) = (row.at, row.kind.clone());
            *row = history::append(&mut head, row.subject, row.change, at, &kind, "{}".into());
        }
        chained.recorded = Some(head);
        let id = chained.id;
        let lengths = record.checkpoints.iter().flat_map(|(one, leaves)| {
            let own = leaves.iter().filter(|leaf| leaf.subject == id);
            own.map(|leaf| (one.draft.number, leaf.head.length))
        });
        let lengths: Vec<(u64, u64)> = lengths.collect();
        let good = lengths.iter().map(|(_, length)| *length).filter(|one| *one <= index as u64);
        let unproven_from = good.max().unwrap_or(0) + 1;
        let expected = lengths.iter().find(|(_, length)| *length > index as u64);
        let expected = expected.map(|(checkpoint, length)| {
            let what = What::NotCommitted { checkpoint: *checkpoint, unproven_from };
            (Place::Entry(id, *length), what)
        });
        let findings = record.findings(&[]);
        prop_assert_eq!(only(&findings), expected);
        prop_assert_eq!(findings.len(), usize::from(expected.is_some()));
    }

    #[test]
    fn a_subjects_changed_end_is_named(
        mut record in record(), subject: Index, index: Index, bit in 0_usize..256,
    ) {
        let (subject, _) = pick(&record, &subject, &index);
        let chained = &mut record.subjects[subject];
        let (id, last) = (chained.id, chained.entries.len() as u64);
        chained.recorded.as_mut().unwrap().hash[bit / 8] ^= 1 << (bit % 8);
        let (place, _) = only(&record.findings(&[])).unwrap();
        prop_assert!([Place::Subject(id), Place::Entry(id, last)].contains(&place));
    }

    #[test]
    fn a_subject_that_is_gone_is_named(mut record in sealed(), with_history: bool) {
        let first = &mut record.subjects[0];
        first.recorded = None;
        let expected = if with_history {
            (Place::Subject(first.id), What::NotRegistered)
        } else {
            first.entries.clear();
            (Place::Entry(first.id, 1), What::Truncated)
        };
        prop_assert_eq!(only(&record.findings(&[])), Some(expected));
    }

    #[test]
    fn a_checkpoint_with_anything_changed_is_named(
        mut record in sealed(), index: Index, change: Index, bit in 0_usize..256, anew: bool,
    ) {
        let index = index.index(record.checkpoints.len());
        let changed = &mut record.checkpoints[index].0;
        let before = changed.clone();
        change.get(&CHECKPOINT_CHANGES)(changed, bit);
        if anew {
            changed.hash = changed.computed_hash();
        }
        prop_assume!(*changed != before);
        let findings = record.findings(&[]);
        prop_assert_eq!(findings[0].place, Place::Checkpoint(index as u64 + 1));
        prop_assert!(anew || findings.len() == 1, "{:?}", findings);
    }

    #[test]
    fn a_checkpoint_whose_leaves_are_changed_is_named(
        mut record in sealed(), index: Index, leaf: Index, change: Index,
    ) {
        let index = index.index(record.checkpoints.len());
        let leaves = &mut record.checkpoints[index].1;
        let before = leaves.clone();
        change.get(&LEAF_CHANGES)(leaves, leaf.index(before.len()));
        prop_assume!(*leaves != before);
        let place = Place::Checkpoint(index as u64 + 1);
        prop_assert_eq!(only(&record.findings(&[])), Some((place, What::LeavesChanged)));
    }

    #[test]
    fn a_removed_checkpoint_is_named_the_last_one_if_its_hash_is_known(
        mut record in sealed(), index: Index,
    ) {
        let anchor = record.anchor();
        let index = index.index(record.checkpoints.len());
        record.checkpoints.remove(index);
        let place = Place::Checkpoint(index as u64 + 1);
        if index < record.checkpoints.len() {
            prop_assert_eq!(only(&record.findings(&[])), Some((place, What::Removed)));
            return Ok(());
        }
        prop_assert_eq!(record.findings(&[]), []);
        prop_assert_eq!(only(&record.findings(&anchor)), Some((place, What::Truncated)));
    }

    #[test]
    fn the_first_of_two_swapped_checkpoints_is_named(
        mut record in sealed(), one: Index, two: Index,
    ) {
        let (one, two) = (one.index(record.checkpoints.len()), two.index(record.checkpoints.len()));
        if one == two {
            return Ok(());
        }
        record.checkpoints.swap(one, two);
        let first = record.findings(&[])[0];
        prop_assert_eq!(first.place, Place::Checkpoint(one.min(two) as u64 + 1));
        prop_assert_eq!(first.what, What::Reordered);
    }

    /// Somebody with the key, or a gateway that was put back to an older copy.
    #[test]
    fn another_checkpoint_than_the_one_known_from_elsewhere_is_named(record in sealed()) {
        let mut anchor = record.anchor();
        anchor[0].hash[5] ^= 1;
        let place = Place::Checkpoint(anchor[0].number);
        prop_assert_eq!(only(&record.findings(&anchor)), Some((place, What::NotTheAnchor)));
    }
}
