//! What somebody with the file in hand can do to it, and what is found of it.

use std::path::PathBuf;

use rusqlite::Connection;
use status_store::audit::{Place, What};
use status_store::history;
use status_store::sqlite::{SqliteReader, SqliteStore};
use status_store::store::StoreError;
use tempfile::TempDir;

use super::store::{self, checkpoint, grow, verify};
use crate::support::{at, change_id, subject_id};

fn path(directory: &TempDir) -> PathBuf {
    directory.path().join("record.db")
}

macro_rules! suite {
    ($($name:ident)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(&path(&directory)).unwrap();
                store::$name(store, || SqliteReader::open(&path(&directory)).unwrap()).await;
            }
        )+
    };
}

suite! {
    a_checkpoint_has_the_subjects_that_have_grown
    more_subjects_than_fit_go_into_the_next_checkpoint
    a_checkpoint_that_cannot_be_signed_is_not_made
    pages_have_everything_once
    a_reader_sees_one_moment
}

/// Two subjects with six entries each, in three checkpoints; nobody has the file open.
async fn record() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&path(&directory)).unwrap();
    for _ in 0..3 {
        for subject in 1..=2 {
            grow(&store, subject, 2).await;
        }
        checkpoint(&store).await.unwrap();
    }
    store.close().await.unwrap();
    directory
}

/// Opens the file as somebody would who wants to cover up something: no triggers, no constraints.
fn tamper(directory: &TempDir) -> Connection {
    let raw = Connection::open(path(directory)).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    let triggers: Vec<String> = raw
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        raw.execute(&format!("DROP TRIGGER {trigger}"), []).unwrap();
    }
    raw
}

/// What is found after these statements, the first of it.
#[track_caller]
fn after(sql: &str) -> impl Future<Output = (Place, What)> {
    let sql = sql.to_owned();
    async move {
        let directory = record().await;
        tamper(&directory).execute_batch(&sql).unwrap();
        let (findings, _) = verify(SqliteReader::open(&path(&directory)).unwrap()).await;
        let first = findings.first().unwrap_or_else(|| panic!("nothing found after {sql}"));
        (first.place, first.what)
    }
}

fn entry(number: u64) -> Place {
    Place::Entry(subject_id(1), number)
}

/// The first subject's id in SQL.
const ONE: &str = "x'00000000000000000000000000000001'";

#[tokio::test]
async fn a_changed_entry_is_named() {
    for change in [
        "body = '{\"n\":7}'",
        "body = CAST(x'ff' AS TEXT)",
        "kind = 'applied'",
        "written_at = written_at + 1",
        "written_at = 9223372036854775807",
        "change = zeroblob(16)",
        "change = zeroblob(3)",
        "hash = zeroblob(32)",
        "hash = zeroblob(31)",
        "previous = zeroblob(32)",
    ] {
        let sql = format!("UPDATE history SET {change} WHERE subject = {ONE} AND number = 4");
        assert_eq!(after(&sql).await, (entry(4), What::Changed), "{change}");
    }
}

#[tokio::test]
async fn a_removed_entry_is_named() {
    let sql = format!("DELETE FROM history WHERE subject = {ONE} AND number = 3");
    assert_eq!(after(&sql).await, (entry(3), What::Removed));
    // The entries after it moved up, so that no number is missing.
    let sql = format!(
        "{sql}; UPDATE history SET number = number - 1 WHERE subject = {ONE} AND number > 3; \
         UPDATE subject SET history_length = 5 WHERE id = {ONE}"
    );
    assert_eq!(after(&sql).await, (entry(3), What::Changed));
}

#[tokio::test]
async fn truncated_entries_are_named_also_when_the_subject_knows_nothing_of_them() {
    let sql = format!("DELETE FROM history WHERE subject = {ONE} AND number > 3");
    assert_eq!(after(&sql).await, (entry(4), What::Truncated));
    let sql = format!(
        "{sql}; UPDATE subject SET history_length = 3, history_hash = \
         (SELECT hash FROM history WHERE subject = {ONE} AND number = 3) WHERE id = {ONE}"
    );
    assert_eq!(after(&sql).await, (entry(4), What::Truncated));
    let sql =
        format!("DELETE FROM history WHERE subject = {ONE}; DELETE FROM subject WHERE id = {ONE}");
    assert_eq!(after(&sql).await, (entry(1), What::Truncated));
}

