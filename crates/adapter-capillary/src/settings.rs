//! What an operator sets for this format.

use std::collections::BTreeMap;

use chrono::{FixedOffset, Offset as _, Utc};
use http::Uri;
use secrecy::SecretString;

use crate::codes::OwnCodes;
use crate::identifier::digits;
use crate::labels::LabelTable;

/// The sources that the vendor names.
///
/// # Source
///
/// Capillary, API manual v2 of April 2022, customer status. The list of the current page is not public,
/// therefore [`OrgSettings::sources`] can be changed.
pub const SOURCES: [&str; 12] = [
    "INSTORE",
    "MARTJACK",
    "WECHAT",
    "FACEBOOK",
    "WEB_ENGAGE",
    "TMALL",
    "TAOBAO",
    "JD",
    "ECOMMERCE",
    "WEBSITE",
    "LINE",
    "MOBILE_APP",
];

/// Sources with several accounts, for which `accountId` must be given.
pub(crate) const MULTI_ACCOUNT_SOURCES: [&str; 4] = ["WECHAT", "FACEBOOK", "MOBILE_APP", "LINE"];

/// Longest reason that is read or sent, in characters. The vendor states no limit; this is ours.
pub(crate) const REASON_CHARS_MAX: usize = 255;

/// Longest list page that the gateway serves.
const PAGE_LIMIT_MAX: u32 = 1000;

/// India's time zone, in which the vendor's samples are written.
#[must_use]
pub fn india() -> FixedOffset {
    FixedOffset::east_opt(19_800).unwrap_or_else(|| Utc.fix())
}

/// Settings of the workflow server.
#[derive(Clone, Debug)]
pub struct DownstreamSettings {
    /// The organisations that may call, by the id in `X-CAP-API-AUTH-ORG-ID`.
    pub orgs: BTreeMap<Box<str>, OrgSettings>,
    /// Answer errors with HTTP 400, the only one the vendor declares beside 200, instead of the status
    /// that fits. 401 for failed authentication and 503 with `Retry-After` stay.
    pub strict_http_status: bool,
    /// What stands in place of a credential when a payload is shown again.
    pub authorization_echo: AuthorizationEcho,
    /// Also read an access token from `CAP-API-ACCESS-TOKEN`, as one vendor page spells it.
    pub accept_access_token_alias: bool,
    /// Show only the last four characters of identifiers in lists.
    pub mask_identifiers_in_lists: bool,
    /// Entries on a page when the caller does not say, 1-1000.
    pub page_limit_default: u32,
    /// Most entries on a page, 1-1000.
    pub page_limit_max: u32,
    /// `Retry-After` of a 503, in seconds.
    pub retry_after_s: u32,
    /// Codes for what the vendor has none for.
    pub own_codes: OwnCodes,
}

/// What stands in place of a credential when a payload is shown again. The credential itself is never
/// kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthorizationEcho {
    /// `"[redacted]"`.
    Redacted,
    /// Nothing: the member is left out.
    Omitted,
}

/// One organisation that calls the workflow.
#[derive(Clone, Debug)]
pub struct OrgSettings {
    /// Origins that a payload may name as its target: `https://eu.api.capillarytech.com`. Nothing is
    /// ever sent there because a payload says so.
    pub origins: Vec<Box<str>>,
    /// Till names that a payload's `Authorization` may name. Empty: it is not looked at.
    pub tills: Vec<Box<str>>,
    /// The organisation's labels.
    pub labels: LabelTable,
    /// Values of `source` that are accepted.
    pub sources: Vec<Box<str>>,
    /// The zone of the times in answers and of the dates in list filters.
    pub zone: FixedOffset,
    /// Whether `entityInfo` must be complete.
    pub entity_ids: EntityIds,
}

/// Whether the four ids of `entityInfo` must be given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntityIds {
    /// All four, as the vendor's page says.
    Required,
    /// Any of them, as the page of a sibling type says.
    Optional,
}

