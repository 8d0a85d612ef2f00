//! The code tables, both ways.

use std::collections::BTreeMap;
use std::str::FromStr;

use status_domain::status::Status;

/// Reads a customer status in the vendor's exact spelling.
///
/// # Source
///
/// NetXD, *Update Customer - Consumer*, 1.0.2, `status` of the result; *Update Customer Status*, 1.0.2.
pub(crate) fn parse_status(word: &str) -> Option<Status> {
    match word {
        "ACTIVE" => Some(Status::Active),
        "IN_ACTIVE" => Some(Status::Inactive),
        "DORMANT" => Some(Status::Dormant),
        "SUSPENDED" => Some(Status::Suspended),
        "BLOCKED" => Some(Status::Blocked),
        "BLACK_LISTED" => Some(Status::Blacklisted),
        _ => None,
    }
}

/// The vendor's word for a customer status; `None` where a customer cannot have it.
pub(crate) const fn status_word(status: Status) -> Option<&'static str> {
    match status {
        Status::Active => Some("ACTIVE"),
        Status::Inactive => Some("IN_ACTIVE"),
        Status::Dormant => Some("DORMANT"),
        Status::Suspended => Some("SUSPENDED"),
        Status::Blocked => Some("BLOCKED"),
        Status::Blacklisted => Some("BLACK_LISTED"),
        Status::Closed => None,
    }
}

/// The word by which a status is shown to a caller. CLOSED is a word of the vendor's account statuses;
/// each of the six customer words would be untrue.
pub(crate) const fn shown_status(status: Status) -> &'static str {
    match status_word(status) {
        Some(word) => word,
        None => "CLOSED",
    }
}

/// The vendor's answer to a customer id it does not know.
pub(crate) const NOT_FOUND_CUSTOMER: (&str, &str) =
    ("NOT_FOUND_CUSTOMER", "Customer does not exist");

/// Whether the vendor is known to use this code.
pub(crate) fn is_vendor_code(code: &str) -> bool {
    // Cards answer with bare numbers, and whatever is not found with a common prefix.
    code.starts_with("NOT_FOUND_") || code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Codes of the gateway's own, for what the vendor has no published code for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OwnCode {
    /// The body is not JSON.
    ParseError,
    /// The message or a field is missing, repeated or wrong.
    InvalidRequest,
    /// The method is not one of those that are served.
    MethodNotFound,
    /// Signature, key or credential did not hold. One code for all of them.
    Unauthorized,
    /// The caller may not do this.
    Forbidden,
    /// The policy refuses the change.
    InvalidStatus,
    /// A second person must agree first.
    PendingApproval,
    /// Recorded, not yet confirmed.
    PendingDelivery,
    /// Some systems hold the change, others refused it.
    PartlyApplied,
    /// Nobody can tell whether it was applied.
    OutcomeUnknown,
    /// A newer change overtook it.
    Superseded,
    /// A system of another format refused it.
    UpstreamRefused,
    /// The identifiers name several subjects.
    AmbiguousCustomer,
    /// The message number was used for another request.
    KeyReused,
    /// The first request of that number has not finished.
    InProgress,
    /// Too much is waiting.
    Overloaded,
    /// The record is not available.
    Unavailable,
    /// There is no form in this format for what was asked.
    NotSupported,
    /// The gateway's own fault.
    InternalError,
}

/// The text is the name of no code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not the name of a code")]
pub struct InvalidOwnCode;

impl OwnCode {
    /// Every code.
    pub const ALL: [Self; 19] = [
        Self::ParseError,
        Self::InvalidRequest,
        Self::MethodNotFound,
        Self::Unauthorized,
        Self::Forbidden,
        Self::InvalidStatus,
        Self::PendingApproval,
        Self::PendingDelivery,
        Self::PartlyApplied,
        Self::OutcomeUnknown,
        Self::Superseded,
        Self::UpstreamRefused,
        Self::AmbiguousCustomer,
        Self::KeyReused,
        Self::InProgress,
        Self::Overloaded,
        Self::Unavailable,
        Self::NotSupported,
        Self::InternalError,
    ];

