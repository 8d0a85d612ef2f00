//! The configured upstream systems.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use status_domain::adapter::Upstream;
use status_domain::facet::Facet;
use status_domain::ids::System;
use status_domain::register::RegisterName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::breaker::{Breaker, Health, Turn};

/// One upstream system and how it is to be treated.
pub struct UpstreamEntry {
    /// Its wire format.
    pub adapter: Box<dyn Upstream>,
    /// Whether a change is only applied when this system holds it.
    pub required: bool,
    /// How long one call may take, connecting included.
    pub timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The right to have a request under way: as many as may be at once.
    pub permits: Arc<Semaphore>,
    /// Holds requests back while the system fails.
    pub breaker: Mutex<Breaker>,
}

impl UpstreamEntry {
    /// The right to begin a request now.
    ///
    /// # Errors
    ///
    /// When to ask again; the present if it depends on another request's end.
    pub fn admit(&self, now: Instant) -> Result<OwnedSemaphorePermit, Instant> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| now)?;
        self.breaker().admit(now)?;
        Ok(permit)
    }

    /// Until when no request may be begun, if the system is being left alone.
    #[must_use]
    pub fn closed_until(&self, now: Instant) -> Option<Instant> {
        self.breaker().closed_until(now)
    }

    /// Takes in what a request told about the system. Says whether the system is taken to be well after
    /// it: then a failure is the request's own.
    pub fn learn(&self, health: Health, now: Instant) -> bool {
        let (turn, is_well) = {
            let mut breaker = self.breaker();
            (breaker.learn(health, now), breaker.is_closed())
        };
        let system = self.system();
        match turn {
            Some(Turn::Opened) if health == Health::Rejecting => {
                tracing::error!(%system, "the upstream rejects our credentials: a person is needed");
            }
            Some(Turn::Opened) => tracing::warn!(%system, "the upstream fails and is left alone"),
            Some(Turn::Closed) => tracing::info!(%system, "the upstream answers again"),
            None => {}
        }
        is_well
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // Nothing that runs under the lock can leave it half changed.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The system's name.
    #[must_use]
    pub fn system(&self) -> &System {
        self.adapter.system()
    }

    /// Whether a register's value is personal data, to be forgotten once confirmed.
    #[must_use]
    pub fn is_personal(&self, register: &RegisterName) -> bool {
        self.adapter.derived_from(&Facet::Profile).contains(register)
    }
}

impl fmt::Debug for UpstreamEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamEntry")
            .field("system", self.system())
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// All upstream systems.
#[derive(Clone, Debug, Default)]
pub struct Upstreams(Vec<Arc<UpstreamEntry>>);

impl Upstreams {
    /// The systems in the order given.
    #[must_use]
    pub fn new(entries: Vec<UpstreamEntry>) -> Self {
        Self(entries.into_iter().map(Arc::new).collect())
    }

    /// Every system.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<UpstreamEntry>> {
        self.0.iter()
    }

    /// The system of this name.
    #[must_use]
    pub fn named(&self, system: &System) -> Option<&Arc<UpstreamEntry>> {
        self.0.iter().find(|entry| entry.system() == system)
    }
}
