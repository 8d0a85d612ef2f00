#![doc = include_str!("../README.md")]
//!
//! [`CapillaryDownstream`] reads create, decide, show and list calls of the request workflow and writes
//! their answers. [`CapillaryUpstream`] sets a customer's label through the status API.
//! [`oauth`] is the token call that a client of the workflow makes first.
//!
//! What the adapter leaves to its caller: the trace header `X-CAP-REQUEST-ID` (there is no randomness
//! here), authentication and roles, the size limit on bodies, and comparing an approval's type with the
//! path it is decided through (only one type is served).

mod codes;
pub mod identifier;
mod json;
mod labels;
pub mod oauth;
mod settings;
mod wire;

mod downstream;
mod upstream;

pub use codes::{CodeRow, OwnCodes, VENDOR_CODES};
pub use downstream::{CapillaryDownstream, Reply};
pub use labels::LabelTable;
pub use settings::{
    AuthorizationEcho, DownstreamSettings, EntityIds, OrgSettings, SOURCES, UpstreamCredentials,
    UpstreamSettings, india,
};
pub use upstream::CapillaryUpstream;

use status_domain::ids::System;
use status_domain::register::RegisterName;

/// The system's name in identifiers, routes and principals.
pub const SYSTEM: System = System::new("capillary");

/// The one register: the customer's status label. It derives from the lifecycle status and every hold.
pub const LABEL: RegisterName = RegisterName::new("label");
