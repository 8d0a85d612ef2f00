//! Loading what a decision needs.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::{try_join, try_join3, try_join4};
use status_domain::ids::{Identifier, SubjectId, System};
use tokio_postgres::Row;
use uuid::Uuid;

use super::connect::Session;
use super::lock;
use super::row::{self, Columns};
use crate::record::{ChangeRow, LaneRow};
use crate::store::{FamilyRecord, Needs, Snapshot, StoreError};

/// Begins the transaction, locks what `needs` names, and loads it.
pub(super) async fn snapshot(session: &Session, needs: &Needs) -> Result<Snapshot, StoreError> {
    let locked = lock::all(session, needs).await?;
    let roots: Vec<Uuid> = locked.roots.iter().copied().collect();
    let answers: Vec<_> = needs.answers.iter().map(lock::answer_id).collect();
    let answers: Vec<&[u8]> = answers.iter().map(|id| &id[..]).collect();
    let approvals: Vec<Uuid> = needs.approvals.iter().map(|id| id.0).collect();
    let keyed = try_join3(
        session.query(NOW, &[]),
        unless_empty(session, ANSWERS, &answers),
        unless_empty(session, APPROVALS, &approvals),
    );
    // All of it is sent at once. Nobody else changes the families until the transaction ends.
    let ((now, answers, approvals), families) = try_join(keyed, families(session, &roots)).await?;
    let mut snapshot = Snapshot { known: locked.known, ..Snapshot::default() };
    for row in &now {
        snapshot.now = Columns::new(row, "clock").at(0)?;
    }
    for row in &answers {
        let answer = row::answer(Columns::new(row, "answer"))?;
        if answer.change.is_some() {
            let change = row::change(Columns::new(row, "change").from(ANSWER_COLUMNS))?;
            snapshot.changes.insert(change.id, change);
        }
        snapshot.answers.insert(answer.key.clone(), answer);
    }
    for row in &approvals {
        let approval = row::approval(Columns::new(row, "approval"))?;
        let change = row::change(Columns::new(row, "change").from(APPROVAL_COLUMNS))?;
        snapshot.changes.insert(change.id, change);
        snapshot.approvals.insert(approval.approval.id, approval);
    }
    assemble(&mut snapshot, &families)?;
    take_due(&mut snapshot, locked.claimed);
    Ok(snapshot)
}

// Read once the locks are held, so that what is written under them bears times in the order in which it was
// written.
const NOW: &str = "SELECT clock_timestamp()";

// With its change in the same statement: apart they might be of before and after a commit.
const ANSWERS: &str = "\
    SELECT a.client, a.key, a.content, a.change, a.status, a.headers, a.body, a.created_at, \
    c.id, c.family, c.subject, c.principal, c.facet, c.summary, c.reason, c.native, c.outcome, \
    c.effective, c.assertions, c.before_states, c.answer_client, c.answer_key, c.created_at, \
    c.settled_at \
    FROM answer AS a LEFT JOIN change AS c ON c.id = a.change WHERE a.id = ANY($1::bytea[])";

/// So many columns of an answer stand before those of its change.
const ANSWER_COLUMNS: usize = 8;

const APPROVALS: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request, \
    c.id, c.family, c.subject, c.principal, c.facet, c.summary, c.reason, c.native, c.outcome, \
    c.effective, c.assertions, c.before_states, c.answer_client, c.answer_key, c.created_at, \
    c.settled_at \
    FROM approval AS a JOIN subject AS s ON s.id = a.subject JOIN change AS c ON c.id = a.id \
    WHERE a.id = ANY($1::uuid[])";

/// So many columns of an approval stand before those of its change.
const APPROVAL_COLUMNS: usize = 19;

const SUBJECTS: &str = "\
    SELECT family, id, kind, parent, state, history_length, history_hash \
    FROM subject WHERE family = ANY($1::uuid[]) ORDER BY family, id";

const IDENTIFIERS: &str = "\
    SELECT s.family, s.id, i.system, i.kind, i.value \
    FROM subject AS s JOIN identifier AS i ON i.subject = s.id \
    WHERE s.family = ANY($1::uuid[]) ORDER BY i.system, i.kind, i.value";

const REGISTERS: &str = "\
    SELECT s.family, r.subject, r.system, r.name, r.desired, r.version, r.change, r.confirmed, \
    r.confirmed_version, r.state, r.attempts, r.last_error \
    FROM subject AS s JOIN register AS r ON r.subject = s.id \
    WHERE s.family = ANY($1::uuid[]) ORDER BY r.subject, r.system, r.name";

const LANES: &str = "\
    SELECT s.family, l.subject, l.system, l.due_at, l.lease_token, l.lease_until \
    FROM subject AS s JOIN lane AS l ON l.subject = s.id \
    WHERE s.family = ANY($1::uuid[]) ORDER BY l.subject, l.system";

