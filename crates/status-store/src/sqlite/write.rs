//! The transactions that write.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{load, save};
use crate::store::{Needs, Snapshot, StoreError, Writes};

/// Loads, decides, saves and commits. Whatever fails undoes all of it.
pub(super) fn write<T>(
    connection: &mut Connection,
    needs: Needs,
    decide: impl FnOnce(Snapshot) -> (Writes, T),
) -> Result<T, StoreError> {
    let transaction = begin(connection)?;
    let snapshot = load::snapshot(&transaction, needs)?;
    // A decision that panics must not look like a fault of the record's, nor end its thread.
    let Ok((writes, value)) = catch_unwind(AssertUnwindSafe(|| decide(snapshot))) else {
        return Err(StoreError::Refused("the decision panicked".into()));
    };
    if writes.is_empty() {
        // Nothing to wait for the disk for.
        transaction.rollback()?;
        return Ok(value);
    }
    save::all(&transaction, &writes)?;
    // A commit that fails is rolled back, at the latest when the transaction is dropped.
    transaction.commit()?;
    Ok(value)
}

// An answer whose change is still open is kept however old it is: without it a repeat would be a
// second change.
const PURGE: &str = "DELETE FROM answer WHERE (client, key) IN \
    (SELECT a.client, a.key FROM answer AS a LEFT JOIN change AS c ON c.id = a.change \
    WHERE a.created_at < ?1 AND COALESCE(c.open, 0) = 0 ORDER BY a.created_at LIMIT ?2)";

/// Removes at most `limit` answers that are older than `before`; returns how many.
pub(super) fn purge(
    connection: &mut Connection,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let transaction = begin(connection)?;
    let removed =
        transaction.prepare_cached(PURGE)?.execute(params![before.timestamp_micros(), limit])?;
    transaction.commit()?;
    Ok(removed as u64)
}

/// Takes the lock that a write takes, and gives it back.
pub(super) fn check(connection: &mut Connection) -> Result<(), StoreError> {
    Ok(begin(connection)?.rollback()?)
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

const EXPIRE_LEASES: &str = "UPDATE lane SET lease_until = 0 WHERE lease_until IS NOT NULL";

/// Ends every lease.
pub(super) fn expire_leases(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute(EXPIRE_LEASES, [])?;
    Ok(())
}
