//! Every answer in this format.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use status_domain::adapter::UnreadableKind;
use status_domain::answer::{Answer, Applied, NotActedOn, PolicyRefusal, Standing};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, System};

use crate::codes::{self, NOT_FOUND_CUSTOMER, OwnCode};
use crate::downstream::Asked;
use crate::envelope::Id;
use crate::settings::DownstreamSettings;
use crate::wire::{self, ErrorBody, ErrorData, Refusal, StatusResult, Success};
use crate::{SYSTEM, details};

/// Said if an answer cannot be written, which none of ours can bring about.
const FALLBACK: &[u8] =
    br#"{"id":null,"error":{"code":"INTERNAL_ERROR","message":"internal error"},"jsonrpc":"2.0"}"#;

/// Writes answers to one request.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) settings: &'a DownstreamSettings,
    pub(crate) id: &'a Id,
}

impl Writer<'_> {
    pub(crate) fn answer(
        self,
        asked: &Asked,
        answer: &Answer,
        at: DateTime<Utc>,
    ) -> Response<Bytes> {
        match answer {
            Answer::Applied(applied) => self.applied(asked, applied, at),
            Answer::PartlyApplied { change, missing } => {
                let missing: Vec<&str> = missing.iter().map(System::as_str).collect();
                let message = format!("change {change} is not held by {}", missing.join(", "));
                self.error(OwnCode::PartlyApplied, &message, Some(*change))
            }
            Answer::PendingApproval { change } => {
                let message = format!("recorded as change {change}, waits for approval");
                self.error(OwnCode::PendingApproval, &message, Some(*change))
            }
            Answer::Queued { change } => {
                let message = format!("recorded as change {change}, not yet confirmed");
                self.error(OwnCode::PendingDelivery, &message, Some(*change))
            }
            Answer::RefusedUpstream { change, system, refusal } => {
                self.refused(*change, system, refusal)
            }
            Answer::Unknown { change } => {
                let message = format!("it is not known whether change {change} was applied");
                self.error(OwnCode::OutcomeUnknown, &message, Some(*change))
            }
            Answer::Superseded { change } => {
                let message = format!("a newer change overtook change {change}");
                self.error(OwnCode::Superseded, &message, Some(*change))
            }
            Answer::RefusedByPolicy(refusal) => {
                self.error(OwnCode::InvalidStatus, &policy_message(asked, refusal), None)
            }
            Answer::Approval(approval) => {
                let message = "this format does not show requests for approval";
                self.error(OwnCode::NotSupported, message, Some(approval.id))
            }
            Answer::Approvals(_) => {
                let message = "this format does not list requests for approval";
                self.error(OwnCode::NotSupported, message, None)
            }
            Answer::NotActedOn(why) => self.not_acted_on(why),
        }
    }

    pub(crate) fn unreadable(self, kind: UnreadableKind) -> Response<Bytes> {
        let (status, code, message) = match kind {
            UnreadableKind::Syntax => {
                (self.settings.syntax_status, OwnCode::ParseError, "the body is not JSON")
            }
            UnreadableKind::Envelope => {
                let message = "the body must be one object with method, id and params";
                (StatusCode::OK, OwnCode::InvalidRequest, message)
            }
            UnreadableKind::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, OwnCode::InvalidRequest, "the body is too large")
            }
            UnreadableKind::TooSlow => {
                let message = "the body did not arrive in time";
                (StatusCode::REQUEST_TIMEOUT, OwnCode::InvalidRequest, message)
            }
            UnreadableKind::Method(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, OwnCode::InvalidRequest, "only POST is served")
            }
            UnreadableKind::MediaType => {
                let message = "the body must be JSON without a content coding";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, OwnCode::InvalidRequest, message)
            }
            UnreadableKind::Path => {
                (StatusCode::NOT_FOUND, OwnCode::InvalidRequest, "there is nothing at this path")
            }
        };
        let mut response = self.error(code, message, None);
        *response.status_mut() = status;
        if matches!(kind, UnreadableKind::Method(_)) {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    fn applied(self, asked: &Asked, applied: &Applied, at: DateTime<Utc>) -> Response<Bytes> {
        match asked {
            Asked::Nothing => self.error(OwnCode::InternalError, "internal error", None),
            Asked::Status(customer) => {
                let status = codes::shown_status(applied.effective);
                let result = StatusResult { id: customer.expose(), status };
                write(&Success { id: self.id, result, jsonrpc: None })
            }
            Asked::Details(customer, profile) => {
                let jsonrpc = Some(wire::JSONRPC);
                let native = applied.native.as_deref().map(str::to_owned);
                if let Some(Ok(result)) = native.map(RawValue::from_string) {
                    return write(&Success { id: self.id, result, jsonrpc });
                }
                let result = details::result(customer.expose(), profile, applied.effective, at);
                write(&Success { id: self.id, result, jsonrpc })
            }
        }
    }

    fn refused(
        self,
        change: ChangeId,
        system: &System,
        refusal: &UpstreamRefusal,
    ) -> Response<Bytes> {
        let UpstreamRefusal { http_status, code, message } = refusal;
        if *system == SYSTEM && !code.is_empty() {
            return self.refusal(code, message, Some(change));
        }
        let code = if code.is_empty() { format!("HTTP {http_status}") } else { code.to_string() };
        let separator = if message.is_empty() { "" } else { ": " };
        let message = format!("{system} refused with {code}{separator}{message}");
        self.error(OwnCode::UpstreamRefused, &message, Some(change))
    }

    fn not_acted_on(self, why: &NotActedOn) -> Response<Bytes> {
        let (code, busy) = match why {
            NotActedOn::Malformed(error) => {
                (error.code.parse().unwrap_or(OwnCode::InvalidRequest), false)
            }
            NotActedOn::Unauthenticated => (OwnCode::Unauthorized, false),
            NotActedOn::Forbidden(_) => (OwnCode::Forbidden, false),
            NotActedOn::UnknownSubject => {
                let (code, message) = NOT_FOUND_CUSTOMER;
                return self.refusal(code, message, None);
            }
            NotActedOn::Ambiguous(_) => (OwnCode::AmbiguousCustomer, false),
            NotActedOn::UnknownApproval | NotActedOn::AlreadyDecided | NotActedOn::OwnRequest => {
                (OwnCode::NotSupported, false)
            }
            NotActedOn::KeyReused => (OwnCode::KeyReused, false),
            NotActedOn::InProgress => (OwnCode::InProgress, false),
            NotActedOn::Overloaded => (OwnCode::Overloaded, true),
            NotActedOn::Unavailable => (OwnCode::Unavailable, true),
            NotActedOn::Internal => (OwnCode::InternalError, false),
        };
        let mut response = self.error(code, &why.to_string(), None);
        if busy {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    fn error(self, code: OwnCode, message: &str, change: Option<ChangeId>) -> Response<Bytes> {
        self.refusal(self.settings.code(code), message, change)
    }

    fn refusal(self, code: &str, message: &str, change: Option<ChangeId>) -> Response<Bytes> {
        let data = change.map(|change| ErrorData { change_id: change.to_string() });
        let error = ErrorBody { code, message, data };
        write(&Refusal { id: self.id, error, jsonrpc: wire::JSONRPC })
    }
}

/// The policy's refusal in the vendor's words: what stands in the way, or where one may go.
fn policy_message(asked: &Asked, refusal: &PolicyRefusal) -> String {
    match refusal {
        PolicyRefusal::Denied { why, .. } if matches!(asked, Asked::Details(..)) => {
            format!("the change of details is not allowed: {why}")
        }
        PolicyRefusal::Denied { from, to, why, allowed } => {
            let (from, to) = (codes::shown_status(*from), codes::shown_status(*to));
            let allowed: Vec<&str> =
                allowed.iter().filter_map(|status| codes::status_word(*status)).collect();
            let allowed =
                if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            format!("{from} to {to} is not allowed: {why}; allowed from {from}: {allowed}")
        }
        PolicyRefusal::Ineffective { standing } => {
            let standing: Vec<String> = standing.iter().map(standing_words).collect();
            format!("it would have no effect while {} stands", standing.join(" and "))
        }
        PolicyRefusal::Irreversible { .. } | PolicyRefusal::NotRepresentable { .. } => {
            refusal.to_string()
        }
    }
}

fn standing_words(standing: &Standing) -> String {
    match standing {
        Standing::Hold { owner, severity } => {
            let severity = codes::shown_status(*severity);
            format!("the {severity} hold of {owner} (released by {owner})")
        }
        Standing::Lifecycle(status) => format!("status {}", codes::shown_status(*status)),
    }
}

fn write(reply: &impl Serialize) -> Response<Bytes> {
    let body = match serde_json::to_vec(reply) {
        Ok(body) => Bytes::from(body),
        Err(_) => Bytes::from_static(FALLBACK),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
