use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use status_store::history;
use status_store::record::SubjectRow;
use status_store::store::{Needs, Snapshot, Store, StoreError, Writes};

use crate::support::{
    WAY4, account, answer, answer_key, approval, at, attempt, change, change_id, customer,
    identifier, lane, load, save, subject_id,
};

/// Adds an entry to the history of subject 1, as the record has it, and returns its number.
fn add_entry(snapshot: &Snapshot) -> (Writes, u64) {
    let mut row: SubjectRow = snapshot.families[0].subjects[0].clone();
    let id = row.subject.id;
    let entry = history::append(&mut row.head, id, change_id(1), at(0), "recorded", "{}".into());
    let number = entry.number;
    (Writes { subjects: vec![row], history: vec![entry], ..Writes::default() }, number)
}

fn about_1() -> Needs {
    Needs { subjects: vec![subject_id(1)], ..Needs::default() }
}

async fn save_customer<S: Store>(store: &S) {
    save(store, Writes { subjects: vec![customer(1)], ..Writes::default() }).await.unwrap();
}

pub(crate) async fn concurrent_writes_go_one_after_the_other<S: Store>(store: S) {
    save_customer(&store).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap()
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let entries = store.history(subject_id(1)).await.unwrap();
    assert_eq!(entries.len(), 20);
    assert_eq!(history::first_bad(&entries), None);
}

pub(crate) async fn a_write_is_done_also_when_its_caller_has_gone<S: Store>(store: S) {
    save_customer(&store).await;
    {
        let mut write = pin!(store.write(about_1(), |snapshot| add_entry(&snapshot)));
        let _ = write.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // One of them comes first, either.
    store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap();
    let both = async {
        while store.history(subject_id(1)).await.unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
}

pub(crate) async fn a_decision_without_writes_still_answers<S: Store>(store: S) {
    save_customer(&store).await;
    let decide = |snapshot: Snapshot| (Writes::default(), snapshot.families.len());
    assert_eq!(store.write(about_1(), decide).await.unwrap(), 1);
    assert_eq!(store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap(), 1);
}

pub(crate) async fn a_decision_that_panics_changes_nothing_and_the_store_goes_on<S: Store>(
    store: S,
) {
    save_customer(&store).await;
    let decide = |_| -> (Writes, ()) { panic!("a test's own panic") };
    let result = store.write(about_1(), decide).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    assert_eq!(store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap(), 1);
}

pub(crate) async fn a_refused_row_undoes_the_whole_write<S: Store>(store: S) {
    save_customer(&store).await;
    let writes = Writes {
        subjects: vec![customer(2)],
        // Of nobody.
        lanes: vec![lane(99, WAY4, None)],
        attempts: vec![attempt(1)],
        ..Writes::default()
    };
    let result = save(&store, writes).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    let subjects = vec![subject_id(1), subject_id(2)];
    let snapshot = load(&store, Needs { subjects, ..Needs::default() }).await;
    assert_eq!(snapshot.families.len(), 1);
}

pub(crate) async fn an_identifier_cannot_move_to_another_subject<S: Store>(store: S) {
    let subjects = vec![account(1, None), account(2, None)];
    save(&store, Writes { subjects, ..Writes::default() }).await.unwrap();
    let mut thief = account(2, None);
    thief.subject.identifiers.push(identifier(WAY4, "1"));
    let result = save(&store, Writes { subjects: vec![thief], ..Writes::default() }).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");

    // Its own it may repeat, and leaving one out does not remove it.
    let mut owner = account(1, None);
    owner.subject.identifiers.push(identifier(WAY4, "11"));
    save(&store, Writes { subjects: vec![owner], ..Writes::default() }).await.unwrap();
    let mut owner = account(1, None);
    owner.subject.identifiers.clear();
    save(&store, Writes { subjects: vec![owner], ..Writes::default() }).await.unwrap();
    let identifiers = vec![identifier(WAY4, "1"), identifier(WAY4, "11"), identifier(WAY4, "2")];
    let snapshot = load(&store, Needs { identifiers, ..Needs::default() }).await;
    assert_eq!(snapshot.known[&identifier(WAY4, "1")], subject_id(1));
    assert_eq!(snapshot.known[&identifier(WAY4, "11")], subject_id(1));
    assert_eq!(snapshot.known[&identifier(WAY4, "2")], subject_id(2));
}

pub(crate) async fn a_parent_must_exist<S: Store>(store: S) {
    let subjects = vec![account(2, Some(1))];
    let result = save(&store, Writes { subjects, ..Writes::default() }).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    // The store goes on, also where the commit itself was what failed.
    save_customer(&store).await;
    assert_eq!(store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap(), 1);
}

pub(crate) async fn the_maker_cannot_be_the_checker<S: Store>(store: S) {
    let mut row = approval(1, 1);
    row.approval.checker = Some(row.approval.maker.clone());
    let writes = Writes {
        subjects: vec![customer(1)],
        changes: vec![change(1, 1)],
        approvals: vec![row],
        ..Writes::default()
    };
    let result = save(&store, writes).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
}

pub(crate) async fn a_history_entry_is_written_once<S: Store>(store: S) {
    save_customer(&store).await;
    store.write(about_1(), |snapshot| add_entry(&snapshot)).await.unwrap();
    let mut entry = store.history(subject_id(1)).await.unwrap().remove(0);
    entry.body = "{\"b\":2}".into();
    let result = save(&store, Writes { history: vec![entry], ..Writes::default() }).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
    let entries = store.history(subject_id(1)).await.unwrap();
    assert_eq!(&*entries[0].body, "{}");
}

pub(crate) async fn old_answers_are_purged_and_others_kept<S: Store>(store: S) {
    // More than are removed at a time.
    let mut answers: Vec<_> =
        (0..2500).map(|number| answer(&format!("old-{number}"), None, 9)).collect();
    answers.push(answer("young", None, 10));
    save(&store, Writes { answers, ..Writes::default() }).await.unwrap();
    assert_eq!(store.purge_answers(at(9)).await.unwrap(), 0);
    assert_eq!(store.purge_answers(at(10)).await.unwrap(), 2500);
    let answers = vec![answer_key("old-1"), answer_key("young")];
    let snapshot = load(&store, Needs { answers, ..Needs::default() }).await;
    assert_eq!(snapshot.answers.into_keys().collect::<Vec<_>>(), [answer_key("young")]);
}

pub(crate) async fn a_store_that_can_be_written_to_passes_its_check<S: Store>(store: S) {
    store.check().await.unwrap();
    save_customer(&store).await;
    store.check().await.unwrap();
}
