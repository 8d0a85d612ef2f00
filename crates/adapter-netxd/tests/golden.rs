//! Golden wire vectors. Where each comes from: `vectors/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

#[path = "golden/downstream.rs"]
mod downstream;
#[path = "golden/upstream.rs"]
mod upstream;

use adapter_netxd::{CUSTOMER_ID, DownstreamSettings, NetxdDownstream, SYSTEM};
use chrono::{DateTime, Utc};
use status_domain::ids::Identifier;
use status_testkit::golden::Vector;

fn downstream() -> NetxdDownstream {
    NetxdDownstream::new(DownstreamSettings::default()).unwrap()
}

fn vector(name: &str) -> Vector {
    Vector::open(env!("CARGO_MANIFEST_DIR"), name)
}

fn at() -> DateTime<Utc> {
    "2024-05-22T10:25:18.079Z".parse().unwrap()
}

fn identifiers(id: &str) -> Vec<Identifier> {
    vec![Identifier { system: SYSTEM, kind: CUSTOMER_ID, value: id.parse().unwrap() }]
}
