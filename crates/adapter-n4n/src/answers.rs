//! Answers in this format: `true`, or an error object that never is.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use serde_json::{Map, Value};
use status_domain::adapter::UnreadableKind;
use status_domain::answer::{Answer, NotActedOn};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, System};

use crate::downstream::N4nDownstreamSettings;
use crate::{SYSTEM, codes, wire};

/// An HTTP status of the 4xx class.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientErrorStatus(StatusCode);

impl ClientErrorStatus {
    /// 401, which HTTP asks for when credentials are missing or wrong.
    pub const UNAUTHORIZED: Self = Self(StatusCode::UNAUTHORIZED);
    /// 403, which HTTP asks for when a known caller may not do something.
    pub const FORBIDDEN: Self = Self(StatusCode::FORBIDDEN);

    /// The status with this number, if it is one of 400-499: a refusal must not look like success.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        StatusCode::from_u16(number).ok().filter(StatusCode::is_client_error).map(Self)
    }
}

/// Name of the header that lists the media types a PATCH may have (RFC 5789, section 3.1).
pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Writes any answer.
pub(crate) fn answer(settings: &N4nDownstreamSettings, answer: &Answer) -> Response<Bytes> {
    match answer {
        // The vendor's answer has no other member, whatever an upstream said beside it.
        Answer::Applied(_) => response(StatusCode::OK, &Value::Bool(true)),
        Answer::PartlyApplied { change, missing } => {
            let missing: Vec<&str> = missing.iter().map(System::as_str).collect();
            let missing = missing.join(", ");
            let text = format!("applied in part; not held by {missing}; a person has been told");
            error(StatusCode::BAD_GATEWAY, &text, Some(*change))
        }
        Answer::PendingApproval { change } => {
            error(StatusCode::ACCEPTED, "not applied yet: waits for approval", Some(*change))
        }
        Answer::Queued { change } => {
            let text = "recorded and on its way, not confirmed in time";
            error(StatusCode::GATEWAY_TIMEOUT, text, Some(*change))
        }
        Answer::RefusedUpstream { change, system, refusal } => refused(*change, system, refusal),
        Answer::Unknown { change } => {
            let text = "it is not known whether the change was applied; a person has been told";
            error(StatusCode::GATEWAY_TIMEOUT, text, Some(*change))
        }
        Answer::Superseded { change } => {
            error(StatusCode::CONFLICT, "a newer change took its place", Some(*change))
        }
        Answer::RefusedByPolicy(refusal) => error(StatusCode::CONFLICT, &refusal.to_string(), None),
        Answer::Approval(approval) => internal(Some(approval.id)),
        Answer::Approvals(_) => internal(None),
        Answer::NotActedOn(cause) => not_acted_on(settings, cause),
    }
}

/// Answers a request that could not be read.
pub(crate) fn unreadable(
    settings: &N4nDownstreamSettings,
    kind: UnreadableKind,
) -> Response<Bytes> {
    let (status, text) = codes::unreadable(kind);
    let mut response = error(status, text, None);
    match kind {
        UnreadableKind::Method(_) => {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(wire::ALLOW));
        }
        UnreadableKind::MediaType => {
            response.headers_mut().insert(ACCEPT_PATCH, accepted(settings));
        }
        UnreadableKind::Syntax
        | UnreadableKind::Envelope
        | UnreadableKind::TooLarge
        | UnreadableKind::TooSlow
        | UnreadableKind::Path => {}
    }
    response
}

fn accepted(settings: &N4nDownstreamSettings) -> HeaderValue {
    HeaderValue::from_static(if settings.accept_json {
        "application/x-www-form-urlencoded, application/json"
    } else {
        wire::FORM
    })
}

fn not_acted_on(settings: &N4nDownstreamSettings, cause: &NotActedOn) -> Response<Bytes> {
    let configured = match cause {
        NotActedOn::Unauthenticated => settings.unauthenticated_status,
        NotActedOn::Forbidden(_)
        | NotActedOn::Malformed(_)
        | NotActedOn::UnknownSubject
        | NotActedOn::Ambiguous(_)
        | NotActedOn::UnknownApproval
        | NotActedOn::AlreadyDecided
        | NotActedOn::OwnRequest
        | NotActedOn::KeyReused
        | NotActedOn::InProgress
        | NotActedOn::Overloaded
        | NotActedOn::Unavailable
        | NotActedOn::Internal => settings.forbidden_status,
    };
    let status = codes::not_acted_on(cause).unwrap_or(configured.0);
    let mut response = error(status, &cause.to_string(), None);
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey realm=\"api\""));
    }
    if matches!(cause, NotActedOn::InProgress | NotActedOn::Overloaded | NotActedOn::Unavailable) {
        headers.insert(RETRY_AFTER, HeaderValue::from(settings.retry_after_s));
    }
    response
}

/// Passes on what the vendor said of the request, and else says who refused. A refusal that the vendor
/// sent with status 200 must not look like success here; one that speaks of the gateway as its client
/// must not look like a fault of this caller.
fn refused(change: ChangeId, system: &System, refusal: &UpstreamRefusal) -> Response<Bytes> {
    if *system == SYSTEM
        && !refusal.code.is_empty()
        && let Some(status) = codes::refusal_shown_with(refusal.http_status)
    {
        return error(status, &refusal.message, Some(change));
    }
    let text = if *system == SYSTEM || refusal.code.is_empty() {
        format!("{system} refused the change with HTTP status {}", refusal.http_status)
    } else {
        format!("{system} refused the change with {}", refusal.code)
    };
    error(StatusCode::BAD_GATEWAY, &text, Some(change))
}

/// This format shows no approvals, so that such an answer is the gateway's own mistake.
fn internal(change: Option<ChangeId>) -> Response<Bytes> {
    error(StatusCode::INTERNAL_SERVER_ERROR, &NotActedOn::Internal.to_string(), change)
}

/// The vendor's error object, with the change's id where there is a change.
///
/// # Source
///
/// TMM Wiki, *NATS For Networks REST API Process Reversal*: `result` and `message`.
fn error(status: StatusCode, message: &str, change: Option<ChangeId>) -> Response<Bytes> {
    let mut object = Map::new();
    object.insert("result".to_owned(), "error".into());
    object.insert("message".to_owned(), message.into());
    if let Some(change) = change {
        object.insert("change_id".to_owned(), change.to_string().into());
    }
    response(status, &Value::Object(object))
}

fn response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(wire::JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
