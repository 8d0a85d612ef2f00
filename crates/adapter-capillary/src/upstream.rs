//! The client of the status API.

mod answer;
mod client;
mod log;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use status_domain::adapter::{Inquiry, Login, Upstream};
use status_domain::facet::Facet;
use status_domain::failure::{Confirmation, Failure};
use status_domain::ids::{Identifier, System};
use status_domain::register::{Order, Projection, RegisterName};
use status_domain::subject::SubjectView;

use crate::settings::{REASON_CHARS_MAX, UpstreamSettings};
use crate::wire::STATUS_PATH;
use crate::{LABEL, SYSTEM, identifier, json};
use client::{Client, percent};
use log::StatusLog;
use token::TokenCall;

/// One configured Capillary organisation, whose customers' labels the gateway sets.
///
/// The call is idempotent by nature: it sets a value. The vendor has no message number, so the order's
/// id is not sent.
#[derive(Clone, Debug)]
pub struct CapillaryUpstream {
    settings: Arc<UpstreamSettings>,
    client: Client,
    log: StatusLog,
    token: Option<TokenCall>,
}

#[derive(Serialize)]
struct StatusBody<'a> {
    reason: &'a str,
    label: &'a str,
}

/// By what a call names the customer.
struct Address {
    source: String,
    account: Option<String>,
    name: &'static str,
    value: String,
}

impl CapillaryUpstream {
    /// A client with these settings.
    ///
    /// # Errors
    ///
    /// What [`UpstreamSettings::check`] found.
    pub fn new(settings: UpstreamSettings) -> Result<Self, String> {
        settings.check()?;
        let settings = Arc::new(settings);
        let client = Client::new(Arc::clone(&settings));
        let token = TokenCall::new(&settings)?;
        Ok(Self { log: StatusLog { client: client.clone() }, client, settings, token })
    }

    /// The caller's own way of naming the customer if it spoke this format, because the same number may
    /// be another customer in another source; else the first kind that can be looked up.
    fn address(&self, order: &Order) -> Result<Address, Failure> {
        if let Some(address) = as_asked(order) {
            return Ok(address);
        }
        let of_kind = |kind| order.identifiers.iter().find(|one: &&Identifier| one.kind == kind);
        let mut kinds = identifier::LOOKUP.into_iter();
        let found = kinds.find_map(|(kind, name)| of_kind(kind).map(|one| (name, one)));
        let (name, known) = found.ok_or_else(|| Failure::NotSent {
            cause: "no identifier by which the customer can be looked up".into(),
        })?;
        Ok(Address {
            source: self.settings.source.to_string(),
            account: self.settings.account_id.as_deref().map(str::to_owned),
            name,
            value: known.value.expose().to_owned(),
        })
    }
}

/// Source, account and identifier as the caller gave them, if the identifier is still the customer's.
fn as_asked(order: &Order) -> Option<Address> {
    let native = json::read(order.native.as_ref()?.text.as_bytes()).ok()?;
    let query = native.get("queryParams")?;
    let text = |name: &str| query.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = identifier::kind(text("identifierName")?).filter(|kind| *kind != identifier::ID)?;
    let value = text("identifierValue")?;
    let is_known = |one: &Identifier| one.kind == kind && one.value.expose() == value;
    order.identifiers.iter().find(|one| is_known(one))?;
    Some(Address {
        source: text("source")?.to_owned(),
        account: text("accountId").map(str::to_owned),
        name: identifier::spelling(&kind)?,
        value: value.to_owned(),
    })
}

impl Upstream for CapillaryUpstream {
    fn system(&self) -> &System {
        const { &SYSTEM }
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Lifecycle | Facet::Hold(_) => vec![LABEL],
            Facet::EditLock | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        vec![(LABEL, self.settings.labels.project(view.effective()))]
    }

    fn encode(
        &self,
        order: &Order,
        access: Option<&SecretString>,
        _now: DateTime<Utc>,
    ) -> Result<Request<Bytes>, Failure> {
        if order.register != LABEL {
            return Err(Failure::NotSent { cause: "there is no such register".into() });
        }
        let address = self.address(order)?;
        let mut target = format!(
            "{STATUS_PATH}?source={}&identifierName={}&identifierValue={}",
            percent(&address.source),
            address.name,
            percent(&address.value)
        );
        if let Some(account) = &address.account {
            target.push_str("&accountId=");
            target.push_str(&percent(account));
        }
        // An asynchronous change cannot be followed up: the vendor describes no way to learn its result.
        target.push_str("&use_async=false");
        let reason = order.reason.as_ref().map(|reason| reason.as_str());
        let reason = reason.unwrap_or(&self.settings.default_reason);
        let capped: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let body = StatusBody { reason: &capped, label: order.value.as_str() };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        self.client.request(Method::PUT, &target, Bytes::from(body), access)
    }

    fn decode(&self, order: &Order, response: &Response<Bytes>) -> Result<Confirmation, Failure> {
        let hidden: Vec<&str> = order.identifiers.iter().map(|one| one.value.expose()).collect();
        answer::confirm(response, self.client.on_unauthorized(), &hidden)
    }

    fn login(&self) -> Option<&dyn Login> {
        self.token.as_ref().map(|token| token as &dyn Login)
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        Some(&self.log)
    }
}
