//! Bringing the schema up to date.

use refinery::error::Kind;
use refinery::{Migration, Runner};
use rusqlite::{Connection, TransactionBehavior};

use super::error::is_passing;
use crate::store::StoreError;

/// Every step, oldest first, numbered without gaps. Steps are added and never changed.
const STEPS: [(&str, &str); 2] = [
    ("V1__record", include_str!("migrations/V1__record.sql")),
    ("V2__checkpoint", include_str!("migrations/V2__checkpoint.sql")),
];

const IS_NEW: &str =
    "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// The schema that a file has, 0 if it has none.
///
/// # Errors
///
/// [`StoreError::TooNew`] if it is not known.
pub(super) fn known_version(connection: &Connection) -> Result<u32, StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found = version(connection)?;
    if found > known { Err(StoreError::TooNew { found, known }) } else { Ok(found) }
}

/// Applies the steps that the file does not have yet, all or none of them.
///
/// # Errors
///
/// [`StoreError::TooNew`] if it has more than we know.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    if known_version(connection)? == known {
        return Ok(());
    }
    let steps = STEPS.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    let steps = steps.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // Takes the lock at once, so that two programs that start together go one after the other.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    match Runner::new(&steps).set_grouped(true).run(connection) {
        Ok(_) => Ok(()),
        // The other one was first.
        Err(_) if version(connection).is_ok_and(|found| found == known) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: refinery::Error) -> StoreError {
    if let Kind::Connection(_, cause) = error.kind()
        && cause.downcast_ref().is_some_and(is_passing)
    {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Refused(Box::new(error))
    }
}

fn version(connection: &Connection) -> Result<u32, StoreError> {
    if connection.query_row(IS_NEW, [], |row| row.get(0))? {
        return Ok(0);
    }
    Ok(connection.query_row(VERSION, [], |row| row.get(0))?)
}
