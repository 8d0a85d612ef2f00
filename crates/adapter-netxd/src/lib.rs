#![doc = include_str!("../README.md")]

mod answer;
mod codes;
mod details;
mod downstream;
mod envelope;
mod inquiry;
mod json;
mod outcome;
mod settings;
mod upstream;
mod wire;

use status_domain::ids::{IdentifierKind, System};
use status_domain::register::RegisterName;

pub use crate::codes::{CodeClass, InvalidOwnCode, OwnCode};
pub use crate::downstream::{NetxdDownstream, Reply};
pub use crate::settings::{DownstreamSettings, InvalidSettings, UnknownDetails, UpstreamSettings};
pub use crate::upstream::{NetxdUpstream, PayloadSigner, SigningFailed};

/// The system and its wire format.
pub const SYSTEM: System = System::new("netxd");

/// The one kind of identifier: the customer id that payloads carry as `ID`. Opaque, 1-32 characters; 15
/// digits in every sample of the vendor.
pub const CUSTOMER_ID: IdentifierKind = IdentifierKind::new("customer_id");

/// The register that holds a customer's status. Derives from the lifecycle status and from holds.
pub const STATUS: RegisterName = RegisterName::new("status");

/// The register that stands for consumer details. Derives from the profile.
pub const PROFILE: RegisterName = RegisterName::new("profile");
