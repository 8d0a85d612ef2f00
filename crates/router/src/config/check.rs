//! What is wrong with a configuration, in sentences.

use std::collections::BTreeSet;
use std::fmt;

use super::Config;
use super::capillary::{CapillaryConfig, OrgConfig};
use super::n4n::N4nConfig;
use super::netxd::NetxdConfig;
use super::server::Calls;
use super::values::FormatName;
use super::way4::Way4Config;
use crate::auth::Authenticator;

/// Shortest secret that tokens may be signed with, in bytes: as long as the hash.
const TOKEN_SECRET_BYTES_MIN: usize = 32;

/// Longest lifetime of an OAuth token, in seconds.
///
/// # Source
///
/// Capillary, *OAuth*: at most 60 minutes unless agreed otherwise.
const OAUTH_LIFETIME_S_MAX: u64 = 3600;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Whether the gateway refuses to start with it.
    pub severity: Severity,
    /// Which setting, as a path: `netxd.clients[0].public_key`.
    pub key: String,
    /// What is wrong with it. Never holds a secret.
    pub message: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// The gateway does not start.
    Error,
    /// The gateway starts.
    Warning,
}

impl Finding {
    pub(crate) fn error(key: &str, message: &str) -> Self {
        Self { severity: Severity::Error, key: key.to_owned(), message: message.to_owned() }
    }

    pub(crate) fn warning(key: &str, message: &str) -> Self {
        Self { severity: Severity::Warning, ..Self::error(key, message) }
    }

