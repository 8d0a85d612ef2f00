//! Bringing the schema up to date.

use status_store::postgres::{PostgresStore, Settings};
use status_store::store::{Store as _, StoreError, Writes};

use super::{cluster, database, make, raw, url};
use crate::support::{attempt, change, customer, save, subject_id};

#[tokio::test]
async fn gateways_that_start_together_make_the_schema_once() {
    cluster().create_database("together");
    let connect = async || PostgresStore::connect(&url("together"), Settings::default()).await;
    let (a, b, c, d) = tokio::join!(connect(), connect(), connect(), connect());
    for store in [a, b, c, d] {
        store.unwrap().check().await.unwrap();
    }
    let raw = raw(&cluster().url("together")).await;
    let count = "SELECT count(*) = max(version) FROM refinery_schema_history";
    assert!(raw.client.query_one(count, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = database().await;
    let raw = raw(&cluster().url(&database)).await;
    let next = "INSERT INTO refinery_schema_history \
        SELECT version + 1, 'next', applied_on, checksum FROM refinery_schema_history \
        ORDER BY version DESC LIMIT 1";
    assert_eq!(raw.client.execute(next, &[]).await.unwrap(), 1);
    let error = PostgresStore::connect(&url(&database), Settings::default()).await.unwrap_err();
    let StoreError::TooNew { found, known } = error else { panic!("{error:?}") };
    assert_eq!(found, known + 1);
    assert!(error.to_string().contains("up to"), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let admin = raw(&cluster().url("postgres")).await;
    admin
        .client
        .batch_execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
        .await
        .unwrap();
    let error = PostgresStore::connect(&url("latin"), Settings::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn history_and_attempts_can_neither_be_changed_nor_removed() {
    let (store, database) = make().await;
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
    let raw = raw(&cluster().url(&database)).await;
    for sql in [
        "UPDATE history SET body = '[]'",
        "DELETE FROM history",
        "TRUNCATE history",
        "UPDATE attempt SET result = 'confirmed'",
        "DELETE FROM attempt",
        "TRUNCATE attempt",
    ] {
        let error = raw.client.batch_execute(sql).await.unwrap_err();
        let said = error.as_db_error().unwrap().message();
        assert!(said.ends_with("are written once"), "{sql}: {said}");
    }
    assert_eq!(store.history(subject_id(1)).await.unwrap().len(), 1);
}
