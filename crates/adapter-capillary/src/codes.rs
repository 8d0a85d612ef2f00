//! Codes: what the vendor defines, what we say with them, and what we make of them.

use http::StatusCode;
use status_domain::answer::{NotActedOn, PolicyRefusal};

/// One code that the vendor defines, as we use it when we answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CodeRow {
    /// The code.
    pub code: u32,
    /// The HTTP status that we send with it. The vendor does not publish one; 400 in strict mode.
    pub http: u16,
    /// What it says, in our words.
    pub meaning: &'static str,
}

const fn row(code: u32, http: u16, meaning: &'static str) -> CodeRow {
    CodeRow { code, http, meaning }
}

/// The vendor's codes for the request workflow, and those of the customer status that we answer with.
///
/// # Source
///
/// Capillary, *Error codes: request workflow*; *Update customer status*; *Status codes: customer*; the
/// two label codes 3017 and 3039 from *Cards* of the same product. HTTP statuses are ours.
pub const VENDOR_CODES: &[CodeRow] = &[
    row(2001, 403, "the caller lacks the maker or checker permission"),
    row(2002, 409, "the request was finished before"),
    row(2005, 400, "the organisation header is invalid"),
    row(2007, 404, "there is no such request or action"),
    row(2008, 400, "the payload is invalid"),
    row(2009, 404, "the request type is not supported"),
    row(2011, 400, "the list cannot be sorted by this field"),
    row(2012, 400, "the sort order is not known"),
    row(2013, 401, "verification failed"),
    row(2014, 400, "the earning entity is invalid"),
    row(2015, 400, "the number of goodwill points is invalid"),
    row(2018, 500, "the goodwill limit is misconfigured"),
    row(2019, 500, "auto-approval is misconfigured"),
    row(2020, 500, "the workflow configuration is not supported"),
    row(2021, 404, "the workflow is unknown or inactive"),
    row(2022, 400, "the target address cannot be built from the payload"),
    row(2023, 400, "the headers of the payload cannot be parsed"),
    row(2024, 500, "the workflow could not be built"),
    row(2026, 400, "the organisation header is missing"),
    row(2027, 500, "the host is not configured"),
    row(2028, 500, "the path is not configured"),
    row(2029, 500, "the method is not configured"),
    row(2030, 502, "a file could not be uploaded"),
    row(3017, 400, "the status label is not known"),
    row(3039, 200, "the status label is already so (a warning)"),
    row(8003, 400, "the source is missing or not known"),
    row(8013, 400, "the identifier name is missing or not known"),
    row(8015, 404, "there is no customer for the identifier"),
    row(8045, 400, "the account id is missing"),
];

/// The general code for a payload that is wrong.
pub(crate) const PAYLOAD: u32 = 2008;
/// Nobody may do this, or not this caller.
pub(crate) const PERMISSION: u32 = 2001;
/// Verification failed.
pub(crate) const VERIFICATION: u32 = 2013;

