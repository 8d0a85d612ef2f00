#![doc = include_str!("../README.md")]
//!
//! Pure functions over `http::Request<Bytes>` and `http::Response<Bytes>`: no I/O and no clock. The
//! address a request comes from is not seen here; whoever runs the server checks the list of
//! permitted addresses.

mod answers;
mod codes;
mod downstream;
mod form;
mod json;
mod upstream;
mod wire;

pub use answers::ClientErrorStatus;
pub use downstream::{BODY_BYTES_MAX, N4nDownstream, N4nDownstreamSettings, options_response};
pub use upstream::{InvalidSettings, LOCK, N4nUpstream, N4nUpstreamSettings};

use status_domain::ids::{IdentifierKind, System};

/// The system's name, and that of its wire format.
pub const SYSTEM: System = System::new("n4n");

/// The platform's own number of a customer.
pub const CUSTOMER_ID: IdentifierKind = IdentifierKind::new(wire::CUSTOMER_ID);

/// A subscription of a customer, usually numbered by the advertiser.
pub const SUBSCRIPTION_ID: IdentifierKind = IdentifierKind::new(wire::SUBSCRIPTION_ID);

/// The event id of any one transaction of a customer.
pub const ORDERID: IdentifierKind = IdentifierKind::new(wire::ORDERID);

/// The paths of the two calls, lock and unlock. Both take PATCH, and OPTIONS.
pub const PATHS: [&str; 2] = [wire::LOCK_PATH, wire::UNLOCK_PATH];
