//! Settings of the Capillary format.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::server::{Calls, default_concurrency, default_connect_timeout, default_timeout};
use super::values::{
    AnswerWhen, RoleName, Sha256Hash, StatusName, default_tenant, milliseconds, seconds, word, yes,
};

/// The Capillary format: the organisations that may call in it, and the CRM behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapillaryConfig {
    /// The organisations. Default: none.
    pub orgs: Vec<OrgConfig>,
    /// Whether errors are answered with HTTP 400, the only one the vendor declares, instead of the
    /// status that fits. Default `false`.
    pub strict_http_status: bool,
    /// What stands in place of a credential when a payload is shown again. Default `redacted`.
    pub authorization_echo: AuthorizationEchoName,
    /// Whether an access token is also read from `CAP-API-ACCESS-TOKEN`. Default `false`.
    pub accept_access_token_alias: bool,
    /// Whether lists show only the last four characters of identifiers. Default `false`.
    pub mask_identifiers_in_lists: bool,
    /// Entries on a page of a list when the caller does not say, 1-1000. Default 10.
    pub page_limit_default: u32,
    /// Most entries on a page of a list, 1-1000. Default 100.
    pub page_limit_max: u32,
    /// `Retry-After` of a 503. In seconds, default 1.
    pub retry_after_s: u32,
    /// How OAuth tokens are made. Needed where an organisation has OAuth clients.
    pub oauth: Option<OauthConfig>,
    /// The CRM. Default: there is none.
    pub upstream: Option<CapillaryUpstreamConfig>,
}

impl Default for CapillaryConfig {
    fn default() -> Self {
        Self {
            orgs: Vec::new(),
            strict_http_status: false,
            authorization_echo: AuthorizationEchoName::Redacted,
            accept_access_token_alias: false,
            mask_identifiers_in_lists: false,
            page_limit_default: 10,
            page_limit_max: 100,
            retry_after_s: 1,
            oauth: None,
            upstream: None,
        }
    }
}

/// What stands in place of a credential when a payload is shown again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthorizationEchoName {
    /// `"[redacted]"`.
    Redacted,
    /// Nothing: the member is left out.
    Omitted,
}

impl<'de> Deserialize<'de> for AuthorizationEchoName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("redacted", Self::Redacted), ("omitted", Self::Omitted)])
    }
}

/// How the gateway's OAuth tokens are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OauthConfig {
    /// RSA private key that tokens are signed with, PKCS#8 in PEM, the same for all replicas. This or
    /// `signing_key_file`.
    pub signing_key: Option<SecretString>,
    /// A file with the signing key.
    pub signing_key_file: Option<PathBuf>,
    /// Claim `aud` of the tokens. Default `statusgate`.
    #[serde(default = "default_audience")]
    pub audience: String,
}

/// One organisation. As a client it is called `capillary-` and its id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrgConfig {
    /// Its id, `X-CAP-API-AUTH-ORG-ID` on the wire. Unique.
    pub org_id: u64,
    /// Whose requests it sees. Default `default`.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// Origins that a request may name as its target, such as `https://eu.api.capillarytech.com`. They
    /// are compared and never called. At least one.
    pub accepted_origins: Vec<String>,
    /// Which status a label asks for: `Suspended = "SUSPENDED"`. At least one.
    pub labels: BTreeMap<String, StatusName>,
    /// Which label shows a status: `SUSPENDED = "Suspended"`. Several statuses may share a label.
    /// A status without one cannot be shown to the organisation.
    pub label_for: BTreeMap<StatusName, String>,
    /// Values of `source` that are accepted. Default: the twelve that the vendor names.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Offset from UTC of the times in answers, which carry none. In minutes, default 330.
    #[serde(default = "india_time")]
    pub utc_offset_minutes: i32,
    /// Whether requests are carried out without a checker. Leaving BLACKLISTED still takes one. Default
    /// `false`.
    #[serde(default)]
    pub auto_approval: bool,
    /// Whether the four ids of `entityInfo` must be there. Default `true`.
    #[serde(default = "yes")]
    pub entity_info_required: bool,
    /// When the caller is told of success. Default `applied`.
    #[serde(default)]
    pub answer_when: AnswerWhen,
    /// Accounts for HTTP Basic. Default: none.
    #[serde(default)]
    pub tills: Vec<TillConfig>,
    /// OAuth clients. Default: none.
    #[serde(default)]
    pub oauth_clients: Vec<OauthClientConfig>,
    /// Whose tokens name persons. Default: nobody's.
    #[serde(default)]
    pub user_issuers: Vec<UserIssuerConfig>,
}

