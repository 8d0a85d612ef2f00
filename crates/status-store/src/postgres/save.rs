//! Saving what was decided: one statement for each table, all sent at once.
//!
//! The rows of a statement are in the order of their keys, and the statements in one order, so that two
//! transactions never wait for each other in a circle.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::try_join_all;
use status_domain::ids::Identifier;
use status_domain::principal::Person;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::column::{
    bytes, instants, json, numbers, optional_instants, optional_json, optional_numbers,
    optional_texts, optional_uuids, texts, uuids,
};
use super::connect::Session;

use super::lock::answer_id;
use crate::codec::word;
use crate::record::{
    AnswerRow, ApprovalRow, AttemptRow, ChangeRow, HistoryRow, LaneRow, RegisterRow, SubjectRow,
};
use crate::store::{StoreError, Writes};

/// Every statement of this module.
pub(super) const ALL: [&str; 9] =
    [SUBJECT, IDENTIFIER, CHANGE, APPROVAL, REGISTER, LANE, HISTORY, ATTEMPT, ANSWER];

type Saving<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// Saves every row, those that others refer to first.
pub(super) async fn all(session: &Session, writes: &Writes) -> Result<(), StoreError> {
    let saving: [Saving<'_>; 9] = [
        Box::pin(subjects(session, &writes.subjects)),
        Box::pin(identifiers(session, &writes.subjects)),
        Box::pin(changes(session, &writes.changes)),
        Box::pin(approvals(session, &writes.approvals)),
        Box::pin(registers(session, &writes.registers)),
        Box::pin(lanes(session, &writes.lanes)),
        Box::pin(history(session, &writes.history)),
        Box::pin(attempts(session, &writes.attempts)),
        Box::pin(answers(session, &writes.answers)),
    ];
    try_join_all(saving).await.map(drop)
}

/// The rows in the order of their keys. Of several with one key the last counts, as if they were written one
/// after the other.
fn last<'a, R, K: Ord>(rows: &'a [R], key: impl Fn(&'a R) -> K) -> Vec<&'a R> {
    let rows: BTreeMap<K, &R> = rows.iter().map(|row| (key(row), row)).collect();
    rows.into_values().collect()
}

async fn put(
    session: &Session,
    sql: &'static str,
    columns: &[&(dyn ToSql + Sync)],
) -> Result<(), StoreError> {
    session.execute(sql, columns).await.map(drop)
}

const SUBJECT: &str = "\
    INSERT INTO subject (id, kind, parent, family, state, history_length, history_hash) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], \
    $7::bytea[]) \
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, parent = excluded.parent, \
    family = excluded.family, state = excluded.state, history_length = excluded.history_length, \
    history_hash = excluded.history_hash";

async fn subjects(session: &Session, rows: &[SubjectRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| row.subject.id);
    put(
        session,
        SUBJECT,
        &[
            &uuids(rows, |row| row.subject.id.0),
            &texts(rows, |row| word::kind(row.subject.kind)),
            &optional_uuids(rows, |row| row.subject.parent.map(|parent| parent.0)),
            &uuids(rows, |row| row.subject.parent.unwrap_or(row.subject.id).0),
            &json(rows, |row| &row.subject.state)?,
            &numbers(rows, |row| row.head.length)?,
            &bytes(rows, |row| &row.head.hash),
        ],
    )
    .await
}

// A trigger refuses to give an identifier to another subject; for the same one there is nothing to do.
const IDENTIFIER: &str = "\
    INSERT INTO identifier (system, kind, value, subject) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) \
    ON CONFLICT (system, kind, value) DO UPDATE SET subject = excluded.subject \
    WHERE identifier.subject <> excluded.subject";

async fn identifiers(session: &Session, rows: &[SubjectRow]) -> Result<(), StoreError> {
    let mut owners: BTreeMap<&Identifier, Uuid> = BTreeMap::new();
    for subject in rows.iter().map(|row| &row.subject) {
        for identifier in &subject.identifiers {
            if owners.insert(identifier, subject.id.0).is_some_and(|owner| owner != subject.id.0) {
                return Err(StoreError::Refused("an identifier names one subject".into()));
            }
        }
    }
    if owners.is_empty() {
        return Ok(());
    }
    let names: Vec<&Identifier> = owners.keys().copied().collect();
    let subjects: Vec<Uuid> = owners.into_values().collect();
    put(
        session,
        IDENTIFIER,
        &[
            &texts(&names, |name| name.system.as_str()),
            &texts(&names, |name| name.kind.as_str()),
            &texts(&names, |name| name.value.expose()),
            &subjects,
        ],
    )
    .await
}

const CHANGE: &str = "\
    INSERT INTO change (id, family, subject, principal, facet, summary, reason, native, outcome, \
    open, effective, assertions, before_states, answer_client, answer_key, created_at, settled_at) \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], \
    $7::text[], $8::text[], $9::text[], $10::boolean[], $11::text[], $12::text[], $13::text[], \
    $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[]) \
    ON CONFLICT (id) DO UPDATE SET family = excluded.family, subject = excluded.subject, \
    principal = excluded.principal, facet = excluded.facet, summary = excluded.summary, \
    reason = excluded.reason, native = excluded.native, outcome = excluded.outcome, \
    open = excluded.open, effective = excluded.effective, assertions = excluded.assertions, \
    before_states = excluded.before_states, answer_client = excluded.answer_client, \
    answer_key = excluded.answer_key, created_at = excluded.created_at, \
    settled_at = excluded.settled_at";

async fn changes(session: &Session, rows: &[ChangeRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| row.id);
    let facets: Vec<String> = rows.iter().map(|row| word::facet(&row.facet)).collect();
    let open: Vec<bool> = rows.iter().map(|row| row.outcome.is_open()).collect();
    put(
        session,
        CHANGE,
        &[
            &uuids(rows, |row| row.id.0),
            &uuids(rows, |row| row.family.0),
            &uuids(rows, |row| row.subject.0),
            &json(rows, |row| &row.by)?,
            &facets,
            &texts(rows, |row| &row.summary),
            &optional_texts(rows, |row| row.reason.as_ref().map(|reason| reason.as_str())),
            &optional_json(rows, |row| row.native.as_ref())?,
            &json(rows, |row| &row.outcome)?,
            &open,
            &texts(rows, |row| row.effective.as_str()),
            &json(rows, |row| &row.assertions)?,
            &json(rows, |row| &row.before)?,
            &optional_texts(rows, |row| row.answer_key.as_ref().map(|key| &*key.client)),
            &optional_texts(rows, |row| row.answer_key.as_ref().map(|key| &*key.key)),
            &instants(rows, |row| row.created_at),
            &optional_instants(rows, |row| row.settled_at),
        ],
    )
    .await
}

const APPROVAL: &str = "\
    INSERT INTO approval (id, format, tenant, state, maker_id, maker_number, maker_name, \
    checker_id, checker_number, checker_name, comment, native, started_at, ended_at, refusal, \
    principal, subject, request) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
    $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], \
    $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::uuid[], $18::text[]) \
    ON CONFLICT (id) DO UPDATE SET format = excluded.format, tenant = excluded.tenant, \
    state = excluded.state, maker_id = excluded.maker_id, maker_number = excluded.maker_number, \
    maker_name = excluded.maker_name, checker_id = excluded.checker_id, \
    checker_number = excluded.checker_number, checker_name = excluded.checker_name, \
    comment = excluded.comment, native = excluded.native, started_at = excluded.started_at, \
    ended_at = excluded.ended_at, refusal = excluded.refusal, principal = excluded.principal, \
    subject = excluded.subject, request = excluded.request";

