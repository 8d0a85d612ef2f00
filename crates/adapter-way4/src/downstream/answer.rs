//! Every answer in this format's words.
//!
//! An `F` has a code that tells what may be done; success is `S`, `000` and nothing else. What keeps a
//! request from its operation is answered without the envelope.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use status_domain::adapter::UnreadableKind;
use status_domain::answer::{Answer, DecodeError, NotActedOn, PolicyRefusal};
use status_domain::approval::{Approval, ApprovalState};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, System};

use super::{Way4Downstream, Way4Reply};
use crate::own_codes::OwnCode;
use crate::wire::{
    self, ExceptionDetails, FlatError, Response, ResponseBranch, ResponseMessage, cut,
    is_success_code, max,
};
use crate::{SYSTEM, json};

/// What an answer says, before it is written.
enum Verdict {
    Success,
    Failure { code: Code, description: String },
    Outside { status: StatusCode, own: OwnCode, description: String },
}

enum Code {
    Own(OwnCode),
    Vendor(Box<str>),
}

impl Way4Downstream {
    pub(super) fn answer(
        &self,
        reply: &Way4Reply,
        answer: &Answer,
        at: DateTime<Utc>,
    ) -> http::Response<Bytes> {
        let (http_status, status, code, description) = match verdict(answer) {
            Verdict::Success => (StatusCode::OK, "S", "000".into(), "Success".to_owned()),
            Verdict::Failure { code, description } => {
                let code = match code {
                    Code::Own(own) => self.settings.own_codes.code(own).into(),
                    Code::Vendor(code) => code,
                };
                (self.settings.business_failure_status, "F", code, description)
            }
            Verdict::Outside { status, own, description } => {
                return self.outside(status, own, &description);
            }
        };
        let timestamp = wire::timestamp(at, self.settings.utc_offset);
        let mirrored = self.settings.mirror_card_function && reply.has_card_function();
        let function = if mirrored { wire::REP_CARD } else { wire::REP_ACCOUNT };
        let message = Response {
            root: ResponseBranch {
                response_account_status_change: ResponseMessage {
                    header: reply.header(function, &timestamp),
                    exception_details: ExceptionDetails {
                        application_name: &self.settings.application_name,
                        date_time: &timestamp,
                        status,
                        error_code: &code,
                        error_description: cut(&description, max::ERROR_DESCRIPTION),
                        transaction_ref_id: reply.tracking_id(),
                    },
                },
            },
        };
        response(http_status, json::write(&message))
    }

