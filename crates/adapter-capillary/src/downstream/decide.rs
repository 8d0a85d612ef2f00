//! Reading a decision.

use status_domain::answer::{DecodeError, Problem};
use status_domain::command::{Command, DecisionRequest, Verdict};
use status_domain::text::Reason;

use super::field::{self, Object, PAYLOAD};
use crate::settings::REASON_CHARS_MAX;

/// Longest request id that is looked at, in characters.
const ID_CHARS_MAX: usize = 128;

const MESSAGE: &str = "payload.AdminTask-Payload.actionMessage";

pub(super) fn command(message: &Object) -> Result<Command, DecodeError> {
    let id = field::text(message, "requestId", PAYLOAD)?.trim();
    if id.is_empty() {
        return Err(DecodeError::coded("requestId", Problem::Missing, PAYLOAD));
    }
    if id.chars().count() > ID_CHARS_MAX {
        return Err(DecodeError::coded("requestId", Problem::TooLong(ID_CHARS_MAX), "2007"));
    }
    // Documented as `adminTask` in the text and as `AdminTask` in the sample.
    if !field::text(message, "actionName", PAYLOAD)?.eq_ignore_ascii_case("AdminTask") {
        return Err(DecodeError::coded("actionName", Problem::Undefined, "2007"));
    }
    let payload = field::object(message, "payload", PAYLOAD)?;
    let task = field::object(payload, "payload.AdminTask-Payload", PAYLOAD)?;
    let decision = "payload.AdminTask-Payload.actionDecision";
    let verdict = match field::text(task, decision, PAYLOAD)? {
        "approved" => Verdict::Approve,
        "rejected" => Verdict::Reject,
        _ => return Err(DecodeError::coded(decision, Problem::Undefined, PAYLOAD)),
    };
    let comment = comment(field::text(task, MESSAGE, PAYLOAD)?)?;
    Ok(Command::Decide(DecisionRequest { id: id.into(), verdict, comment }))
}

/// The message must be there and may be empty: the vendor does not say that it may not.
fn comment(text: &str) -> Result<Option<Reason>, DecodeError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(DecodeError::coded(MESSAGE, Problem::TooLong(REASON_CHARS_MAX), PAYLOAD));
    }
    let unreadable =
        |_| DecodeError::coded(MESSAGE, Problem::Form("text without control characters"), PAYLOAD);
    text.parse().map(Some).map_err(unreadable)
}
