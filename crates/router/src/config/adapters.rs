//! From configuration to adapters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use adapter_capillary::{CapillaryDownstream, CapillaryUpstream, LabelTable};
use adapter_n4n::{N4nDownstream, N4nDownstreamSettings, N4nUpstream, N4nUpstreamSettings};
use adapter_netxd::{NetxdDownstream, NetxdUpstream, PayloadSigner, SigningFailed};
use adapter_way4::{BlockSlot, CodeEntry, CodeTable, Institution, Way4Downstream, Way4Upstream};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use chrono::{FixedOffset, Offset as _, Utc};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::command::Scope;
use status_domain::hold::HoldOwner;
use status_domain::status::Status;

use super::Config;
use super::capillary::{AuthorizationEchoName, CapillaryConfig, OrgConfig};
use super::check::Finding;
use super::n4n::N4nConfig;
use super::netxd::{NetxdConfig, UnknownDetailsName};
use super::values::StatusName;
use super::way4::{BlockCodeConfig, ScopeName, SlotName, Way4Config};

impl Config {
    /// The server side of NetXD's format; `None` where it has no clients.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn netxd_downstream(&self) -> Result<Option<NetxdDownstream>, Finding> {
        let served = self.netxd.as_ref().filter(|netxd| !netxd.clients.is_empty());
        served.map(netxd_downstream).transpose()
    }

    /// The ledger; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn netxd_upstream(&self) -> Result<Option<NetxdUpstream>, Finding> {
        self.netxd.as_ref().map_or(Ok(None), netxd_upstream)
    }

    /// The server side of the WAY4 format; `None` where it has no clients.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn way4_downstream(&self) -> Result<Option<Way4Downstream>, Finding> {
        let served = self.way4.as_ref().filter(|way4| !way4.clients.is_empty());
        served.map(way4_downstream).transpose()
    }

    /// The card processor; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn way4_upstream(&self) -> Result<Option<Way4Upstream>, Finding> {
        self.way4.as_ref().map_or(Ok(None), way4_upstream)
    }

    /// The server side of Capillary's format; `None` where no organisation is configured.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn capillary_downstream(&self) -> Result<Option<CapillaryDownstream>, Finding> {
        let served = self.capillary.as_ref().filter(|capillary| !capillary.orgs.is_empty());
        served.map(capillary_downstream).transpose()
    }

    /// The CRM; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn capillary_upstream(&self) -> Result<Option<CapillaryUpstream>, Finding> {
        self.capillary.as_ref().map_or(Ok(None), capillary_upstream)
    }

    /// The server side of N4N's format; `None` where it has no clients.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn n4n_downstream(&self) -> Result<Option<N4nDownstream>, Finding> {
        let served = self.n4n.as_ref().filter(|n4n| !n4n.clients.is_empty());
        served.map(n4n_downstream).transpose()
    }

    /// The subscription platform; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn n4n_upstream(&self) -> Result<Option<N4nUpstream>, Finding> {
        self.n4n.as_ref().map_or(Ok(None), n4n_upstream)
    }

    /// What the adapters say is wrong.
    pub(super) fn check_adapters(&self, findings: &mut Vec<Finding>) {
        findings.extend(self.netxd_downstream().err());
        findings.extend(self.netxd_upstream().err());
        findings.extend(self.way4_downstream().err());
        findings.extend(self.way4_upstream().err());
        findings.extend(self.capillary_downstream().err());
        findings.extend(self.capillary_upstream().err());
        findings.extend(self.n4n_downstream().err());
        findings.extend(self.n4n_upstream().err());
    }
}

