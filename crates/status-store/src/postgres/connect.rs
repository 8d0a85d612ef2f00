//! Connections to the server.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
    Timeouts,
};
use futures_util::future::try_join_all;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::Settings;
use super::{address, error, load, lock, read, save, tls, write};
use crate::store::StoreError;

/// Everything that is needed to reach the server.
pub(super) struct Connector {
    /// Without the limits that the server enforces.
    pub(super) unlimited: Config,
    /// With them.
    pub(super) limited: Config,
    pub(super) tls: MakeRustlsConnect,
    pub(super) settings: Settings,
    /// Where connections live: the runtime of a single caller may end before they do.
    pub(super) runtime: Handle,
}

impl Connector {
    /// # Errors
    ///
    /// [`StoreError::Refused`] for an address that is not understood.
    pub(super) fn new(url: &str, settings: Settings) -> Result<Self, StoreError> {
        let address = address::read(url, &settings)?;
        Ok(Self {
            limited: address::limited(&address.config, &settings),
            unlimited: address.config,
            tls: tls::connector(&address.verify)?,
            settings,
            runtime: Handle::current(),
        })
    }

    /// A pool that makes connections as they are needed.
    pub(super) fn pool(&self) -> Result<Pool, StoreError> {
        // What a connection stood for may be gone without it knowing.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = Manager::from_config(self.limited.clone(), self.tls.clone(), recycling);
        let timeouts = Timeouts {
            wait: Some(self.settings.wait_timeout),
            create: Some(self.settings.create_timeout),
            recycle: Some(self.settings.recycle_timeout),
        };
        let prepare = Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move { prepare(client).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .runtime(Runtime::Tokio1)
            .max_size(self.settings.connections_max.max(1))
            .timeouts(timeouts)
            .post_create(prepare)
            .build()
            .map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    /// A connection outside the pool.
    pub(super) async fn solo(&self, config: &Config) -> Result<Solo, StoreError> {
        let connect = config.connect(self.tls.clone());
        let connected = tokio::time::timeout(self.settings.create_timeout, connect).await;
        let late = |_| error::unavailable("the server takes no connection");
        let (client, connection) = connected.map_err(late)?.map_err(error::of_statement)?;
        // What ends it is told to the client too.
        let task = self.runtime.spawn(async move { drop(connection.await) });
        Ok(Solo { client, task })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A connection that is closed when it is dropped.
pub(super) struct Solo {
    pub(super) client: Client,
    task: JoinHandle<()>,
}

impl Drop for Solo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

// Every commit waits for the disk, whatever the server's default; a stronger one is left as it is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// Readies a new connection. With every statement prepared, none waits for its preparation later, and
/// statements that are sent together arrive in order.
async fn prepare(client: &ClientWrapper) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(DURABLE).await?;
    let all = [&lock::ALL[..], &load::ALL, &save::ALL, &read::ALL, &write::ALL].concat();
    try_join_all(all.into_iter().map(|sql| client.prepare_cached(sql))).await?;
    Ok(())
}

/// A connection on loan from the pool.
///
/// If it is dropped without being given back, something on it was abandoned, perhaps half way. Then the server is
/// told to give up what it is working on, and the connection is closed.
pub(super) struct Session {
    object: Option<Object>,
    cancel: Option<(CancelToken, MakeRustlsConnect)>,
    runtime: Handle,
    patience: Duration,
}

/// The parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    pub(super) async fn begin(pool: &Pool, connector: &Connector) -> Result<Self, StoreError> {
        let object = pool.get().await.map_err(error::of_pool)?;
        Ok(Self {
            cancel: Some((object.cancel_token(), connector.tls.clone())),
            object: Some(object),
            runtime: connector.runtime.clone(),
            patience: connector.settings.create_timeout,
        })
    }

    /// The connection is in order and in no transaction.
    pub(super) fn give_back(mut self) {
        self.object = None;
    }

    /// Should the connection be abandoned from here on, the server is to finish what it is doing.
    pub(super) fn never_cancel(&mut self) {
        self.cancel = None;
    }

    fn client(&self) -> Result<&ClientWrapper, StoreError> {
        // There is one until it is given back or dropped.
        self.object.as_deref().ok_or_else(|| error::unavailable("the connection is gone"))
    }

    /// Sent when first polled, so that several that are polled in order arrive in order.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(error::of_statement)?;
        client.query(&statement, parameters).await.map_err(error::of_statement)
    }

    /// As [`Self::query`]; returns the number of rows it was about.
    pub(super) async fn execute(
        &self,
        sql: &'static str,
        parameters: Parameters<'_>,
    ) -> Result<u64, StoreError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(error::of_statement)?;
        client.execute(&statement, parameters).await.map_err(error::of_statement)
    }

    /// A statement without parameters or rows, as [`Self::query`].
    pub(super) async fn order(&self, sql: &'static str) -> Result<(), StoreError> {
        self.client()?.batch_execute(sql).await.map_err(error::of_statement)
    }

    /// As [`Self::order`], with the error as it came.
    pub(super) async fn commit(&self) -> Result<(), Option<tokio_postgres::Error>> {
        let client = self.client().map_err(|_| None)?;
        client.batch_execute("COMMIT").await.map_err(Some)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        // Closed rather than returned to the pool.
        drop(Object::take(object));
        if let Some((token, tls)) = self.cancel.take() {
            let patience = self.patience;
            self.runtime.spawn(async move {
                // If this fails, the server's own limits do it.
                drop(tokio::time::timeout(patience, token.cancel_query(tls)).await);
            });
        }
    }
}
