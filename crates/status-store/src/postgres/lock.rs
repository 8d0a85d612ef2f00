//! Finding and locking what a decision is about.
//!
//! Everybody takes locks in the same order, so that nobody waits in a circle: first those on names that have no
//! row yet, in the order of their digests, then the families, in the order of their ids. A claim waits for
//! nothing: a family that somebody else works on is passed over.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join_all, try_join3};
use sha2::{Digest as _, Sha256};
use status_domain::ids::{Identifier, SubjectId, System};
use tokio_postgres::Row;
use uuid::Uuid;

use super::connect::Session;
use super::read::collect;
use super::row::Columns;
use crate::record::{AnswerKey, Digest};
use crate::store::{Needs, StoreError};

/// Every statement of this module.
pub(super) const ALL: [&str; 9] =
    [NAMED, FAMILIES_OF, APPROVED, LOCK_NAMES, LOCK_SOME, LOCK_EVERY, LOCK_FAMILIES, MOVED, CLAIM];

/// What is locked.
#[derive(Default)]
pub(super) struct Locked {
    /// Whom the identifiers name.
    pub(super) known: HashMap<Identifier, SubjectId>,
    /// The ids of the families.
    pub(super) roots: BTreeSet<Uuid>,
    /// Lanes that were due when they were looked for; perhaps taken since.
    pub(super) claimed: Vec<(SubjectId, System)>,
    /// The subjects through which the families were found.
    members: BTreeSet<Uuid>,
}

/// The id under which an answer is kept: names may be longer than an index takes.
pub(super) fn answer_id(key: &AnswerKey) -> Digest {
    digest([&*key.client, &*key.key])
}

fn digest<const N: usize>(parts: [&str; N]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Begins the transaction and locks what `needs` names.
pub(super) async fn all(session: &Session, needs: &Needs) -> Result<Locked, StoreError> {
    let mut locked = Locked::default();
    let resolve = resolve(session, needs);
    // All of it is sent at once and done in order.
    let ((), (named, subjects, approvals)) = try_join(session.order("BEGIN"), resolve).await?;
    locked.name(&needs.identifiers, &named)?;
    locked.add(&subjects)?;
    locked.add(&approvals)?;
    let unknown: Vec<&Identifier> =
        needs.identifiers.iter().filter(|name| !locked.known.contains_key(name)).collect();
    let names = Names::of(&unknown, &needs.answers);
    if !names.0.is_empty() {
        // Whoever was about to give one of them a row has done so once they are ours.
        let ((), named) = try_join(names.lock(session), named_by(session, &unknown)).await?;
        let unknown: Vec<Identifier> = unknown.into_iter().cloned().collect();
        locked.name(&unknown, &named)?;
    }
    locked.families(session, &needs.claims).await?;
    Ok(locked)
}

type Found = (Vec<Row>, Vec<Row>, Vec<Row>);

async fn resolve(session: &Session, needs: &Needs) -> Result<Found, StoreError> {
    let identifiers: Vec<&Identifier> = needs.identifiers.iter().collect();
    let subjects: Vec<Uuid> = needs.subjects.iter().map(|id| id.0).collect();
    let approvals: Vec<Uuid> = needs.approvals.iter().map(|id| id.0).collect();
    let found = try_join3(
        named_by(session, &identifiers),
        about(session, FAMILIES_OF, &subjects),
        about(session, APPROVED, &approvals),
    );
    found.await
}

const NAMED: &str = "\
    SELECT s.id, s.family, n.number - 1 FROM \
    unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS n (system, kind, value, number) \
    JOIN identifier AS i ON i.system = n.system AND i.kind = n.kind AND i.value = n.value \
    JOIN subject AS s ON s.id = i.subject";

async fn named_by(session: &Session, names: &[&Identifier]) -> Result<Vec<Row>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let systems: Vec<&str> = names.iter().map(|name| name.system.as_str()).collect();
    let kinds: Vec<&str> = names.iter().map(|name| name.kind.as_str()).collect();
    let values: Vec<&str> = names.iter().map(|name| name.value.expose()).collect();
    session.query(NAMED, &[&systems, &kinds, &values]).await
}

const FAMILIES_OF: &str = "SELECT id, family FROM subject WHERE id = ANY($1::uuid[])";

const APPROVED: &str = "\
    SELECT s.id, s.family FROM approval AS a JOIN subject AS s ON s.id = a.subject \
    WHERE a.id = ANY($1::uuid[])";

async fn about(session: &Session, sql: &'static str, ids: &[Uuid]) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() { Ok(Vec::new()) } else { session.query(sql, &[&ids]).await }
}

/// Names that may get a row in this transaction, as numbers to lock, in order.
struct Names(BTreeSet<i64>);

/// From so many names on, all names are locked at once: the server's table of locks has an end.
const NAMES_MAX: usize = 256;

const LOCK_NAMES: &str = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number";