    pub(super) fn answer_unreadable(&self, kind: UnreadableKind) -> http::Response<Bytes> {
        let (own, description) = match kind {
            UnreadableKind::Syntax => (OwnCode::Unreadable, "the body is not acceptable JSON"),
            UnreadableKind::Envelope => {
                (OwnCode::Unreadable, "the body is no account status change request")
            }
            UnreadableKind::TooLarge => (OwnCode::TooLarge, "the body is too large"),
            UnreadableKind::TooSlow => (OwnCode::TooSlow, "the body did not arrive in time"),
            UnreadableKind::Method(_) => (OwnCode::Method, "only POST is accepted"),
            UnreadableKind::MediaType => {
                (OwnCode::MediaType, "only uncoded application/json is accepted")
            }
            UnreadableKind::Path => (OwnCode::UnknownPath, "there is no such path"),
        };
        let mut answer = self.outside(unreadable_status(kind), own, description);
        if matches!(kind, UnreadableKind::Method(_)) {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        answer
    }

    fn outside(&self, status: StatusCode, own: OwnCode, text: &str) -> http::Response<Bytes> {
        let error = FlatError {
            error_code: self.settings.own_codes.code(own),
            error_description: cut(text, max::ERROR_DESCRIPTION),
        };
        let mut answer = response(status, json::write(&error));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, self.settings.retry_after_s.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// The HTTP status that answers a request that could not be read.
pub(crate) const fn unreadable_status(kind: UnreadableKind) -> StatusCode {
    match kind {
        UnreadableKind::Syntax | UnreadableKind::Envelope => StatusCode::BAD_REQUEST,
        UnreadableKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UnreadableKind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        UnreadableKind::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
        UnreadableKind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        UnreadableKind::Path => StatusCode::NOT_FOUND,
    }
}

/// A response with a JSON body.
pub(crate) fn response(status: StatusCode, body: String) -> http::Response<Bytes> {
    const JSON: (HeaderName, HeaderValue) =
        (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let (name, value) = JSON;
    response.headers_mut().insert(name, value);
    response
}

fn failure(own: OwnCode, description: impl Into<String>) -> Verdict {
    Verdict::Failure { code: Code::Own(own), description: description.into() }
}

fn about(own: OwnCode, change: ChangeId, what: &str) -> Verdict {
    failure(own, format!("change {change}: {what}"))
}

fn verdict(answer: &Answer) -> Verdict {
    match answer {
        Answer::Applied(_) => Verdict::Success,
        Answer::PartlyApplied { change, missing } => {
            let missing = missing.iter().map(System::as_str).collect::<Vec<_>>().join(", ");
            let what = format!("applied in part, not in {missing}");
            about(OwnCode::PartlyApplied, *change, &what)
        }
        Answer::PendingApproval { change } => {
            about(OwnCode::PendingApproval, *change, "waits for approval")
        }
        Answer::Queued { change } => {
            about(OwnCode::NotConfirmed, *change, "recorded, not yet confirmed")
        }
        Answer::RefusedUpstream { change: _, system, refusal } => refused(Some(system), refusal),
        Answer::Unknown { change } => {
            about(OwnCode::OutcomeUnknown, *change, "its outcome is not known")
        }
        Answer::Superseded { change } => {
            about(OwnCode::Superseded, *change, "a newer change took its place")
        }
        Answer::RefusedByPolicy(refusal) => failure(OwnCode::RefusedByPolicy, policy_text(refusal)),
        Answer::Approval(approval) => approval_verdict(approval),
        Answer::Approvals(_) => {
            failure(OwnCode::NotInThisFormat, "this format has no list of approvals")
        }
        Answer::NotActedOn(reason) => not_acted_on(reason),
    }
}

/// An upstream's refusal: verbatim if it is this format's and fits, else in the gateway's words.
fn refused(system: Option<&System>, refusal: &UpstreamRefusal) -> Verdict {
    let code = &*refusal.code;
    let fits = (1..=max::ERROR_CODE).contains(&code.chars().count()) && !is_success_code(code);
    match system {
        Some(system) if *system == SYSTEM && fits => Verdict::Failure {
            code: Code::Vendor(code.into()),
            description: refusal.message.clone().into_string(),
        },
        Some(system) if *system == SYSTEM => {
            failure(OwnCode::RefusedUpstream, format!("{system} refused: {}", refusal.message))
        }
        Some(system) => {
            failure(OwnCode::RefusedUpstream, format!("refused by {system} with {code}"))
        }
        None => failure(OwnCode::RefusedUpstream, format!("refused by an upstream with {code}")),
    }
}

fn policy_text(refusal: &PolicyRefusal) -> String {
    match refusal {
        PolicyRefusal::Denied { allowed, .. } if !allowed.is_empty() => {
            let allowed = allowed.iter().map(|status| status.as_str()).collect::<Vec<_>>();
            format!("{refusal}; allowed: {}", allowed.join(", "))
        }
        PolicyRefusal::Denied { .. }
        | PolicyRefusal::Ineffective { .. }
        | PolicyRefusal::Irreversible { .. }
        | PolicyRefusal::NotRepresentable { .. } => refusal.to_string(),
    }
}

/// A change that is shown as a request. No call of this format leads here.
fn approval_verdict(approval: &Approval) -> Verdict {
    match approval.state {
        ApprovalState::Waiting => {
            about(OwnCode::PendingApproval, approval.id, "waits for approval")
        }
        ApprovalState::Executing => {
            about(OwnCode::NotConfirmed, approval.id, "approved, not yet confirmed")
        }
        ApprovalState::Approved => Verdict::Success,
        ApprovalState::Rejected => about(OwnCode::Rejected, approval.id, "rejected by a checker"),
        ApprovalState::Failed => match &approval.refusal {
            Some(refusal) => refused(None, refusal),
            None => about(OwnCode::OutcomeUnknown, approval.id, "approved and not applied"),
        },
    }
}

fn not_acted_on(reason: &NotActedOn) -> Verdict {
    let text = reason.to_string();
    match reason {
        NotActedOn::Malformed(error) => failure(malformed_code(error), text),
        NotActedOn::UnknownSubject => failure(OwnCode::UnknownSubject, text),
        NotActedOn::Ambiguous(_) => failure(OwnCode::AmbiguousSubject, text),
        NotActedOn::UnknownApproval => failure(OwnCode::UnknownApproval, text),
        NotActedOn::AlreadyDecided => failure(OwnCode::AlreadyDecided, text),
        NotActedOn::OwnRequest => failure(OwnCode::OwnRequest, text),
        NotActedOn::KeyReused => failure(OwnCode::KeyReused, text),
        NotActedOn::InProgress => failure(OwnCode::InProgress, text),
        NotActedOn::Unauthenticated => {
            outside(StatusCode::UNAUTHORIZED, OwnCode::Unauthenticated, text)
        }
        NotActedOn::Forbidden(_) => outside(StatusCode::FORBIDDEN, OwnCode::Forbidden, text),
        NotActedOn::Overloaded => {
            outside(StatusCode::SERVICE_UNAVAILABLE, OwnCode::Overloaded, text)
        }
        NotActedOn::Unavailable => {
            outside(StatusCode::SERVICE_UNAVAILABLE, OwnCode::Unavailable, text)
        }
        NotActedOn::Internal => outside(StatusCode::INTERNAL_SERVER_ERROR, OwnCode::Internal, text),
    }
}

const fn outside(status: StatusCode, own: OwnCode, description: String) -> Verdict {
    Verdict::Outside { status, own, description }
}

/// The code the reader asked for; the general one for an error that nobody gave a code.
fn malformed_code(error: &DecodeError) -> OwnCode {
    OwnCode::with_shipped_code(error.code).unwrap_or(OwnCode::Malformed)
}
