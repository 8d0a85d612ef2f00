//! Several gateways on one record.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use status_domain::ids::SubjectId;
use status_store::postgres::{Notice, PostgresStore};
use status_store::record::{ChangeOutcome, ChangeRow, LaneRow, Lease};
use status_store::store::{Needs, Snapshot, Store as _, Writes};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::{connect, database};
use crate::support::{
    NETXD, WAY4, account, answer, answer_key, at, attempt, change, change_id, customer, identifier,
    lane, load, save, save_family, subject_id,
};

async fn pair() -> (PostgresStore, PostgresStore) {
    let database = database().await;
    (connect(&database).await, connect(&database).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twins_on_two_gateways_one_is_first_and_the_other_sees_it() {
    let (one, other) = pair().await;
    for number in 0..20 {
        let key = number.to_string();
        let twin = async |store: &PostgresStore| {
            let key = key.clone();
            let needs = Needs { answers: vec![answer_key(&key)], ..Needs::default() };
            let decide = move |snapshot: Snapshot| {
                if snapshot.answers.contains_key(&answer_key(&key)) {
                    return (Writes::default(), false);
                }
                (Writes { answers: vec![answer(&key, None, 0)], ..Writes::default() }, true)
            };
            store.write(needs, decide).await.unwrap()
        };
        let (a, b, c, d) = tokio::join!(twin(&one), twin(&other), twin(&one), twin(&other));
        assert_eq!([a, b, c, d].iter().filter(|first| **first).count(), 1);
    }
}

/// How long a decision waits for one that must not be made meanwhile.
const MEANWHILE: Duration = Duration::from_millis(500);

/// Finds the subject that a name has, or registers one after `before` has returned.
async fn register(
    store: &PostgresStore,
    id: u128,
    before: impl FnOnce() + Send + 'static,
) -> SubjectId {
    let name = identifier(WAY4, "new");
    let needs = Needs { identifiers: vec![name.clone()], ..Needs::default() };
    let decide = move |snapshot: Snapshot| {
        before();
        if let Some(known) = snapshot.known.get(&name) {
            return (Writes::default(), *known);
        }
        let mut row = account(id, None);
        row.subject.identifiers = vec![name];
        (Writes { subjects: vec![row], ..Writes::default() }, subject_id(id))
    };
    store.write(needs, decide).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn two_gateways_that_register_one_name_make_one_subject() {
    let (one, other) = pair().await;
    let (deciding, decided) = mpsc::channel();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let first = tokio::spawn(async move {
        let wait = move || {
            begun.send(()).unwrap();
            // The other must not get as far as deciding before this is committed.
            decided.recv_timeout(MEANWHILE).unwrap_err();
        };
        register(&one, 1, wait).await
    });
    begins.await.unwrap();
    // Nobody may be listening any more, which is as it should be.
    let second = register(&other, 2, move || deciding.send(()).unwrap_or_default()).await;
    assert_eq!(first.await.unwrap(), subject_id(1));
    assert_eq!(second, subject_id(1));
    // Whoever came second was given the family too.
    let identifiers = vec![identifier(WAY4, "new")];
    let snapshot = load(&other, Needs { identifiers, ..Needs::default() }).await;
    assert_eq!(snapshot.families[0].root, subject_id(1));
}

/// Claims up to five lanes and leases them, as a gateway does.
async fn claim(store: &PostgresStore) -> Vec<SubjectId> {
    let needs = Needs { claims: vec![(NETXD, 5)], ..Needs::default() };
    let decide = |snapshot: Snapshot| {
        let until = snapshot.now + chrono::TimeDelta::hours(1);
        let due = snapshot.due;
        let row = |(subject, system): &(SubjectId, _)| LaneRow {
            subject: *subject,
            system: Clone::clone(system),
            due_at: Some(at(0)),
            lease: Some(Lease { token: Uuid::from_u128(1), until }),
        };
        let lanes = due.iter().map(row).collect();
        let taken = due.into_iter().map(|(subject, _)| subject).collect();
        (Writes { lanes, ..Writes::default() }, taken)
    };
    store.write(needs, decide).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_of_two_gateways_never_overlap_and_leave_nothing() {
    const CUSTOMERS: u128 = 40;
    let (one, other) = pair().await;
    // Each with an account: two lanes under one lock.
    let accounts = (1..=CUSTOMERS).map(|number| account(100 + number, Some(number)));
    let subjects: Vec<_> = (1..=CUSTOMERS).map(customer).chain(accounts).collect();
    let lanes = subjects.iter().map(|row| row.subject.id);
    let lanes = lanes.map(|subject| LaneRow { subject, ..lane(1, NETXD, Some(0)) }).collect();
    let total = subjects.len();
    save(&one, Writes { subjects, lanes, ..Writes::default() }).await.unwrap();

    let mut taken: Vec<SubjectId> = Vec::new();
    while taken.len() < total {
        let (a, b, c, d) = tokio::join!(claim(&one), claim(&other), claim(&one), claim(&other));
        let found = [a, b, c, d].concat();
        assert!(!found.is_empty(), "{} of {total} lanes are claimed by nobody", taken.len());
        taken.extend(found);
    }
    let distinct: BTreeSet<_> = taken.iter().copied().collect();
    assert_eq!(distinct.len(), taken.len());
    assert_eq!(claim(&one).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_share_families_in_any_order_all_succeed() {
    let (one, other) = pair().await;
    let subjects = (1..=8).map(customer).collect();
    let lanes = (1..=8).map(|number| lane(number, NETXD, Some(0))).collect();
    save(&one, Writes { subjects, lanes, ..Writes::default() }).await.unwrap();
    let batch = |store: &PostgresStore, numbers: [u128; 4]| {
        let store = store.clone();
        let answers = numbers.map(|number| answer_key(&number.to_string())).to_vec();
        let identifiers = numbers.map(|number| identifier(NETXD, &number.to_string())).to_vec();
        let claims = vec![(NETXD, 3)];
        let needs = Needs { identifiers, answers, claims, ..Needs::default() };
        let decide = move |snapshot: Snapshot| {
            let families = snapshot.families.into_iter();
            let writes = Writes {
                subjects: families.flat_map(|family| family.subjects).collect(),
                answers: numbers.map(|number| answer(&number.to_string(), None, 0)).to_vec(),
                attempts: vec![attempt(1)],
                ..Writes::default()
            };
            (writes, ())
        };
        tokio::spawn(async move { store.write(needs, decide).await })
    };
    let mut batches = Vec::new();
    for round in 0..10 {
        let store = if round % 2 == 0 { &one } else { &other };
        batches.push(batch(store, [1, 3, 5, 7]));
        batches.push(batch(store, [8, 5, 2, 1]));
        batches.push(batch(store, [4, 7, 1, 8]));
    }
    for batch in batches {
        batch.await.unwrap().unwrap();
    }
}

async fn next(notices: &mut Receiver<Notice>) -> Notice {
    tokio::time::timeout(Duration::from_secs(30), notices.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_gateway_hears_what_another_has_written() {
    let (one, other) = pair().await;
    let mut notices = other.listen().await.unwrap();
    save_family(&one).await;
    let settled = |number| ChangeRow { outcome: ChangeOutcome::Applied, ..change(number, 1) };
    let writes = Writes {
        changes: vec![settled(1), settled(2)],
        lanes: vec![lane(1, NETXD, Some(0)), lane(2, NETXD, Some(1)), lane(3, WAY4, None)],
        ..Writes::default()
    };
    save(&one, writes).await.unwrap();
    let heard = [next(&mut notices).await, next(&mut notices).await, next(&mut notices).await];
    assert_eq!(
        heard,
        [Notice::Settled(change_id(1)), Notice::Settled(change_id(2)), Notice::Due(NETXD)]
    );
}

#[tokio::test]
async fn nothing_is_heard_of_what_was_not_committed() {
    let (one, other) = pair().await;
    let mut notices = other.listen().await.unwrap();
    save_family(&one).await;
    let refused = Writes {
        lanes: vec![lane(1, NETXD, Some(0)), lane(99, NETXD, Some(0))],
        ..Writes::default()
    };
    save(&one, refused).await.unwrap_err();
    let lanes = vec![lane(1, WAY4, Some(0))];
    save(&one, Writes { lanes, ..Writes::default() }).await.unwrap();
    assert_eq!(next(&mut notices).await, Notice::Due(WAY4));
}

#[tokio::test]
async fn tokens_of_finished_transactions_do_not_pile_up() {
    let database = database().await;
    let store = connect(&database).await;
    for _ in 0..20 {
        let subjects = vec![customer(1)];
        save(&store, Writes { subjects, ..Writes::default() }).await.unwrap();
    }
    let raw = super::raw(&super::cluster().url(&database)).await;
    let count = "SELECT count(*) FROM commit_token";
    let tokens: i64 = raw.client.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(tokens, 1);
    assert_eq!(load(&store, super::about_1()).await.families[0].root, subject_id(1));
}