async fn approvals(session: &Session, rows: &[ApprovalRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| row.approval.id);
    let checker = |row: &ApprovalRow| row.approval.checker.as_ref().and_then(|one| one.number);
    let makers: Vec<Option<i64>> = rows.iter().map(|row| row.approval.maker.number).collect();
    let checkers: Vec<Option<i64>> = rows.iter().map(|row| checker(row)).collect();
    let of_checker = |part: fn(&Person) -> &str| {
        optional_texts(rows, move |row| row.approval.checker.as_ref().map(part))
    };
    put(
        session,
        APPROVAL,
        &[
            &uuids(rows, |row| row.approval.id.0),
            &texts(rows, |row| row.approval.format.as_str()),
            &texts(rows, |row| &row.approval.tenant),
            &texts(rows, |row| word::approval_state(row.approval.state)),
            &texts(rows, |row| &row.approval.maker.id),
            &makers,
            &texts(rows, |row| &row.approval.maker.name),
            &of_checker(|checker| &checker.id),
            &checkers,
            &of_checker(|checker| &checker.name),
            &optional_texts(rows, |row| row.approval.comment.as_ref().map(|text| text.as_str())),
            &optional_json(rows, |row| row.approval.native.as_ref())?,
            &instants(rows, |row| row.approval.started_at),
            &optional_instants(rows, |row| row.approval.ended_at),
            &optional_json(rows, |row| row.approval.refusal.as_ref())?,
            &json(rows, |row| &row.by)?,
            &uuids(rows, |row| row.subject.0),
            &json(rows, |row| &row.request)?,
        ],
    )
    .await
}

const REGISTER: &str = "\
    INSERT INTO register (subject, system, name, desired, version, change, confirmed, \
    confirmed_version, state, attempts, last_error) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], \
    $7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::text[]) \
    ON CONFLICT (subject, system, name) DO UPDATE SET desired = excluded.desired, \
    version = excluded.version, change = excluded.change, confirmed = excluded.confirmed, \
    confirmed_version = excluded.confirmed_version, state = excluded.state, \
    attempts = excluded.attempts, last_error = excluded.last_error";

