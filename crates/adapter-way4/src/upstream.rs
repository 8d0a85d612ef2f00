//! The client side: WAY4 behind the NISrv API.

mod login;
mod project;
mod response;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Inquiry, Login, Upstream};
use status_domain::facet::Facet;
use status_domain::failure::{Confirmation, Failure};
use status_domain::ids::{OrderId, System};
use status_domain::register::{Order, Projection, RegisterName};
use status_domain::subject::SubjectView;

use self::login::TokenClient;
use crate::codes::{BlockSlot, FRAUD};
use crate::json::{self, Json};
use crate::settings::{InvalidSettings, UpstreamSettings, check_text, is_fi_code, is_prefix};
use crate::wire::{
    self, Body, CustomField, Header, Request, RequestBranch, RequestMessage, Status, cut, max,
};
use crate::{CONTRACT_NUMBER, STATUS_PATH, SYSTEM};

/// One institution's WAY4.
///
/// There is no [`Inquiry`]: no public document says where an account's block codes can be read back.
#[derive(Clone, Debug)]
pub struct Way4Upstream {
    settings: UpstreamSettings,
    system: System,
    status_uri: Uri,
    login: TokenClient,
}

impl Way4Upstream {
    /// A client with these settings.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if one of them is outside what its description allows.
    pub fn new(settings: UpstreamSettings) -> Result<Self, InvalidSettings> {
        let problem = |setting, problem| Err(InvalidSettings { setting, problem });
        check_text("client_id", &settings.client_id, 256)?;
        check_text("bank_id", &settings.bank_id, max::BANK_ID)?;
        check_text("src_application", &settings.src_application, max::APPLICATION)?;
        check_text("target_application", &settings.target_application, max::APPLICATION)?;
        if let Some(channel) = &settings.bc_channel {
            check_text("bc_channel", channel, max::CUSTOM_VALUE)?;
        }
        let fallback = &settings.fallback;
        for code in [&fallback.fraud, &fallback.suspended, &fallback.closed] {
            check_text("fallback", code, max::STATUS_VALUE)?;
        }
        if !is_fi_code(&settings.fi_code) {
            return problem("fi_code", "must be 1-10 capital letters or digits");
        }
        let prefix = settings.prefix.as_deref();
        if !prefix.is_none_or(is_prefix) {
            return problem("prefix", "must be 1-10 letters or digits");
        }
        let prefix = prefix.map_or(String::new(), |segment| format!("/{segment}"));
        let status_uri = below(&settings.base_url, &format!("{prefix}{STATUS_PATH}"), "base_url")?;
        let token_uri = below(&settings.base_url, &settings.token_path, "token_path")?;
        let login = TokenClient {
            uri: token_uri,
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
        };
        Ok(Self { settings, system: SYSTEM, status_uri, login })
    }

    fn custom_fields(&self, order: &Order) -> Result<Vec<CustomField>, Failure> {
        if let Some(native) = &order.native
            && self.settings.pass_custom_fields
        {
            return recorded_fields(&native.text)
                .ok_or_else(|| not_sent("the recorded custom fields cannot be read"));
        }
        let field = |key: &str, value: &str| CustomField {
            key: Some(key.to_owned()),
            value: Some(cut(value, max::CUSTOM_VALUE).to_owned()),
        };
        let channel = self.settings.bc_channel.as_deref();
        let channel = channel.map(|channel| field(wire::BC_CHANNEL, channel));
        let reason = order.reason.as_ref();
        let comment = reason.map(|reason| field(wire::COMMENT_TEXT, reason.as_str()));
        Ok(channel.into_iter().chain(comment).collect())
    }
}

impl Upstream for Way4Upstream {
    fn system(&self) -> &System {
        &self.system
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Hold(owner) if *owner == FRAUD => vec![BlockSlot::Acc1.register()],
            Facet::Lifecycle | Facet::Hold(_) => vec![BlockSlot::Acc2.register()],
            Facet::EditLock | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        let fallback = &self.settings.fallback;
        vec![
            (BlockSlot::Acc1.register(), project::acc1(view, fallback)),
            (BlockSlot::Acc2.register(), project::acc2(view, fallback)),
        ]
    }

