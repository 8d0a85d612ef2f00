//! The server side: *Account Status Change* V2.

mod answer;
mod echo;
mod read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use secrecy::SecretString;
use status_domain::adapter::{Credentials, Decoded, Downstream, Unreadable, UnreadableKind};
use status_domain::answer::Answer;

pub(crate) use self::answer::{response, unreadable_status};
pub use self::echo::Way4Reply;
use crate::json::{self, Json};
use crate::settings::{DownstreamSettings, InvalidSettings, check_text, is_fi_code, is_prefix};
use crate::{STATUS_PATH, wire};

/// Reads and answers *Account Status Change* V2.
#[derive(Clone, Debug)]
pub struct Way4Downstream {
    settings: DownstreamSettings,
}

impl Way4Downstream {
    /// A server with these settings.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if one of them is outside what its description allows.
    pub fn new(settings: DownstreamSettings) -> Result<Self, InvalidSettings> {
        check_text("application_name", &settings.application_name, wire::max::APPLICATION_NAME)?;
        let status = settings.business_failure_status;
        if status != http::StatusCode::OK && !status.is_client_error() && !status.is_server_error()
        {
            let problem = "must be 200 or 400-599";
            return Err(InvalidSettings { setting: "business_failure_status", problem });
        }
        for (fi_code, institution) in &settings.institutions {
            if !is_fi_code(fi_code) {
                let problem = "an FI code is 1-10 capital letters or digits";
                return Err(InvalidSettings { setting: "institutions", problem });
            }
            check_text("institutions.bank_id", &institution.bank_id, wire::max::BANK_ID_LENIENT)?;
        }
        Ok(Self { settings })
    }
}

impl Downstream for Way4Downstream {
    type Reply = Way4Reply;

    fn decode(&self, request: &http::Request<Bytes>) -> Result<Decoded<Way4Reply>, Unreadable> {
        if !is_status_path(request.uri().path()) {
            return Err(unreadable(UnreadableKind::Path, "not a path of this format"));
        }
        if request.method() != http::Method::POST {
            return Err(unreadable(UnreadableKind::Method("POST"), "only POST is accepted"));
        }
        check_media_type(request.headers(), "application/json")?;
        let message = json::parse(request.body())
            .map_err(|detail| Unreadable { kind: UnreadableKind::Syntax, detail })?;
        let operation = message.get(wire::REQUEST_ROOT).and_then(|root| root.get(wire::REQUEST));
        let Some(operation) = operation else {
            return Err(unreadable(UnreadableKind::Envelope, "no account status change in it"));
        };
        let Some(header @ Json::Object(_)) = operation.get("header") else {
            return Err(unreadable(UnreadableKind::Envelope, "no header"));
        };
        let reply = Way4Reply::read(header);
        // A bank that is not named is missing, which the command says.
        let bank_id = Some(reply.bank_id().trim()).filter(|bank_id| !bank_id.is_empty());
        Ok(Decoded {
            credentials: bearer(request.headers()),
            on_behalf_of: bank_id.map(Into::into),
            reply,
            command: self.command(header, operation.get("body")),
        })
    }

    fn encode(
        &self,
        reply: &Way4Reply,
        answer: &Answer,
        at: DateTime<Utc>,
    ) -> http::Response<Bytes> {
        self.answer(reply, answer, at)
    }

    fn encode_unreadable(&self, error: &Unreadable) -> http::Response<Bytes> {
        self.answer_unreadable(error.kind)
    }
}

fn unreadable(kind: UnreadableKind, detail: &str) -> Unreadable {
    Unreadable { kind, detail: detail.into() }
}

/// Whether the path is the documented one, with or without a segment before it.
fn is_status_path(path: &str) -> bool {
    path.strip_suffix(STATUS_PATH)
        .is_some_and(|before| before.is_empty() || before.strip_prefix('/').is_some_and(is_prefix))
}

/// Refuses a body that says it is something else or is coded. A body without a media type is taken for
/// what it should be.
pub(crate) fn check_media_type(
    headers: &http::HeaderMap,
    expected: &str,
) -> Result<(), Unreadable> {
    if let Some(given) = headers.get(CONTENT_TYPE) {
        let given = given.to_str().unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(expected) {
            return Err(unreadable(UnreadableKind::MediaType, "another media type"));
        }
    }
    let identity = |coding: &http::HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(identity) {
        return Ok(());
    }
    Err(unreadable(UnreadableKind::MediaType, "a coded body"))
}

/// The value of the one `Authorization` header, if its scheme is `scheme`.
fn authorization<'a>(headers: &'a http::HeaderMap, scheme: &str) -> Option<&'a str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    let (given_scheme, value) = only.to_str().ok()?.split_once(' ')?;
    let value = value.trim();
    (given_scheme.eq_ignore_ascii_case(scheme) && !value.is_empty()).then_some(value)
}

fn bearer(headers: &http::HeaderMap) -> Credentials {
    match authorization(headers, "Bearer") {
        Some(token) => Credentials::Bearer(SecretString::from(token)),
        None => Credentials::Missing,
    }
}

/// User and password of HTTP Basic.
pub(crate) fn basic(headers: &http::HeaderMap) -> Option<(Box<str>, SecretString)> {
    let decoded = STANDARD.decode(authorization(headers, "Basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.into(), SecretString::from(password)))
}
