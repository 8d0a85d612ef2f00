//! Bringing the schema up to date.

use refinery::error::Kind;
use refinery::{Migration, Runner};
use tokio_postgres::Client;

use super::connect::Connector;
use super::error;
use crate::store::StoreError;

/// Every step, oldest first, numbered without gaps. Steps are added and never changed.
const STEPS: [(&str, &str); 1] = [("V1__record", include_str!("migrations/V1__record.sql"))];

/// The oldest version that is supported, as `server_version_num` has it.
const SERVER_MIN: i32 = 130_000;

/// Any number that nothing else in the database locks.
const LOCK: i64 = 0x7374_6174_7573_6774;

const SERVER: &str = "SELECT current_setting('server_version_num')::integer, \
    current_setting('server_encoding')";
const IS_NEW: &str = "SELECT to_regclass('refinery_schema_history') IS NULL";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";

/// Applies the steps that the database does not have yet, all or none of them. Gateways that start together go
/// one after the other.
///
/// # Errors
///
/// [`StoreError::TooNew`] if it has more than we know.
pub(super) async fn migrate(connector: &Connector) -> Result<(), StoreError> {
    let limit = connector.settings.migrate_timeout;
    let late = |_| error::unavailable("the schema was not brought up to date in time");
    tokio::time::timeout(limit, apply(connector)).await.map_err(late)?
}

async fn apply(connector: &Connector) -> Result<(), StoreError> {
    // The limit on single statements is not for these.
    let mut solo = connector.solo(&connector.unlimited).await?;
    check_server(&solo.client).await?;
    if is_current(&solo.client).await? {
        return Ok(());
    }
    // Given back when the connection is closed.
    let lock = solo.client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await;
    lock.map_err(error::of_statement)?;
    if is_current(&solo.client).await? {
        return Ok(());
    }
    let steps = STEPS.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    let steps = steps.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let run = Runner::new(&steps).set_grouped(true).run_async(&mut solo.client).await;
    run.map(drop).map_err(failed)
}

async fn check_server(client: &Client) -> Result<(), StoreError> {
    let row = client.query_one(SERVER, &[]).await.map_err(error::of_statement)?;
    let version: i32 = row.try_get(0).map_err(error::of_statement)?;
    let encoding: &str = row.try_get(1).map_err(error::of_statement)?;
    if version < SERVER_MIN {
        return Err(StoreError::Refused("the server is older than PostgreSQL 13".into()));
    }
    if encoding != "UTF8" {
        // One character it cannot hold would have it refuse a whole batch.
        return Err(StoreError::Refused("the database's encoding is not UTF8".into()));
    }
    Ok(())
}

async fn is_current(client: &Client) -> Result<bool, StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found = version(client).await?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    Ok(found == known)
}

async fn version(client: &Client) -> Result<u32, StoreError> {
    let row = client.query_one(IS_NEW, &[]).await.map_err(error::of_statement)?;
    if row.try_get(0).map_err(error::of_statement)? {
        return Ok(0);
    }
    let row = client.query_one(VERSION, &[]).await.map_err(error::of_statement)?;
    let version: i32 = row.try_get(0).map_err(error::of_statement)?;
    u32::try_from(version).map_err(|_| StoreError::Corrupt { table: "refinery_schema_history" })
}

fn failed(error: refinery::Error) -> StoreError {
    if let Kind::Connection(_, cause) = error.kind() {
        let cause: Option<&tokio_postgres::Error> = cause.downcast_ref();
        return match cause.and_then(tokio_postgres::Error::as_db_error) {
            Some(said) => error::of_server(said),
            None => error::unavailable("the connection was lost while migrating"),
        };
    }
    StoreError::Refused(Box::new(error))
}
