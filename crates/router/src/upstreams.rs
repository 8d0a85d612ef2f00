//! The configured upstream systems.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use status_domain::adapter::Upstream;
use status_domain::facet::Facet;
use status_domain::ids::System;
use status_domain::register::RegisterName;
use tokio::sync::Semaphore;

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
}

impl UpstreamEntry {
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
