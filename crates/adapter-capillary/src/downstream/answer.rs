//! Writing answers.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Utc};
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;
use status_domain::adapter::{Unreadable, UnreadableKind};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::ChangeId;

use super::list::STATES;
use crate::SYSTEM;
use crate::codes::OwnCodes;
use crate::json;
use crate::settings::DownstreamSettings;
use crate::wire::{
    self, Decision, Details, Envelope, PageEnvelope, Pagination, REQUEST_TYPE, TaskBody, TaskError,
    TaskHeaders, TaskOutput, WorkflowRequest,
};

pub(super) fn encode(
    settings: &DownstreamSettings,
    zone: FixedOffset,
    answer: &Answer,
    at: DateTime<Utc>,
) -> Response<Bytes> {
    let codes = &settings.own_codes;
    let now = || Some(naive(at, zone));
    match answer {
        Answer::Approval(approval) => {
            let data = shown(approval, zone, codes, Identifiers::Full);
            wire::json(StatusCode::OK, &Envelope { data })
        }
        Answer::Approvals(page) => list(settings, zone, page),
        Answer::Applied(applied) => {
            let output = Some(executed());
            bare(applied.change, ApprovalState::Approved, now(), output)
        }
        Answer::PendingApproval { change } => bare(*change, ApprovalState::Waiting, None, None),
        Answer::Queued { change } => bare(*change, ApprovalState::Executing, None, None),
        Answer::RefusedUpstream { change, system, refusal } => {
            let output = if *system == SYSTEM {
                refused(refusal, codes)
            } else {
                refused_elsewhere(refusal, codes, system.as_str())
            };
            let output = Some(output);
            bare(*change, ApprovalState::Failed, now(), output)
        }
        Answer::PartlyApplied { change, missing } => {
            let missing: Vec<&str> = missing.iter().map(|system| system.as_str()).collect();
            let text = format!("change {change} is not held by {}", missing.join(", "));
            failed(settings, codes.partly_applied, StatusCode::BAD_GATEWAY, &text)
        }
        Answer::Unknown { change } => {
            let text = format!("it is not known whether change {change} was applied");
            failed(settings, codes.unknown, StatusCode::GATEWAY_TIMEOUT, &text)
        }
        Answer::Superseded { change } => {
            let text = format!("a newer change overtook change {change}");
            failed(settings, codes.superseded, StatusCode::CONFLICT, &text)
        }
        Answer::RefusedByPolicy(refusal) => {
            let (code, status) = codes.policy(refusal);
            failed(settings, code, status, &refusal.to_string())
        }
        Answer::NotActedOn(why) => not_acted_on(settings, why),
    }
}

pub(super) fn encode_unreadable(
    settings: &DownstreamSettings,
    error: &Unreadable,
) -> Response<Bytes> {
    let (status, text) = match error.kind {
        UnreadableKind::Syntax => (StatusCode::BAD_REQUEST, "the body is not JSON"),
        UnreadableKind::Envelope => (StatusCode::BAD_REQUEST, "the body is no such message"),
        UnreadableKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        UnreadableKind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
        UnreadableKind::Method(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, "the path has no such method")
        }
        UnreadableKind::MediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be plain application/json")
        }
        UnreadableKind::Path => (StatusCode::NOT_FOUND, "there is no such path"),
    };
    // These statuses are HTTP's own, so strict mode leaves them.
    let mut response = wire::error(status, settings.own_codes.unreadable, text);
    if let UnreadableKind::Method(allow) = error.kind {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn not_acted_on(settings: &DownstreamSettings, why: &NotActedOn) -> Response<Bytes> {
    let (code, status) = settings.own_codes.not_acted_on(why);
    let mut response = failed(settings, code, status, &why.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(settings.retry_after_s));
    }
    response
}