const OPEN_CHANGES: &str = "\
    SELECT family, id, family, subject, principal, facet, summary, reason, native, outcome, \
    effective, assertions, before_states, answer_client, answer_key, created_at, settled_at \
    FROM change WHERE family = ANY($1::uuid[]) AND open ORDER BY created_at, id";

const OPEN_APPROVALS: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM change AS c JOIN approval AS a ON a.id = c.id JOIN subject AS s ON s.id = a.subject \
    WHERE c.family = ANY($1::uuid[]) AND c.open";

/// Every statement of this module.
pub(super) const ALL: [&str; 9] = [
    NOW,
    ANSWERS,
    APPROVALS,
    SUBJECTS,
    IDENTIFIERS,
    REGISTERS,
    LANES,
    OPEN_CHANGES,
    OPEN_APPROVALS,
];

async fn unless_empty<T: tokio_postgres::types::ToSql + Sync>(
    session: &Session,
    sql: &'static str,
    keys: &[T],
) -> Result<Vec<Row>, StoreError> {
    if keys.is_empty() { Ok(Vec::new()) } else { session.query(sql, &[&keys]).await }
}

/// Rows of families, each of which says in its first column which one it is of.
#[derive(Default)]
struct Rows {
    subjects: Vec<Row>,
    identifiers: Vec<Row>,
    registers: Vec<Row>,
    lanes: Vec<Row>,
    changes: Vec<Row>,
    approvals: Vec<Row>,
}

async fn families(session: &Session, roots: &[Uuid]) -> Result<Rows, StoreError> {
    let whom =
        try_join(unless_empty(session, SUBJECTS, roots), unless_empty(session, IDENTIFIERS, roots));
    let what = try_join4(
        unless_empty(session, REGISTERS, roots),
        unless_empty(session, LANES, roots),
        unless_empty(session, OPEN_CHANGES, roots),
        unless_empty(session, OPEN_APPROVALS, roots),
    );
    let ((subjects, identifiers), (registers, lanes, changes, approvals)) =
        try_join(whom, what).await?;
    Ok(Rows { subjects, identifiers, registers, lanes, changes, approvals })
}

fn assemble(snapshot: &mut Snapshot, rows: &Rows) -> Result<(), StoreError> {
    let mut families = BTreeMap::new();
    for row in &rows.subjects {
        let columns = Columns::new(row, "subject");
        of(&mut families, columns)?.subjects.push(row::subject(columns.from(1))?);
    }
    for row in &rows.identifiers {
        let columns = Columns::new(row, "identifier");
        let (id, identifier) = (columns.subject_id(1)?, row::identifier(columns.from(2))?);
        name(of(&mut families, columns)?, id, identifier);
    }
    for row in &rows.registers {
        let columns = Columns::new(row, "register");
        of(&mut families, columns)?.registers.push(row::register(columns.from(1))?);
    }
    for row in &rows.lanes {
        let columns = Columns::new(row, "lane");
        of(&mut families, columns)?.lanes.push(row::lane(columns.from(1))?);
    }
    for row in &rows.changes {
        let columns = Columns::new(row, "change");
        let change: ChangeRow = row::change(columns.from(1))?;
        of(&mut families, columns)?.changes.push(change);
    }
    for row in &rows.approvals {
        let approval = row::approval(Columns::new(row, "approval"))?;
        snapshot.approvals.insert(approval.approval.id, approval);
    }
    snapshot.families = families.into_values().collect();
    Ok(())
}

fn of<'f>(
    families: &'f mut BTreeMap<SubjectId, FamilyRecord>,
    columns: Columns<'_>,
) -> Result<&'f mut FamilyRecord, StoreError> {
    let root = columns.subject_id(0)?;
    Ok(families.entry(root).or_insert_with(|| FamilyRecord {
        root,
        subjects: Vec::new(),
        registers: Vec::new(),
        lanes: Vec::new(),
        changes: Vec::new(),
    }))
}

/// Gives a subject one of its identifiers. The subjects are in the order of their ids.
fn name(family: &mut FamilyRecord, id: SubjectId, identifier: Identifier) {
    let found = family.subjects.binary_search_by_key(&id, |row| row.subject.id);
    if let Some(row) = found.ok().and_then(|index| family.subjects.get_mut(index)) {
        row.subject.identifiers.push(identifier);
    }
}

/// Lanes that were due when they were looked for and still are, now that nobody else can take them.
fn take_due(snapshot: &mut Snapshot, claimed: Vec<(SubjectId, System)>) {
    let now = snapshot.now;
    let is_due = |lane: &LaneRow| {
        lane.due_at.is_some_and(|due| due <= now) && lane.lease.is_none_or(|held| held.until <= now)
    };
    let lanes = || snapshot.families.iter().flat_map(|family| &family.lanes);
    let due: HashSet<_> = lanes()
        .filter(|lane| is_due(lane))
        .map(|lane| (lane.subject, lane.system.clone()))
        .collect();
    snapshot.due = claimed.into_iter().filter(|lane| due.contains(lane)).collect();
}
