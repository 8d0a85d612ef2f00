//! The four upstream systems as stateful HTTP servers with scripted faults.
//!
//! Each simulator plays the vendor's side of one wire format: NetXD's ledger, Network
//! International's front to WAY4, Capillary's customer status API and NATS For Networks. They are
//! written from the vendors' documents and share no code with the adapters, so that a misreading
//! in an adapter cannot cancel itself out.
//!
//! Beside the vendor's calls every simulator answers `GET` and `DELETE /_sim/state`, `GET` and
//! `PUT /_sim/faults` and `DELETE /_sim/tokens`, without authentication. They are for tests,
//! demonstrations and measurements, never for a public address.

mod capillary;
mod clock;
mod control;
mod desk;
mod faults;
mod n4n;
mod netxd;
mod server;
mod tokens;
mod way4;

pub use capillary::{
    CapillaryCustomer, CapillarySettings, seeded_capillary_customers, seeded_capillary_labels,
    start_capillary,
};
pub use n4n::{N4nCustomer, N4nSettings, seeded_n4n_customers, start_n4n};
pub use netxd::{NetxdCustomer, NetxdSettings, seeded_netxd_customers, start_netxd};
pub use server::Simulator;
pub use way4::{Way4Settings, seeded_way4_contracts, start_way4};
