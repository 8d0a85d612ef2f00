//! Queries that need no transaction of their own: each is a single statement.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params, params};
use status_domain::ids::{ChangeId, SubjectId, System};

use super::row::{self, Columns};
use crate::record::{ApprovalRow, ChangeRow, HistoryRow, LaneRow};
use crate::store::StoreError;

const APPROVAL: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM approval AS a JOIN subject AS s ON s.id = a.subject WHERE a.id = ?1";

/// One approval.
pub(super) fn approval(
    connection: &Connection,
    id: ChangeId,
) -> Result<Option<ApprovalRow>, StoreError> {
    one(connection, "approval", APPROVAL, [id.0.as_bytes()], row::approval)
}

const APPROVALS: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM approval AS a CROSS JOIN subject AS s ON s.id = a.subject \
    WHERE a.tenant = ?1 AND a.started_at >= ?2 AND a.started_at < ?3 ORDER BY a.started_at, a.id";

/// A tenant's approvals, oldest first.
pub(super) fn approvals(
    connection: &Connection,
    tenant: &str,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<Vec<ApprovalRow>, StoreError> {
    let from = from.map_or(i64::MIN, |from| from.timestamp_micros());
    let to = to.map_or(i64::MAX, |to| to.timestamp_micros());
    all(connection, "approval", APPROVALS, params![tenant, from, to], row::approval)
}

const CHANGE: &str = "\
    SELECT id, family, subject, principal, facet, summary, reason, native, outcome, effective, \
    assertions, before_states, answer_client, answer_key, created_at, settled_at \
    FROM change WHERE id = ?1";

/// One change.
pub(super) fn change(
    connection: &Connection,
    id: ChangeId,
) -> Result<Option<ChangeRow>, StoreError> {
    one(connection, "change", CHANGE, [id.0.as_bytes()], row::change)
}

const HISTORY: &str = "\
    SELECT subject, number, change, written_at, kind, body, previous, hash \
    FROM history WHERE subject = ?1 ORDER BY number";

/// A subject's history, first entry first.
pub(super) fn history(
    connection: &Connection,
    subject: SubjectId,
) -> Result<Vec<HistoryRow>, StoreError> {
    all(connection, "history", HISTORY, [subject.0.as_bytes()], row::history)
}

const DUE: &str = "\
    SELECT subject, system, due_at, lease_token, lease_until FROM lane \
    WHERE system = ?1 AND due_at IS NOT NULL ORDER BY due_at";

/// When the next lane of a system can be claimed.
pub(super) fn next_due(
    connection: &Connection,
    system: &System,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut statement = connection.prepare_cached(DUE)?;
    let mut rows = statement.query([system.as_str()])?;
    let mut earliest = None;
    while let Some(columns) = rows.next()? {
        let LaneRow { due_at, lease, .. } = row::lane(&Columns::new(columns, "lane"))?;
        // No lane can be claimed before it is due, so the ones that follow cannot be earlier. Only
        // lanes that are leased are passed over, and those are few.
        if earliest.is_some() && earliest <= due_at {
            break;
        }
        let claimable = due_at.max(lease.map(|lease| lease.until));
        if earliest.is_none() || claimable < earliest {
            earliest = claimable;
        }
    }
    Ok(earliest)
}

/// The first row of a query.
pub(super) fn one<T>(
    connection: &Connection,
    table: &'static str,
    sql: &'static str,
    parameters: impl Params,
    read: impl FnOnce(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(|row| read(&Columns::new(row, table))).transpose()
}

/// Every row of a query.
pub(super) fn all<T>(
    connection: &Connection,
    table: &'static str,
    sql: &'static str,
    parameters: impl Params,
    read: impl Fn(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&Columns::new(row, table))?);
    }
    Ok(found)
}