async fn registers(session: &Session, rows: &[RegisterRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| (row.subject, &row.system, &row.register));
    put(
        session,
        REGISTER,
        &[
            &uuids(rows, |row| row.subject.0),
            &texts(rows, |row| row.system.as_str()),
            &texts(rows, |row| row.register.as_str()),
            &texts(rows, |row| row.desired.as_str()),
            &numbers(rows, |row| row.version)?,
            &uuids(rows, |row| row.change.0),
            &optional_texts(rows, |row| row.confirmed.as_ref().map(|(value, _)| value.as_str())),
            &optional_numbers(rows, |row| row.confirmed.as_ref().map(|(_, version)| *version))?,
            &texts(rows, |row| word::register_state(row.state)),
            &numbers(rows, |row| row.attempts.into())?,
            &optional_texts(rows, |row| row.last_error.as_deref()),
        ],
    )
    .await
}

const LANE: &str = "\
    INSERT INTO lane (subject, system, due_at, lease_token, lease_until) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::timestamptz[]) \
    ON CONFLICT (subject, system) DO UPDATE SET due_at = excluded.due_at, \
    lease_token = excluded.lease_token, lease_until = excluded.lease_until";

async fn lanes(session: &Session, rows: &[LaneRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| (row.subject, &row.system));
    put(
        session,
        LANE,
        &[
            &uuids(rows, |row| row.subject.0),
            &texts(rows, |row| row.system.as_str()),
            &optional_instants(rows, |row| row.due_at),
            &optional_uuids(rows, |row| row.lease.map(|lease| lease.token)),
            &optional_instants(rows, |row| row.lease.map(|lease| lease.until)),
        ],
    )
    .await
}

const HISTORY: &str = "\
    INSERT INTO history (subject, number, change, written_at, kind, body, previous, hash) \
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], \
    $6::text[], $7::bytea[], $8::bytea[])";

async fn history(session: &Session, rows: &[HistoryRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: &Vec<&HistoryRow> = &rows.iter().collect();
    put(
        session,
        HISTORY,
        &[
            &uuids(rows, |row| row.subject.0),
            &numbers(rows, |row| row.number)?,
            &uuids(rows, |row| row.change.0),
            &instants(rows, |row| row.at),
            &texts(rows, |row| &row.kind),
            &texts(rows, |row| &row.body),
            &bytes(rows, |row| &row.previous),
            &bytes(rows, |row| &row.hash),
        ],
    )
    .await
}

const ATTEMPT: &str = "\
    INSERT INTO attempt (subject, system, register, version, change, started_at, duration_ms, \
    result, detail) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], \
    $6::timestamptz[], $7::bigint[], $8::text[], $9::text[])";

async fn attempts(session: &Session, rows: &[AttemptRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: &Vec<&AttemptRow> = &rows.iter().collect();
    put(
        session,
        ATTEMPT,
        &[
            &uuids(rows, |row| row.subject.0),
            &texts(rows, |row| row.system.as_str()),
            &texts(rows, |row| row.register.as_str()),
            &numbers(rows, |row| row.version)?,
            &uuids(rows, |row| row.change.0),
            &instants(rows, |row| row.started_at),
            &numbers(rows, |row| row.duration_ms)?,
            &texts(rows, |row| &row.result),
            &optional_texts(rows, |row| row.detail.as_deref()),
        ],
    )
    .await
}

const ANSWER: &str = "\
    INSERT INTO answer (id, client, key, content, change, status, headers, body, created_at) \
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], \
    $6::bigint[], $7::text[], $8::bytea[], $9::timestamptz[]) \
    ON CONFLICT (id) DO UPDATE SET content = excluded.content, change = excluded.change, \
    status = excluded.status, headers = excluded.headers, body = excluded.body, \
    created_at = excluded.created_at";

async fn answers(session: &Session, rows: &[AnswerRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &last(rows, |row| answer_id(&row.key));
    let ids: Vec<_> = rows.iter().map(|row| answer_id(&row.key)).collect();
    let ids: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
    let response = |row: &AnswerRow| row.response.as_ref().map(|response| response.status.into());
    let bodies: Vec<Option<&[u8]>> =
        rows.iter().map(|row| row.response.as_ref().map(|response| &*response.body)).collect();
    put(
        session,
        ANSWER,
        &[
            &ids,
            &texts(rows, |row| &row.key.client),
            &texts(rows, |row| &row.key.key),
            &bytes(rows, |row| &row.content),
            &optional_uuids(rows, |row| row.change.map(|change| change.0)),
            &optional_numbers(rows, response)?,
            &optional_json(rows, |row| row.response.as_ref().map(|response| &response.headers))?,
            &bodies,
            &instants(rows, |row| row.created_at),
        ],
    )
    .await
}
