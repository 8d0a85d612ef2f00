//! Making checkpoints while the gateway runs.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use status_store::audit::AuditStore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::audit::keys::SigningKey;
use crate::audit::line::hex;
use crate::clock;

/// Most subjects in one checkpoint, so that making one holds up the changes for a few milliseconds only.
const LEAVES_MAX: NonZeroU32 = NonZeroU32::MIN.saturating_add(1023);

/// Makes checkpoints every so often.
#[derive(Debug)]
pub(super) struct Checkpoints<S> {
    task: JoinHandle<()>,
    store: S,
    key: Arc<SigningKey>,
}

impl<S: AuditStore> Checkpoints<S> {
    /// Starts with one at once.
    pub(super) fn start(store: S, key: SigningKey, every: Duration) -> Self {
        let key = Arc::new(key);
        let task = tokio::spawn(make_every(store.clone(), Arc::clone(&key), every));
        Self { task, store, key }
    }

    /// Makes the last ones: nothing is recorded any more.
    pub(super) async fn stop(self) {
        self.task.abort();
        make(&self.store, &self.key).await;
    }
}

async fn make_every<S: AuditStore>(store: S, key: Arc<SigningKey>, every: Duration) {
    let mut every = tokio::time::interval(every);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        make(&store, &key).await;
    }
}

/// Makes as many as it takes to have everything in one.
async fn make<S: AuditStore>(store: &S, key: &Arc<SigningKey>) {
    loop {
        let key = Arc::clone(key);
        let made = store.checkpoint(clock::now(), LEAVES_MAX, move |draft| key.seal(draft)).await;
        match made {
            Ok(Some(made)) => {
                let (number, leaves) = (made.draft.number, made.draft.leaves);
                // Kept where the gateway cannot reach, this line proves that the checkpoint existed.
                tracing::info!(number, hash = hex(&made.hash), leaves, "checkpoint");
                if leaves < u64::from(LEAVES_MAX.get()) {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "no checkpoint was made");
                return;
            }
        }
    }
}