fn failed(
    settings: &DownstreamSettings,
    code: u32,
    status: StatusCode,
    message: &str,
) -> Response<Bytes> {
    let keeps = [StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    let status =
        if settings.strict_http_status && !keeps { StatusCode::BAD_REQUEST } else { status };
    wire::error(status, code, message)
}

fn list(settings: &DownstreamSettings, zone: FixedOffset, page: &ApprovalPage) -> Response<Bytes> {
    let identifiers =
        if settings.mask_identifiers_in_lists { Identifiers::Masked } else { Identifiers::Full };
    let one = |approval| shown(approval, zone, &settings.own_codes, identifiers);
    let pagination = Pagination {
        total_elements: page.total,
        total_pages: page.total.div_ceil(u64::from(page.limit.max(1))),
        number_of_elements: page.entries.len(),
        number: page.page,
    };
    let data = page.entries.iter().map(one).collect();
    wire::json(StatusCode::OK, &PageEnvelope { data, pagination })
}

/// A request of which only id and state are known. Only what is certain is said.
fn bare(
    change: ChangeId,
    state: ApprovalState,
    end_time: Option<String>,
    output: Option<TaskOutput>,
) -> Response<Bytes> {
    let data = WorkflowRequest {
        request_id: change.to_string(),
        user_id: None,
        user_name: None,
        request_type: REQUEST_TYPE,
        state: state_name(state),
        start_time: None,
        end_time,
        details: Details { output, ..Details::default() },
    };
    wire::json(StatusCode::OK, &Envelope { data })
}

/// Whether the customer's identifier is shown in full.
#[derive(Clone, Copy)]
enum Identifiers {
    Full,
    Masked,
}

fn shown<'a>(
    approval: &'a Approval,
    zone: FixedOffset,
    codes: &OwnCodes,
    identifiers: Identifiers,
) -> WorkflowRequest<'a> {
    let decision = decision(approval);
    let output = match approval.state {
        ApprovalState::Waiting | ApprovalState::Executing | ApprovalState::Rejected => None,
        ApprovalState::Approved => Some(executed()),
        ApprovalState::Failed => Some(
            approval.refusal.as_ref().map_or_else(|| not_applied(codes), |r| refused(r, codes)),
        ),
    };
    WorkflowRequest {
        request_id: approval.id.to_string(),
        user_id: Some(approval.maker.number.unwrap_or(0)),
        user_name: Some(&approval.maker.name),
        request_type: REQUEST_TYPE,
        state: state_name(approval.state),
        start_time: Some(naive(approval.started_at, zone)),
        end_time: approval.ended_at.map(|at| naive(at, zone)),
        details: Details {
            payload: payload(approval, identifiers),
            maker_access: Some(true),
            valid_payload: Some(true),
            decided: decision.as_ref().map(|decision| decision.action_decision),
            checker_access: decision.as_ref().map(|_| true),
            decision,
            output,
        },
    }
}

/// The checker's decision, if a person made one.
fn decision(approval: &Approval) -> Option<Decision<'_>> {
    approval.checker.as_ref()?;
    let action_decision = match approval.state {
        ApprovalState::Waiting => return None,
        ApprovalState::Rejected => "rejected",
        ApprovalState::Executing | ApprovalState::Approved | ApprovalState::Failed => "approved",
    };
    let action_message = approval.comment.as_ref().map_or("", |comment| comment.as_str());
    Some(Decision { action_decision, action_message })
}

/// The payload as it was asked for; nothing for a change that came in another format, whose words are
/// not this format's.
fn payload(approval: &Approval, identifiers: Identifiers) -> Option<Value> {
    let native = approval.native.as_ref().filter(|_| approval.format == SYSTEM)?;
    let mut payload = json::read(native.text.as_bytes()).ok()?;
    let value = payload.get_mut("queryParams").and_then(|query| query.get_mut("identifierValue"));
    match (identifiers, value) {
        (Identifiers::Masked, Some(Value::String(text))) => *text = mask(text),
        (Identifiers::Masked | Identifiers::Full, _) => {}
    }
    Some(payload)
}

fn mask(text: &str) -> String {
    let length = text.chars().count();
    let shown = if length < 8 { 0 } else { 4 };
    let tail: String = text.chars().skip(length - shown).collect();
    format!("***{tail}")
}

/// How an applied change is shown.
fn executed() -> TaskOutput {
    task(200, TaskBody::default())
}

/// How a refusal is shown: in the refusing system's own words. A code that is no number cannot stand in
/// this format's `code`, so it goes into the message.
fn refused(refusal: &UpstreamRefusal, codes: &OwnCodes) -> TaskOutput {
    let (code, message) = match refusal.code.parse() {
        Ok(code) => (code, refusal.message.to_string()),
        Err(_) if refusal.code.is_empty() => {
            (codes.refused_elsewhere.into(), refusal.message.to_string())
        }
        Err(_) => {
            (codes.refused_elsewhere.into(), format!("{}: {}", refusal.code, refusal.message))
        }
    };
    let error = TaskError { status: false, code, message };
    task(refusal.http_status, TaskBody { errors: vec![error], ..TaskBody::default() })
}

/// How the refusal of a system that speaks another format is shown: its code is not one of this format's.
fn refused_elsewhere(refusal: &UpstreamRefusal, codes: &OwnCodes, system: &str) -> TaskOutput {
    let message = format!("{system} refused with {}: {}", refusal.code, refusal.message);
    let error = TaskError { status: false, code: codes.refused_elsewhere.into(), message };
    task(refusal.http_status, TaskBody { errors: vec![error], ..TaskBody::default() })
}

/// How a change is shown that was approved and not applied, when no system's words tell why.
fn not_applied(codes: &OwnCodes) -> TaskOutput {
    let message = "the change was not applied".to_owned();
    let error = TaskError { status: false, code: codes.not_applied.into(), message };
    let status = StatusCode::BAD_GATEWAY.as_u16();
    task(status, TaskBody { errors: vec![error], ..TaskBody::default() })
}

const fn task(status: u16, body: TaskBody) -> TaskOutput {
    TaskOutput { status, headers: TaskHeaders { content_type: ["application/json"] }, body }
}

fn state_name(state: ApprovalState) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("failed", |(name, _)| name)
}

/// A time as this format writes it: local, without offset or fraction.
fn naive(at: DateTime<Utc>, zone: FixedOffset) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string()
}