    /// Whether the gateway refuses to start with it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl Config {
    /// Everything that is wrong and can be seen without starting: errors, which keep the gateway from
    /// starting, and warnings.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.check_delivery(&mut findings);
        self.audit.check(&mut findings);
        if let Some(netxd) = &self.netxd {
            check_netxd(netxd, &mut findings);
        }
        if let Some(way4) = &self.way4 {
            check_way4(way4, &mut findings);
        }
        if let Some(capillary) = &self.capillary {
            check_capillary(capillary, &mut findings);
        }
        if let Some(n4n) = &self.n4n {
            check_n4n(n4n, &mut findings);
        }
        if self.client_names().is_empty() {
            findings.push(Finding::warning("netxd", "no format has a client: nobody can call"));
        }
        self.check_policy(&mut findings);
        self.check_adapters(&mut findings);
        findings.extend(Authenticator::new(self).err());
        findings
    }

    /// Every client by format and name.
    pub(super) fn client_names(&self) -> Vec<(FormatName, String)> {
        let netxd = self.netxd.iter().flat_map(|format| &format.clients);
        let way4 = self.way4.iter().flat_map(|format| &format.clients);
        let orgs = self.capillary.iter().flat_map(|format| &format.orgs);
        let n4n = self.n4n.iter().flat_map(|format| &format.clients);
        netxd
            .map(|client| (FormatName::Netxd, client.name.clone()))
            .chain(way4.map(|client| (FormatName::Way4, client.name.clone())))
            .chain(orgs.map(|org| (FormatName::Capillary, org.client())))
            .chain(n4n.map(|client| (FormatName::N4n, client.name.clone())))
            .collect()
    }

    fn check_delivery(&self, findings: &mut Vec<Finding>) {
        let delivery = &self.delivery;
        if delivery.backoff_min > delivery.backoff_max {
            let message = "is longer than delivery.backoff_max_ms";
            findings.push(Finding::error("delivery.backoff_min_ms", message));
        }
        for (key, calls) in self.calls() {
            if calls.timeout >= delivery.lease {
                let message = "must be shorter than delivery.lease_ms, or another process could take \
                               over a call that is still under way";
                findings.push(Finding::error(&format!("{key}.timeout_ms"), message));
            }
            if calls.connect_timeout > calls.timeout {
                let message = "is longer than timeout_ms, which includes connecting";
                findings.push(Finding::error(&format!("{key}.connect_timeout_ms"), message));
            }
        }
    }

    fn calls(&self) -> Vec<(&'static str, Calls)> {
        let netxd = self.netxd.as_ref().and_then(|format| format.upstream.as_ref());
        let way4 = self.way4.as_ref().and_then(|format| format.upstream.as_ref());
        let capillary = self.capillary.as_ref().and_then(|format| format.upstream.as_ref());
        let n4n = self.n4n.as_ref().and_then(|format| format.upstream.as_ref());
        [
            netxd.map(|upstream| ("netxd.upstream", upstream.calls())),
            way4.map(|upstream| ("way4.upstream", upstream.calls())),
            capillary.map(|upstream| ("capillary.upstream", upstream.calls())),
            n4n.map(|upstream| ("n4n.upstream", upstream.calls())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn check_netxd(netxd: &NetxdConfig, findings: &mut Vec<Finding>) {
    let key = "netxd.clients";
    unique(key, "name", netxd.clients.iter().map(|client| client.name.as_str()), findings);
    unique(key, "key_id", netxd.clients.iter().map(|client| client.key_id.as_str()), findings);
    filled(key, "tenant", netxd.clients.iter().map(|client| client.tenant.as_str()), findings);
    if let Some(upstream) = &netxd.upstream {
        check_base_url("netxd.upstream.base_url", &upstream.base_url, findings);
    }
}

fn check_way4(way4: &Way4Config, findings: &mut Vec<Finding>) {
    let key = "way4.clients";
    unique(key, "name", way4.clients.iter().map(|client| client.name.as_str()), findings);
    unique(key, "client_id", way4.clients.iter().map(|client| client.client_id.as_str()), findings);
    filled(key, "tenant", way4.clients.iter().map(|client| client.tenant.as_str()), findings);
    for (index, client) in way4.clients.iter().enumerate() {
        if client.bank_ids.is_empty() {
            let key = format!("way4.clients[{index}].bank_ids");
            findings.push(Finding::error(&key, "a client needs a bank_id to speak for"));
        }
        let known = |bank_id: &&String| way4.fi_codes.values().any(|known| known == *bank_id);
        if !way4.fi_codes.is_empty() && !client.bank_ids.iter().all(|bank_id| known(&bank_id)) {
            let key = format!("way4.clients[{index}].bank_ids");
            findings.push(Finding::warning(&key, "names a bank that way4.fi_codes does not have"));
        }
    }
    let secret_bytes = way4.token_secret.as_ref().map(|secret| {
        use secrecy::ExposeSecret as _;
        secret.expose_secret().len()
    });
    let key = "way4.token_secret";
    match secret_bytes {
        None if !way4.clients.is_empty() => {
            findings.push(Finding::error(key, "is needed where there are clients"));
        }
        Some(bytes) if bytes < TOKEN_SECRET_BYTES_MIN => {
            let message = format!("must have at least {TOKEN_SECRET_BYTES_MIN} bytes");
            findings.push(Finding::error(key, &message));
        }
        None | Some(_) => {}
    }
    check_offset("way4.utc_offset_minutes", way4.utc_offset_minutes, findings);
    if let Some(upstream) = &way4.upstream {
        check_base_url("way4.upstream.base_url", &upstream.base_url, findings);
        let bank_id = way4.fi_codes.get(&upstream.fi_code);
        if bank_id.is_some_and(|bank_id| *bank_id != upstream.bank_id) {
            let message = "is not the bank of upstream.fi_code in way4.fi_codes";
            findings.push(Finding::error("way4.upstream.bank_id", message));
        }
    }
}

fn check_capillary(capillary: &CapillaryConfig, findings: &mut Vec<Finding>) {
    let ids: Vec<String> = capillary.orgs.iter().map(|org| org.org_id.to_string()).collect();
    unique("capillary.orgs", "org_id", ids.iter().map(String::as_str), findings);
    filled("capillary.orgs", "tenant", capillary.orgs.iter().map(|org| &*org.tenant), findings);
    // Within a tenant everybody sees everybody's requests.
    unique("capillary.orgs", "tenant", capillary.orgs.iter().map(|org| &*org.tenant), findings);
    let clients = || capillary.orgs.iter().flat_map(|org| &org.oauth_clients);
    unique("capillary.orgs[].oauth_clients", "key", clients().map(|one| &*one.key), findings);
    if clients().next().is_some() && capillary.oauth.is_none() {
        findings.push(Finding::error("capillary.oauth", "is needed where there are OAuth clients"));
    }
    for (index, org) in capillary.orgs.iter().enumerate() {
        check_org(&format!("capillary.orgs[{index}]"), org, findings);
    }
    let Some(upstream) = &capillary.upstream else { return };
    check_base_url("capillary.upstream.base_url", &upstream.base_url, findings);
    if capillary.upstream_labels().is_empty() {
        let message = "is needed, as no organisation of this id is configured";
        findings.push(Finding::error("capillary.upstream.label_for", message));
    }
    let basic = (upstream.till.is_some(), upstream.password_md5.is_some());
    let oauth = (upstream.oauth_key.is_some(), upstream.oauth_secret.is_some());
    if !matches!((basic, oauth), ((true, true), (false, false)) | ((false, false), (true, true))) {
        let message = "needs either till and password_md5 or oauth_key and oauth_secret";
        findings.push(Finding::error("capillary.upstream", message));
    }
}

fn check_org(key: &str, org: &OrgConfig, findings: &mut Vec<Finding>) {
    unique(&format!("{key}.tills"), "till", org.tills.iter().map(|one| &*one.till), findings);
    let numbers: Vec<String> = org.oauth_clients.iter().map(|one| one.number.to_string()).collect();
    let key_of_clients = format!("{key}.oauth_clients");
    unique(&key_of_clients, "number", numbers.iter().map(String::as_str), findings);
    filled(
        &format!("{key}.tills"),
        "person_id",
        org.tills.iter().map(|one| &*one.person_id),
        findings,
    );
    for (index, client) in org.oauth_clients.iter().enumerate() {
        if client.token_lifetime.as_secs() > OAUTH_LIFETIME_S_MAX {
            let message = format!("is at most {OAUTH_LIFETIME_S_MAX}");
            let key = format!("{key_of_clients}[{index}].token_lifetime_s");
            findings.push(Finding::error(&key, &message));
        }
    }
    if org.accepted_origins.is_empty() {
        let message = "is empty: every request would be refused for its target";
        findings.push(Finding::error(&format!("{key}.accepted_origins"), message));
    }
    if org.labels.is_empty() {
        findings.push(Finding::error(&format!("{key}.labels"), "the organisation has no label"));
    }
    for label in org.label_for.values().filter(|label| !org.labels.contains_key(*label)) {
        let message = format!("`{label}` is not among the organisation's labels");
        findings.push(Finding::error(&format!("{key}.label_for"), &message));
    }
    check_offset(&format!("{key}.utc_offset_minutes"), org.utc_offset_minutes, findings);
}

fn check_n4n(n4n: &N4nConfig, findings: &mut Vec<Finding>) {
    let key = "n4n.clients";
    unique(key, "name", n4n.clients.iter().map(|client| client.name.as_str()), findings);
    unique(key, "username", n4n.clients.iter().map(|client| client.username.as_str()), findings);
    filled(key, "tenant", n4n.clients.iter().map(|client| client.tenant.as_str()), findings);
    for (index, client) in n4n.clients.iter().enumerate() {
        if client.addresses.is_empty() {
            let key = format!("n4n.clients[{index}].addresses");
            findings.push(Finding::error(&key, "is empty: the client could call from nowhere"));
        }
    }
    if let Some(upstream) = &n4n.upstream {
        check_base_url("n4n.upstream.base_url", &upstream.base_url, findings);
    }
}

/// Reports values that are empty or occur twice.
fn unique<'a>(
    key: &str,
    field: &str,
    values: impl Iterator<Item = &'a str> + Clone,
    findings: &mut Vec<Finding>,
) {
    filled(key, field, values.clone(), findings);
    let mut seen = BTreeSet::new();
    for (index, value) in values.enumerate() {
        if !seen.insert(value) {
            let message = "is used twice; it must tell one from another";
            findings.push(Finding::error(&format!("{key}[{index}].{field}"), message));
        }
    }
}

/// Reports values that are empty.
fn filled<'a>(
    key: &str,
    field: &str,
    values: impl Iterator<Item = &'a str>,
    findings: &mut Vec<Finding>,
) {
    for (index, value) in values.enumerate() {
        if value.trim().is_empty() {
            findings.push(Finding::error(&format!("{key}[{index}].{field}"), "is empty"));
        }
    }
}

/// Reports an address that cannot be called, or would be called with credentials in clear.
fn check_base_url(key: &str, text: &str, findings: &mut Vec<Finding>) {
    let Ok(uri) = text.parse::<http::Uri>() else {
        findings.push(Finding::error(key, "is no URL"));
        return;
    };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        findings.push(Finding::error(key, "needs a scheme and a host"));
        return;
    };
    let plain_is_fine = is_loopback(host);
    if scheme != "https" && !(scheme == "http" && plain_is_fine) {
        let message =
            "must be https: credentials are sent to it (http is accepted on loopback only)";
        findings.push(Finding::error(key, message));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        findings.push(Finding::error(key, "must not hold a user or password"));
    }
    if uri.query().is_some() {
        findings.push(Finding::error(key, "must not have a query"));
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn check_offset(key: &str, minutes: i32, findings: &mut Vec<Finding>) {
    if minutes.abs() >= 24 * 60 {
        findings.push(Finding::error(key, "is less than a day either way"));
    }
}
