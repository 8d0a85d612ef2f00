//! The record in a PostgreSQL database, for any number of equal gateways.
//!
//! Each write is one transaction on one connection of a pool, in a task of its own: a caller that goes away
//! leaves nothing half done. Families are locked in the order of their ids; times are the database's. Every wait
//! has an end, and a connection whose statement was abandoned is closed.

mod address;
mod column;
mod connect;
mod error;
mod load;
mod lock;
mod notice;
mod read;
mod row;
mod save;
mod schema;
mod settings;
mod text;
mod tls;
mod write;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::ids::{ChangeId, SubjectId, System};
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::timeout;

use self::connect::{Connector, Session};
use self::write::Finished;
use crate::record::{ApprovalRow, ChangeRow, HistoryRow};
use crate::store::{Needs, Snapshot, Store, StoreError, Writes};

pub use self::notice::Notice;
pub use self::settings::Settings;

/// The record in a PostgreSQL database.
///
/// The present is the database's: [`Needs::now`] is not looked at, and [`Snapshot::now`] is read once everything
/// is locked.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    pool: Pool,
    connector: Arc<Connector>,
    finished: Finished,
}

/// Most answers removed in one transaction, so that a purge does not hold up the changes.
const PURGE_BATCH: u64 = 1000;

impl PostgresStore {
    /// Connects to `postgres://user:password@host:port/database` and brings the schema up to date.
    ///
    /// Several hosts may be named, separated by commas: the first that can be written to is used. Of the parameters,
    /// `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`; the last two,
    /// which alone make sure of who answers, need `sslrootcert=FILE`. The limits in `settings` take precedence
    /// over those in the address. A connection pooler between must not be of the kind that changes the
    /// connection between transactions.
    ///
    /// The connections belong to the runtime this is called in, which must therefore live as long as the store
    /// is used; calls may come from any other.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooNew`] if a newer program wrote the database, [`StoreError::Unavailable`] if it cannot
    /// be reached, [`StoreError::Refused`] if the address is not understood or the database is not one that
    /// can be used.
    pub async fn connect(url: &SecretString, settings: Settings) -> Result<Self, StoreError> {
        let connector = Connector::new(url.expose_secret(), settings)?;
        schema::migrate(&connector).await?;
        let pool = connector.pool()?;
        let finished = Finished::default();
        Ok(Self(Arc::new(Inner { pool, connector: Arc::new(connector), finished })))
    }

    /// Listens to what this and other gateways write. Goes on until the receiver is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the database cannot be reached. A connection that is lost later is made
    /// anew, and [`Notice::Missed`] tells of it.
    pub async fn listen(&self) -> Result<mpsc::Receiver<Notice>, StoreError> {
        let connector = Arc::clone(&self.0.connector);
        let listen = self.0.connector.runtime.spawn(notice::listen(connector));
        listen.await.unwrap_or_else(|error| Err(ended(&error)))
    }

    /// Closes the idle connections, and the others when they are given back. Calls that come after this fail.
    pub fn close(&self) {
        self.0.pool.close();
    }

    /// Does `job` on a connection of the pool, within the limit for calls.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Session) -> Working<'_, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let limit = inner.connector.settings.call_timeout;
        let work = async move {
            let session = Session::begin(&inner.pool, &inner.connector).await?;
            let result = job(&session).await;
            session.give_back();
            result
        };
        let late = |_| Err(error::unavailable("the server did not answer in time"));
        let task = async move { timeout(limit, work).await.unwrap_or_else(late) };
        let task = self.0.connector.runtime.spawn(task);
        task.await.unwrap_or_else(|error| Err(ended(&error)))
    }
}

/// Work on a connection.
type Working<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

fn ended(error: &JoinError) -> StoreError {
    if error.is_panic() {
        StoreError::Refused("the work on the record panicked".into())
    } else {
        error::unavailable("the runtime of the store has ended")
    }
}

impl Store for PostgresStore {
    async fn write<T: Send + 'static>(
        &self,
        needs: Needs,
        decide: impl FnOnce(Snapshot) -> (Writes, T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let task = async move { write::write(&inner, needs, decide).await };
        match self.0.connector.runtime.spawn(task).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(ended(&error)),
            // It may have ended between the COMMIT and its answer.
            Err(error) => Err(StoreError::InDoubt(Box::new(error))),
        }
    }

    async fn approval(&self, id: ChangeId) -> Result<Option<ApprovalRow>, StoreError> {
        self.read(move |session| Box::pin(read::approval(session, id))).await
    }

    async fn approvals(
        &self,
        tenant: &str,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Vec<ApprovalRow>, StoreError> {
        let tenant = tenant.to_owned();
        self.read(move |session| {
            Box::pin(async move { read::approvals(session, &tenant, from, to).await })
        })
        .await
    }

    async fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        self.read(move |session| Box::pin(read::change(session, id))).await
    }

    async fn history(&self, subject: SubjectId) -> Result<Vec<HistoryRow>, StoreError> {
        self.read(move |session| Box::pin(read::history(session, subject))).await
    }

    async fn next_due(&self, system: &System) -> Result<Option<DateTime<Utc>>, StoreError> {
        let system = system.clone();
        self.read(move |session| Box::pin(async move { read::next_due(session, &system).await }))
            .await
    }

    async fn purge_answers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut total: u64 = 0;
        loop {
            let removed = self
                .read(move |session| Box::pin(write::purge(session, before, PURGE_BATCH)))
                .await?;
            total += removed;
            if removed < PURGE_BATCH {
                return Ok(total);
            }
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(|session| Box::pin(read::check(session))).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresStore").field(&self.0.connector).finish()
    }
}