impl OrgConfig {
    /// The organisation's name as a client in policy, history and log.
    #[must_use]
    pub fn client(&self) -> String {
        format!("capillary-{}", self.org_id)
    }
}

/// A till, which calls with HTTP Basic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TillConfig {
    /// Its code, the user name. Unique in the organisation.
    pub till: String,
    /// SHA-256 of the password as it is sent: the lower-case hexadecimal MD5 of the till's password.
    pub password_md5_sha256: Sha256Hash,
    /// Who stands behind it. The same id as in a person's tokens makes it the same person.
    pub person_id: String,
    /// `userId` in answers. Default: none.
    pub person_number: Option<i64>,
    /// `userName` in answers. Default: the till's code.
    pub person_name: Option<String>,
    /// What it may do: `maker`, `checker`. Default: nothing.
    #[serde(default)]
    pub roles: Vec<RoleName>,
}

/// An OAuth client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OauthClientConfig {
    /// Its key. Unique among all organisations, as the call for a token names none.
    pub key: String,
    /// SHA-256 of its secret.
    pub secret_sha256: Sha256Hash,
    /// Its number, claim `client_id`; also `userId` in answers. Unique in the organisation.
    pub number: i64,
    /// Its name, claim `sub`; also `userName` in answers.
    pub name: String,
    /// What it may do: `maker`, `checker`. Default: nothing.
    #[serde(default)]
    pub roles: Vec<RoleName>,
    /// How long its tokens are good for, at most 3600. In seconds, default 300.
    #[serde(default = "five_minutes", rename = "token_lifetime_s", deserialize_with = "seconds")]
    pub token_lifetime: Duration,
}

/// Who makes tokens that name persons.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserIssuerConfig {
    /// Claim `iss` of its tokens.
    pub issuer: String,
    /// Claim `aud` of its tokens, or one of several.
    pub audience: String,
    /// How its tokens are signed. A token that says otherwise is refused.
    pub algorithm: TokenAlgorithm,
    /// Its public key: SPKI in PEM. This or `public_key_file`.
    pub public_key: Option<String>,
    /// A file with its public key.
    pub public_key_file: Option<PathBuf>,
}

/// How a person's token is signed. Only with a private key: with a shared one, whoever can check a
/// token could make it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA, PKCS#1 version 1.5, with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// Ed25519.
    EdDsa,
}

impl<'de> Deserialize<'de> for TokenAlgorithm {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(
            input,
            &[
                ("ES256", Self::Es256),
                ("RS256", Self::Rs256),
                ("PS256", Self::Ps256),
                ("EdDSA", Self::EdDsa),
            ],
        )
    }
}

/// The CRM that changes go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapillaryUpstreamConfig {
    /// Scheme, host and an optional path.
    pub base_url: String,
    /// Id of the organisation there.
    pub org_id: u64,
    /// Code of the till that calls with HTTP Basic. This and `password_md5`, or the OAuth pair.
    pub till: Option<String>,
    /// Lower-case hexadecimal MD5 of the till's password.
    pub password_md5: Option<SecretString>,
    /// Key of the OAuth client that calls.
    pub oauth_key: Option<String>,
    /// Its secret.
    pub oauth_secret: Option<SecretString>,
    /// `source` of every call. Default `INSTORE`.
    #[serde(default = "instore")]
    pub source: String,
    /// `accountId`, for sources with several accounts. Default: left out.
    pub account_id: Option<String>,
    /// `reason` of a change that has none, 1-255 characters: the API demands one. Default
    /// `status change`.
    #[serde(default = "default_reason")]
    pub default_reason: String,
    /// Which label is sent for a status. Default: as configured for the organisation of this id.
    #[serde(default)]
    pub label_for: BTreeMap<StatusName, String>,
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

impl CapillaryUpstreamConfig {
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

impl CapillaryConfig {
    /// Which label is sent upstream for a status; empty if there is no upstream or no table.
    #[must_use]
    pub fn upstream_labels(&self) -> BTreeMap<StatusName, String> {
        let Some(upstream) = &self.upstream else { return BTreeMap::new() };
        if !upstream.label_for.is_empty() {
            return upstream.label_for.clone();
        }
        let org = self.orgs.iter().find(|org| org.org_id == upstream.org_id);
        org.map(|org| org.label_for.clone()).unwrap_or_default()
    }
}

fn default_audience() -> String {
    "statusgate".to_owned()
}

fn default_reason() -> String {
    "status change".to_owned()
}

fn instore() -> String {
    "INSTORE".to_owned()
}

/// UTC+05:30, the zone of the vendor's samples.
const fn india_time() -> i32 {
    330
}

const fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
