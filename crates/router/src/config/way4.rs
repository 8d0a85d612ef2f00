//! Settings of Network International's format in front of WAY4.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::server::{Calls, default_concurrency, default_connect_timeout, default_timeout};
use super::values::{
    AnswerWhen, Sha256Hash, StatusName, default_tenant, milliseconds, seconds, word, yes,
};

/// The WAY4 format: who may call in it, and the processor behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Way4Config {
    /// Who may call. Default: nobody.
    pub clients: Vec<Way4Client>,
    /// Key that the gateway's tokens are signed with, at least 32 bytes, the same for all replicas.
    /// Needed where there are clients.
    pub token_secret: Option<SecretString>,
    /// How long a token is good for. In seconds, default 1800.
    #[serde(rename = "token_lifetime_s", deserialize_with = "seconds")]
    pub token_lifetime: Duration,
    /// Whether `expires_in` is written as text rather than as a number. Default `false`.
    pub expires_in_as_text: bool,
    /// The institutions: FI code, the last part of `status.type`, to `bank_id`. Default: none, then
    /// every pair is accepted.
    pub fi_codes: BTreeMap<String, String>,
    /// Offset from UTC in which answers and requests are dated. In minutes, default 240.
    pub utc_offset_minutes: i32,
    /// `application_name` in answers, 1-20 characters. Default `TCC-ADP`.
    pub application_name: String,
    /// Whether a `bank_id` over 4 characters is refused; otherwise up to 10 are accepted. Default
    /// `false`.
    pub strict_bank_id: bool,
    /// Whether a request whose `msg_function` names a card is answered in kind. Default `false`.
    pub mirror_card_function: bool,
    /// HTTP status of an answer with status `F`: 200, or 400-599. Default 200.
    pub business_failure_http_status: u16,
    /// `Retry-After` of a 503. In seconds, default 5.
    pub retry_after_s: u32,
    /// Meanings of block codes, laid over the shipped table. Default: none.
    pub codes: Vec<BlockCodeConfig>,
    /// Codes in place of the gateway's own `G001` and so on, shipped code first. Default: none.
    pub own_codes: BTreeMap<String, String>,
    /// The processor. Default: there is none.
    pub upstream: Option<Way4UpstreamConfig>,
}

impl Default for Way4Config {
    fn default() -> Self {
        Self {
            clients: Vec::new(),
            token_secret: None,
            token_lifetime: Duration::from_secs(1800),
            expires_in_as_text: false,
            fi_codes: BTreeMap::new(),
            utc_offset_minutes: 240,
            application_name: "TCC-ADP".to_owned(),
            strict_bank_id: false,
            mirror_card_function: false,
            business_failure_http_status: 200,
            retry_after_s: 5,
            codes: Vec::new(),
            own_codes: BTreeMap::new(),
            upstream: None,
        }
    }
}

/// A client that calls in the WAY4 format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way4Client {
    /// The client's name in policy, history and log. Unique among WAY4 clients.
    pub name: String,
    /// Whose requests it sees. Default `default`.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// OAuth client id. Unique.
    pub client_id: String,
    /// SHA-256 of its secret.
    pub client_secret_sha256: Sha256Hash,
    /// Values of `bank_id` it may use. At least one.
    pub bank_ids: Vec<String>,
    /// When it is told of success. Default `applied`.
    #[serde(default)]
    pub answer_when: AnswerWhen,
}

/// What one block code means in one slot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockCodeConfig {
    /// Where it may stand.
    pub slot: SlotName,
    /// The code, 1-32 characters; `_` and a space are reserved.
    pub code: String,
    /// Whose hold it places. Default: `fraud` in ACC1, `bank` in ACC2.
    pub owner: Option<String>,
    /// How restrictive the hold is. Default: it restricts nothing.
    pub severity: Option<StatusName>,
    /// On whom it is placed. Default `account`.
    #[serde(default)]
    pub scope: ScopeName,
    /// Whether it may be released or replaced by another code. Default `true`.
    #[serde(default = "yes")]
    pub reversible: bool,
    /// Whether it is a marker: no hold, but what the slot shows while none stands. Default `false`.
    #[serde(default)]
    pub marker: bool,
}

/// One of the two places that hold a block code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SlotName {
    /// Fraud blocks.
    Acc1,
    /// Everything else.
    Acc2,
}

impl<'de> Deserialize<'de> for SlotName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("ACC1", Self::Acc1), ("ACC2", Self::Acc2)])
    }
}

/// On whom a block code places its hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ScopeName {
    /// On the account that was named.
    #[default]
    Account,
    /// On the customer it belongs to.
    Customer,
}

impl<'de> Deserialize<'de> for ScopeName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("account", Self::Account), ("customer", Self::Customer)])
    }
}

/// The processor that changes go to. One upstream is one institution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way4UpstreamConfig {
    /// Scheme, host and an optional path.
    pub base_url: String,
    /// Segment before the path of the status change, such as `SB` on the sandbox. Default: none.
    pub prefix: Option<String>,
    /// Path of the token endpoint. Default `/v1/tokenkc/generate`.
    pub token_path: Option<String>,
    /// Client id for the token.
    pub client_id: String,
    /// Client secret for the token.
    pub client_secret: SecretString,
    /// FI code of the institution.
    pub fi_code: String,
    /// `bank_id` of the institution.
    pub bank_id: String,
    /// `src_application`, agreed with the vendor.
    pub src_application: String,
    /// `target_application`. Default `WAY4`.
    pub target_application: Option<String>,
    /// Custom field `bc_channel`, agreed with the vendor. Default: left out.
    pub bc_channel: Option<String>,
    /// Whether a caller of the same format has exactly its own custom fields passed on. Default `true`.
    #[serde(default = "yes")]
    pub pass_custom_fields: bool,
    /// Whether a change is only applied when this system holds it. Default `true`.
    #[serde(default = "yes")]
    pub required: bool,
    /// Most calls under way at once. Default 64.
    #[serde(default = "default_concurrency")]
    pub concurrency_max: NonZeroUsize,
    /// How long one call may take, connecting included. In milliseconds, default 5000.
    #[serde(default = "default_timeout", rename = "timeout_ms", deserialize_with = "milliseconds")]
    pub timeout: Duration,
    /// How long connecting may take. In milliseconds, default 1000.
    #[serde(
        default = "default_connect_timeout",
        rename = "connect_timeout_ms",
        deserialize_with = "milliseconds"
    )]
    pub connect_timeout: Duration,
}

impl Way4UpstreamConfig {
    /// How it is called.
    #[must_use]
    pub const fn calls(&self) -> Calls {
        Calls {
            required: self.required,
            concurrency_max: self.concurrency_max,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
        }
    }
}
