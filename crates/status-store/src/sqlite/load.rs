//! Loading what a decision needs.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use status_domain::ids::{ChangeId, Identifier, SubjectId, System};

use super::read::{self, all, one};
use super::row::{self, Columns};
use crate::record::SubjectRow;
use crate::store::{FamilyRecord, Needs, Snapshot, StoreError};

/// Everything that `needs` names.
pub(super) fn snapshot(connection: &Connection, needs: Needs) -> Result<Snapshot, StoreError> {
    let mut loader = Loader {
        connection,
        loaded: HashSet::new(),
        snapshot: Snapshot { now: needs.now, ..Snapshot::default() },
    };
    for identifier in needs.identifiers {
        loader.identifier(identifier)?;
    }
    for subject in needs.subjects {
        loader.family_of(subject)?;
    }
    for key in needs.answers {
        let parameters = [&key.client, &key.key];
        if let Some(answer) = one(connection, "answer", ANSWER, parameters, row::answer)? {
            if let Some(change) = answer.change {
                loader.change(change)?;
            }
            loader.snapshot.answers.insert(key, answer);
        }
    }
    for id in needs.approvals {
        if let Some(approval) = read::approval(connection, id)? {
            loader.change(id)?;
            loader.family(approval.family)?;
            loader.snapshot.approvals.insert(id, approval);
        }
    }
    for (system, limit) in needs.claims {
        loader.claim(&system, limit)?;
    }
    Ok(loader.snapshot)
}

struct Loader<'a> {
    connection: &'a Connection,
    /// Roots of the families that are in the snapshot.
    loaded: HashSet<SubjectId>,
    snapshot: Snapshot,
}

const ANSWER: &str = "\
    SELECT client, key, content, change, status, headers, body, created_at \
    FROM answer WHERE client = ?1 AND key = ?2";

const NAMED: &str = "\
    SELECT s.id, s.family FROM identifier AS i JOIN subject AS s ON s.id = i.subject \
    WHERE i.system = ?1 AND i.kind = ?2 AND i.value = ?3";

const FAMILY_OF: &str = "SELECT family FROM subject WHERE id = ?1";

const CLAIM: &str = "\
    SELECT l.subject, s.family FROM lane AS l CROSS JOIN subject AS s ON s.id = l.subject \
    WHERE l.system = ?1 AND l.due_at IS NOT NULL AND l.due_at <= ?2 \
    AND (l.lease_until IS NULL OR l.lease_until <= ?2) ORDER BY l.due_at LIMIT ?3";

impl Loader<'_> {
    fn identifier(&mut self, identifier: Identifier) -> Result<(), StoreError> {
        let parameters =
            [identifier.system.as_str(), identifier.kind.as_str(), identifier.value.expose()];
        if let Some((subject, family)) =
            one(self.connection, "subject", NAMED, parameters, subject_and_family)?
        {
            self.snapshot.known.insert(identifier, subject);
            self.family(family)?;
        }
        Ok(())
    }

    fn family_of(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        let parameters = [subject.0.as_bytes()];
        let family = one(self.connection, "subject", FAMILY_OF, parameters, |columns| {
            columns.subject_id(0)
        })?;
        family.map_or(Ok(()), |family| self.family(family))
    }

    fn change(&mut self, id: ChangeId) -> Result<(), StoreError> {
        if let Some(change) = read::change(self.connection, id)? {
            self.snapshot.changes.insert(id, change);
        }
        Ok(())
    }

    fn claim(&mut self, system: &System, limit: u32) -> Result<(), StoreError> {
        let now = self.snapshot.now.timestamp_micros();
        let parameters = params![system.as_str(), now, limit];
        let due = all(self.connection, "lane", CLAIM, parameters, subject_and_family)?;
        for (subject, family) in due {
            self.family(family)?;
            let lane = (subject, system.clone());
            // The system may have been named before.
            if !self.snapshot.due.contains(&lane) {
                self.snapshot.due.push(lane);
            }
        }
        Ok(())
    }

    fn family(&mut self, root: SubjectId) -> Result<(), StoreError> {
        if !self.loaded.insert(root) {
            return Ok(());
        }
        let family = family(self.connection, root)?;
        if !family.changes.is_empty() {
            let parameters = [root.0.as_bytes()];
            let approvals =
                all(self.connection, "approval", OPEN_APPROVALS, parameters, row::approval)?;
            let by_id = approvals.into_iter().map(|row| (row.approval.id, row));
            self.snapshot.approvals.extend(by_id);
        }
        self.snapshot.families.push(family);
        Ok(())
    }
}

