//! The table of wire formats: what is served where, and which systems are called.

use std::sync::{Arc, Mutex};

use actix_web::http::header::HeaderName;
use status_domain::adapter::Upstream;
use tokio::sync::Semaphore;

use crate::breaker::{Breaker, BreakerPolicy};
use crate::config::server::Calls;
use crate::config::{Config, Finding};
use crate::upstreams::{UpstreamEntry, Upstreams};
use crate::wire::{Format, Served};

/// A format that is served, and where.
pub struct Route {
    /// The format.
    pub format: Arc<dyn Format>,
    /// Its paths, in actix-web's notation.
    pub paths: &'static [&'static str],
    /// A header of the vendor's own that repeats the request id.
    pub request_id_header: Option<HeaderName>,
}

const NETXD: &[&str] = &["/jsonrpc"];
const WAY4: &[&str] = &[
    "/AccountServices/Transaction/V2/AccountStatusChange",
    "/{prefix}/AccountServices/Transaction/V2/AccountStatusChange",
];
const CAPILLARY: &[&str] = &[
    "/api_gateway/v2/request-workflow/{tail:.*}",
    "/v2/api_gateway/v2/request-workflow/{tail:.*}",
];

/// The formats that have clients.
///
/// # Errors
///
/// The first setting that cannot be used.
pub fn routes(config: &Config) -> Result<Vec<Route>, Finding> {
    let netxd = config.netxd_downstream()?.map(|adapter| Route {
        format: Arc::new(Served::new(adapter_netxd::SYSTEM, adapter, None)),
        paths: NETXD,
        request_id_header: None,
    });
    let way4 = config.way4_downstream()?.map(|adapter| Route {
        format: Arc::new(Served::new(adapter_way4::SYSTEM, adapter, None)),
        paths: WAY4,
        request_id_header: None,
    });
    let capillary = config.capillary_downstream()?.map(|adapter| Route {
        format: Arc::new(Served::new(adapter_capillary::SYSTEM, adapter, None)),
        paths: CAPILLARY,
        request_id_header: Some(HeaderName::from_static("x-cap-request-id")),
    });
    let options = Some(adapter_n4n::options_response as fn() -> _);
    let n4n = config.n4n_downstream()?.map(|adapter| Route {
        format: Arc::new(Served::new(adapter_n4n::SYSTEM, adapter, options)),
        paths: &adapter_n4n::PATHS,
        request_id_header: None,
    });
    Ok([netxd, way4, capillary, n4n].into_iter().flatten().collect())
}

/// The systems that are called.
///
/// # Errors
///
/// The first setting that cannot be used.
pub fn upstreams(config: &Config) -> Result<Upstreams, Finding> {
    let netxd = config.netxd.as_ref().and_then(|netxd| netxd.upstream.as_ref());
    let way4 = config.way4.as_ref().and_then(|way4| way4.upstream.as_ref());
    let capillary = config.capillary.as_ref().and_then(|capillary| capillary.upstream.as_ref());
    let n4n = config.n4n.as_ref().and_then(|n4n| n4n.upstream.as_ref());
    let entries = [
        entry(config.netxd_upstream()?, netxd.map(|upstream| upstream.calls())),
        entry(config.way4_upstream()?, way4.map(|upstream| upstream.calls())),
        entry(config.capillary_upstream()?, capillary.map(|upstream| upstream.calls())),
        entry(config.n4n_upstream()?, n4n.map(|upstream| upstream.calls())),
    ];
    Ok(Upstreams::new(entries.into_iter().flatten().collect()))
}

fn entry<U: Upstream + 'static>(adapter: Option<U>, calls: Option<Calls>) -> Option<UpstreamEntry> {
    let (adapter, calls) = (adapter?, calls?);
    Some(UpstreamEntry {
        adapter: Box::new(adapter),
        required: calls.required,
        timeout: calls.timeout,
        connect_timeout: calls.connect_timeout,
        permits: Arc::new(Semaphore::new(calls.concurrency_max.get())),
        breaker: Mutex::new(Breaker::new(BreakerPolicy::default())),
    })
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("format", self.format.system()).finish_non_exhaustive()
    }
}
