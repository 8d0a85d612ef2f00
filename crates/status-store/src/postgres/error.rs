//! What PostgreSQL's errors mean to the caller.
//!
//! The server's own text is passed on only where it speaks of the server: a refused row is quoted in it, and
//! with it personal data.

use std::error::Error;
use std::fmt;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, Severity};

use crate::store::StoreError;

/// What the server said, without what may quote a row.
#[derive(Debug)]
struct ServerError {
    code: Box<str>,
    message: Option<Box<str>>,
    table: Option<Box<str>>,
    constraint: Option<Box<str>>,
}

impl ServerError {
    fn new(error: &DbError) -> Self {
        let code = error.code().code();
        Self {
            code: code.into(),
            message: is_passing(code).then(|| error.message().into()),
            table: error.table().map(Into::into),
            constraint: error.constraint().map(Into::into),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered with SQLSTATE {}", self.code)?;
        let parts =
            [("", &self.message), ("table ", &self.table), ("constraint ", &self.constraint)];
        for (name, part) in parts {
            if let Some(part) = part {
                write!(f, ", {name}{part}")?;
            }
        }
        Ok(())
    }
}

impl Error for ServerError {}

/// What the error of a statement means. Nothing was written: a transaction that was not committed is rolled
/// back.
pub(super) fn of_statement(error: tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => of_server(said),
        None => StoreError::Unavailable(Box::new(error)),
    }
}

/// What the server's answer means.
pub(super) fn of_server(said: &DbError) -> StoreError {
    let error = Box::new(ServerError::new(said));
    if is_passing(&error.code) {
        StoreError::Unavailable(error)
    } else {
        StoreError::Refused(error)
    }
}

/// Whether the transaction has certainly not been committed, when COMMIT came back with this error. A fatal
/// error may also come after the commit is done.
pub(super) fn is_aborted(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|said| said.parsed_severity() == Some(Severity::Error))
}

/// Why no connection was to be had.
pub(super) fn of_pool(error: PoolError) -> StoreError {
    match error {
        // Whatever it is, it is not about what was asked.
        PoolError::Backend(error) => StoreError::Unavailable(match error.as_db_error() {
            Some(said) => Box::new(ServerError::new(said)),
            None => Box::new(error),
        }),
        PoolError::Timeout(TimeoutType::Wait) => unavailable("all connections are in use"),
        PoolError::Timeout(TimeoutType::Create) => unavailable("the server takes no connection"),
        PoolError::Timeout(TimeoutType::Recycle) => unavailable("the server does not answer"),
        PoolError::Closed => unavailable("the store has been closed"),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            unavailable("a connection could not be prepared")
        }
    }
}

/// [`StoreError::Unavailable`] for a reason of our own.
pub(super) fn unavailable(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}

/// Whether the trouble lies with the server, its machine or others' locks, and not with what was asked. Codes
/// that are not known here are taken for our own fault.
///
/// # Source
///
/// PostgreSQL, *Appendix A. PostgreSQL Error Codes*.
fn is_passing(code: &str) -> bool {
    // Connection, authorisation, database, rollback, resources, object state, operator intervention,
    // system, configuration, internal.
    let classes = ["08", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX"];
    // Read-only after a failover, transaction timed out, no privilege.
    let codes = ["25006", "25P03", "25P04", "42501"];
    classes.iter().any(|class| code.starts_with(class)) || codes.contains(&code)
}