fn subject_and_family(columns: &Columns<'_>) -> Result<(SubjectId, SubjectId), StoreError> {
    Ok((columns.subject_id(0)?, columns.subject_id(1)?))
}

// The joins start at the few subjects of the family, in the order of their ids, and take what is
// theirs in the order of its key; asking for that order too would cost a sort.
const SUBJECTS: &str = "\
    SELECT id, kind, parent, state, history_length, history_hash \
    FROM subject WHERE family = ?1 ORDER BY id";

const IDENTIFIERS: &str = "\
    SELECT i.subject, i.system, i.kind, i.value \
    FROM subject AS s CROSS JOIN identifier AS i ON i.subject = s.id \
    WHERE s.family = ?1 ORDER BY s.id";

const REGISTERS: &str = "\
    SELECT r.subject, r.system, r.name, r.desired, r.version, r.change, r.confirmed, \
    r.confirmed_version, r.state, r.attempts, r.last_error \
    FROM subject AS s CROSS JOIN register AS r ON r.subject = s.id \
    WHERE s.family = ?1 ORDER BY s.id";

const LANES: &str = "\
    SELECT l.subject, l.system, l.due_at, l.lease_token, l.lease_until \
    FROM subject AS s CROSS JOIN lane AS l ON l.subject = s.id \
    WHERE s.family = ?1 ORDER BY s.id";

const OPEN_CHANGES: &str = "\
    SELECT id, family, subject, principal, facet, summary, reason, native, outcome, effective, \
    assertions, before_states, answer_client, answer_key, created_at, settled_at \
    FROM change WHERE family = ?1 AND open = 1 ORDER BY created_at, id";

const OPEN_APPROVALS: &str = "\
    SELECT a.id, a.format, a.tenant, a.state, a.maker_id, a.maker_number, a.maker_name, \
    a.checker_id, a.checker_number, a.checker_name, a.comment, a.native, a.started_at, a.ended_at, \
    a.refusal, a.principal, s.family, a.subject, a.request \
    FROM change AS c CROSS JOIN approval AS a ON a.id = c.id \
    CROSS JOIN subject AS s ON s.id = a.subject WHERE c.family = ?1 AND c.open = 1";

fn family(connection: &Connection, root: SubjectId) -> Result<FamilyRecord, StoreError> {
    let family = [root.0.as_bytes()];
    let mut subjects = all(connection, "subject", SUBJECTS, family, row::subject)?;
    let identifiers = all(connection, "identifier", IDENTIFIERS, family, |columns| {
        Ok((columns.subject_id(0)?, row::identifier(columns, 1)?))
    })?;
    name(&mut subjects, identifiers);
    Ok(FamilyRecord {
        root,
        subjects,
        registers: all(connection, "register", REGISTERS, family, row::register)?,
        lanes: all(connection, "lane", LANES, family, row::lane)?,
        changes: all(connection, "change", OPEN_CHANGES, family, row::change)?,
    })
}

/// Gives the subjects their identifiers; both are in the order of the subjects' ids.
fn name(subjects: &mut [SubjectRow], identifiers: Vec<(SubjectId, Identifier)>) {
    let mut identifiers = identifiers.into_iter().peekable();
    for row in subjects {
        let subject = &mut row.subject;
        while let Some((_, identifier)) = identifiers.next_if(|(id, _)| *id == subject.id) {
            subject.identifiers.push(identifier);
        }
    }
}
