//! The words of the lock register, and which trouble is answered with which HTTP status.

use http::StatusCode;
use status_domain::adapter::UnreadableKind;
use status_domain::answer::{DecodeError, NotActedOn};
use status_domain::facet::EditLock;

/// The register's word for a state of the lock.
pub(crate) const fn word(lock: EditLock) -> &'static str {
    match lock {
        EditLock::Locked => "locked",
        EditLock::Unlocked => "unlocked",
    }
}

/// The state of the lock that a word of the register stands for.
pub(crate) fn lock(word: &str) -> Option<EditLock> {
    [EditLock::Locked, EditLock::Unlocked].into_iter().find(|lock| self::word(*lock) == word)
}

/// Marks a value that cannot name anybody. It is answered like the name of nobody.
pub(crate) const INVALID_VALUE: &str = "invalid-value";

/// The status for a request that was not acted on. `None` for the two whose status is a setting.
///
/// # Source
///
/// Trackfinity documentation, *API Overview*, for 400, 404 and 405; the others are our own.
pub(crate) fn not_acted_on(cause: &NotActedOn) -> Option<StatusCode> {
    match cause {
        NotActedOn::Malformed(error) => Some(malformed(error)),
        NotActedOn::Unauthenticated | NotActedOn::Forbidden(_) => None,
        NotActedOn::UnknownSubject | NotActedOn::Ambiguous(_) | NotActedOn::UnknownApproval => {
            Some(StatusCode::NOT_FOUND)
        }
        NotActedOn::AlreadyDecided | NotActedOn::InProgress => Some(StatusCode::CONFLICT),
        NotActedOn::OwnRequest => Some(StatusCode::FORBIDDEN),
        NotActedOn::KeyReused => Some(StatusCode::UNPROCESSABLE_ENTITY),
        NotActedOn::Overloaded | NotActedOn::Unavailable => Some(StatusCode::SERVICE_UNAVAILABLE),
        NotActedOn::Internal => Some(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn malformed(error: &DecodeError) -> StatusCode {
    if error.code == INVALID_VALUE { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST }
}

/// The status and text for a request that could not be read.
pub(crate) const fn unreadable(kind: UnreadableKind) -> (StatusCode, &'static str) {
    match kind {
        UnreadableKind::Syntax => (StatusCode::BAD_REQUEST, "the body is malformed"),
        UnreadableKind::Envelope => (StatusCode::BAD_REQUEST, "the body is no call of this API"),
        UnreadableKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        UnreadableKind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
        UnreadableKind::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "the method is not allowed"),
        UnreadableKind::MediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body's media type is not supported")
        }
        UnreadableKind::Path => (StatusCode::NOT_FOUND, "there is no such call"),
    }
}

/// The status with which the vendor's error object is passed on; `None` if it speaks not of the request
/// but of the gateway as the vendor's client: its credentials, its addresses, its methods.
pub(crate) const fn refusal_shown_with(http_status: u16) -> Option<StatusCode> {
    match http_status {
        200 => Some(StatusCode::BAD_GATEWAY),
        400 => Some(StatusCode::BAD_REQUEST),
        404 => Some(StatusCode::NOT_FOUND),
        409 => Some(StatusCode::CONFLICT),
        410 => Some(StatusCode::GONE),
        422 => Some(StatusCode::UNPROCESSABLE_ENTITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_the_request_keeps_its_status_and_none_is_a_success() {
        let kept: Vec<u16> = (100..600)
            .filter(|number| {
                refusal_shown_with(*number).is_some_and(|shown| shown.as_u16() == *number)
            })
            .collect();
        assert_eq!(kept, [400, 404, 409, 410, 422]);
        assert!((100..600).filter_map(refusal_shown_with).all(|shown| !shown.is_success()));
    }
}
