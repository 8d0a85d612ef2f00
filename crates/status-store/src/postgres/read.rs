//! Queries that need no transaction of their own: each is a single statement.

use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, SubjectId, System};
use tokio_postgres::Row;

use super::connect::{Parameters, Session};
use super::row::{self, Columns, instant};
use super::text::escape;
use crate::record::{ApprovalRow, ChangeRow, HistoryRow};
use crate::store::StoreError;

/// Every statement of this module.
pub(super) const ALL: [&str; 6] = [APPROVAL, APPROVALS, CHANGE, HISTORY, NEXT_DUE, CHECK];

const APPROVAL: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM approval AS a JOIN subject AS s ON s.id = a.subject WHERE a.id = $1";

/// One approval.
pub(super) async fn approval(
    session: &Session,
    id: ChangeId,
) -> Result<Option<ApprovalRow>, StoreError> {
    let found = rows(session, "approval", APPROVAL, &[&id.0], row::approval).await?;
    Ok(found.into_iter().next())
}

const APPROVALS: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM approval AS a JOIN subject AS s ON s.id = a.subject \
    WHERE a.tenant = $1 AND a.started_at >= coalesce($2, '-infinity'::timestamptz) \
    AND a.started_at < coalesce($3, 'infinity'::timestamptz) ORDER BY a.started_at, a.id";

/// A tenant's approvals, oldest first.
pub(super) async fn approvals(
    session: &Session,
    tenant: &str,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<Vec<ApprovalRow>, StoreError> {
    let (from, to) = (from.map(instant), to.map(instant));
    rows(session, "approval", APPROVALS, &[&escape(tenant), &from, &to], row::approval).await
}

const CHANGE: &str = "\
    SELECT id, family, subject, principal, facet, summary, reason, native, outcome, effective, \
    assertions, before_states, answer_client, answer_key, created_at, settled_at \
    FROM change WHERE id = $1";

/// One change.
pub(super) async fn change(
    session: &Session,
    id: ChangeId,
) -> Result<Option<ChangeRow>, StoreError> {
    let found = rows(session, "change", CHANGE, &[&id.0], row::change).await?;
    Ok(found.into_iter().next())
}

const HISTORY: &str = "\
    SELECT subject, number, change, written_at, kind, body, previous, hash \
    FROM history WHERE subject = $1 ORDER BY number";

/// A subject's history, first entry first.
pub(super) async fn history(
    session: &Session,
    subject: SubjectId,
) -> Result<Vec<HistoryRow>, StoreError> {
    rows(session, "history", HISTORY, &[&subject.0], row::history).await
}

// The lanes that somebody holds are few; among the others the first in the index is the one.
const NEXT_DUE: &str = "\
    SELECT least(\
    (SELECT min(due_at) FROM lane WHERE system = $1 AND due_at IS NOT NULL AND lease_until IS NULL), \
    (SELECT min(greatest(due_at, lease_until)) FROM lane \
    WHERE system = $1 AND due_at IS NOT NULL AND lease_until IS NOT NULL))";

/// When the next lane of a system can be claimed.
pub(super) async fn next_due(
    session: &Session,
    system: &System,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let read = |columns: Columns<'_>| columns.optional_at(0);
    let found = rows(session, "lane", NEXT_DUE, &[&system.as_str()], read).await?;
    Ok(found.into_iter().next().flatten())
}

// Something is written and taken back: a standby, a full disk or a missing privilege shows only then.
const CHECK: &str = "INSERT INTO commit_token (token, undone) VALUES (gen_random_uuid(), true)";

/// Makes sure that the record can be written to.
pub(super) async fn check(session: &Session) -> Result<(), StoreError> {
    session.order("BEGIN").await?;
    let written = session.execute(CHECK, &[]).await;
    session.order("ROLLBACK").await?;
    written.map(drop)
}

/// Every row of a query.
async fn rows<T>(
    session: &Session,
    table: &'static str,
    sql: &'static str,
    parameters: Parameters<'_>,
    read: impl Fn(Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = session.query(sql, parameters).await?;
    collect(&rows, table, read)
}

/// What the rows say.
pub(super) fn collect<T>(
    rows: &[Row],
    table: &'static str,
    read: impl Fn(Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| read(Columns::new(row, table))).collect()
}
