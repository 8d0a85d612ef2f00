//! How a PostgreSQL server is used.

use std::time::Duration;

/// How a PostgreSQL server is used. No wait is without an end.
///
/// The limits that the server enforces (`statement_timeout`, `lock_timeout`, `idle_in_transaction_timeout`)
/// free what a gateway that was cut off has locked; the others free the gateway from a server that is silent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Most connections that are kept, at least 1. Two more are made when needed: one listens, one finds
    /// out what became of a COMMIT.
    pub connections_max: usize,
    /// How long to wait for one of the connections to come free.
    pub wait_timeout: Duration,
    /// How long making a connection may take.
    pub create_timeout: Duration,
    /// How long an idle connection may take to show that it is alive before it is used again.
    pub recycle_timeout: Duration,
    /// How long the server works on one statement.
    pub statement_timeout: Duration,
    /// How long the server waits for one lock.
    pub lock_timeout: Duration,
    /// How long the server keeps a transaction open in which nothing is asked.
    pub idle_in_transaction_timeout: Duration,
    /// After how much silence a connection is probed, and how long apart the probes are.
    pub keepalive: Duration,
    /// How many probes go unanswered before the connection counts as lost.
    pub keepalive_retries: u32,
    /// How long sent data may stay unacknowledged before the connection counts as lost (Linux only).
    pub tcp_user_timeout: Duration,
    /// How long any call of the store takes at most, except for a COMMIT that goes unanswered.
    pub call_timeout: Duration,
    /// How much longer a write may take to find out what became of a COMMIT that went unanswered.
    pub resolve_timeout: Duration,
    /// How long bringing the schema up to date may take, and waiting for another gateway that does so.
    pub migrate_timeout: Duration,
}

impl Default for Settings {
    /// Eight connections; 2 s to wait for one, 3 s to make one, 1 s to see that one is alive; 5 s for a
    /// statement, 2 s for a lock, 10 s for an idle transaction; probes every 5 s, 3 of them; 10 s for data to
    /// be acknowledged; 8 s for a call, 15 s to resolve a COMMIT, 5 min to migrate.
    fn default() -> Self {
        Self {
            connections_max: 8,
            wait_timeout: Duration::from_secs(2),
            create_timeout: Duration::from_secs(3),
            recycle_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_in_transaction_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(5),
            keepalive_retries: 3,
            tcp_user_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(8),
            resolve_timeout: Duration::from_secs(15),
            migrate_timeout: Duration::from_secs(300),
        }
    }
}

impl Settings {
    /// The limits that the server enforces, as the `options` of a connection say them.
    pub(super) fn options(&self) -> String {
        // Statements that take microseconds are not worth compiling.
        format!(
            "-c statement_timeout={} -c lock_timeout={} \
             -c idle_in_transaction_session_timeout={} -c jit=off",
            milliseconds(self.statement_timeout),
            milliseconds(self.lock_timeout),
            milliseconds(self.idle_in_transaction_timeout),
        )
    }
}

/// The server takes 0 for no limit.
fn milliseconds(limit: Duration) -> u128 {
    limit.as_millis().clamp(1, i32::MAX.unsigned_abs().into())
}