    fn encode(
        &self,
        order: &Order,
        access: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<http::Request<Bytes>, Failure> {
        let slot = BlockSlot::named(order.register.as_str())
            .ok_or_else(|| not_sent("WAY4 has no such register"))?;
        let value = order.value.as_str();
        if !(1..=max::STATUS_VALUE).contains(&value.chars().count()) {
            return Err(not_sent("a block code is 1-32 characters"));
        }
        let access = access.ok_or_else(|| not_sent("there is no access token"))?;
        let settings = &self.settings;
        let timestamp = wire::timestamp(now, settings.utc_offset);
        let msg_id = msg_id(order.id);
        let kind = format!("BCC-{}-{}", slot.name(), settings.fi_code);
        let message = RequestMessage {
            header: Header {
                msg_id: &msg_id,
                msg_type: wire::TRANSACTION,
                msg_function: wire::REQ_ACCOUNT,
                src_application: &settings.src_application,
                target_application: &settings.target_application,
                timestamp: &timestamp,
                tracking_id: Some(&msg_id),
                bank_id: &settings.bank_id,
                instance_id: None,
            },
            body: Body {
                account_identifier_type: wire::CONTRACT_NUMBER,
                account_identifier_id: contract(order)?,
                status: Status { kind: &kind, value },
                custom_fields: &self.custom_fields(order)?,
            },
        };
        let message = Request { root: RequestBranch { request_account_status_change: message } };
        let mut request = post(&self.status_uri, "application/json", json::write(&message));
        request.headers_mut().insert(AUTHORIZATION, bearer(access)?);
        Ok(request)
    }

    fn decode(
        &self,
        order: &Order,
        response: &http::Response<Bytes>,
    ) -> Result<Confirmation, Failure> {
        response::decode(&msg_id(order.id), response)
    }

    fn login(&self) -> Option<&dyn Login> {
        Some(&self.login)
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        None
    }
}

/// The message number of an order: the same on every attempt, 12 letters and digits.
///
/// It is made of the order id's low 62 bits, which fit because 36^12 is more than 2^62.
fn msg_id(id: OrderId) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = id.0 & ((1 << 62) - 1);
    let mut text = Vec::with_capacity(max::MSG_ID);
    for _ in 0..max::MSG_ID {
        let digit = usize::try_from(rest % 36).unwrap_or_default();
        text.push(char::from(DIGITS[digit]));
        rest /= 36;
    }
    text.iter().rev().collect()
}

/// The one contract number of the subject.
fn contract(order: &Order) -> Result<&str, Failure> {
    let is_contract = |kind: &_| *kind == CONTRACT_NUMBER;
    let mut contracts = order
        .identifiers
        .iter()
        .filter(|identifier| identifier.system == SYSTEM && is_contract(&identifier.kind))
        .map(|identifier| identifier.value.expose());
    let Some(contract) = contracts.next() else {
        return Err(not_sent("the subject has no contract number"));
    };
    if contracts.any(|other| other != contract) {
        return Err(not_sent("the subject has several contract numbers"));
    }
    let fits = (1..=max::IDENTIFIER_ID).contains(&contract.len());
    if !fits || !contract.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(not_sent("a contract number is 1-32 letters or digits"));
    }
    Ok(contract)
}

/// Reads custom fields as the server side wrote them down.
fn recorded_fields(text: &str) -> Option<Vec<CustomField>> {
    let Ok(Json::List(entries)) = json::parse(text.as_bytes()) else { return None };
    let field = |entry: &Json| {
        let member = |name| entry.get(name).and_then(Json::text).map(str::to_owned);
        CustomField { key: member("key"), value: member("value") }
    };
    Some(entries.iter().map(field).collect())
}

fn below(base: &str, path: &str, setting: &'static str) -> Result<Uri, InvalidSettings> {
    let problem =
        "must be an http(s) address without user, password or query, and an absolute path";
    let wrong = InvalidSettings { setting, problem };
    let address = format!("{}{path}", base.trim_end_matches('/'));
    let uri: Uri = address.parse().map_err(|_| wrong)?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let fits = scheme && plain && path.starts_with('/') && !address.contains(['?', '#']);
    if fits { Ok(uri) } else { Err(wrong) }
}

fn post(uri: &Uri, media_type: &'static str, body: String) -> http::Request<Bytes> {
    let mut request = http::Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    request
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(|_| not_sent("the access token cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn not_sent(cause: &str) -> Failure {
    Failure::NotSent { cause: cause.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_numbers_have_a_fixed_width_and_differ() {
        assert_eq!(msg_id(OrderId(0)), "000000000000");
        assert_eq!(msg_id(OrderId(35)), "00000000000Z");
        assert_eq!(msg_id(OrderId(36)), "000000000010");
        let largest = msg_id(OrderId(u128::MAX));
        assert_eq!(largest.len(), 12);
        assert_ne!(largest, msg_id(OrderId(u128::MAX - 1)));
    }

    #[test]
    fn an_address_with_a_password_or_a_query_is_refused() {
        for base in ["https://u:p@host", "https://host/?a=b", "host", "/x", "ftp://host", ""] {
            assert!(below(base, "/x", "base_url").is_err(), "{base}");
        }
        assert_eq!(below("https://host/gw/", "/x", "base_url").unwrap(), "https://host/gw/x");
        assert!(below("https://host", "x", "token_path").is_err());
    }
}
