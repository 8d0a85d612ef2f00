//! Opening the file.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Settings;
use crate::store::StoreError;

const PAGE_BYTES: u32 = 4096;
/// The log is moved into the file when it has so many pages (40 MiB). SQLite's own 1000 would be
/// reached by every second full commit.
const CHECKPOINT_PAGES: u32 = 10_240;
/// A log that grew beyond this, because somebody read for long, is cut back to it.
const LOG_MAX_BYTES: u32 = 64 << 20;
const WRITER_CACHE_KIB: i32 = 64 << 10;
const READER_CACHE_KIB: i32 = 8 << 10;
/// More than there are statements.
const STATEMENTS_MAX: usize = 64;

/// Makes the file and its directory if they are missing.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let unavailable = |error| StoreError::Unavailable(Box::new(error));
    let mut directory = DirBuilder::new();
    directory.recursive(true);
    let mut options = OpenOptions::new();
    // Never opens a file that exists: closing it again would drop the locks that this process holds
    // on it through SQLite.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directory.mode(0o700);
        // SQLite gives its other files the same mode.
        options.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directory.create(parent).map_err(unavailable)?;
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

/// Tries again while another program that starts is in the way. SQLite does not wait for itself where a
/// file's journal mode is changed: it says at once that the file is busy.
pub(super) fn patiently<T>(
    settings: Settings,
    open: impl Fn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let until = Instant::now() + settings.busy_timeout;
    loop {
        match open() {
            Err(StoreError::Unavailable(error)) if is_busy(&*error) && Instant::now() < until => {
                thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

const PAUSE: Duration = Duration::from_millis(10);

fn is_busy(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// The connection that writes.
pub(super) fn writer(path: &Path, settings: Settings) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = prepare(path, flags, settings, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let error = format!("the file's journal mode stays {mode}, write-ahead logging is needed");
        return Err(StoreError::Unavailable(error.into()));
    }
    // Every commit waits for the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_MAX_BYTES)?;
    // What is replaced or removed is overwritten where that costs no further disk access.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    if let Some(bytes) = settings.size_max_bytes {
        let pages = i64::try_from(bytes / u64::from(PAGE_BYTES)).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages.min(i64::from(u32::MAX - 1)))?;
    }
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, settings: Settings) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(path, flags, settings, READER_CACHE_KIB)
}

/// Moves the log into the file and empties it as far as nobody is in the way.
pub(super) fn checkpoint(connection: &mut Connection) -> Result<(), StoreError> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn prepare(
    path: &Path,
    flags: OpenFlags,
    settings: Settings,
    cache_kib: i32,
) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(settings.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans do not depend on values: without this a statement is planned anew whenever it is used again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Negative means KiB.
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}
