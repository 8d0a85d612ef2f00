//! What an answer of the status API says.
//!
//! Three shapes of errors are read: that of the v2 resources, that of the newer gateway calls, and that
//! of v1, because the vendor's pages show all three.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde_json::Value;
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};

use crate::codes::{self, Class};
use crate::json;

/// Longest `Retry-After` that is believed, in seconds.
const RETRY_AFTER_MAX_S: u64 = 86_400;

/// Reads the answer to a status change.
pub(super) fn confirm(
    response: &Response<Bytes>,
    unauthorized: Again,
    hidden: &[&str],
) -> Result<Confirmation, Failure> {
    if let Some(refusal) = refusal(response, unauthorized, hidden) {
        return Err(refusal);
    }
    let body = json::read(response.body()).ok();
    if response.status() == StatusCode::OK && body.as_ref().is_some_and(is_success) {
        let native = std::str::from_utf8(response.body()).ok().map(Into::into);
        return Ok(Confirmation { native });
    }
    Err(unknown(response, "the answer is neither the success shape nor an error"))
}

/// The documented success: `warnings` or `createdId` of its own type. Errors were looked for before.
fn is_success(body: &Value) -> bool {
    let created = body.get("createdId").is_some_and(|id| id.is_i64() || id.is_u64());
    created || body.get("warnings").is_some_and(Value::is_array)
}

/// What the answer refuses or leaves open; `None` if it has no error and an ordinary HTTP status.
pub(super) fn refusal(
    response: &Response<Bytes>,
    unauthorized: Again,
    hidden: &[&str],
) -> Option<Failure> {
    let status = response.status();
    let errors = json::read(response.body()).map_or_else(|_| Vec::new(), |body| errors(&body));
    let refused = |again: Again, item: Option<&Item>| {
        let (code, message) = item.map_or(("", ""), |item| (&item.code, &item.message));
        let message = hidden.iter().fold(message.to_owned(), |text, value| hide(&text, value));
        let refusal = UpstreamRefusal::new(status.as_u16(), code, &message);
        Some(Failure::Refused { refusal, again })
    };
    let later = Again::Later(retry_after(response));
    let item = errors.first();
    if status == StatusCode::UNAUTHORIZED {
        return refused(unauthorized, item);
    }
    if let Some(class) = item.and_then(|item| codes::class(&item.code)) {
        return match class {
            Class::Later => refused(later, item),
            Class::Credentials => refused(unauthorized, item),
            Class::Permission => refused(Again::AfterPerson, item),
            Class::Final => refused(Again::Never, item),
            Class::Unclear => Some(unknown(response, "an error that does not tell the outcome")),
        };
    }
    match status.as_u16() {
        425 | 429 | 461 | 521 => refused(later, item),
        // The server gave up waiting for the request; it may have acted on what it had.
        408 => Some(unknown(response, "the upstream timed out")),
        403 if item.is_none() => refused(Again::AfterPerson, item),
        300..=499 => refused(Again::Never, item),
        200..=299 => match item {
            None => None,
            Some(item) if item.code.is_empty() => {
                Some(unknown(response, "an error without a code"))
            }
            Some(_) => refused(Again::Never, item),
        },
        _ => Some(unknown(response, "the upstream failed")),
    }
}

fn unknown(response: &Response<Bytes>, cause: &str) -> Failure {
    let cause = format!("{cause} (HTTP {})", response.status().as_u16()).into();
    Failure::Unknown { cause, after: retry_after(response) }
}

/// How long the upstream asked to be left alone, in the header's form in seconds.
pub(super) fn retry_after(response: &Response<Bytes>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_S)))
}

/// A vendor's message may repeat the identifier it could not find.
fn hide(message: &str, value: &str) -> String {
    if value.len() < 4 { message.to_owned() } else { message.replace(value, "***") }
}

struct Item {
    code: String,
    message: String,
}

fn errors(body: &Value) -> Vec<Item> {
    // One published sample spells the member without its plural.
    let listed = ["errors", "error"].into_iter().filter_map(|name| body.get(name));
    let mut found: Vec<Item> = listed.flat_map(items).collect();
    if let Some(response) = body.get("response") {
        found.extend(item_status(response));
        found.extend(response.get("status").and_then(failed));
    }
    found
}

fn items(errors: &Value) -> Vec<Item> {
    match errors {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(item).collect(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![item(errors)]
        }
    }
}

fn item(error: &Value) -> Item {
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Item { code: error.get("code").map(code).unwrap_or_default(), message }
}

/// A code as an integer's digits: it comes as an integer, as `500.0` and as text.
fn code(code: &Value) -> String {
    let text = match code {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A v1 status block that says it failed.
fn failed(status: &Value) -> Option<Item> {
    let success = status.get("success")?;
    (success == false || success == "false").then(|| item(status))
}

/// The first v1 item that failed, wherever it stands; it says more than the block around it.
fn item_status(value: &Value) -> Option<Item> {
    match value {
        Value::Object(map) => {
            let own = map.get("item_status").and_then(failed);
            own.or_else(|| map.values().find_map(item_status))
        }
        Value::Array(list) => list.iter().find_map(item_status),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