impl DownstreamSettings {
    /// The shipped settings for these organisations.
    #[must_use]
    pub fn new(orgs: BTreeMap<Box<str>, OrgSettings>) -> Self {
        Self {
            orgs,
            strict_http_status: false,
            authorization_echo: AuthorizationEcho::Redacted,
            accept_access_token_alias: false,
            mask_identifiers_in_lists: false,
            page_limit_default: 10,
            page_limit_max: 100,
            retry_after_s: 1,
            own_codes: OwnCodes::default(),
        }
    }

    /// Says what is contradictory.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn check(&self) -> Result<(), String> {
        self.own_codes.check()?;
        let limits = 1..=PAGE_LIMIT_MAX;
        if !limits.contains(&self.page_limit_max) || !limits.contains(&self.page_limit_default) {
            return Err(format!("a page limit is 1-{PAGE_LIMIT_MAX}"));
        }
        if self.page_limit_default > self.page_limit_max {
            return Err("page_limit_default is greater than page_limit_max".to_owned());
        }
        for (org, settings) in &self.orgs {
            if !digits(org, 1, 19) {
                return Err(format!("organisation {org:?}: an organisation's id is 1-19 digits"));
            }
            settings.check().map_err(|problem| format!("organisation {org}: {problem}"))?;
        }
        Ok(())
    }
}

impl OrgSettings {
    /// The shipped settings for an organisation with these origins and labels.
    #[must_use]
    pub fn new(origins: Vec<Box<str>>, labels: LabelTable) -> Self {
        Self {
            origins,
            tills: Vec::new(),
            labels,
            sources: SOURCES.into_iter().map(Into::into).collect(),
            zone: india(),
            entity_ids: EntityIds::Required,
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.origins.is_empty() {
            return Err("no origin is configured".to_owned());
        }
        for origin in &self.origins {
            let uri = base(origin).map_err(|problem| format!("origin {origin:?} {problem}"))?;
            if uri.path() != "/" {
                return Err(format!("origin {origin:?} has a path"));
            }
        }
        if self.sources.is_empty() {
            return Err("no source is configured".to_owned());
        }
        if self.labels.statuses.is_empty() {
            return Err("no label is configured".to_owned());
        }
        self.labels.check()
    }
}

/// Settings of the status API's client.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// Where the API is: `https://eu.api.capillarytech.com`, without a query. A path is kept in front
    /// of the API's own.
    pub base_url: Box<str>,
    /// The organisation's id, sent as `X-CAP-API-AUTH-ORG-ID`.
    pub org: Box<str>,
    /// How the gateway proves who it is.
    pub credentials: UpstreamCredentials,
    /// `source` of a change that did not come in this format.
    pub source: Box<str>,
    /// `accountId` that goes with [`Self::source`].
    pub account_id: Option<Box<str>>,
    /// `reason` of a change that has none: the API demands one. 1-255 characters.
    pub default_reason: Box<str>,
    /// The organisation's labels.
    pub labels: LabelTable,
}

/// How the gateway proves to Capillary who it is.
#[derive(Clone, Debug)]
pub enum UpstreamCredentials {
    /// HTTP Basic with a till.
    Till {
        /// The till's code.
        till: Box<str>,
        /// The lower-case hexadecimal MD5 of its password, which works as the password itself.
        password_md5: SecretString,
    },
    /// An access token that is asked for with a client's key and secret.
    OAuth {
        /// The client's key.
        key: Box<str>,
        /// The client's secret.
        secret: SecretString,
    },
}

impl UpstreamSettings {
    /// Says what is contradictory.
    ///
    /// # Errors
    ///
    /// A sentence for the operator, without a secret.
    pub fn check(&self) -> Result<(), String> {
        base(&self.base_url).map_err(|problem| format!("base_url {problem}"))?;
        if !digits(&self.org, 1, 19) {
            return Err("org: an organisation's id is 1-19 digits".to_owned());
        }
        let is_word = |text: &str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        match &self.credentials {
            UpstreamCredentials::Till { till, .. } if !is_word(till) || till.contains(':') => {
                return Err(
                    "till: a till's code is 1-64 visible characters and no colon".to_owned()
                );
            }
            UpstreamCredentials::OAuth { key, .. } if key.is_empty() => {
                return Err("key: it is empty".to_owned());
            }
            UpstreamCredentials::Till { .. } | UpstreamCredentials::OAuth { .. } => {}
        }
        if !is_word(&self.source) {
            return Err("source: a source is 1-64 visible characters".to_owned());
        }
        if self.account_id.is_none() && MULTI_ACCOUNT_SOURCES.contains(&&*self.source) {
            return Err(format!("account_id: source {} has several accounts", self.source));
        }
        let reason = &self.default_reason;
        if reason.trim().is_empty()
            || reason.chars().count() > REASON_CHARS_MAX
            || reason.chars().any(char::is_control)
        {
            return Err(format!("default_reason: a reason is 1-{REASON_CHARS_MAX} characters"));
        }
        if self.labels.labels.is_empty() {
            return Err("labels: no status has a label".to_owned());
        }
        self.labels.check()
    }
}