fn netxd_downstream(config: &NetxdConfig) -> Result<NetxdDownstream, Finding> {
    let key = "netxd.parse_error_http_status";
    let mut codes = BTreeMap::new();
    for (shipped, code) in &config.codes {
        let known = shipped.parse();
        let known = known.map_err(|error| wrong(&format!("netxd.codes.{shipped}"), error))?;
        codes.insert(known, code.clone());
    }
    let settings = adapter_netxd::DownstreamSettings {
        syntax_status: http_status(key, config.parse_error_http_status.unwrap_or(200))?,
        codes,
        unknown_details: match config.unknown_details {
            UnknownDetailsName::Refuse => adapter_netxd::UnknownDetails::Refuse,
            UnknownDetailsName::Ignore => adapter_netxd::UnknownDetails::Ignore,
        },
    };
    NetxdDownstream::new(settings).map_err(|error| wrong("netxd", error))
}

fn netxd_upstream(config: &NetxdConfig) -> Result<Option<NetxdUpstream>, Finding> {
    let Some(config) = &config.upstream else { return Ok(None) };
    let base_url = config.base_url.parse();
    let base_url = base_url.map_err(|_| Finding::error("netxd.upstream.base_url", "is no URL"))?;
    let mut settings = adapter_netxd::UpstreamSettings::new(
        base_url,
        config.key_id.clone(),
        config.credential.clone(),
        config.api_key.clone(),
    );
    settings.check_customer_id = config.check_customer_id;
    let signer = Signer::new("netxd.upstream.private_key", config.private_key.as_ref())?;
    let made = NetxdUpstream::new(settings, Arc::new(signer));
    made.map(Some).map_err(|error| wrong("netxd.upstream", error))
}

fn way4_downstream(config: &Way4Config) -> Result<Way4Downstream, Finding> {
    let mut own_codes = BTreeMap::new();
    for (name, code) in &config.own_codes {
        let own = name.parse().map_err(|error| wrong("way4.own_codes", error))?;
        own_codes.insert(own, code.as_str().into());
    }
    let institution = |(fi_code, bank_id): (&String, &String)| {
        let institution = Institution { bank_id: bank_id.as_str().into(), codes: None };
        (fi_code.as_str().into(), institution)
    };
    let key = "way4.business_failure_http_status";
    let settings = adapter_way4::DownstreamSettings {
        codes: code_table(&config.codes)?,
        institutions: config.fi_codes.iter().map(institution).collect(),
        own_codes: adapter_way4::OwnCodes::with(own_codes)
            .map_err(|error| wrong("way4.own_codes", error))?,
        utc_offset: offset(config.utc_offset_minutes),
        application_name: config.application_name.as_str().into(),
        strict_bank_id: config.strict_bank_id,
        mirror_card_function: config.mirror_card_function,
        business_failure_status: http_status(key, config.business_failure_http_status)?,
        retry_after_s: config.retry_after_s,
    };
    Way4Downstream::new(settings).map_err(|error| wrong("way4", error))
}

/// The shipped table with the configured entries in place of, or beside, its own.
fn code_table(configured: &[BlockCodeConfig]) -> Result<CodeTable, Finding> {
    let mut entries = CodeTable::shipped().entries().to_vec();
    for code in configured {
        let entry = code_entry(code)?;
        entries.retain(|one| (one.slot, &one.code) != (entry.slot, &entry.code));
        entries.push(entry);
    }
    CodeTable::new(entries).map_err(|error| wrong("way4.codes", error))
}

fn code_entry(config: &BlockCodeConfig) -> Result<CodeEntry, Finding> {
    let slot = match config.slot {
        SlotName::Acc1 => BlockSlot::Acc1,
        SlotName::Acc2 => BlockSlot::Acc2,
    };
    let owner = config.owner.as_ref().map(|owner| owner.parse::<HoldOwner>()).transpose();
    Ok(CodeEntry {
        code: config.code.as_str().into(),
        slot,
        owner: owner.map_err(|error| wrong("way4.codes", error))?.unwrap_or_else(|| slot.owner()),
        severity: config.severity.map(|StatusName(status)| status),
        scope: match config.scope {
            ScopeName::Account => Scope::Account,
            ScopeName::Customer => Scope::Customer,
        },
        reversible: config.reversible,
        marker: config.marker,
    })
}

