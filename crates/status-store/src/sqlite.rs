//! The record in an SQLite file, for one gateway.
//!
//! One thread owns the connection that writes, two own connections that only read. Work comes to them
//! through bounded queues, so that no caller waits inside SQLite and a caller that goes away leaves
//! nothing half done.

mod audit;
mod error;
mod load;
mod open;
mod read;
mod row;
mod save;
mod schema;
mod worker;
mod write;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, SubjectId, System};

pub use self::audit::SqliteReader;
use self::worker::Queue;
use crate::record::{ApprovalRow, ChangeRow, HistoryRow};
use crate::store::{Needs, Snapshot, Store, StoreError, Writes};

/// How an SQLite file is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// How long to wait for another program's lock on the file before it counts as unavailable.
    pub busy_timeout: Duration,
    /// Largest size the file may grow to, in bytes; rounded down to whole pages of 4096. A write that
    /// would need more fails as it does on a full disk. `None` for no limit but the disk.
    pub size_max_bytes: Option<u64>,
}

impl Default for Settings {
    /// Two seconds, no limit on the size.
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(2), size_max_bytes: None }
    }
}

/// The record in an SQLite file.
///
/// The file's threads end, and the file is closed, once the last clone is dropped and the work it
/// accepted is done.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writes: Queue,
    reads: Queue,
}

impl SqliteStore {
    /// Opens the file with the default [`Settings`].
    ///
    /// # Errors
    ///
    /// As [`Self::open_with`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, Settings::default())
    }

    /// Opens the file and brings its schema up to date. A file that does not exist is made, readable
    /// by its owner only, and so are the directories above it.
    ///
    /// Blocks while it does so.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooNew`] if a newer program wrote the file, [`StoreError::Unavailable`] if it cannot
    /// be opened or is no SQLite file, [`StoreError::Refused`] if its schema is not one of ours.
    pub fn open_with(path: &Path, settings: Settings) -> Result<Self, StoreError> {
        open::create(path)?;
        let writer = open::patiently(settings, || {
            let mut writer = open::writer(path, settings)?;
            schema::migrate(&mut writer)?;
            Ok(writer)
        })?;
        let readers = vec![open::reader(path, settings)?, open::reader(path, settings)?];
        Ok(Self {
            writes: Queue::start("sqlite-write", vec![writer])?,
            reads: Queue::start("sqlite-read", readers)?,
        })
    }

    /// Ends every lease: for a gateway that starts, after it has made sure that no other uses the file.
    ///
    /// The lanes can be claimed at once, and whoever claims one sees that somebody held it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file cannot be written.
    pub async fn expire_leases(&self) -> Result<(), StoreError> {
        self.writes.run(write::expire_leases).await
    }

    /// Moves what is in the write-ahead log into the file and empties the log, so that the file alone
    /// is the record. Other clones may go on using it.
    ///
    /// Not needed for durability. While somebody reads or another program has the file open, part of the log
    /// may stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file cannot be written; what was committed stays so.
    pub async fn close(self) -> Result<(), StoreError> {
        self.writes.run(open::checkpoint).await
    }
}

/// Most answers removed in one transaction, so that a purge does not hold up the changes.
const PURGE_BATCH: u32 = 1000;

impl Store for SqliteStore {
    async fn write<T: Send + 'static>(
        &self,
        needs: Needs,
        decide: impl FnOnce(Snapshot) -> (Writes, T) + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.run(|connection| write::write(connection, needs, decide)).await
    }

    async fn approval(&self, id: ChangeId) -> Result<Option<ApprovalRow>, StoreError> {
        self.reads.run(move |connection| read::approval(connection, id)).await
    }

    async fn approvals(
        &self,
        tenant: &str,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<Vec<ApprovalRow>, StoreError> {
        let tenant = tenant.to_owned();
        self.reads.run(move |connection| read::approvals(connection, &tenant, from, to)).await
    }

    async fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        self.reads.run(move |connection| read::change(connection, id)).await
    }

    async fn history(&self, subject: SubjectId) -> Result<Vec<HistoryRow>, StoreError> {
        self.reads.run(move |connection| read::history(connection, subject)).await
    }

    async fn next_due(&self, system: &System) -> Result<Option<DateTime<Utc>>, StoreError> {
        let system = system.clone();
        self.reads.run(move |connection| read::next_due(connection, &system)).await
    }

    async fn purge_answers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut total: u64 = 0;
        loop {
            let purge = move |connection: &mut _| write::purge(connection, before, PURGE_BATCH);
            let removed = self.writes.run(purge).await?;
            total += removed;
            if removed < u64::from(PURGE_BATCH) {
                return Ok(total);
            }
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writes.run(write::check).await
    }
}
