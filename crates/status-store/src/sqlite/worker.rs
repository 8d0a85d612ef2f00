//! Threads that own connections.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::StoreError;

/// Most jobs that wait; the router never has nearly as many under way.
const WAITING_MAX: usize = 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Work for threads with a connection each. They end when the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Queue(SyncSender<Job>);

impl Queue {
    /// Starts a thread for each connection.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the system has no thread to give.
    pub(super) fn start(name: &str, connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let jobs = Arc::new(Mutex::new(receiver));
        for connection in connections {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || serve(connection, &jobs))
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        }
        Ok(Self(sender))
    }

    /// Has `job` done. It is done also if the caller does not wait for it.
    ///
    /// # Errors
    ///
    /// The job's own; [`StoreError::Unavailable`] if too much is waiting; [`StoreError::Refused`] if the
    /// job panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        // The caller may have gone away; what was done stays done.
        let job: Job = Box::new(move |connection| drop(reply.send(job(connection))));
        self.0.try_send(job).map_err(|error| {
            StoreError::Unavailable(match error {
                TrySendError::Full(_) => "too much is waiting for the record".into(),
                TrySendError::Disconnected(_) => "the record's thread has ended".into(),
            })
        })?;
        let panicked = |_| StoreError::Refused("the work on the record panicked".into());
        answer.await.map_err(panicked)?
    }
}

fn serve(mut connection: Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Unwinding rolls the transaction back and drops the reply, by which the caller learns of it.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!("work on the record panicked and was undone");
        }
    }
}