fn way4_upstream(config: &Way4Config) -> Result<Option<Way4Upstream>, Finding> {
    let Some(upstream) = &config.upstream else { return Ok(None) };
    let secret = upstream.client_secret.clone();
    let defaults =
        adapter_way4::UpstreamSettings::new(&upstream.base_url, &upstream.client_id, secret);
    let text = |text: &Option<String>| text.as_deref().map(Box::from);
    let settings = adapter_way4::UpstreamSettings {
        prefix: text(&upstream.prefix),
        token_path: text(&upstream.token_path).unwrap_or_else(|| defaults.token_path.clone()),
        fi_code: upstream.fi_code.as_str().into(),
        bank_id: upstream.bank_id.as_str().into(),
        src_application: upstream.src_application.as_str().into(),
        target_application: text(&upstream.target_application)
            .unwrap_or_else(|| defaults.target_application.clone()),
        utc_offset: offset(config.utc_offset_minutes),
        bc_channel: text(&upstream.bc_channel),
        pass_custom_fields: upstream.pass_custom_fields,
        ..defaults
    };
    Way4Upstream::new(settings).map(Some).map_err(|error| wrong("way4.upstream", error))
}

fn capillary_downstream(config: &CapillaryConfig) -> Result<CapillaryDownstream, Finding> {
    let orgs = config.orgs.iter().map(|org| (org.org_id.to_string().into(), org_settings(org)));
    let settings = adapter_capillary::DownstreamSettings {
        strict_http_status: config.strict_http_status,
        authorization_echo: match config.authorization_echo {
            AuthorizationEchoName::Redacted => adapter_capillary::AuthorizationEcho::Redacted,
            AuthorizationEchoName::Omitted => adapter_capillary::AuthorizationEcho::Omitted,
        },
        accept_access_token_alias: config.accept_access_token_alias,
        mask_identifiers_in_lists: config.mask_identifiers_in_lists,
        page_limit_default: config.page_limit_default,
        page_limit_max: config.page_limit_max,
        retry_after_s: config.retry_after_s,
        ..adapter_capillary::DownstreamSettings::new(orgs.collect())
    };
    CapillaryDownstream::new(settings).map_err(|problem| Finding::error("capillary", &problem))
}

fn org_settings(org: &OrgConfig) -> adapter_capillary::OrgSettings {
    let origins = org.accepted_origins.iter().map(|origin| origin.as_str().into()).collect();
    let labels = label_table(&org.labels, &org.label_for);
    let mut settings = adapter_capillary::OrgSettings::new(origins, labels);
    settings.zone = offset(org.utc_offset_minutes);
    settings.entity_ids = if org.entity_info_required {
        adapter_capillary::EntityIds::Required
    } else {
        adapter_capillary::EntityIds::Optional
    };
    if !org.sources.is_empty() {
        settings.sources = org.sources.iter().map(|source| source.as_str().into()).collect();
    }
    settings
}

fn label_table(
    labels: &BTreeMap<String, StatusName>,
    label_for: &BTreeMap<StatusName, String>,
) -> LabelTable {
    let pair =
        |(StatusName(status), label): (&StatusName, &String)| (*status, label.as_str().into());
    LabelTable {
        statuses: labels.iter().map(|(label, status)| (label.as_str().into(), status.0)).collect(),
        labels: label_for.iter().map(pair).collect(),
    }
}

fn capillary_upstream(config: &CapillaryConfig) -> Result<Option<CapillaryUpstream>, Finding> {
    let Some(upstream) = &config.upstream else { return Ok(None) };
    let credentials = match (&upstream.till, &upstream.password_md5) {
        (Some(till), Some(password_md5)) => adapter_capillary::UpstreamCredentials::Till {
            till: till.as_str().into(),
            password_md5: password_md5.clone(),
        },
        (_, _) => adapter_capillary::UpstreamCredentials::OAuth {
            key: upstream.oauth_key.as_deref().unwrap_or_default().into(),
            secret: upstream.oauth_secret.clone().unwrap_or_default(),
        },
    };
    let settings = adapter_capillary::UpstreamSettings {
        base_url: upstream.base_url.as_str().into(),
        org: upstream.org_id.to_string().into(),
        credentials,
        source: upstream.source.as_str().into(),
        account_id: upstream.account_id.as_deref().map(Box::from),
        default_reason: upstream.default_reason.as_str().into(),
        labels: upstream_labels(config, upstream.org_id),
    };
    let made = CapillaryUpstream::new(settings);
    made.map(Some).map_err(|problem| Finding::error("capillary.upstream", &problem))
}