const LOCK_SOME: &str = "SELECT pg_advisory_xact_lock_shared($1)";

const LOCK_EVERY: &str = "SELECT pg_advisory_xact_lock($1)";

/// The lock on all names: shared by those who lock some of them. Any number that nothing else in the database locks.
const EVERY_NAME: i64 = 0x6e61_6d65_735f_7367;

impl Names {
    fn of(unknown: &[&Identifier], answers: &[AnswerKey]) -> Self {
        let identifiers = unknown.iter().map(|name| {
            digest(["identifier", name.system.as_str(), name.kind.as_str(), name.value.expose()])
        });
        // Also where there is an answer: twins that complete it go one after the other.
        let all = identifiers.chain(answers.iter().map(answer_id));
        Self(all.map(|digest| i64::from_be_bytes(first_eight(digest))).collect())
    }

    async fn lock(&self, session: &Session) -> Result<(), StoreError> {
        if self.0.len() > NAMES_MAX {
            return session.query(LOCK_EVERY, &[&EVERY_NAME]).await.map(drop);
        }
        let numbers: Vec<i64> = self.0.iter().copied().collect();
        let some = session.query(LOCK_SOME, &[&EVERY_NAME]);
        try_join(some, session.query(LOCK_NAMES, &[&numbers])).await.map(drop)
    }
}

const fn first_eight(digest: Digest) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

// Not FOR UPDATE: rows that refer to the subject may be added meanwhile, as long as all who work on the family
// take this lock.
const LOCK_FAMILIES: &str =
    "SELECT id FROM subject WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE";

const MOVED: &str = "\
    SELECT id, family FROM subject WHERE id = ANY($1::uuid[]) AND family <> ALL($2::uuid[])";

const CLAIM: &str = "\
    SELECT l.subject, s.family FROM lane AS l JOIN subject AS s ON s.id = l.subject \
    JOIN subject AS root ON root.id = s.family \
    WHERE l.system = $1 AND l.due_at IS NOT NULL AND l.due_at <= statement_timestamp() \
    AND (l.lease_until IS NULL OR l.lease_until <= statement_timestamp()) \
    ORDER BY l.due_at, l.subject LIMIT $2 FOR NO KEY UPDATE OF root SKIP LOCKED";

/// Moves of a subject to another family are rare, and two in a row while somebody waits do not happen.
const MOVES_MAX: usize = 4;

impl Locked {
    fn name(&mut self, names: &[Identifier], found: &[Row]) -> Result<(), StoreError> {
        for row in found {
            let columns = Columns::new(row, "identifier");
            let number = usize::try_from(columns.plain::<i64>(2)?);
            let name = number.ok().and_then(|number| names.get(number));
            let name = name.ok_or(StoreError::Corrupt { table: "identifier" })?;
            self.known.insert(name.clone(), columns.subject_id(0)?);
        }
        self.add(found)
    }

    /// Rows that begin with a subject and its family.
    fn add(&mut self, found: &[Row]) -> Result<(), StoreError> {
        for row in found {
            let columns = Columns::new(row, "subject");
            self.members.insert(columns.plain(0)?);
            self.roots.insert(columns.plain(1)?);
        }
        Ok(())
    }

    async fn families(
        &mut self,
        session: &Session,
        claims: &[(System, u32)],
    ) -> Result<(), StoreError> {
        for _ in 0..MOVES_MAX {
            let roots: Vec<Uuid> = self.roots.iter().copied().collect();
            let members: Vec<Uuid> = self.members.iter().copied().collect();
            let lock = about(session, LOCK_FAMILIES, &roots);
            let moved = async {
                if members.is_empty() {
                    return Ok(Vec::new());
                }
                session.query(MOVED, &[&members, &roots]).await
            };
            let (_, moved) = try_join(lock, moved).await?;
            if moved.is_empty() {
                return self.claim(session, claims).await;
            }
            self.add(&moved)?;
        }
        Err(super::error::unavailable("subjects keep moving between families"))
    }

    async fn claim(
        &mut self,
        session: &Session,
        claims: &[(System, u32)],
    ) -> Result<(), StoreError> {
        let found = try_join_all(claims.iter().map(|claim| claim_one(session, claim))).await?;
        for ((system, _), rows) in claims.iter().zip(&found) {
            let read = |columns: Columns<'_>| Ok((columns.subject_id(0)?, columns.plain(1)?));
            for (subject, family) in collect(rows, "lane", read)? {
                self.roots.insert(family);
                let lane = (subject, system.clone());
                // The system may have been named before.
                if !self.claimed.contains(&lane) {
                    self.claimed.push(lane);
                }
            }
        }
        Ok(())
    }
}

async fn claim_one(
    session: &Session,
    (system, limit): &(System, u32),
) -> Result<Vec<Row>, StoreError> {
    session.query(CLAIM, &[&system.as_str(), &i64::from(*limit)]).await
}