#[tokio::test]
async fn reordered_entries_are_named() {
    let sql = format!(
        "UPDATE history SET number = 99 WHERE subject = {ONE} AND number = 2; \
         UPDATE history SET number = 2 WHERE subject = {ONE} AND number = 5; \
         UPDATE history SET number = 5 WHERE subject = {ONE} AND number = 99"
    );
    assert_eq!(after(&sql).await, (entry(2), What::Reordered));
}

#[tokio::test]
async fn an_entry_added_at_either_end_is_named() {
    let add = |number: i64| {
        format!(
            "INSERT INTO history SELECT subject, {number}, change, written_at, kind, body, previous, \
             hash FROM history WHERE subject = {ONE} AND number = 6"
        )
    };
    assert_eq!(after(&add(7)).await, (entry(7), What::Changed));
    assert_eq!(after(&add(0)).await, (entry(1), What::Reordered));
    assert_eq!(after(&add(-1)).await, (entry(1), What::Reordered));
}

#[tokio::test]
async fn a_history_made_anew_as_a_whole_is_found_by_its_checkpoint() {
    let directory = record().await;
    let raw = tamper(&directory);
    let hash_of = "SELECT hash FROM history WHERE subject = ?1 AND number = 2";
    let id = subject_id(1);
    let hash = raw.query_row(hash_of, [id.0.as_bytes()], |row| row.get(0)).unwrap();
    let mut head = status_store::record::Head { length: 2, hash };
    for number in 3..=6 {
        let row = history::append(&mut head, id, change_id(1), at(9), "recorded", "{}".into());
        let update = "UPDATE history SET change = ?3, written_at = ?4, kind = ?5, body = ?6, \
                      previous = ?7, hash = ?8 WHERE subject = ?1 AND number = ?2";
        let parameters = rusqlite::params![
            id.0.as_bytes(),
            number,
            row.change.0.as_bytes(),
            row.at.timestamp_micros(),
            row.kind,
            row.body,
            row.previous,
            row.hash
        ];
        raw.execute(update, parameters).unwrap();
    }
    let update = "UPDATE subject SET history_hash = ?2 WHERE id = ?1";
    raw.execute(update, rusqlite::params![id.0.as_bytes(), head.hash]).unwrap();
    drop(raw);

    // Entries and checkpoints that are added to it later do not make it good.
    let store = SqliteStore::open(&path(&directory)).unwrap();
    grow(&store, 1, 2).await;
    checkpoint(&store).await.unwrap();
    let (findings, _) = verify(SqliteReader::open(&path(&directory)).unwrap()).await;
    let [found] = findings[..] else { panic!("{findings:?}") };
    assert_eq!(found.place, entry(4));
    assert_eq!(found.what, What::NotCommitted { checkpoint: 2, unproven_from: 3 });
}

#[tokio::test]
async fn a_changed_end_is_not_blamed_on_the_history() {
    for change in ["history_hash = zeroblob(32)", "history_length = 7", "history_hash = x''"] {
        let sql = format!("UPDATE subject SET {change} WHERE id = {ONE}");
        let expected = (Place::Subject(subject_id(1)), What::EndChanged);
        assert_eq!(after(&sql).await, expected, "{change}");
    }
}

#[tokio::test]
async fn a_changed_checkpoint_is_named() {
    for change in [
        "made_at = made_at + 1",
        "leaves = 3",
        "root = zeroblob(32)",
        "previous = zeroblob(32)",
        "key = zeroblob(32)",
        "key = zeroblob(2)",
        "signature = x'00'",
        "hash = zeroblob(32)",
    ] {
        let sql = format!("UPDATE checkpoint SET {change} WHERE number = 2");
        assert_eq!(after(&sql).await, (Place::Checkpoint(2), What::Changed), "{change}");
    }
    let expected = (Place::Checkpoint(2), What::Removed);
    assert_eq!(after("DELETE FROM checkpoint WHERE number = 2").await, expected);
}

