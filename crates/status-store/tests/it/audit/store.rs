//! What every record that checkpoints are made in must do.

use std::num::NonZeroU32;

use status_store::audit::{
    AuditReader, AuditStore, Checkpoint, Counts, Extent, Finding, Leaf, Verifier, root, walk,
};
use status_store::history;
use status_store::record::SubjectRow;
use status_store::store::{Needs, Store, StoreError, Writes};

use super::model::{KEY, check, seal};
use crate::support::{at, change_id, customer, load, save, subject_id};

pub(crate) const MANY: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// Appends so many entries to the history of a customer, who is registered if need be.
pub(crate) async fn grow<S: Store>(store: &S, number: u128, entries: u128) {
    let id = subject_id(number);
    let known = load(store, Needs { subjects: vec![id], ..Needs::default() }).await;
    let rows = known.families.into_iter().flat_map(|family| family.subjects);
    let mut row: SubjectRow =
        rows.into_iter().find(|row| row.subject.id == id).unwrap_or_else(|| customer(number));
    let mut writes = Writes::default();
    for change in 1..=entries {
        let body = format!("{{\"n\":{change}}}");
        let entry = history::append(&mut row.head, id, change_id(change), at(0), "recorded", body);
        writes.history.push(entry);
    }
    writes.subjects.push(row);
    save(store, writes).await.unwrap();
}

pub(crate) async fn checkpoint<S: AuditStore>(store: &S) -> Option<Checkpoint> {
    store.checkpoint(at(5), MANY, seal).await.unwrap()
}

/// Everything that is wrong, in the order of the places.
pub(crate) async fn verify<R: AuditReader>(mut reader: R) -> (Vec<Finding>, Counts) {
    let mut verifier = Verifier::new(check, &[]);
    walk(&mut reader, &mut verifier).await.unwrap();
    let (mut findings, counts) = verifier.finish();
    findings.sort_by_key(|finding| finding.place);
    (findings, counts)
}

pub(crate) async fn a_checkpoint_has_the_subjects_that_have_grown<S, R>(
    store: S,
    read: impl Fn() -> R,
) where
    S: Store + AuditStore,
    R: AuditReader,
{
    assert_eq!(checkpoint(&store).await, None);
    grow(&store, 2, 3).await;
    grow(&store, 1, 1).await;
    grow(&store, 3, 0).await;
    let first = checkpoint(&store).await.unwrap();
    assert_eq!((first.draft.number, first.draft.leaves), (1, 2));
    assert_eq!((first.draft.previous, first.draft.at, first.key), ([0; 32], at(5), KEY));
    assert_eq!(checkpoint(&store).await, None);
    grow(&store, 1, 2).await;
    let second = checkpoint(&store).await.unwrap();
    assert_eq!((second.draft.number, second.draft.leaves), (2, 1));
    assert_eq!(second.draft.previous, first.hash);

    let mut reader = read();
    let stored = reader.checkpoints(0, 9).await.unwrap();
    assert_eq!(stored, [Ok(first.clone()), Ok(second)]);
    let leaves = reader.leaves(1, None, 9).await.unwrap();
    let leaf = |(subject, head): &(_, Option<_>)| Leaf { subject: *subject, head: head.unwrap() };
    let leaves: Vec<Leaf> = leaves.iter().map(leaf).collect();
    assert_eq!(leaves.iter().map(|leaf| leaf.head.length).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(root(&leaves), first.draft.root);
    let lengths: Vec<(u64, u64)> = reader
        .leaves_of(subject_id(1))
        .await
        .unwrap()
        .into_iter()
        .map(|(checkpoint, head)| (checkpoint, head.length))
        .collect();
    assert_eq!(lengths, [(1, 1), (2, 3)]);
    let extent = Extent { checkpoints: 2, leaves: 3, subjects: 3, entries: 6 };
    assert_eq!(reader.extent().await.unwrap(), extent);

    let (findings, counts) = verify(read()).await;
    assert_eq!(findings, []);
    assert_eq!((counts.subjects, counts.entries, counts.uncommitted), (3, 6, 0));
}

pub(crate) async fn more_subjects_than_fit_go_into_the_next_checkpoint<S, R>(
    store: S,
    read: impl Fn() -> R,
) where
    S: Store + AuditStore,
    R: AuditReader,
{
    for number in 1..=5 {
        grow(&store, number, 1).await;
    }
    let two = NonZeroU32::new(2).unwrap();
    let mut leaves = Vec::new();
    while let Some(made) = store.checkpoint(at(5), two, seal).await.unwrap() {
        leaves.push(made.draft.leaves);
    }
    assert_eq!(leaves, [2, 2, 1]);
    assert_eq!(verify(read()).await.0, []);
}

pub(crate) async fn a_checkpoint_that_cannot_be_signed_is_not_made<S, R>(
    store: S,
    read: impl Fn() -> R,
) where
    S: Store + AuditStore,
    R: AuditReader,
{
    grow(&store, 1, 2).await;
    let result = store.checkpoint(at(5), MANY, |_| Err("no key".into())).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    assert_eq!(read().extent().await.unwrap().checkpoints, 0);
    assert_eq!(checkpoint(&store).await.unwrap().draft.leaves, 1);
}

pub(crate) async fn pages_have_everything_once<S, R>(store: S, read: impl Fn() -> R)
where
    S: Store + AuditStore,
    R: AuditReader,
{
    // More than a page of the walk, of each kind.
    for number in 1..=300 {
        grow(&store, number, 1).await;
    }
    grow(&store, 300, 300).await;
    checkpoint(&store).await.unwrap();
    for _ in 0..300 {
        grow(&store, 7, 1).await;
        checkpoint(&store).await.unwrap();
    }
    let (findings, counts) = verify(read()).await;
    assert_eq!(findings, []);
    assert_eq!((counts.checkpoints, counts.leaves), (301, 600));
    assert_eq!((counts.subjects, counts.entries), (300, 900));
}

pub(crate) async fn a_reader_sees_one_moment<S, R>(store: S, read: impl Fn() -> R)
where
    S: Store + AuditStore,
    R: AuditReader,
{
    grow(&store, 1, 2).await;
    checkpoint(&store).await.unwrap();
    let reader = read();
    grow(&store, 1, 2).await;
    grow(&store, 2, 2).await;
    checkpoint(&store).await.unwrap();
    let (findings, counts) = verify(reader).await;
    assert_eq!(findings, []);
    assert_eq!((counts.checkpoints, counts.entries, counts.subjects), (1, 2, 1));
}
