//! Reading what a client of N4N sends.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use secrecy::SecretString;
use status_domain::adapter::{Credentials, Decoded, Downstream, Unreadable, UnreadableKind};
use status_domain::answer::{Answer, DecodeError, Problem};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::facet::EditLock;
use status_domain::ids::{Identifier, IdentifierKind};
use status_domain::status::Status;
use status_domain::subject::SubjectKind;

use crate::answers::{self, ACCEPT_PATCH, ClientErrorStatus};
use crate::form::{self, Pair};
use crate::json::Json;
use crate::{SYSTEM, codes, wire};

/// Largest body that is read, in bytes. The longest sensible one has three keys of 128 characters.
pub const BODY_BYTES_MAX: usize = 8 * 1024;

/// Largest whole number that every JSON reader keeps exactly.
const JSON_INTEGER_MAX: u64 = (1 << 53) - 1;

/// How clients of N4N are served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct N4nDownstreamSettings {
    /// Effective statuses under which a customer stays locked; unlocking is refused while one holds.
    /// Must be the same list as the upstream's. Empty: the lock follows lock and unlock only.
    pub lock_when: Vec<Status>,
    /// Whether a JSON object with the same three names is read too. The documents show forms only.
    pub accept_json: bool,
    /// Whether a body without `Content-Type` is read as a form. Otherwise it is answered with 415.
    pub accept_untyped: bool,
    /// Whether a name that is no look-up key is refused. Otherwise it is ignored.
    pub refuse_unknown_names: bool,
    /// Whether a `customer_id` that is not 1-20 digits is refused. The platform's own ids are digits
    /// in every sample, although the type is called string.
    pub customer_id_is_digits: bool,
    /// Status for missing or wrong credentials; what the vendor answers is not publicly known.
    pub unauthenticated_status: ClientErrorStatus,
    /// Status for a known caller that may not do this; what the vendor answers is not publicly known.
    pub forbidden_status: ClientErrorStatus,
    /// What `Retry-After` says when nothing could be done now, in seconds.
    pub retry_after_s: u32,
}

impl Default for N4nDownstreamSettings {
    fn default() -> Self {
        Self {
            lock_when: Vec::new(),
            accept_json: false,
            accept_untyped: false,
            refuse_unknown_names: false,
            customer_id_is_digits: true,
            unauthenticated_status: ClientErrorStatus::UNAUTHORIZED,
            forbidden_status: ClientErrorStatus::FORBIDDEN,
            retry_after_s: 5,
        }
    }
}

/// The server side of N4N's lock and unlock.
#[derive(Clone, Debug)]
pub struct N4nDownstream {
    settings: N4nDownstreamSettings,
}

impl N4nDownstream {
    /// A server with these settings.
    #[must_use]
    pub const fn new(settings: N4nDownstreamSettings) -> Self {
        Self { settings }
    }
}

/// The answer to `OPTIONS` on either path: which methods it takes, and that a PATCH is a form.
///
/// # Source
///
/// RFC 5789, section 3.1. The vendor documents no such call.
#[must_use]
pub fn options_response() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(wire::ALLOW));
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(wire::FORM));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Downstream for N4nDownstream {
    /// Nothing of a request is echoed.
    type Reply = ();

    fn decode(&self, request: &Request<Bytes>) -> Result<Decoded<()>, Unreadable> {
        let Some(lock) = wire::lock_of_path(request.uri().path()) else {
            return Err(unreadable(UnreadableKind::Path, "neither lock nor unlock"));
        };
        if *request.method() != Method::PATCH {
            return Err(unreadable(UnreadableKind::Method(wire::ALLOW), "not PATCH"));
        }
        if request.body().len() > BODY_BYTES_MAX {
            return Err(unreadable(UnreadableKind::TooLarge, "the body is over 8 KiB"));
        }
        let media = self.media(request.headers())?;
        let command = self.change(request, media, lock);
        let command = command.map(|change| Command::Change(Box::new(change)));
        let credentials = credentials(request.headers());
        Ok(Decoded { credentials, on_behalf_of: None, reply: (), command })
    }

    fn encode(&self, (): &(), answer: &Answer, _: DateTime<Utc>) -> Response<Bytes> {
        answers::answer(&self.settings, answer)
    }

    fn encode_unreadable(&self, error: &Unreadable) -> Response<Bytes> {
        answers::unreadable(&self.settings, error.kind)
    }
}

/// What the body is written in.
#[derive(Clone, Copy)]
enum Media {
    Form,
    Json,
}

impl N4nDownstream {
    fn media(&self, headers: &HeaderMap) -> Result<Media, Unreadable> {
        let refused = |detail| unreadable(UnreadableKind::MediaType, detail);
        for coding in headers.get_all(CONTENT_ENCODING) {
            if !coding.as_bytes().eq_ignore_ascii_case(b"identity") {
                return Err(refused("a content coding"));
            }
        }
        let mut types = headers.get_all(CONTENT_TYPE).into_iter();
        let media = match (types.next(), types.next()) {
            (None, _) if self.settings.accept_untyped => return Ok(Media::Form),
            (None, _) => return Err(refused("no Content-Type")),
            (Some(_), Some(_)) => return Err(refused("more than one Content-Type")),
            (Some(media), None) => media.to_str().map_err(|_| refused("Content-Type"))?,
        };
        let mut parts = media.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        if !parts.all(is_utf8_or_no_charset) {
            return Err(refused("a charset other than UTF-8"));
        }
        if essence.eq_ignore_ascii_case(wire::FORM) {
            Ok(Media::Form)
        } else if self.settings.accept_json && essence.eq_ignore_ascii_case(wire::JSON) {
            Ok(Media::Json)
        } else {
            Err(refused("Content-Type"))
        }
    }