/// The labels as they are sent, and what they mean when they are read back: as configured for the
/// organisation, else the other way round.
fn upstream_labels(config: &CapillaryConfig, org_id: u64) -> LabelTable {
    let label_for = config.upstream_labels();
    let org = config.orgs.iter().find(|org| org.org_id == org_id);
    let mut labels = org.map(|org| org.labels.clone()).unwrap_or_default();
    for (status, label) in &label_for {
        labels.entry(label.clone()).or_insert(*status);
    }
    label_table(&labels, &label_for)
}

fn statuses(names: &[StatusName]) -> Vec<Status> {
    names.iter().map(|StatusName(status)| *status).collect()
}

fn n4n_downstream(config: &N4nConfig) -> Result<N4nDownstream, Finding> {
    let status = |key: &str, number: u16| {
        let refused = || Finding::error(key, "is a status of 400-499");
        adapter_n4n::ClientErrorStatus::new(number).ok_or_else(refused)
    };
    let (unauthenticated, forbidden) =
        (config.unauthenticated_http_status, config.forbidden_http_status);
    Ok(N4nDownstream::new(N4nDownstreamSettings {
        lock_when: statuses(&config.lock_when),
        accept_json: config.accept_json,
        accept_untyped: config.accept_untyped,
        refuse_unknown_names: config.refuse_unknown_names,
        customer_id_is_digits: config.customer_id_is_digits,
        unauthenticated_status: status("n4n.unauthenticated_http_status", unauthenticated)?,
        forbidden_status: status("n4n.forbidden_http_status", forbidden)?,
        retry_after_s: config.retry_after_s,
    }))
}

fn n4n_upstream(config: &N4nConfig) -> Result<Option<N4nUpstream>, Finding> {
    let Some(upstream) = &config.upstream else { return Ok(None) };
    let settings = N4nUpstreamSettings {
        base_url: upstream.base_url.as_str().into(),
        api_key: upstream.api_key.clone(),
        api_username: upstream.api_username.clone(),
        lock_when: statuses(&config.lock_when),
    };
    N4nUpstream::new(settings).map(Some).map_err(|error| wrong("n4n.upstream", error))
}

/// Signs payloads for the ledger.
struct Signer(EcdsaKeyPair);

impl Signer {
    fn new(key: &str, text: Option<&SecretString>) -> Result<Self, Finding> {
        let text = text.ok_or_else(|| Finding::error(key, "is missing"))?;
        pem::parse(text.expose_secret())
            .ok()
            .and_then(|pem| {
                let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
                EcdsaKeyPair::from_pkcs8(algorithm, pem.contents()).ok()
            })
            .map(Self)
            .ok_or_else(|| Finding::error(key, "is no P-256 private key in PEM (PKCS#8)"))
    }
}

impl PayloadSigner for Signer {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let signature = self.0.sign(&SystemRandom::new(), payload).map_err(|_| SigningFailed)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// An adapter's complaint; adapters do not repeat values.
fn wrong(key: &str, error: impl fmt::Display) -> Finding {
    Finding::error(key, &error.to_string())
}

fn http_status(key: &str, number: u16) -> Result<StatusCode, Finding> {
    StatusCode::from_u16(number).map_err(|_| Finding::error(key, "is no HTTP status"))
}

/// The offset; UTC where it is a day or more, which [`Config::check`] refuses.
fn offset(minutes: i32) -> FixedOffset {
    let seconds = minutes.checked_mul(60);
    seconds.and_then(FixedOffset::east_opt).unwrap_or_else(|| Utc.fix())
}
