//! What is particular to the SQLite file.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use status_store::record::AnswerRow;
use status_store::sqlite::{Settings, SqliteStore};
use status_store::store::{Needs, Store, StoreError, Writes};
use tempfile::TempDir;

use crate::support::{
    answer, answer_key, at, attempt, change, customer, load, present, save, save_family, subject_id,
};

async fn make() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (SqliteStore::open(&path(&directory)).unwrap(), directory)
}

mod suite {
    crate::suite::suite!(super::super::make);
}

fn path(directory: &TempDir) -> PathBuf {
    directory.path().join("var/record.db")
}

fn impatient() -> Settings {
    Settings { busy_timeout: Duration::from_millis(1), ..Settings::default() }
}

fn about_1() -> Needs {
    Needs { subjects: vec![subject_id(1)], ..Needs::default() }
}

#[tokio::test]
async fn a_reopened_file_has_everything() {
    let (store, directory) = make().await;
    save_family(&store).await;
    let before = format!("{:?}", load(&store, about_1()).await);
    drop(store);
    let store = SqliteStore::open(&path(&directory)).unwrap();
    assert_eq!(format!("{:?}", load(&store, about_1()).await), before);
    assert_eq!(store.change(change(1, 1).id).await.unwrap(), Some(change(1, 1)));
}

#[tokio::test]
async fn the_present_is_the_callers() {
    let (store, _directory) = make().await;
    assert_eq!(present(&store, at(10)).await, at(10));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (store, directory) = make().await;
    drop(store);
    let raw = Connection::open(path(&directory)).unwrap();
    let next = "INSERT INTO refinery_schema_history \
        SELECT version + 1, 'next', applied_on, checksum FROM refinery_schema_history \
        ORDER BY version DESC LIMIT 1";
    assert_eq!(raw.execute(next, []).unwrap(), 1);
    let error = SqliteStore::open(&path(&directory)).unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 3, known: 2 }), "{error:?}");
}

#[test]
fn programs_that_start_together_make_the_schema_once() {
    let directory = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        let open = || SqliteStore::open(&path(&directory)).map(drop);
        let programs: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        for program in programs {
            program.join().unwrap().unwrap();
        }
    });
    let raw = Connection::open(path(&directory)).unwrap();
    let count = "SELECT count(*) FROM refinery_schema_history";
    assert_eq!(raw.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[tokio::test]
async fn history_and_attempts_can_neither_be_changed_nor_removed() {
    let (store, directory) = make().await;
    let mut subject = customer(1);
    let entry = status_store::history::append(
        &mut subject.head,
        subject_id(1),
        change(1, 1).id,
        change(1, 1).created_at,
        "recorded",
        "{}".into(),
    );
    let writes = Writes {
        subjects: vec![subject],
        history: vec![entry],
        attempts: vec![attempt(1)],
        ..Writes::default()
    };
    save(&store, writes).await.unwrap();
    let raw = Connection::open(path(&directory)).unwrap();
    for sql in [
        "UPDATE history SET body = '[]'",
        "DELETE FROM history",
        "UPDATE attempt SET result = 'confirmed'",
        "DELETE FROM attempt",
    ] {
        let error = raw.execute(sql, []).unwrap_err();
        let code = error.sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation), "{sql}");
    }
    assert_eq!(store.history(subject_id(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_locked_file_is_unavailable_and_heals() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_with(&path(&directory), impatient()).unwrap();
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let writes = Writes { subjects: vec![customer(1)], ..Writes::default() };
    let result = save(&store, writes.clone()).await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    let result = store.check().await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    // Whoever only reads is not kept waiting.
    assert_eq!(store.change(change(1, 1).id).await.unwrap(), None);

    raw.execute_batch("ROLLBACK").unwrap();
    store.check().await.unwrap();
    save(&store, writes).await.unwrap();
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
}

fn large(key: &str, seconds: i64) -> AnswerRow {
    let mut row = answer(key, None, seconds);
    row.response.as_mut().unwrap().body = vec![7; 100_000].into();
    row
}

#[tokio::test]
async fn a_full_file_is_unavailable_and_heals() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { size_max_bytes: Some(1_000_000), ..Settings::default() };
    let store = SqliteStore::open_with(&path(&directory), settings).unwrap();
    let write = async |number: i64| {
        let answers = vec![large(&number.to_string(), number)];
        save(&store, Writes { answers, ..Writes::default() }).await
    };
    let mut number = 0;
    let error = loop {
        match write(number).await {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
        assert!(number < 20, "the file grows without end");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let answers = vec![answer_key(&number.to_string()), answer_key("0")];
    let snapshot = load(&store, Needs { answers, ..Needs::default() }).await;
    assert_eq!(snapshot.answers.into_keys().collect::<Vec<_>>(), [answer_key("0")]);

    let removed = store.purge_answers(at(number)).await.unwrap();
    assert_eq!(i64::try_from(removed).unwrap(), number);
    write(number).await.unwrap();
}

#[test]
fn a_file_of_another_kind_is_unavailable_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    let text = "not a record\n".repeat(1000);
    fs::write(&file, &text).unwrap();
    let error = SqliteStore::open(&file).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_row_that_cannot_be_understood_is_reported_by_its_table() {
    let (store, directory) = make().await;
    save_family(&store).await;
    let raw = Connection::open(path(&directory)).unwrap();
    raw.execute("UPDATE subject SET state = '{\"lifecycle\":\"FROZEN\"}'", []).unwrap();
    raw.execute("UPDATE change SET outcome = '\"frozen\"'", []).unwrap();
    let result = store.write(about_1(), |_| (Writes::default(), ())).await;
    assert!(matches!(result, Err(StoreError::Corrupt { table: "subject" })), "{result:?}");
    let result = store.change(change(1, 1).id).await;
    assert!(matches!(result, Err(StoreError::Corrupt { table: "change" })), "{result:?}");
    // Nothing is left locked behind it.
    store.check().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let (store, directory) = make().await;
    save_family(&store).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = directory.path().join("var");
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "the record, its log and the log's index: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn closing_leaves_everything_in_the_one_file() {
    let (store, directory) = make().await;
    save_family(&store).await;
    let log = directory.path().join("var/record.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    let other = store.clone();
    store.close().await.unwrap();
    assert_eq!(fs::metadata(&log).unwrap().len(), 0);
    let copy = directory.path().join("copy.db");
    fs::copy(path(&directory), &copy).unwrap();
    let copy = SqliteStore::open(&copy).unwrap();
    assert_eq!(load(&copy, about_1()).await.families.len(), 1);
    // A clone may go on.
    other.check().await.unwrap();
}

#[tokio::test]
async fn the_file_is_let_go_of_when_the_last_clone_is_dropped() {
    let (store, directory) = make().await;
    let other = store.clone();
    let raw = Connection::open(path(&directory)).unwrap();
    // Write-ahead logging can be turned off only by whoever has the file alone.
    let alone = || {
        let mode = raw
            .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
        mode.is_ok_and(|mode| mode == "delete")
    };
    drop(store);
    other.check().await.unwrap();
    raw.busy_timeout(Duration::from_millis(1)).unwrap();
    assert!(!alone());
    drop(other);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !alone() {
        assert!(Instant::now() < deadline, "the threads did not end");
        thread::yield_now();
    }
}
