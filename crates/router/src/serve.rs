//! The running gateway: everything put together, started and stopped.

mod checkpoints;
mod listen;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use status_store::sqlite::SqliteStore;
use status_store::store::{Store as _, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::checkpoints::Checkpoints;
use crate::auth::Authenticator;
use crate::clock;
use crate::config::values::StoreUrl;
use crate::config::{Config, Finding};
use crate::delivery::{self, ClientError, Delivery};
use crate::formats;
use crate::gateway::Gateway;
use crate::retry::RetryPolicy;
use crate::upstreams::Upstreams;
use crate::writer::op::Op;
use crate::writer::waiters::Waiters;
use crate::writer::{Outbox, Outlet, Rules, Writer};

/// How long the answer to a message number is kept for repeats.
const ANSWERS_KEPT: TimeDelta = TimeDelta::hours(24);

/// How often answers that are no longer kept are removed.
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting cannot be used.
    #[error("{0}")]
    Setting(Finding),
    /// The record cannot be opened.
    #[error("the record cannot be opened")]
    Store(#[from] StoreError),
    /// Another gateway uses the record.
    #[error("another gateway uses the record at {0}")]
    InUse(String),
    /// The lock file beside the record cannot be used.
    #[error("the lock file beside the record cannot be used")]
    Lock(#[source] io::Error),
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A gateway that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The way to its writer.
    pub queue: mpsc::Sender<Op>,
    server: actix_web::dev::ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    stop: watch::Sender<bool>,
    deliveries: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    purge: JoinHandle<()>,
    checkpoints: Option<Checkpoints<SqliteStore>>,
    store: SqliteStore,
    shutdown_timeout: Duration,
    /// Held while it runs.
    _lock: File,
}

/// Starts a gateway. It accepts requests when this returns.
///
/// # Errors
///
/// [`ServeError`].
pub async fn start(config: &Config) -> Result<Running, ServeError> {
    let StoreUrl::Sqlite(path) = &config.store.url;
    let lock = lock(path)?;
    let store = SqliteStore::open(path)?;
    // Whoever held leases is gone: this record has one gateway.
    store.expire_leases().await?;
    let authenticator = Arc::new(Authenticator::new(config).map_err(ServeError::Setting)?);
    let signing_key = config.audit.signing_key().map_err(ServeError::Setting)?;
    let routes = formats::routes(config).map_err(ServeError::Setting)?;
    let upstreams = formats::upstreams(config).map_err(ServeError::Setting)?;
    let (queue, ops) = mpsc::channel(config.writer.queue_max.get());
    let (stop, stopped) = watch::channel(false);
    let waiters = Arc::new(Waiters::default());
    let (outbox, deliveries) = deliveries(&upstreams, &store, &queue, &stopped)?;
    let writer = Writer {
        store: store.clone(),
        queue: ops,
        rules: Arc::new(rules(config, upstreams)),
        waiters: Arc::clone(&waiters),
        outbox,
        batch_max: config.writer.batch_max.get(),
    };
    let writer = tokio::spawn(writer.run());
    let checkpoints = signing_key
        .map(|key| Checkpoints::start(store.clone(), key, config.audit.checkpoint_every));
    let gateway =
        Gateway::new(store.clone(), queue.clone(), waiters, config.server.answer_deadline);
    let (address, server) = listen::listen(config, routes, &authenticator, &gateway)?;
    let handle = server.handle();
    Ok(Running {
        address,
        queue,
        server: handle,
        serving: tokio::spawn(server),
        stop,
        deliveries,
        writer,
        purge: tokio::spawn(purge(store.clone())),
        checkpoints,
        store,
        shutdown_timeout: config.server.shutdown_timeout,
        _lock: lock,
    })
}

impl Running {
    /// Stops in order: no new requests, those under way answered, requests to upstreams ended and
    /// recorded, the record closed.
    pub async fn stop(self) {
        let Self {
            server,
            serving,
            stop,
            deliveries,
            writer,
            queue,
            purge,
            checkpoints,
            store,
            ..
        } = self;
        purge.abort();
        server.stop(true).await;
        drop(serving.await);
        stop.send_replace(true);
        let ended = async {
            for delivery in deliveries {
                drop(delivery.await);
            }
            drop(queue);
            drop(writer.await);
        };
        if tokio::time::timeout(self.shutdown_timeout, ended).await.is_err() {
            tracing::warn!("stopped with requests under way; they are taken up at the next start");
        }
        if let Some(checkpoints) = checkpoints {
            checkpoints.stop().await;
        }
        if let Err(error) = store.close().await {
            tracing::warn!(%error, "the record was not closed cleanly; nothing is lost");
        }
    }

    /// Runs until the listener ends by itself, which it does not unless something is broken.
    pub async fn ended(&mut self) {
        drop((&mut self.serving).await);
    }
}

fn rules(config: &Config, upstreams: Upstreams) -> Rules {
    let delivery = &config.delivery;
    Rules {
        policy: config.policy(),
        upstreams,
        retry: RetryPolicy {
            attempts_max: delivery.attempts_max.get(),
            age_max: TimeDelta::from_std(delivery.age_max).unwrap_or(TimeDelta::MAX),
            backoff_min: delivery.backoff_min,
            backoff_max: delivery.backoff_max,
            retry_after_max: delivery.retry_after_max,
        },
        lease: delivery.lease,
    }
}

fn deliveries(
    upstreams: &Upstreams,
    store: &SqliteStore,
    queue: &mpsc::Sender<Op>,
    stop: &watch::Receiver<bool>,
) -> Result<(Outbox, Vec<JoinHandle<()>>), ServeError> {
    let (mut outbox, mut running) = (Outbox::default(), Vec::new());
    for upstream in upstreams.iter() {
        let (work, lanes) = mpsc::unbounded_channel();
        let (due, dues) = mpsc::unbounded_channel();
        outbox.loops.insert(upstream.system().clone(), Outlet { work, due });
        let delivery = Delivery {
            upstream: Arc::clone(upstream),
            store: store.clone(),
            writer: queue.clone(),
            work: lanes,
            due: dues,
            client: delivery::client(upstream.timeout, upstream.connect_timeout)?,
            stop: stop.clone(),
        };
        running.push(tokio::spawn(delivery.run()));
    }
    Ok((outbox, running))
}

async fn purge(store: SqliteStore) {
    let mut every = tokio::time::interval(PURGE_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = store.purge_answers(clock::now() - ANSWERS_KEPT).await {
            tracing::warn!(%error, "old answers were not removed");
        }
    }
}

fn lock(record: &Path) -> Result<File, ServeError> {
    if let Some(directory) = record.parent() {
        std::fs::create_dir_all(directory).map_err(ServeError::Lock)?;
    }
    let mut path = record.as_os_str().to_owned();
    path.push(".lock");
    let file = File::create(&path).map_err(ServeError::Lock)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(ServeError::InUse(record.display().to_string()))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(ServeError::Lock(error)),
    }
}
