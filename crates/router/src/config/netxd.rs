//! Settings of the NetXD format.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::server::{Calls, default_concurrency, default_connect_timeout, default_timeout};
use super::values::{AnswerWhen, Sha256Hash, default_tenant, milliseconds, word, yes};

/// The NetXD format: who may call in it, and the ledger behind it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetxdConfig {
    /// Who may call. Default: nobody.
    pub clients: Vec<NetxdClient>,
    /// HTTP status of the answer to a body that is not JSON, 200 or 400. Default 200.
    pub parse_error_http_status: Option<u16>,
    /// What becomes of an `UpdateCustomer` payload with members that the vendor's page does not list.
    /// Default `refuse`.
    pub unknown_details: UnknownDetailsName,
    /// Codes in place of the gateway's own, shipped code first: `PENDING_APPROVAL = "GW_PENDING"`.
    /// Default: none.
    pub codes: BTreeMap<String, String>,
    /// The ledger. Default: there is none.
    pub upstream: Option<NetxdUpstreamConfig>,
}

/// What becomes of consumer details that the vendor's page does not list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownDetailsName {
    /// The request is refused.
    #[default]
    Refuse,
    /// They are left out.
    Ignore,
}

impl<'de> Deserialize<'de> for UnknownDetailsName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("refuse", Self::Refuse), ("ignore", Self::Ignore)])
    }
}

/// A client that calls in NetXD's format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetxdClient {
    /// The client's name in policy, history and log. Unique among NetXD clients.
    pub name: String,
    /// Whose requests it sees. Default `default`.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// The id its public key is registered under, `keyId` on the wire. Unique.
    pub key_id: String,
    /// Its P-256 public key: SPKI in PEM. This or `public_key_file`.
    pub public_key: Option<String>,
    /// A file with its public key.
    pub public_key_file: Option<PathBuf>,
    /// SHA-256 of the whole `credential` text, `Basic ` included.
    pub credential_sha256: Sha256Hash,
    /// SHA-256 of its `apiKey`. A client without one must not send one.
    pub api_key_sha256: Option<Sha256Hash>,
    /// When it is told of success. Default `applied`.
    #[serde(default)]
    pub answer_when: AnswerWhen,
}

/// The ledger that changes go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetxdUpstreamConfig {
    /// Scheme, host and an optional path; `/jsonrpc` is appended.
    pub base_url: String,
    /// Id under which the gateway's public key is registered.
    pub key_id: String,
    /// The whole credential: `Basic ` and base64.
    pub credential: SecretString,
    /// The `apiKey`.
    pub api_key: SecretString,
    /// The gateway's private key, PKCS#8 in PEM. This or `private_key_file`.
    pub private_key: Option<SecretString>,
    /// A file with the gateway's private key.
    pub private_key_file: Option<PathBuf>,
    /// Whether an answer that names another customer than the request leaves the outcome unknown.
    /// Default `false`: the vendor's own sample shows such an answer.
    #[serde(default)]
    pub check_customer_id: bool,
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

impl NetxdUpstreamConfig {
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
