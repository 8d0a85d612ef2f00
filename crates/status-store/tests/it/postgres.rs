//! What is particular to PostgreSQL.

mod faults;
mod replicas;
mod rows;
mod schema;
mod tls;
mod wire;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use status_store::postgres::{PostgresStore, Settings};
use status_store::store::{Needs, StoreError};
use status_testkit::postgres::Cluster;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::support::subject_id;

/// The server that most tests share.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap_or_else(|missing| panic!("{missing}")))
}

/// An empty record of its own, copied from one that was made once.
async fn database() -> String {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let cluster = cluster();
    // On a runtime of its own, with which every connection to the template ends.
    let template = || {
        cluster.create_database("template");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { drop(connect("template").await) });
    };
    let template = async { std::thread::spawn(template).join().unwrap() };
    TEMPLATE.get_or_init(|| template).await;
    let name = format!("record_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    cluster.copy_database(&name, "template");
    name
}

fn url(database: &str) -> SecretString {
    cluster().url(database).into()
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(120);

/// For tests that are not about limits, on machines that are busy.
fn patient() -> Settings {
    Settings {
        wait_timeout: LONG,
        create_timeout: LONG,
        recycle_timeout: LONG,
        statement_timeout: LONG,
        lock_timeout: LONG,
        call_timeout: LONG,
        ..Settings::default()
    }
}

async fn connect(database: &str) -> PostgresStore {
    PostgresStore::connect(&url(database), patient()).await.unwrap()
}

async fn make() -> (PostgresStore, String) {
    let database = database().await;
    (connect(&database).await, database)
}

mod suite {
    crate::suite::suite!(super::super::make);
}

/// A connection beside the store's.
struct Raw {
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn raw(url: &str) -> Raw {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    Raw { client, task: tokio::spawn(async move { drop(connection.await) }) }
}

fn about_1() -> Needs {
    Needs { subjects: vec![subject_id(1)], ..Needs::default() }
}

/// Waits until `is_so` says yes.
#[track_caller]
fn eventually<F: Future<Output = bool>>(is_so: impl Fn() -> F) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let wait = async {
            while !is_so().await {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(in_time.is_ok(), "{place}: waited in vain");
    }
}

#[track_caller]
fn unavailable<T: std::fmt::Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}
