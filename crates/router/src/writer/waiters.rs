//! Callers that wait for a change to come to an end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use status_domain::ids::ChangeId;
use status_store::record::AnswerRow;
use tokio::sync::oneshot;

use crate::gateway::{Answered, Encoder};

/// One caller.
pub struct Waiter {
    /// How to answer it.
    pub encode: Encoder,
    /// Where the answer goes.
    pub done: oneshot::Sender<Answered>,
    /// Where the final answer is kept for repeats, if its format has message numbers.
    pub answer: Option<AnswerRow>,
    /// Whether it is shown the request rather than what became of the change: a checker is.
    pub sees_request: bool,
}

/// Callers by the change they wait for.
#[derive(Default)]
pub struct Waiters(Mutex<HashMap<ChangeId, Waiting>>);

/// Everybody who waits for one change.
#[derive(Default)]
pub struct Waiting {
    /// The callers.
    pub callers: Vec<Waiter>,
    /// The answer of the upstream that speaks the first caller's format. Held in memory only.
    pub native: Option<Box<str>>,
}

impl Waiters {
    /// Adds a caller.
    pub fn add(&self, change: ChangeId, waiter: Waiter) {
        self.lock().entry(change).or_default().callers.push(waiter);
    }

    /// Keeps an upstream's answer for those who wait; drops it if nobody does.
    pub fn keep_native(&self, change: ChangeId, native: &str) {
        if let Some(waiting) = self.lock().get_mut(&change) {
            waiting.native = Some(native.into());
        }
    }

    /// Takes everybody who waits for a change.
    #[must_use]
    pub fn take(&self, change: ChangeId) -> Waiting {
        self.lock().remove(&change).unwrap_or_default()
    }

    /// Whether anybody waits for a change.
    #[must_use]
    pub fn has(&self, change: ChangeId) -> bool {
        self.lock().contains_key(&change)
    }

    /// How the final answer of a change is written and where it is kept, if somebody waits whose format
    /// has message numbers.
    #[must_use]
    pub fn kept_answer(&self, change: ChangeId) -> Option<(Encoder, AnswerRow)> {
        let guard = self.lock();
        let callers = &guard.get(&change)?.callers;
        callers
            .iter()
            .find_map(|caller| Some((Encoder::clone(&caller.encode), caller.answer.clone()?)))
    }

    /// The upstream's answer kept for a change.
    #[must_use]
    pub fn native(&self, change: ChangeId) -> Option<Box<str>> {
        self.lock().get(&change).and_then(|waiting| waiting.native.clone())
    }

    /// Forgets callers of a change who no longer listen.
    pub fn forget_abandoned(&self, change: ChangeId) {
        let mut guard = self.lock();
        if let Some(waiting) = guard.get_mut(&change) {
            waiting.callers.retain(|caller| !caller.done.is_closed());
            if waiting.callers.is_empty() {
                guard.remove(&change);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ChangeId, Waiting>> {
        // Nothing that runs under the lock can leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

impl fmt::Debug for Waiting {
    // What an upstream answered may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("callers", &self.callers.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").field("changes", &self.lock().len()).finish()
    }
}
