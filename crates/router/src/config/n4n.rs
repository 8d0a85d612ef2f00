//! Settings of the NATS For Networks format.

use std::num::NonZeroUsize;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::server::{Calls, default_concurrency, default_connect_timeout, default_timeout};
use super::values::{
    AddressRange, AnswerWhen, Sha256Hash, StatusName, default_tenant, milliseconds, yes,
};

/// The N4N format: who may call in it, and the platform behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct N4nConfig {
    /// Who may call. Default: nobody.
    pub clients: Vec<N4nClient>,
    /// Effective statuses under which a customer is locked as well, downstream and upstream alike.
    /// Default: none, the lock follows lock and unlock only.
    pub lock_when: Vec<StatusName>,
    /// Whether a JSON object with the same three names is read too. Default `false`.
    pub accept_json: bool,
    /// Whether a body without `Content-Type` is read as a form. Default `false`.
    pub accept_untyped: bool,
    /// Whether a name that is no look-up key is refused. Default `false`.
    pub refuse_unknown_names: bool,
    /// Whether a `customer_id` must be 1-20 digits. Default `true`.
    pub customer_id_is_digits: bool,
    /// HTTP status for missing or wrong credentials, 400-499. Default 401.
    pub unauthenticated_http_status: u16,
    /// HTTP status for a known caller that may not do this, 400-499. Default 403.
    pub forbidden_http_status: u16,
    /// `Retry-After` when nothing can be done now. In seconds, default 5.
    pub retry_after_s: u32,
    /// The platform. Default: there is none.
    pub upstream: Option<N4nUpstreamConfig>,
}

impl Default for N4nConfig {
    fn default() -> Self {
        Self {
            clients: Vec::new(),
            lock_when: Vec::new(),
            accept_json: false,
            accept_untyped: false,
            refuse_unknown_names: false,
            customer_id_is_digits: true,
            unauthenticated_http_status: 401,
            forbidden_http_status: 403,
            retry_after_s: 5,
            upstream: None,
        }
    }
}

/// A client that calls in N4N's format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct N4nClient {
    /// The client's name in policy, history and log. Unique among N4N clients.
    pub name: String,
    /// Whose requests it sees. Default `default`.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// `api-username`. Unique.
    pub username: String,
    /// SHA-256 of its `api-key`.
    pub key_sha256: Sha256Hash,
    /// Addresses it may call from, single ones and ranges. At least one.
    pub addresses: Vec<AddressRange>,
    /// When it is told of success. Default `applied`.
    #[serde(default)]
    pub answer_when: AnswerWhen,
}

/// The platform that locks go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct N4nUpstreamConfig {
    /// Scheme, host and an optional path.
    pub base_url: String,
    /// The calling account's key.
    pub api_key: SecretString,
    /// The calling account's user name.
    pub api_username: SecretString,
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

impl N4nUpstreamConfig {
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
