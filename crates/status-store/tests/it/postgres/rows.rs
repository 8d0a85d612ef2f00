//! What rows hold, and what is said of them.

use status_domain::ids::Identifier;
use status_store::record::{AnswerKey, AnswerRow};
use status_store::store::{Needs, Store as _, StoreError, Writes};

use super::{about_1, cluster, make, raw};
use crate::support::{
    NETXD, account, answer, at, attempt, change, customer, identifier, load, present, save,
    save_family, subject_id,
};

#[tokio::test]
async fn the_present_is_the_databases() {
    let (store, database) = make().await;
    let raw = raw(&cluster().url(&database)).await;
    let clock = async || {
        let us = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        raw.client.query_one(us, &[]).await.unwrap().get::<_, i64>(0)
    };
    let before = clock().await;
    let now = present(&store, at(10)).await.timestamp_micros();
    let after = clock().await;
    assert!(before <= now && now <= after, "{before} {now} {after}");
}

#[tokio::test]
async fn text_with_nul_characters_comes_back_as_it_was() {
    let (store, _database) = make().await;
    let key = AnswerKey { client: "s\0p".into(), key: "1\u{10}\0".into() };
    let answer = AnswerRow { key: key.clone(), ..answer("1", Some(1), 0) };
    let mut row = change(1, 1);
    row.summary = "a\0b".into();
    row.answer_key = Some(key.clone());
    let mut tried = attempt(1);
    tried.detail = Some("\0".into());
    let writes = Writes {
        subjects: vec![customer(1)],
        changes: vec![row.clone()],
        answers: vec![answer.clone()],
        attempts: vec![tried],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    let snapshot = load(&store, Needs { answers: vec![key.clone()], ..Needs::default() }).await;
    assert_eq!(snapshot.answers[&key], answer);
    assert_eq!(store.change(row.id).await.unwrap(), Some(row));
}

#[tokio::test]
async fn a_key_may_be_longer_than_an_index_takes() {
    let (store, _database) = make().await;
    // No two bytes of it alike enough to be compressed.
    let key: String =
        (0..20_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let key = AnswerKey { client: "ssp".into(), key: key.into() };
    let answer = AnswerRow { key: key.clone(), ..answer("1", None, 0) };
    save(&store, Writes { answers: vec![answer.clone()], ..Writes::default() }).await.unwrap();
    let snapshot = load(&store, Needs { answers: vec![key.clone()], ..Needs::default() }).await;
    assert_eq!(snapshot.answers[&key], answer);
}

#[tokio::test]
async fn more_unknown_names_than_can_be_locked_one_by_one_are_taken() {
    let (store, _database) = make().await;
    let identifiers: Vec<Identifier> =
        (0..5000).map(|number| identifier(NETXD, &format!("n{number}"))).collect();
    let needs = Needs { identifiers, ..Needs::default() };
    let known = store.write(needs, |snapshot| (Writes::default(), snapshot.known.len())).await;
    assert_eq!(known.unwrap(), 0);
}

#[tokio::test]
async fn the_last_of_several_rows_with_one_key_counts() {
    let (store, _database) = make().await;
    let mut twice = customer(1);
    twice.subject.identifiers.push(identifier(NETXD, "1"));
    let mut last = twice.clone();
    last.head.length = 3;
    save(&store, Writes { subjects: vec![twice, last], ..Writes::default() }).await.unwrap();
    let snapshot = load(&store, about_1()).await;
    let [row] = &snapshot.families[0].subjects[..] else { panic!("one subject") };
    assert_eq!(row.head.length, 3);
    assert_eq!(row.subject.identifiers, [identifier(NETXD, "1")]);
}

#[tokio::test]
async fn a_refused_row_is_not_quoted() {
    let (store, _database) = make().await;
    let value = "4111111111111111";
    let mut owner = account(1, None);
    owner.subject.identifiers.push(identifier(NETXD, value));
    save(&store, Writes { subjects: vec![owner], ..Writes::default() }).await.unwrap();
    let mut thief = account(2, None);
    thief.subject.identifiers.push(identifier(NETXD, value));
    let moved = save(&store, Writes { subjects: vec![thief], ..Writes::default() }).await;
    // The server's own message of this has the whole row in it.
    let mut row = change(1, 1);
    row.summary = value.into();
    row.settled_at = Some(at(1));
    let checked = save(&store, Writes { changes: vec![row], ..Writes::default() }).await;
    for result in [moved, checked] {
        let Err(StoreError::Refused(source)) = result else { panic!("{result:?}") };
        let text = format!("{source} {source:?}");
        assert!(text.contains("SQLSTATE"), "{text}");
        assert!(!text.contains(value), "{text}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_understood_is_reported_by_its_table() {
    let (store, database) = make().await;
    save_family(&store).await;
    let raw = raw(&cluster().url(&database)).await;
    let spoil = "UPDATE subject SET state = '{\"lifecycle\":\"FROZEN\"}'; \
        UPDATE change SET outcome = '\"frozen\"'";
    raw.client.batch_execute(spoil).await.unwrap();
    let result = store.write(about_1(), |_| (Writes::default(), ())).await;
    assert!(matches!(result, Err(StoreError::Corrupt { table: "subject" })), "{result:?}");
    let result = store.change(change(1, 1).id).await;
    assert!(matches!(result, Err(StoreError::Corrupt { table: "change" })), "{result:?}");
    // Nothing is left locked behind it.
    store.check().await.unwrap();
    raw.client.query("SELECT 1 FROM subject FOR UPDATE NOWAIT", &[]).await.unwrap();
    assert_eq!(store.history(subject_id(1)).await.unwrap(), []);
}