/// Reads a base address: scheme http or https, a host, no query, no user.
pub(crate) fn base(text: &str) -> Result<Uri, &'static str> {
    let uri: Uri = text.parse().map_err(|_| "is no address")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("does not begin with http:// or https://");
    }
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if !has_host || has_user || uri.query().is_some() {
        return Err("must be scheme, host, port and path only");
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use status_domain::status::Status;

    use super::*;

    fn labels() -> LabelTable {
        LabelTable {
            statuses: [("Active".into(), Status::Active)].into(),
            labels: [(Status::Active, "Active".into())].into(),
        }
    }

    fn upstream() -> UpstreamSettings {
        UpstreamSettings {
            base_url: "https://eu.api.capillarytech.com".into(),
            org: "70420".into(),
            credentials: UpstreamCredentials::Till {
                till: "till.demo".into(),
                password_md5: "52f05e21ccf703bc95476e8ea5b5a442".into(),
            },
            source: "INSTORE".into(),
            account_id: None,
            default_reason: "status change".into(),
            labels: labels(),
        }
    }

    #[test]
    fn usable_upstream_settings_pass_and_each_contradiction_is_named() {
        assert_eq!(upstream().check(), Ok(()));
        let refused = |change: fn(&mut UpstreamSettings), word: &str| {
            let mut settings = upstream();
            change(&mut settings);
            let problem = settings.check().unwrap_err();
            assert!(problem.contains(word), "{problem}");
        };
        refused(|s| s.base_url = "eu.api.capillarytech.com".into(), "base_url");
        refused(|s| s.base_url = "https://user@host".into(), "base_url");
        refused(|s| s.base_url = "https://host?x=1".into(), "base_url");
        refused(|s| s.org = "x".into(), "org");
        refused(|s| s.source = "WECHAT".into(), "account_id");
        refused(|s| s.default_reason = " ".into(), "default_reason");
        refused(|s| s.labels.labels.clear(), "labels");
        refused(
            |s| {
                s.credentials =
                    UpstreamCredentials::Till { till: "a:b".into(), password_md5: "x".into() };
            },
            "till",
        );
    }

    #[test]
    fn usable_downstream_settings_pass_and_each_contradiction_is_named() {
        let org = OrgSettings::new(vec!["https://eu.api.capillarytech.com".into()], labels());
        let good = DownstreamSettings::new([("70420".into(), org.clone())].into());
        assert_eq!(good.check(), Ok(()));
        let refused = |settings: DownstreamSettings, word: &str| {
            let problem = settings.check().unwrap_err();
            assert!(problem.contains(word), "{problem}");
        };
        refused(DownstreamSettings { page_limit_default: 0, ..good.clone() }, "page limit");
        refused(DownstreamSettings { page_limit_default: 101, ..good.clone() }, "page_limit");
        let with = |org: OrgSettings| DownstreamSettings::new([("70420".into(), org)].into());
        refused(with(OrgSettings { origins: Vec::new(), ..org.clone() }), "no origin");
        let pathed = vec!["https://eu.api.capillarytech.com/v2".into()];
        refused(with(OrgSettings { origins: pathed, ..org.clone() }), "path");
        refused(with(OrgSettings { labels: LabelTable::default(), ..org.clone() }), "no label");
        refused(DownstreamSettings::new([("x".into(), org)].into()), "digits");
    }

    #[test]
    fn no_secret_is_printed_with_the_settings() {
        let printed = format!("{:?}", upstream());
        assert!(!printed.contains("52f05e21"), "{printed}");
    }
}
