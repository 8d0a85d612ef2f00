//! Settings and orders that both test files use.

use adapter_capillary::{
    CapillaryDownstream, CapillaryUpstream, DownstreamSettings, LabelTable, OrgSettings, SYSTEM,
    UpstreamCredentials, UpstreamSettings, identifier,
};
use chrono::{DateTime, Utc};
use status_domain::ids::{Identifier, IdentifierKind, OrderId};
use status_domain::register::{Order, RegisterValue};
use status_domain::status::Status;

pub(crate) const PASSWORD_MD5: &str = "52f05e21ccf703bc95476e8ea5b5a442";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn labels() -> LabelTable {
    let statuses = [
        ("Active", Status::Active),
        ("Suspended", Status::Suspended),
        ("Fraud confirmed", Status::Blacklisted),
        ("Deleted", Status::Closed),
    ];
    let shown = [
        (Status::Active, "Active"),
        (Status::Suspended, "Suspended"),
        (Status::Blocked, "Suspended"),
        (Status::Blacklisted, "Fraud confirmed"),
        (Status::Closed, "Deleted"),
    ];
    LabelTable {
        statuses: statuses.into_iter().map(|(label, status)| (label.into(), status)).collect(),
        labels: shown.into_iter().map(|(status, label)| (status, label.into())).collect(),
    }
}

pub(crate) fn downstream_settings() -> DownstreamSettings {
    let origins = vec!["https://eu.api.capillarytech.com".into(), "http://127.0.0.1:9103".into()];
    let mut org = OrgSettings::new(origins, labels());
    org.tills = vec!["till.demo".into()];
    DownstreamSettings::new([("70420".into(), org)].into())
}

pub(crate) fn downstream() -> CapillaryDownstream {
    CapillaryDownstream::new(downstream_settings()).unwrap()
}

pub(crate) fn upstream_settings() -> UpstreamSettings {
    UpstreamSettings {
        base_url: "https://eu.api.capillarytech.com".into(),
        org: "70420".into(),
        credentials: UpstreamCredentials::Till {
            till: "till.demo".into(),
            password_md5: PASSWORD_MD5.into(),
        },
        source: "INSTORE".into(),
        account_id: None,
        default_reason: "status change".into(),
        labels: labels(),
    }
}

pub(crate) fn upstream() -> CapillaryUpstream {
    CapillaryUpstream::new(upstream_settings()).unwrap()
}

pub(crate) fn oauth_upstream() -> CapillaryUpstream {
    let credentials = UpstreamCredentials::OAuth {
        key: "client-key".into(),
        secret: "client-secret-text".into(),
    };
    CapillaryUpstream::new(UpstreamSettings { credentials, ..upstream_settings() }).unwrap()
}

pub(crate) fn identifier(kind: IdentifierKind, value: &str) -> Identifier {
    Identifier { system: SYSTEM, kind, value: value.parse().unwrap() }
}

pub(crate) fn order() -> Order {
    Order {
        id: OrderId(7),
        register: adapter_capillary::LABEL,
        value: RegisterValue("Suspended".into()),
        identifiers: vec![identifier(identifier::MOBILE, "447700900123")],
        reason: Some("card reported lost".parse().unwrap()),
        native: None,
    }
}