/// The HTTP status of a vendor code.
pub(crate) fn http_of(code: u32) -> StatusCode {
    let row = VENDOR_CODES.iter().find(|row| row.code == code);
    row.and_then(|row| StatusCode::from_u16(row.http).ok()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Codes for what the vendor has no code for. None may be one of the vendor's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnCodes {
    /// A rule denies the move. Default 900101.
    pub denied: u32,
    /// Something stands that would keep it from taking effect. Default 900102.
    pub ineffective: u32,
    /// The hold in place is final. Default 900103.
    pub irreversible: u32,
    /// A required system has no value for the status. Default 900104.
    pub not_representable: u32,
    /// The identifiers name several subjects. Default 900201.
    pub ambiguous: u32,
    /// A message number was used before. Default 900202.
    pub key_reused: u32,
    /// The first request with a number has not finished. Default 900203.
    pub in_progress: u32,
    /// Too much is waiting. Default 900301.
    pub overloaded: u32,
    /// The record cannot be reached. Default 900302.
    pub unavailable: u32,
    /// The gateway's own fault. Default 900303.
    pub internal: u32,
    /// Some systems hold the change, others do not. Default 900401.
    pub partly_applied: u32,
    /// Another system refused it with a code that is no number. Default 900402.
    pub refused_elsewhere: u32,
    /// Nobody can tell whether it was applied. Default 900403.
    pub unknown: u32,
    /// A newer change overtook it. Default 900404.
    pub superseded: u32,
    /// Approved, not applied, and no system's words say why. Default 900405.
    pub not_applied: u32,
    /// The message could not be read at all. Default 900501.
    pub unreadable: u32,
}

impl Default for OwnCodes {
    fn default() -> Self {
        Self {
            denied: 900_101,
            ineffective: 900_102,
            irreversible: 900_103,
            not_representable: 900_104,
            ambiguous: 900_201,
            key_reused: 900_202,
            in_progress: 900_203,
            overloaded: 900_301,
            unavailable: 900_302,
            internal: 900_303,
            partly_applied: 900_401,
            refused_elsewhere: 900_402,
            unknown: 900_403,
            superseded: 900_404,
            not_applied: 900_405,
            unreadable: 900_501,
        }
    }
}

/// The greatest number below which the vendor's published codes lie.
const VENDOR_CODES_END: u32 = 100_000;

impl OwnCodes {
    /// Every code.
    #[must_use]
    pub const fn all(&self) -> [u32; 16] {
        [
            self.denied,
            self.ineffective,
            self.irreversible,
            self.not_representable,
            self.ambiguous,
            self.key_reused,
            self.in_progress,
            self.overloaded,
            self.unavailable,
            self.internal,
            self.partly_applied,
            self.refused_elsewhere,
            self.unknown,
            self.superseded,
            self.not_applied,
            self.unreadable,
        ]
    }

    /// Says which code is unusable.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: a code below 100000, where the vendor's lie, or one used twice.
    pub fn check(&self) -> Result<(), String> {
        let all = self.all();
        for (at, code) in all.iter().enumerate() {
            if *code < VENDOR_CODES_END {
                return Err(format!("own code {code}: codes below 100000 are the vendor's"));
            }
            if all.iter().skip(at + 1).any(|other| other == code) {
                return Err(format!("own code {code} is used twice"));
            }
        }
        Ok(())
    }

    /// Code and HTTP status of a refusal by policy.
    pub(crate) const fn policy(&self, refusal: &PolicyRefusal) -> (u32, StatusCode) {
        let code = match refusal {
            PolicyRefusal::Denied { .. } => self.denied,
            PolicyRefusal::Ineffective { .. } => self.ineffective,
            PolicyRefusal::Irreversible { .. } => self.irreversible,
            PolicyRefusal::NotRepresentable { .. } => self.not_representable,
        };
        (code, StatusCode::CONFLICT)
    }

    /// Code and HTTP status of a request that was not acted on.
    pub(crate) fn not_acted_on(&self, why: &NotActedOn) -> (u32, StatusCode) {
        let vendor = |code| (code, http_of(code));
        match why {
            NotActedOn::Malformed(error) => vendor(error.code.parse().unwrap_or(PAYLOAD)),
            NotActedOn::Unauthenticated => vendor(VERIFICATION),
            NotActedOn::Forbidden(_) | NotActedOn::OwnRequest => vendor(PERMISSION),
            NotActedOn::UnknownSubject => vendor(8015),
            NotActedOn::UnknownApproval => vendor(2007),
            NotActedOn::AlreadyDecided => vendor(2002),
            NotActedOn::Ambiguous(_) => (self.ambiguous, StatusCode::CONFLICT),
            NotActedOn::KeyReused => (self.key_reused, StatusCode::CONFLICT),
            NotActedOn::InProgress => (self.in_progress, StatusCode::CONFLICT),
            NotActedOn::Overloaded => (self.overloaded, StatusCode::SERVICE_UNAVAILABLE),
            NotActedOn::Unavailable => (self.unavailable, StatusCode::SERVICE_UNAVAILABLE),
            NotActedOn::Internal => (self.internal, StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// What a code in an answer of the status API means for us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// It did not act and may later.
    Later,
    /// It did not accept the credentials or the token.
    Credentials,
    /// The account may not do this.
    Permission,
    /// It did not act and will not.
    Final,
    /// It does not tell whether it acted.
    Unclear,
}

/// Codes whose meaning decides what is done next.
///
/// # Source
///
/// Capillary, *Errors and warnings*; *Authorisation*; *Error codes: request workflow*; *Update customer
/// status*; *Status codes: customer*; *Cards*. What is done next is our choice.
const CLASSES: &[(&str, Class)] = &[
    // Several actions are running for this customer.
    ("521", Class::Later),
    // The search is busy.
    ("461", Class::Later),
    // The authorisation service is down.
    ("4001", Class::Later),
    ("2024", Class::Later),
    ("2030", Class::Later),
    ("401", Class::Credentials),
    ("2013", Class::Credentials),
    ("4000", Class::Permission),
    ("2001", Class::Permission),
    // Customer unknown, in this source or at all; merged into another; marked as fraud.
    ("8015", Class::Final),
    ("8065", Class::Final),
    ("816", Class::Final),
    ("8069", Class::Final),
    ("618", Class::Final),
    // Source, identifier name, source account, account id.
    ("8003", Class::Final),
    ("8013", Class::Final),
    ("8011", Class::Final),
    ("8045", Class::Final),
    // Label unknown, customer deleted, customer status switched off.
    ("3017", Class::Final),
    ("3042", Class::Final),
    ("3044", Class::Final),
    ("1061", Class::Final),
    ("1064", Class::Final),
    // "No update" is documented as a warning. As an error it does not say whether the label is ours.
    (NO_UPDATE, Class::Unclear),
    ("500", Class::Unclear),
    ("502", Class::Unclear),
    ("503", Class::Unclear),
    ("504", Class::Unclear),
];

/// The label is already so.
pub(crate) const NO_UPDATE: &str = "3039";

/// What a code means, if it is one whose meaning is known.
pub(crate) fn class(code: &str) -> Option<Class> {
    CLASSES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_own_code_is_one_of_the_vendors_and_none_is_used_twice() {
        assert_eq!(OwnCodes::default().check(), Ok(()));
        let vendor = OwnCodes { denied: 2001, ..OwnCodes::default() };
        assert!(vendor.check().unwrap_err().contains("2001"));
        let twice = OwnCodes { denied: 900_102, ..OwnCodes::default() };
        assert!(twice.check().unwrap_err().contains("twice"));
    }

    #[test]
    fn every_vendor_code_stands_once_in_the_table_and_has_an_http_status() {
        for (at, row) in VENDOR_CODES.iter().enumerate() {
            assert_eq!(http_of(row.code).as_u16(), row.http);
            assert!(!VENDOR_CODES[at + 1..].iter().any(|other| other.code == row.code));
            assert!(row.code < VENDOR_CODES_END);
        }
    }
}
