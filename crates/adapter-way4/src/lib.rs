#![doc = include_str!("../README.md")]

mod codes;
mod downstream;
mod json;
mod own_codes;
mod settings;
pub mod token;
mod upstream;
mod wire;

use status_domain::ids::{IdentifierKind, System};

pub use codes::{BlockSlot, CodeEntry, CodeTable, NO_BLOCK};
pub use downstream::{Way4Downstream, Way4Reply};
pub use own_codes::{OwnCode, OwnCodes};
pub use settings::{
    DownstreamSettings, FallbackCodes, Institution, InvalidSettings, UpstreamSettings,
};
pub use upstream::Way4Upstream;

/// The system that this format speaks for.
pub const SYSTEM: System = System::new("way4");

/// The kind of identifier that names an account: WAY4's contract number.
///
/// # Source
///
/// Network International, *Account Status Change* V2: `account_identifier_type`, whose only value is
/// `CONTRACT_NUMBER`.
pub const CONTRACT_NUMBER: IdentifierKind = IdentifierKind::new("contract_number");

/// The path of *Account Status Change* V2. One segment of 1-10 letters and digits may precede it.
///
/// # Source
///
/// Network International, developer portal, *Debit Solutions*, Account Status Change. The segment is
/// documented for the sandbox (`/SB`) of sibling calls only.
pub const STATUS_PATH: &str = "/AccountServices/Transaction/V2/AccountStatusChange";

/// The path of the token endpoint.
///
/// # Source
///
/// Network International, developer portal, *Debit Solutions*, Account Status Change.
pub const TOKEN_PATH: &str = "/v1/tokenkc/generate";
