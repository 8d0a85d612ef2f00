//! What an answer says about the change.
//!
//! # Source
//!
//! Network International, *Account Status Change* V2, for the envelope. Its list of error codes, the HTTP
//! status of a failure and any failing body are not public. So success is only what looks exactly like
//! the documented success, and what can be read both ways is an unknown outcome.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};

use crate::json::{self, Json};
use crate::wire::{RESPONSE, RESPONSE_ROOT, is_success_code};

pub(super) fn decode(
    msg_id: &str,
    response: &http::Response<Bytes>,
) -> Result<Confirmation, Failure> {
    let answer = Answer { response, msg_id };
    let body = json::parse(response.body()).ok();
    let Some(body) = body else { return Err(answer.without_envelope(None)) };
    // One of the vendor's test doubles answers without the outermost object.
    let unwrapped = body.get(RESPONSE_ROOT).unwrap_or(&body);
    match unwrapped.get(RESPONSE) {
        Some(message) => answer.with_envelope(message),
        None => Err(answer.without_envelope(Some(&body))),
    }
}

struct Answer<'a> {
    response: &'a http::Response<Bytes>,
    msg_id: &'a str,
}

impl Answer<'_> {
    fn with_envelope(&self, message: &Json) -> Result<Confirmation, Failure> {
        let echoed = message.get("header").and_then(|header| header.get("msg_id"));
        if echoed.is_some_and(|id| id.text_or_integer() != Some(self.msg_id)) {
            return Err(self.unknown("the answer is to another message"));
        }
        let spellings = (message.get("exception_details"), message.get("Exception_details"));
        let details = match spellings {
            (Some(sample), Some(table)) if sample != table => {
                return Err(self.unknown("the answer has two different verdicts"));
            }
            (Some(details), _) | (None, Some(details)) => details,
            (None, None) => return Err(self.unknown("the answer has no verdict")),
        };
        let code = details.get("error_code");
        let succeeds = code.and_then(Json::text).is_some_and(is_success_code);
        let code = code.and_then(Json::text_or_integer).unwrap_or_default();
        match details.get("status").and_then(Json::text) {
            Some("S") if succeeds && self.response.status().is_success() => {
                Ok(Confirmation::default())
            }
            Some("F") if code.is_empty() || !is_zero(code) => {
                let description = details.get("error_description").and_then(Json::text);
                Err(self.refused(code, description.unwrap_or_default(), Again::Never))
            }
            Some(_) | None => Err(self.unknown("status, code and HTTP status disagree")),
        }
    }

    fn without_envelope(&self, body: Option<&Json>) -> Failure {
        let status = self.response.status();
        let (code, message) = flat_error(body);
        if status == StatusCode::FORBIDDEN {
            return self.refused(code, message, Again::AfterPerson);
        }
        if status.is_client_error() || status.is_redirection() {
            return self.refused(code, message, Again::Never);
        }
        if status.is_success() && !code.is_empty() && !is_zero(code) {
            return self.refused(code, message, Again::Never);
        }
        self.unknown("the answer is no account status change answer")
    }

    /// A refusal. `otherwise` is what may be done next unless the HTTP status says.
    fn refused(&self, code: &str, message: &str, otherwise: Again) -> Failure {
        let status = self.response.status();
        let again = match status {
            StatusCode::UNAUTHORIZED => Again::AfterLogin,
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE => Again::Later(retry_after(self.response)),
            _ => otherwise,
        };
        Failure::Refused { refusal: UpstreamRefusal::new(status.as_u16(), code, message), again }
    }

    fn unknown(&self, cause: &str) -> Failure {
        let cause = format!("{cause} (HTTP {})", self.response.status().as_u16()).into();
        Failure::Unknown { cause, after: retry_after(self.response) }
    }
}

/// Code and text of an error outside the envelope, by the names that the vendor's own SDK looks for.
fn flat_error(body: Option<&Json>) -> (&str, &str) {
    let text = |name| body.and_then(|body| body.get(name)).and_then(Json::text_or_integer);
    let code = text("error_code").or_else(|| text("resultCode"));
    let message =
        text("error_description").or_else(|| text("resultDescription")).or_else(|| text("message"));
    (code.unwrap_or_default(), message.unwrap_or_default())
}

/// Whether a code of any length says success, or nothing.
fn is_zero(code: &str) -> bool {
    code.bytes().all(|digit| digit == b'0')
}

/// How long the upstream asks to be left alone, if it says so in seconds.
pub(super) fn retry_after(response: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
