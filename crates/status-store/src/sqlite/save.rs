//! Saving what was decided.

use rusqlite::{CachedStatement, Connection, params};
use status_domain::principal::Person;

use crate::codec::{self, Stored, word};
use crate::record::{
    AnswerRow, ApprovalRow, AttemptRow, ChangeRow, HistoryRow, LaneRow, RegisterRow, SubjectRow,
};
use crate::store::{StoreError, Writes};

/// Saves every row, those that others refer to first.
pub(super) fn all(connection: &Connection, writes: &Writes) -> Result<(), StoreError> {
    each(connection, SUBJECT, &writes.subjects, subject)?;
    each(connection, IDENTIFIER, &writes.subjects, identifiers)?;
    each(connection, CHANGE, &writes.changes, change)?;
    each(connection, APPROVAL, &writes.approvals, approval)?;
    each(connection, REGISTER, &writes.registers, register)?;
    each(connection, LANE, &writes.lanes, lane)?;
    each(connection, HISTORY, &writes.history, history)?;
    each(connection, ATTEMPT, &writes.attempts, attempt)?;
    each(connection, ANSWER, &writes.answers, answer)
}

fn each<T>(
    connection: &Connection,
    sql: &'static str,
    rows: &[T],
    save: impl Fn(&mut CachedStatement<'_>, &T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql)?;
    rows.iter().try_for_each(|row| save(&mut statement, row))
}

const SUBJECT: &str = "\
    INSERT INTO subject (id, kind, parent, family, state, history_length, history_hash) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, parent = excluded.parent, \
    family = excluded.family, state = excluded.state, history_length = excluded.history_length, \
    history_hash = excluded.history_hash";

fn subject(statement: &mut CachedStatement<'_>, row: &SubjectRow) -> Result<(), StoreError> {
    let SubjectRow { subject, head } = row;
    statement.execute(params![
        subject.id.0.as_bytes(),
        word::kind(subject.kind),
        subject.parent.as_ref().map(|parent| parent.0.as_bytes()),
        subject.parent.unwrap_or(subject.id).0.as_bytes(),
        codec::encode(&subject.state)?,
        integer(head.length)?,
        head.hash,
    ])?;
    Ok(())
}

// A trigger refuses to give an identifier to another subject; for the same one there is nothing to do.
const IDENTIFIER: &str = "\
    INSERT INTO identifier (system, kind, value, subject) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (system, kind, value) DO UPDATE SET subject = excluded.subject \
    WHERE subject <> excluded.subject";

fn identifiers(statement: &mut CachedStatement<'_>, row: &SubjectRow) -> Result<(), StoreError> {
    for identifier in &row.subject.identifiers {
        statement.execute(params![
            identifier.system.as_str(),
            identifier.kind.as_str(),
            identifier.value.expose(),
            row.subject.id.0.as_bytes(),
        ])?;
    }
    Ok(())
}

const CHANGE: &str = "\
    INSERT INTO change (id, family, subject, principal, facet, summary, reason, native, outcome, \
    open, effective, assertions, before_states, answer_client, answer_key, created_at, settled_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
    ON CONFLICT (id) DO UPDATE SET family = excluded.family, subject = excluded.subject, \
    principal = excluded.principal, facet = excluded.facet, summary = excluded.summary, \
    reason = excluded.reason, native = excluded.native, outcome = excluded.outcome, \
    open = excluded.open, effective = excluded.effective, assertions = excluded.assertions, \
    before_states = excluded.before_states, answer_client = excluded.answer_client, \
    answer_key = excluded.answer_key, created_at = excluded.created_at, \
    settled_at = excluded.settled_at";

fn change(statement: &mut CachedStatement<'_>, row: &ChangeRow) -> Result<(), StoreError> {
    statement.execute(params![
        row.id.0.as_bytes(),
        row.family.0.as_bytes(),
        row.subject.0.as_bytes(),
        codec::encode(&row.by)?,
        word::facet(&row.facet),
        row.summary,
        row.reason.as_ref().map(|reason| reason.as_str()),
        optional(row.native.as_ref())?,
        codec::encode(&row.outcome)?,
        row.outcome.is_open(),
        row.effective.as_str(),
        codec::encode(&row.assertions)?,
        codec::encode(&row.before)?,
        row.answer_key.as_ref().map(|key| &key.client),
        row.answer_key.as_ref().map(|key| &key.key),
        row.created_at.timestamp_micros(),
        row.settled_at.map(|at| at.timestamp_micros()),
    ])?;
    Ok(())
}

const APPROVAL: &str = "\
    INSERT INTO approval (id, format, tenant, state, maker_id, maker_number, maker_name, \
    checker_id, checker_number, checker_name, comment, native, started_at, ended_at, refusal, \
    principal, subject, request) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
    ON CONFLICT (id) DO UPDATE SET format = excluded.format, tenant = excluded.tenant, \
    state = excluded.state, maker_id = excluded.maker_id, maker_number = excluded.maker_number, \
    maker_name = excluded.maker_name, checker_id = excluded.checker_id, \
    checker_number = excluded.checker_number, checker_name = excluded.checker_name, \
    comment = excluded.comment, native = excluded.native, started_at = excluded.started_at, \
    ended_at = excluded.ended_at, refusal = excluded.refusal, principal = excluded.principal, \
    subject = excluded.subject, request = excluded.request";

fn approval(statement: &mut CachedStatement<'_>, row: &ApprovalRow) -> Result<(), StoreError> {
    let approval = &row.approval;
    let checker: Option<&Person> = approval.checker.as_ref();
    statement.execute(params![
        approval.id.0.as_bytes(),
        approval.format.as_str(),
        approval.tenant,
        word::approval_state(approval.state),
        approval.maker.id,
        approval.maker.number,
        approval.maker.name,
        checker.map(|checker| &checker.id),
        checker.and_then(|checker| checker.number),
        checker.map(|checker| &checker.name),
        approval.comment.as_ref().map(|comment| comment.as_str()),
        optional(approval.native.as_ref())?,
        approval.started_at.timestamp_micros(),
        approval.ended_at.map(|at| at.timestamp_micros()),
        optional(approval.refusal.as_ref())?,
        codec::encode(&row.by)?,
        row.subject.0.as_bytes(),
        codec::encode(&row.request)?,
    ])?;
    Ok(())
}

const REGISTER: &str = "\
    INSERT INTO register (subject, system, name, desired, version, change, confirmed, \
    confirmed_version, state, attempts, last_error) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
    ON CONFLICT (subject, system, name) DO UPDATE SET desired = excluded.desired, \
    version = excluded.version, change = excluded.change, confirmed = excluded.confirmed, \
    confirmed_version = excluded.confirmed_version, state = excluded.state, \
    attempts = excluded.attempts, last_error = excluded.last_error";

fn register(statement: &mut CachedStatement<'_>, row: &RegisterRow) -> Result<(), StoreError> {
    let confirmed = row.confirmed.as_ref();
    statement.execute(params![
        row.subject.0.as_bytes(),
        row.system.as_str(),
        row.register.as_str(),
        row.desired.as_str(),
        integer(row.version)?,
        row.change.0.as_bytes(),
        confirmed.map(|(value, _)| value.as_str()),
        confirmed.map(|(_, version)| integer(*version)).transpose()?,
        word::register_state(row.state),
        row.attempts,
        row.last_error,
    ])?;
    Ok(())
}

const LANE: &str = "\
    INSERT INTO lane (subject, system, due_at, lease_token, lease_until) \
    VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (subject, system) DO UPDATE SET due_at = excluded.due_at, \
    lease_token = excluded.lease_token, lease_until = excluded.lease_until";

fn lane(statement: &mut CachedStatement<'_>, row: &LaneRow) -> Result<(), StoreError> {
    statement.execute(params![
        row.subject.0.as_bytes(),
        row.system.as_str(),
        row.due_at.map(|at| at.timestamp_micros()),
        row.lease.as_ref().map(|lease| lease.token.as_bytes()),
        row.lease.map(|lease| lease.until.timestamp_micros()),
    ])?;
    Ok(())
}

const HISTORY: &str = "\
    INSERT INTO history (subject, number, change, written_at, kind, body, previous, hash) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

fn history(statement: &mut CachedStatement<'_>, row: &HistoryRow) -> Result<(), StoreError> {
    statement.execute(params![
        row.subject.0.as_bytes(),
        integer(row.number)?,
        row.change.0.as_bytes(),
        row.at.timestamp_micros(),
        row.kind,
        row.body,
        row.previous,
        row.hash,
    ])?;
    Ok(())
}

const ATTEMPT: &str = "\
    INSERT INTO attempt (subject, system, register, version, change, started_at, duration_ms, \
    result, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

fn attempt(statement: &mut CachedStatement<'_>, row: &AttemptRow) -> Result<(), StoreError> {
    statement.execute(params![
        row.subject.0.as_bytes(),
        row.system.as_str(),
        row.register.as_str(),
        integer(row.version)?,
        row.change.0.as_bytes(),
        row.started_at.timestamp_micros(),
        integer(row.duration_ms)?,
        row.result,
        row.detail,
    ])?;
    Ok(())
}

const ANSWER: &str = "\
    INSERT INTO answer (client, key, content, change, status, headers, body, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (client, key) DO UPDATE SET content = excluded.content, change = excluded.change, \
    status = excluded.status, headers = excluded.headers, body = excluded.body, \
    created_at = excluded.created_at";

fn answer(statement: &mut CachedStatement<'_>, row: &AnswerRow) -> Result<(), StoreError> {
    let response = row.response.as_ref();
    statement.execute(params![
        row.key.client,
        row.key.key,
        row.content,
        row.change.as_ref().map(|change| change.0.as_bytes()),
        response.map(|response| response.status),
        optional(response.map(|response| &response.headers))?,
        response.map(|response| &*response.body),
        row.created_at.timestamp_micros(),
    ])?;
    Ok(())
}

fn optional<T: Stored>(value: Option<&T>) -> Result<Option<String>, StoreError> {
    value.map(codec::encode).transpose()
}

/// A number as SQLite has it. Ours count things and never come near its end.
pub(super) fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| StoreError::Refused(Box::new(error)))
}