    fn change(
        &self,
        request: &Request<Bytes>,
        media: Media,
        lock: EditLock,
    ) -> Result<ChangeRequest, DecodeError> {
        self.refuse_keys_in_query(request.uri().query().unwrap_or_default())?;
        let pairs = match media {
            Media::Form => form::pairs(request.body(), "body")?,
            Media::Json => json_pairs(request.body())?,
        };
        let kept_while = match lock {
            EditLock::Unlocked => self.settings.lock_when.clone(),
            EditLock::Locked => Vec::new(),
        };
        Ok(ChangeRequest {
            named_by: self.named_by(&pairs)?,
            kind: SubjectKind::Customer,
            action: Action::SetEditLock { lock, kept_while },
            reason: None,
            native: None,
            idempotency: None,
            shown_as_request: false,
        })
    }

    /// The documents want the keys in the body. A key in the query string is never merged with it.
    fn refuse_keys_in_query(&self, query: &str) -> Result<(), DecodeError> {
        let pairs = form::pairs(query.as_bytes(), "query")?;
        let misplaced =
            wire::KEYS.into_iter().find(|key| pairs.iter().any(|(name, _)| name == key));
        if let Some(key) = misplaced {
            return Err(DecodeError::new(key, Problem::Form("in the body, not in the query")));
        }
        if self.settings.refuse_unknown_names && !pairs.is_empty() {
            return Err(DecodeError::new("query", Problem::NotAllowed));
        }
        Ok(())
    }

    /// Every key that is given. Which customer they name, and whether the same, is for the gateway.
    fn named_by(&self, pairs: &[Pair]) -> Result<Vec<Identifier>, DecodeError> {
        let is_key = |name: &str| wire::KEYS.contains(&name);
        if self.settings.refuse_unknown_names && pairs.iter().any(|(name, _)| !is_key(name)) {
            return Err(DecodeError::new("body", Problem::NotAllowed));
        }
        let mut given = Vec::new();
        for key in wire::KEYS {
            let mut values = pairs.iter().filter(|(name, _)| name == key).map(|(_, value)| value);
            let (value, repeated) = (values.next(), values.next());
            if repeated.is_some() {
                return Err(DecodeError::new(key, Problem::Repeated));
            }
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                given.push((key, value));
            }
        }
        if given.is_empty() {
            let keys = "customer_id, subscription_id or orderid";
            return Err(DecodeError::new(keys, Problem::Missing));
        }
        given.into_iter().map(|(key, value)| self.identifier(key, value)).collect()
    }

    fn identifier(&self, key: &'static str, value: &str) -> Result<Identifier, DecodeError> {
        let fault = |form| DecodeError::coded(key, Problem::Form(form), codes::INVALID_VALUE);
        let is_digits = value.len() <= 20 && value.bytes().all(|byte| byte.is_ascii_digit());
        if key == wire::CUSTOMER_ID && self.settings.customer_id_is_digits && !is_digits {
            return Err(fault("1-20 digits"));
        }
        let value = value.parse().map_err(|_| fault("1-128 characters, not all white space"))?;
        Ok(Identifier { system: SYSTEM, kind: IdentifierKind::new(key), value })
    }
}

fn is_utf8_or_no_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
}

/// Members of a JSON object that may be look-up keys, as pairs of a form.
fn json_pairs(body: &[u8]) -> Result<Vec<Pair>, DecodeError> {
    let shape = || DecodeError::new("body", Problem::Form("one JSON object, no name twice"));
    let Ok(Json::Object(members)) = Json::read(body) else { return Err(shape()) };
    let mut pairs = Vec::new();
    for (name, value) in members {
        let Some(key) = wire::KEYS.into_iter().find(|key| *key == name) else {
            pairs.push((name, String::new()));
            continue;
        };
        let value = match value {
            Json::Text(text) if text.chars().any(char::is_control) => {
                return Err(DecodeError::new(key, Problem::Form("free of control characters")));
            }
            Json::Text(text) => text,
            Json::Integer(number) if number <= JSON_INTEGER_MAX => number.to_string(),
            Json::Integer(_)
            | Json::OtherNumber
            | Json::Null
            | Json::Bool(_)
            | Json::List
            | Json::Object(_) => {
                let wanted = "a text or a whole number up to 9007199254740991";
                return Err(DecodeError::new(key, Problem::WrongType(wanted)));
            }
        };
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Both headers, each once. Spellings with `_` are others' headers: intermediaries treat them in
/// different ways, so that they could be set past a check.
fn credentials(headers: &HeaderMap) -> Credentials {
    let once = |name: &str| {
        let mut values = headers.get_all(name).into_iter();
        let (value, repeated) = (values.next()?, values.next());
        let text = value.to_str().ok().filter(|text| !text.is_empty())?;
        repeated.is_none().then_some(text)
    };
    match (once(wire::API_USERNAME), once(wire::API_KEY)) {
        (Some(username), Some(key)) => {
            Credentials::KeyPair { username: username.into(), key: SecretString::from(key) }
        }
        (_, _) => Credentials::Missing,
    }
}

fn unreadable(kind: UnreadableKind, detail: &str) -> Unreadable {
    Unreadable { kind, detail: detail.into() }
}