#[tokio::test]
async fn a_checkpoint_with_a_changed_leaf_is_named_and_the_history_is_not() {
    for sql in [
        "UPDATE checkpoint_leaf SET length = 3 WHERE checkpoint = 2 AND subject = ONE",
        "UPDATE checkpoint_leaf SET length = -3 WHERE checkpoint = 2 AND subject = ONE",
        "UPDATE checkpoint_leaf SET hash = zeroblob(32) WHERE checkpoint = 2 AND subject = ONE",
        "UPDATE checkpoint_leaf SET hash = x'' WHERE checkpoint = 2 AND subject = ONE",
        "DELETE FROM checkpoint_leaf WHERE checkpoint = 2 AND subject = ONE",
        "INSERT INTO checkpoint_leaf VALUES (2, zeroblob(16), 1, zeroblob(32))",
    ] {
        let directory = record().await;
        tamper(&directory).execute_batch(&sql.replace("ONE", ONE)).unwrap();
        let (findings, _) = verify(SqliteReader::open(&path(&directory)).unwrap()).await;
        let [found] = findings[..] else { panic!("{sql}: {findings:?}") };
        assert_eq!((found.place, found.what), (Place::Checkpoint(2), What::LeavesChanged), "{sql}");
    }
}

#[tokio::test]
async fn checkpoints_can_neither_be_changed_nor_removed_nor_skipped_by_mistake() {
    let directory = record().await;
    let raw = Connection::open(path(&directory)).unwrap();
    for sql in [
        "UPDATE checkpoint SET made_at = 0",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint_leaf SET length = 1",
        "DELETE FROM checkpoint_leaf",
        "INSERT INTO checkpoint SELECT 5, made_at, leaves, root, previous, key, signature, hash \
         FROM checkpoint WHERE number = 3",
    ] {
        let code = raw.execute(sql, []).unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation), "{sql}");
    }
}

#[tokio::test]
async fn subjects_that_have_grown_are_found_without_looking_at_the_others() {
    let directory = record().await;
    let raw = Connection::open(path(&directory)).unwrap();
    let plan: String = raw
        .query_row(
            "EXPLAIN QUERY PLAN SELECT id, history_length, history_hash FROM subject \
             INDEXED BY subject_uncommitted \
             WHERE history_length > committed_length ORDER BY id LIMIT 9",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert_eq!(plan, "SCAN subject USING INDEX subject_uncommitted");
    let left = "SELECT count(*) FROM subject WHERE history_length > committed_length";
    let left: i64 = raw.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_record_of_before_there_were_checkpoints_is_verified_and_then_checkpointed() {
    let directory = record().await;
    let raw = tamper(&directory);
    raw.execute_batch(
        "DROP TABLE checkpoint_leaf; DROP TABLE checkpoint; DROP INDEX subject_uncommitted; \
         ALTER TABLE subject DROP COLUMN committed_length; \
         DELETE FROM refinery_schema_history WHERE version = 2",
    )
    .unwrap();
    drop(raw);
    let (findings, counts) = verify(SqliteReader::open(&path(&directory)).unwrap()).await;
    assert_eq!(findings, []);
    assert_eq!((counts.checkpoints, counts.entries, counts.uncommitted), (0, 12, 12));
    let store = SqliteStore::open(&path(&directory)).unwrap();
    assert_eq!(checkpoint(&store).await.unwrap().draft.leaves, 2);
    assert_eq!(verify(SqliteReader::open(&path(&directory)).unwrap()).await.1.uncommitted, 0);
}

#[tokio::test]
async fn a_file_that_is_no_record_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteReader::open(&path(&directory)).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!path(&directory).exists());
    drop(Connection::open(path(&directory)).unwrap().execute_batch("CREATE TABLE t (a)"));
    let error = SqliteReader::open(&path(&directory)).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
