//! Checkpoints in the SQLite file, and the reading of it for verifying and exporting.

use std::num::NonZeroU32;
use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use status_domain::ids::SubjectId;

use super::read::{all, one};
use super::row::{self, Columns};
use super::worker::Queue;
use super::{Settings, SqliteStore, open, schema};
use crate::audit::{
    self, AuditReader, AuditStore, Checkpoint, Draft, Extent, Leaf, Seal, SealError, Unreadable,
};
use crate::record::{Head, HistoryRow};
use crate::store::StoreError;

/// The schema since which there are checkpoints.
const CHECKPOINTS_SINCE: u32 = 2;

impl AuditStore for SqliteStore {
    async fn checkpoint(
        &self,
        now: DateTime<Utc>,
        leaves_max: NonZeroU32,
        seal: impl FnOnce(&Draft) -> Result<Seal, SealError> + Send + 'static,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.writes.run(move |connection| checkpoint(connection, now, leaves_max, seal)).await
    }
}

// Without the index it would look at every subject there is.
const GROWN: &str = "\
    SELECT id, history_length, history_hash FROM subject INDEXED BY subject_uncommitted \
    WHERE history_length > committed_length ORDER BY id LIMIT ?1";

const LAST: &str = "SELECT number, hash FROM checkpoint ORDER BY number DESC LIMIT 1";

fn checkpoint(
    connection: &mut Connection,
    now: DateTime<Utc>,
    leaves_max: NonZeroU32,
    seal: impl FnOnce(&Draft) -> Result<Seal, SealError>,
) -> Result<Option<Checkpoint>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let leaves = all(&transaction, "subject", GROWN, [leaves_max.get()], |columns| {
        Ok(Leaf { subject: columns.subject_id(0)?, head: columns.head(1)? })
    })?;
    if leaves.is_empty() {
        transaction.rollback()?;
        return Ok(None);
    }
    let last = one(&transaction, "checkpoint", LAST, [], |columns| {
        Ok((columns.number(0)?, columns.digest(1)?))
    })?;
    let (number, previous) = last.map_or((1, [0; 32]), |(number, hash)| (number + 1, hash));
    let draft = Draft {
        number,
        at: now,
        leaves: leaves.len() as u64,
        root: audit::root(&leaves),
        previous,
    };
    let checkpoint = draft.sealed(seal(&draft).map_err(StoreError::Refused)?);
    save(&transaction, &checkpoint, &leaves)?;
    transaction.commit()?;
    Ok(Some(checkpoint))
}

const CHECKPOINT: &str = "\
    INSERT INTO checkpoint (number, made_at, leaves, root, previous, key, signature, hash) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const LEAF: &str = "\
    INSERT INTO checkpoint_leaf (checkpoint, subject, length, hash) VALUES (?1, ?2, ?3, ?4)";

const COMMITTED: &str = "UPDATE subject SET committed_length = ?2 WHERE id = ?1";

fn save(
    transaction: &Transaction<'_>,
    checkpoint: &Checkpoint,
    leaves: &[Leaf],
) -> Result<(), StoreError> {
    let integer = super::save::integer;
    let Checkpoint { draft, key, signature, hash } = checkpoint;
    let number = integer(draft.number)?;
    transaction.prepare_cached(CHECKPOINT)?.execute(params![
        number,
        draft.at.timestamp_micros(),
        integer(draft.leaves)?,
        draft.root,
        draft.previous,
        key,
        signature,
        hash,
    ])?;
    let mut insert = transaction.prepare_cached(LEAF)?;
    let mut commit = transaction.prepare_cached(COMMITTED)?;
    for Leaf { subject, head } in leaves {
        let (subject, length) = (subject.0.as_bytes(), integer(head.length)?);
        insert.execute(params![number, subject, length, head.hash])?;
        commit.execute(params![subject, length])?;
    }
    Ok(())
}

/// The record in an SQLite file as it is at one moment. It only reads, and whoever writes is not kept
/// waiting, but the file's log cannot be cut back while this is open.
///
/// The file's thread ends once this is dropped.
#[derive(Debug)]
pub struct SqliteReader {
    reads: Queue,
    has_checkpoints: bool,
}

impl SqliteReader {
    /// Opens a file that exists. Its schema stays as it is; a record of a time before there were checkpoints
    /// is read as one without any.
    ///
    /// The file's directory must be writable if the file is in use or was not closed properly.
    ///
    /// Blocks while it does so.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooNew`] if a newer program wrote the file, [`StoreError::Unavailable`] if it cannot
    /// be opened, is no SQLite file, or is empty.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open::reader(path, Settings::default())?;
        // The first statement fixes what is seen from then on.
        connection.execute_batch("BEGIN")?;
        let found = schema::known_version(&connection)?;
        if found == 0 {
            return Err(StoreError::Unavailable("the file holds no record".into()));
        }
        Ok(Self {
            reads: Queue::start("sqlite-audit", vec![connection])?,
            has_checkpoints: found >= CHECKPOINTS_SINCE,
        })
    }
}

const COUNT_RECORD: &str =
    "SELECT 0, 0, (SELECT count(*) FROM subject), (SELECT count(*) FROM history)";

const COUNT_ALL: &str = "\
    SELECT (SELECT count(*) FROM checkpoint), (SELECT count(*) FROM checkpoint_leaf), \
    (SELECT count(*) FROM subject), (SELECT count(*) FROM history)";

const CHECKPOINTS: &str = "\
    SELECT number, made_at, leaves, root, previous, key, signature, hash FROM checkpoint \
    WHERE number > ?1 ORDER BY number LIMIT ?2";

