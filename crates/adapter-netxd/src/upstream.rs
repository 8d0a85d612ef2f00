//! The client side: writes requests to a ledger, reads its answers.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use status_domain::adapter::{Inquiry, Login, Upstream};
use status_domain::facet::Facet;
use status_domain::failure::{Confirmation, Failure};
use status_domain::ids::{Identifier, System};
use status_domain::register::{Order, Projected, Projection, RegisterName, RegisterValue};
use status_domain::subject::SubjectView;

use crate::json::{self, Members, Node};
use crate::settings::{InvalidSettings, UpstreamSettings};
use crate::wire::{self, Api, Params, StatusPayload};
use crate::{CUSTOMER_ID, PROFILE, STATUS, SYSTEM, codes, details, outcome};

static NAME: System = SYSTEM;

/// Signs the payload of a request with the gateway's key.
pub trait PayloadSigner: Send + Sync {
    /// Signs these bytes: ECDSA on P-256 with SHA-256, as an ASN.1 DER sequence.
    ///
    /// # Errors
    ///
    /// [`SigningFailed`] if the key cannot be used.
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SigningFailed>;
}

/// The payload could not be signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the payload could not be signed")]
pub struct SigningFailed;

/// A NetXD ledger.
pub struct NetxdUpstream {
    pub(crate) settings: UpstreamSettings,
    endpoint: Uri,
    signer: Arc<dyn PayloadSigner>,
}

impl fmt::Debug for NetxdUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetxdUpstream").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl NetxdUpstream {
    /// A ledger at the address in `settings`, called with signatures by `signer`.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if one of them cannot be used.
    pub fn new(
        settings: UpstreamSettings,
        signer: Arc<dyn PayloadSigner>,
    ) -> Result<Self, InvalidSettings> {
        if settings.key_id.is_empty() {
            return Err(InvalidSettings::KeyId);
        }
        let endpoint = settings.endpoint()?;
        Ok(Self { settings, endpoint, signer })
    }

    /// Writes a call. The payload is signed and sent in the very bytes that are given.
    pub(crate) fn call(
        &self,
        method: &'static str,
        id: &str,
        payload: String,
    ) -> Result<Request<Bytes>, Failure> {
        let signature = self
            .signer
            .sign(payload.as_bytes())
            .map_err(|failed| Failure::NotSent { cause: failed.to_string().into() })?;
        let signature = STANDARD.encode(signature);
        let payload = RawValue::from_string(payload)
            .map_err(|_| not_sent("the payload is not well-formed"))?;
        // Only this method lists the key; the others' pages do not.
        let api_key =
            (method == wire::UPDATE_CUSTOMER).then(|| self.settings.api_key.expose_secret());
        let api = Api {
            signature: &signature,
            key_id: &self.settings.key_id,
            credential: self.settings.credential.expose_secret(),
            api_key,
        };
        let message = wire::Request { method, id, params: Params { api, payload: &payload } };
        let body = serde_json::to_vec(&message)
            .map_err(|_| not_sent("the request could not be written"))?;
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        Ok(request)
    }
}

impl Upstream for NetxdUpstream {
    fn system(&self) -> &System {
        &NAME
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Lifecycle | Facet::Hold(_) => vec![STATUS],
            Facet::Profile => vec![PROFILE],
            Facet::EditLock => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        let value = |text: &str| Projected::Exact(RegisterValue(text.into()));
        let lost = |why: &str| Projected::NotRepresentable { why: why.into() };
        let status = codes::status_word(view.effective())
            .map_or_else(|| lost("a customer of the ledger cannot be CLOSED"), value);
        let mut projection = vec![(STATUS, status)];
        if let Some(profile) = &view.subject.state.pending_profile {
            let payload = details::payload(profile);
            let details = payload.map_or_else(
                || lost("the ledger needs first and last name"),
                |payload| value(&payload),
            );
            projection.push((PROFILE, details));
        }
        projection
    }

    fn encode(
        &self,
        order: &Order,
        _access: Option<&SecretString>,
        _now: DateTime<Utc>,
    ) -> Result<Request<Bytes>, Failure> {
        let customer = customer(&order.identifiers)
            .ok_or_else(|| not_sent("the ledger has no customer id for the subject"))?;
        if order.register == STATUS {
            let status = order.value.as_str();
            if codes::parse_status(status).is_none() {
                return Err(not_sent("the value is no customer status"));
            }
            let notes = order.reason.as_ref().map(status_domain::text::Reason::as_str);
            let payload = serde_json::to_string(&StatusPayload { id: customer, status, notes })
                .map_err(|_| not_sent("the payload could not be written"))?;
            return self.call(wire::UPDATE_CUSTOMER_STATUS, &message_id(order), payload);
        }
        if order.register == PROFILE {
            let payload = details_payload(customer, order.value.as_str())
                .ok_or_else(|| not_sent("the value is no payload of details"))?;
            return self.call(wire::UPDATE_CUSTOMER, &message_id(order), payload);
        }
        Err(not_sent("the ledger has no such register"))
    }

    fn decode(&self, order: &Order, response: &Response<Bytes>) -> Result<Confirmation, Failure> {
        let mut done = outcome::read(response, &self.settings.code_classes)?;
        if done.id.as_deref() != Some(&*message_id(order)) {
            return Err(unknown("the answer carries another id than the request"));
        }
        let named = text(&mut done.result, "ID");
        if self.settings.check_customer_id && named.as_deref() != customer(&order.identifiers) {
            return Err(unknown("the answer names another customer than the request"));
        }
        if order.register == STATUS {
            return match text(&mut done.result, "status") {
                Some(status) if status == order.value.as_str() => Ok(Confirmation::default()),
                Some(_) => Err(unknown("the answer shows another status than was sent")),
                None => Err(unknown("the answer shows no status")),
            };
        }
        if named.is_none() {
            return Err(unknown("the answer names no customer"));
        }
        Ok(Confirmation { native: Some(done.raw.get().into()) })
    }

    fn login(&self) -> Option<&dyn Login> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        Some(self)
    }
}

/// The text of a member; `None` if it is not there or no text.
pub(crate) fn text(members: &mut Members, name: &str) -> Option<String> {
    match members.take(name)? {
        Node::Text(text) => Some(text),
        Node::Null
        | Node::Bool
        | Node::Integer(_)
        | Node::Fraction
        | Node::List
        | Node::Object(_) => None,
    }
}

pub(crate) fn customer(identifiers: &[Identifier]) -> Option<&str> {
    let known = |one: &&Identifier| one.system == SYSTEM && one.kind == CUSTOMER_ID;
    identifiers.iter().find(known).map(|one| one.value.expose())
}

/// Digits only, as in the vendor's samples, and within what a signed 64-bit integer can hold.
fn message_id(order: &Order) -> String {
    const MASK: u128 = i64::MAX as u128;
    (order.id.0 & MASK).to_string()
}

/// Puts the id before the recorded details without touching their text.
fn details_payload(customer: &str, details: &str) -> Option<String> {
    let id = serde_json::to_string(customer).ok()?;
    let payload = format!("{{\"ID\":{id},{}", details.strip_prefix('{')?);
    // Refuses what is no object, and an object that had an id of its own.
    json::parse(&payload, 2).ok().map(|_| payload)
}

pub(crate) fn not_sent(cause: &str) -> Failure {
    Failure::NotSent { cause: cause.into() }
}

pub(crate) fn unknown(cause: &str) -> Failure {
    Failure::Unknown { cause: cause.into(), after: None }
}