    /// The code's name, which is also what is answered unless the settings say otherwise.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "PARSE_ERROR",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::MethodNotFound => "METHOD_NOT_FOUND",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::InvalidStatus => "INVALID_STATUS",
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::PendingDelivery => "PENDING_DELIVERY",
            Self::PartlyApplied => "PARTLY_APPLIED",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::Superseded => "SUPERSEDED",
            Self::UpstreamRefused => "UPSTREAM_REFUSED",
            Self::AmbiguousCustomer => "AMBIGUOUS_CUSTOMER",
            Self::KeyReused => "KEY_REUSED",
            Self::InProgress => "IN_PROGRESS",
            Self::Overloaded => "OVERLOADED",
            Self::Unavailable => "UNAVAILABLE",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

impl FromStr for OwnCode {
    type Err = InvalidOwnCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or(InvalidOwnCode)
    }
}

/// What an error code of the ledger means for what may be done next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodeClass {
    /// It did not act, and will not if asked again.
    Final,
    /// It did not act and may later.
    Later,
    /// It does not accept the gateway's key, signature or credential.
    Credentials,
    /// It does not say whether it acted.
    Unknown,
}

/// Classifies an error code of the ledger: by the settings, else by the shipped table. A code that
/// nobody knows is final: the ledger has answered, in an error reply, that it did not act.
///
/// # Source
///
/// Only `NOT_FOUND_CUSTOMER` and `9999` are the vendor's. The rest are codes by which this gateway
/// answers, so that one may stand in front of another.
pub(crate) fn classify(code: &str, settings: &BTreeMap<String, CodeClass>) -> CodeClass {
    if let Some(class) = settings.get(code) {
        return *class;
    }
    if code == "INVALID_SIGNATURE" {
        return CodeClass::Credentials;
    }
    if code == "9999" {
        return CodeClass::Unknown;
    }
    code.parse().map_or(CodeClass::Final, class_of)
}

const fn class_of(code: OwnCode) -> CodeClass {
    match code {
        OwnCode::Unauthorized => CodeClass::Credentials,
        OwnCode::Overloaded | OwnCode::Unavailable | OwnCode::InProgress => CodeClass::Later,
        OwnCode::InternalError
        | OwnCode::OutcomeUnknown
        | OwnCode::PartlyApplied
        | OwnCode::PendingApproval
        | OwnCode::PendingDelivery => CodeClass::Unknown,
        OwnCode::ParseError
        | OwnCode::InvalidRequest
        | OwnCode::MethodNotFound
        | OwnCode::Forbidden
        | OwnCode::InvalidStatus
        | OwnCode::Superseded
        | OwnCode::UpstreamRefused
        | OwnCode::AmbiguousCustomer
        | OwnCode::KeyReused
        | OwnCode::NotSupported => CodeClass::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_as_the_status_it_was_written_for() {
        for status in Status::ALL {
            assert_eq!(status_word(status).and_then(parse_status), {
                if status == Status::Closed { None } else { Some(status) }
            });
        }
    }

    #[test]
    fn words_of_other_entities_are_no_customer_statuses() {
        for word in ["INACTIVE", "CLOSED", "BLACKLISTED", "active", "CREATED", " ACTIVE", ""] {
            assert_eq!(parse_status(word), None, "{word}");
        }
    }

    #[test]
    fn no_own_code_is_one_of_the_vendors() {
        for code in OwnCode::ALL {
            assert!(!is_vendor_code(code.as_str()), "{code:?}");
            assert_eq!(code.as_str().parse(), Ok(code));
        }
    }

    #[test]
    fn settings_overrule_the_shipped_classes() {
        let settings = BTreeMap::from([("LEDGER_BUSY".to_owned(), CodeClass::Later)]);
        assert_eq!(classify("LEDGER_BUSY", &settings), CodeClass::Later);
        assert_eq!(classify("LEDGER_BUSY", &BTreeMap::new()), CodeClass::Final);
    }
}