const LEAVES: &str = "\
    SELECT subject, length, hash FROM checkpoint_leaf \
    WHERE checkpoint = ?1 AND subject > ?2 ORDER BY subject LIMIT ?3";

const LEAVES_OF: &str = "\
    SELECT checkpoint, length, hash FROM checkpoint_leaf WHERE subject = ?1 ORDER BY checkpoint";

// A subject whose row was removed still shows by its history. The empty blob comes before every id.
const NEXT_RECORD: &str = "\
    SELECT min(id) FROM (SELECT min(id) AS id FROM subject WHERE id > ?1 \
    UNION ALL SELECT min(subject) FROM history WHERE subject > ?1)";

const NEXT_ALL: &str = "\
    SELECT min(id) FROM (SELECT min(id) AS id FROM subject WHERE id > ?1 \
    UNION ALL SELECT min(subject) FROM history WHERE subject > ?1 \
    UNION ALL SELECT min(subject) FROM checkpoint_leaf WHERE subject > ?1)";

const RECORDED: &str = "SELECT history_length, history_hash FROM subject WHERE id = ?1";

const ENTRIES: &str = "\
    SELECT subject, number, change, written_at, kind, body, previous, hash FROM history \
    WHERE subject = ?1 AND number > ?2 ORDER BY number LIMIT ?3";

impl AuditReader for SqliteReader {
    async fn extent(&mut self) -> Result<Extent, StoreError> {
        let sql = if self.has_checkpoints { COUNT_ALL } else { COUNT_RECORD };
        let counted = self.reads.run(move |connection| {
            one(connection, "history", sql, [], |columns| {
                Ok(Extent {
                    checkpoints: columns.number(0)?,
                    leaves: columns.number(1)?,
                    subjects: columns.number(2)?,
                    entries: columns.number(3)?,
                })
            })
        });
        Ok(counted.await?.unwrap_or_default())
    }

    async fn checkpoints(
        &mut self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Result<Checkpoint, Unreadable>>, StoreError> {
        if !self.has_checkpoints {
            return Ok(Vec::new());
        }
        let parameters = (position(after, i64::MIN), limit);
        let read = |columns: &Columns<'_>| {
            Ok(row::checkpoint(columns).map_err(|_| Unreadable { number: columns.number(0).ok() }))
        };
        self.reads
            .run(move |connection| all(connection, "checkpoint", CHECKPOINTS, parameters, read))
            .await
    }

    async fn leaves(
        &mut self,
        checkpoint: u64,
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<Vec<(SubjectId, Option<Head>)>, StoreError> {
        if !self.has_checkpoints {
            return Ok(Vec::new());
        }
        let parameters = (position(checkpoint, 0), key(after), limit);
        let read = |columns: &Columns<'_>| Ok((columns.subject_id(0)?, columns.head(1).ok()));
        self.reads
            .run(move |connection| all(connection, "checkpoint_leaf", LEAVES, parameters, read))
            .await
    }

    async fn subjects(
        &mut self,
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<Vec<(SubjectId, Option<Head>)>, StoreError> {
        let next = if self.has_checkpoints { NEXT_ALL } else { NEXT_RECORD };
        self.reads
            .run(move |connection| {
                let (mut found, mut after) = (Vec::new(), after);
                while found.len() < limit as usize
                    && let Some(subject) = next_subject(connection, next, after)?
                {
                    let id = [subject.0.as_bytes()];
                    let read = |columns: &Columns<'_>| Ok(columns.head(0).unwrap_or(NO_END));
                    let head = one(connection, "subject", RECORDED, id, read)?;
                    found.push((subject, head));
                    after = Some(subject);
                }
                Ok(found)
            })
            .await
    }

    async fn leaves_of(&mut self, subject: SubjectId) -> Result<Vec<(u64, Head)>, StoreError> {
        if !self.has_checkpoints {
            return Ok(Vec::new());
        }
        let read = |columns: &Columns<'_>| Ok(columns.number(0).ok().zip(columns.head(1).ok()));
        self.reads
            .run(move |connection| {
                let id = [subject.0.as_bytes()];
                let leaves = all(connection, "checkpoint_leaf", LEAVES_OF, id, read)?;
                Ok(leaves.into_iter().flatten().collect())
            })
            .await
    }

    async fn entries(
        &mut self,
        subject: SubjectId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Result<HistoryRow, Unreadable>>, StoreError> {
        let read = |columns: &Columns<'_>| {
            Ok(row::history(columns).map_err(|_| Unreadable { number: columns.number(1).ok() }))
        };
        self.reads
            .run(move |connection| {
                let parameters = params![subject.0.as_bytes(), position(after, i64::MIN), limit];
                all(connection, "history", ENTRIES, parameters, read)
            })
            .await
    }
}

/// An end that no history has.
const NO_END: Head = Head { length: 0, hash: [0xff; 32] };

fn next_subject(
    connection: &Connection,
    sql: &'static str,
    after: Option<SubjectId>,
) -> Result<Option<SubjectId>, StoreError> {
    let next =
        one(connection, "subject", sql, [key(after)], |columns| columns.optional_subject_id(0))?;
    Ok(next.flatten())
}

/// The id to start behind.
fn key(after: Option<SubjectId>) -> Vec<u8> {
    after.map(|subject| subject.0.as_bytes().to_vec()).unwrap_or_default()
}

/// The number to start behind: `start` for 0. What is too large for the file is behind everything.
fn position(number: u64, start: i64) -> i64 {
    if number == 0 { start } else { i64::try_from(number).unwrap_or(i64::MAX) }
}
