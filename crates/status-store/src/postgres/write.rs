//! The transactions that write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::try_join3;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use super::connect::Session;
use super::row::instant;
use super::{Inner, error, load, notice, save};
use crate::store::{Needs, Snapshot, StoreError, Writes};

/// Every statement of this module that runs on a connection of the pool.
pub(super) const ALL: [&str; 4] = [TOKEN, NOTIFY, PURGE, PURGE_TOKENS];

/// Most tokens of finished transactions that one transaction removes.
const FINISHED_MAX: usize = 1000;

/// Wait before asking again what became of a COMMIT.
const RESOLVE_AGAIN: Duration = Duration::from_millis(100);

/// Tokens of transactions whose end is known, still to be removed from the record.
#[derive(Default)]
pub(super) struct Finished(Mutex<Vec<Uuid>>);

impl Finished {
    fn take(&self) -> Vec<Uuid> {
        let mut tokens = self.lock();
        let keep = tokens.len().saturating_sub(FINISHED_MAX);
        tokens.split_off(keep)
    }

    fn add(&self, tokens: impl IntoIterator<Item = Uuid>) {
        self.lock().extend(tokens);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Uuid>> {
        // Nothing that runs under the lock can leave the list half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction that waits for its COMMIT.
struct Pending<T> {
    session: Session,
    token: Uuid,
    value: T,
}

/// Loads, decides, saves and commits.
pub(super) async fn write<T>(
    inner: &Inner,
    needs: Needs,
    decide: impl FnOnce(Snapshot) -> (Writes, T),
) -> Result<T, StoreError> {
    let deadline = Instant::now() + inner.connector.settings.call_timeout;
    let finished = inner.finished.take();
    let prepared = timeout_at(deadline, prepare(inner, needs, decide, &finished)).await;
    let prepared =
        prepared.unwrap_or_else(|_| Err(error::unavailable("the server did not answer in time")));
    let committed = match prepared {
        Ok(Ok(pending)) => commit(inner, pending, deadline).await,
        Ok(Err(unwritten)) => {
            inner.finished.add(finished);
            return Ok(unwritten);
        }
        Err(error) => Err(error),
    };
    if committed.is_err() {
        inner.finished.add(finished);
    }
    committed
}

/// Everything up to the COMMIT; the inner error is the value of a decision that writes nothing.
async fn prepare<T>(
    inner: &Inner,
    needs: Needs,
    decide: impl FnOnce(Snapshot) -> (Writes, T),
    finished: &[Uuid],
) -> Result<Result<Pending<T>, T>, StoreError> {
    // If this is dropped half way, so is the session, and with it the transaction.
    let session = Session::begin(&inner.pool, &inner.connector).await?;
    let token = Uuid::new_v4();
    match transact(&session, needs, decide, token, finished).await {
        Ok((value, true)) => Ok(Ok(Pending { session, token, value })),
        Ok((value, false)) => {
            roll_back(session).await;
            Ok(Err(value))
        }
        Err(error) => {
            roll_back(session).await;
            Err(error)
        }
    }
}

/// Loads, decides and saves; says whether there is something to commit.
async fn transact<T>(
    session: &Session,
    needs: Needs,
    decide: impl FnOnce(Snapshot) -> (Writes, T),
    token: Uuid,
    finished: &[Uuid],
) -> Result<(T, bool), StoreError> {
    let snapshot = load::snapshot(session, &needs).await?;
    let now = snapshot.now;
    // A decision that panics must not look like a fault of the record's.
    let Ok((writes, value)) = catch_unwind(AssertUnwindSafe(|| decide(snapshot))) else {
        return Err(StoreError::Refused("the decision panicked".into()));
    };
    if writes.is_empty() {
        return Ok((value, false));
    }
    let notices = notice::payloads(&writes, now);
    try_join3(
        session.execute(TOKEN, &[&token, &finished]),
        save::all(session, &writes),
        notify(session, &notices),
    )
    .await?;
    Ok((value, true))
}

// See the table's own comment.
const TOKEN: &str = "\
    WITH finished AS (DELETE FROM commit_token WHERE token = ANY($2::uuid[])) \
    INSERT INTO commit_token (token, undone) VALUES ($1, false)";

const NOTIFY: &str = "SELECT pg_notify('statusgate', payload) FROM unnest($1::text[]) AS payload";

async fn notify(session: &Session, notices: &[String]) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    session.query(NOTIFY, &[&notices]).await.map(drop)
}

/// A connection on which this fails is closed.
async fn roll_back(session: Session) {
    if session.order("ROLLBACK").await.is_ok() {
        session.give_back();
    }
}

async fn commit<T>(inner: &Inner, pending: Pending<T>, deadline: Instant) -> Result<T, StoreError> {
    let Pending { mut session, token, value } = pending;
    session.never_cancel();
    match timeout_at(deadline, session.commit()).await {
        Ok(Ok(())) => session.give_back(),
        Ok(Err(Some(error))) if error::is_aborted(&error) => {
            session.give_back();
            return Err(error::of_statement(error));
        }
        Ok(Err(_)) | Err(_) => {
            drop(session);
            resolve(inner, token).await?;
        }
    }
    inner.finished.add([token]);
    Ok(value)
}

/// Finds out what became of a transaction whose COMMIT went unanswered: `Ok` if it is committed.
async fn resolve(inner: &Inner, token: Uuid) -> Result<(), StoreError> {
    let ask = async {
        loop {
            match is_committed(inner, token).await {
                Ok(committed) => return committed,
                Err(error) => {
                    tracing::warn!(%error, "a commit went unanswered; asking what became of it");
                    sleep(RESOLVE_AGAIN).await;
                }
            }
        }
    };
    match timeout(inner.connector.settings.resolve_timeout, ask).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(error::unavailable("the connection was lost and the write undone")),
        Err(late) => Err(StoreError::InDoubt(Box::new(late))),
    }
}

// Waits for a transaction that is still at work. If there is no row after that, the transaction is undone for
// good, and this row says so to whoever asks again.
const ARBITRATE: &str =
    "INSERT INTO commit_token (token, undone) VALUES ($1, true) ON CONFLICT DO NOTHING";

const OUTCOME: &str = "SELECT NOT undone FROM commit_token WHERE token = $1";

async fn is_committed(inner: &Inner, token: Uuid) -> Result<bool, StoreError> {
    let connector = &inner.connector;
    let solo = connector.solo(&connector.limited).await?;
    solo.client.execute(ARBITRATE, &[&token]).await.map_err(error::of_statement)?;
    let row = solo.client.query_one(OUTCOME, &[&token]).await.map_err(error::of_statement)?;
    row.try_get(0).map_err(error::of_statement)
}

// An answer whose change is still open is kept however old it is: without it a repeat would be a second
// change. One that somebody is writing is left for the next time.
const PURGE: &str = "\
    DELETE FROM answer WHERE id IN \
    (SELECT a.id FROM answer AS a LEFT JOIN change AS c ON c.id = a.change \
    WHERE a.created_at < $1 AND NOT coalesce(c.open, false) \
    ORDER BY a.created_at LIMIT $2 FOR UPDATE OF a SKIP LOCKED)";

// Left behind by gateways that ended before they could remove them.
const PURGE_TOKENS: &str = "DELETE FROM commit_token WHERE written_at < now() - interval '1 hour'";

/// Removes at most `limit` answers that are older than `before`; returns how many.
pub(super) async fn purge(
    session: &Session,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let before = instant(before);
    session.execute(PURGE_TOKENS, &[]).await?;
    session.execute(PURGE, &[&before, &limit]).await
}
