//! A server that is slow, silent, gone or back again.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use status_store::postgres::{Notice, PostgresStore, Settings};
use status_store::store::{Needs, Store as _, StoreError, Writes};
use status_testkit::postgres::Cluster;

use super::{
    LONG, Raw, about_1, cluster, connect, database, eventually, make, patient, raw, unavailable,
    url,
};
use crate::support::{NETXD, customer, lane, load, save, save_family};

/// Enough for what is to succeed on a busy machine, and short enough to wait for.
const SHORT: Duration = Duration::from_secs(2);

/// Only the store's own limit is in play.
fn impatient() -> Settings {
    Settings { connections_max: 1, call_timeout: SHORT, ..patient() }
}

fn customers() -> Writes {
    Writes { subjects: vec![customer(1)], ..Writes::default() }
}

/// Holds the family of subject 1 until it is dropped.
async fn holder(database: &str) -> Raw {
    let raw = raw(&cluster().url(database)).await;
    let hold = "BEGIN; SELECT * FROM subject FOR UPDATE";
    raw.client.batch_execute(hold).await.unwrap();
    raw
}

/// Processes of the server that work for stores on this database.
async fn backends(raw: &Raw) -> Vec<i32> {
    let all = "SELECT pid FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'statusgate' ORDER BY pid";
    raw.client.query(all, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_connection_whose_statement_was_abandoned_is_not_used_again() {
    let database = database().await;
    let store = PostgresStore::connect(&url(&database), impatient()).await.unwrap();
    save(&store, customers()).await.unwrap();
    let holder = holder(&database).await;
    let watcher = raw(&cluster().url(&database)).await;
    let before = backends(&watcher).await;
    assert_eq!(before.len(), 1);

    unavailable(&store.write(about_1(), |_| (customers(), ())).await);
    // The only connection of the pool waits for the lock, so this comes on another.
    assert_eq!(store.next_due(&NETXD).await.unwrap(), None);
    // What waited has been told to give up, although the lock is still held.
    eventually(async || {
        let now = backends(&watcher).await;
        now.len() == 1 && now != before
    })
    .await;
    drop(holder);
    save(&store, customers()).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_held_for_too_long_is_unavailable_and_the_connection_stays() {
    let database = database().await;
    let settings = Settings { lock_timeout: Duration::from_millis(100), ..patient() };
    let store = PostgresStore::connect(&url(&database), settings).await.unwrap();
    save(&store, customers()).await.unwrap();
    let holder = holder(&database).await;
    let before = backends(&holder).await;
    let result = store.write(about_1(), |_| (customers(), ())).await;
    let Err(StoreError::Unavailable(source)) = result else { panic!("{result:?}") };
    assert!(source.to_string().contains("55P03"), "{source}");
    assert_eq!(backends(&holder).await, before);
    drop(holder);
    save(&store, customers()).await.unwrap();
}

#[tokio::test]
async fn a_pool_without_a_free_connection_is_unavailable_in_time() {
    let database = database().await;
    let settings =
        Settings { connections_max: 1, wait_timeout: Duration::from_millis(50), ..patient() };
    let store = PostgresStore::connect(&url(&database), settings).await.unwrap();
    save(&store, customers()).await.unwrap();
    let holder = holder(&database).await;
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.write(about_1(), |_| (customers(), ())).await })
    };
    let is_waiting = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(async || {
        holder.client.query_one(is_waiting, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;
    let began = Instant::now();
    let result = store.next_due(&NETXD).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let Err(StoreError::Unavailable(source)) = result else { panic!("{result:?}") };
    assert_eq!(source.to_string(), "all connections are in use");
    drop(holder);
    waiting.await.unwrap().unwrap();
    assert_eq!(store.next_due(&NETXD).await.unwrap(), None);
}

/// Ends every connection to this database, as an operator or a failover would.
fn terminate(url: String) {
    // The decision that calls this runs on the store's own runtime.
    let terminate = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let raw = raw(&url).await;
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            raw.client.query(others, &[]).await.unwrap();
        });
    };
    std::thread::spawn(terminate).join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_dies_during_the_decision_writes_nothing_and_the_store_heals() {
    let (store, database) = make().await;
    let url = cluster().url(&database);
    let decide = move |_| {
        terminate(url);
        (customers(), ())
    };
    unavailable(&store.write(Needs::default(), decide).await);
    // The next call heals, also where more than one connection has died.
    assert_eq!(load(&store, about_1()).await.families.len(), 0);
    save(&store, customers()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_stands_still_is_unavailable_in_time_and_heals() {
    let cluster = Cluster::start().unwrap();
    cluster.create_database("still");
    let url = SecretString::from(cluster.url("still"));
    let store = PostgresStore::connect(&url, impatient()).await.unwrap();
    save(&store, customers()).await.unwrap();
    cluster.pause();
    let began = Instant::now();
    unavailable(&save(&store, customers()).await);
    unavailable(&store.next_due(&NETXD).await);
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
    cluster.resume();
    eventually(async || store.check().await.is_ok()).await;
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
}

/// A store whose commits with new subjects last until the lock that `Raw` holds is given back.
async fn slow_commits(settings: Settings) -> (PostgresStore, Raw) {
    let database = database().await;
    let store = PostgresStore::connect(&url(&database), settings).await.unwrap();
    let raw = raw(&cluster().url(&database)).await;
    let slow = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'; \
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON subject DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION wait(); SELECT pg_advisory_lock(1)";
    raw.client.batch_execute(slow).await.unwrap();
    (store, raw)
}

#[tokio::test]
async fn a_commit_that_is_slow_is_waited_for_on_another_connection() {
    let settings = Settings { resolve_timeout: LONG, ..impatient() };
    let (store, raw) = slow_commits(settings).await;
    let saved = tokio::spawn({
        let store = store.clone();
        async move { save(&store, customers()).await }
    });
    let is_asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND wait_event_type = 'Lock' AND query LIKE '%ON CONFLICT DO NOTHING'";
    eventually(async || raw.client.query_one(is_asked, &[]).await.unwrap().get::<_, i64>(0) == 1)
        .await;
    raw.client.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    saved.await.unwrap().unwrap();
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
}

#[tokio::test]
async fn a_commit_that_does_not_end_leaves_the_write_in_doubt() {
    let settings = Settings { resolve_timeout: SHORT, ..impatient() };
    let (store, raw) = slow_commits(settings).await;
    let result = save(&store, customers()).await;
    assert!(matches!(result, Err(StoreError::InDoubt(_))), "{result:?}");
    assert_eq!(load(&store, about_1()).await.families.len(), 0);
    // It was right to doubt: nobody told the server to give it up.
    raw.client.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    eventually(async || load(&store, about_1()).await.families.len() == 1).await;
}

#[tokio::test]
async fn a_restarted_server_is_found_again_by_calls_and_by_listeners() {
    let cluster = Cluster::start().unwrap();
    cluster.create_database("again");
    let url = SecretString::from(cluster.url("again"));
    let store = PostgresStore::connect(&url, patient()).await.unwrap();
    let mut notices = store.listen().await.unwrap();
    save_family(&store).await;
    cluster.kill();
    unavailable(&store.check().await);
    unavailable(&save(&store, customers()).await);
    cluster.restart();
    // The server is ready, so the first call finds it.
    store.check().await.unwrap();
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
    assert_eq!(notices.recv().await, Some(Notice::Missed));
    let lanes = vec![lane(1, NETXD, Some(0))];
    save(&store, Writes { lanes, ..Writes::default() }).await.unwrap();
    assert_eq!(notices.recv().await, Some(Notice::Due(NETXD)));
    cluster.stop();
    unavailable(&store.check().await);
}

#[tokio::test]
async fn a_record_that_only_reads_does_not_pass_its_check() {
    let database = database().await;
    let store = connect(&database).await;
    store.check().await.unwrap();
    let raw = raw(&cluster().url(&database)).await;
    let read_only = format!("ALTER DATABASE {database} SET default_transaction_read_only = on");
    raw.client.batch_execute(&read_only).await.unwrap();
    // A connection that was there before knows nothing of it.
    terminate(cluster().url(&database));
    unavailable(&store.check().await);
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let (store, _database) = make().await;
    let other = store.clone();
    store.close();
    unavailable(&other.check().await);
}

#[tokio::test]
async fn the_password_is_never_shown() {
    let (store, database) = make().await;
    let password = cluster().password();
    let wrong = cluster().url(&database).replace(password, "wrong-secret");
    let nobody = cluster().url("no_such_database");
    let nowhere = nobody.replace(&cluster().port().to_string(), "1");
    let unparsable = nobody.replace("127.0.0.1", "[127.0.0.1");
    let mut shown = vec![format!("{store:?}")];
    for address in [wrong, nobody, nowhere, unparsable] {
        let error = PostgresStore::connect(&address.into(), Settings::default()).await.unwrap_err();
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(one) = source {
            shown.push(format!("{one} {one:?}"));
            source = one.source();
        }
    }
    for text in shown {
        assert!(!text.contains(password) && !text.contains("wrong-secret"), "{text}");
    }
}
