//! The gateway's own error codes on this wire.
//!
//! # Source
//!
//! Network International, *Account Status Change* V2: an error code has at most four characters. Its
//! list of codes is not public; the only known pair is `000`, `Success`. `Gnnn` fits and cannot be
//! taken for one of the vendor's three digits.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::settings::InvalidSettings;
use crate::wire::{is_success_code, max};

/// A reason for not saying success, as far as this format tells them apart.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OwnCode {
    /// Recorded, waits for a checker.
    PendingApproval,
    /// Recorded and on its way, not confirmed yet.
    NotConfirmed,
    /// The policy refuses it.
    RefusedByPolicy,
    /// The message must be corrected.
    Malformed,
    /// The block code is none that the institution's table has for the slot.
    UndefinedCode,
    /// FI code and bank id do not agree with the configuration.
    InstitutionMismatch,
    /// Nobody knows the subject.
    UnknownSubject,
    /// The identifiers name more than one subject.
    AmbiguousSubject,
    /// The message number was used for another request.
    KeyReused,
    /// The first request with this message number has not finished.
    InProgress,
    /// Another upstream refused it, or this one without a code that fits.
    RefusedUpstream,
    /// Some upstreams hold the change and others do not.
    PartlyApplied,
    /// Nobody can tell whether it was applied.
    OutcomeUnknown,
    /// A newer change took its place.
    Superseded,
    /// A checker rejected it.
    Rejected,
    /// There is no such approval.
    UnknownApproval,
    /// The approval was decided before.
    AlreadyDecided,
    /// The maker cannot decide its own request.
    OwnRequest,
    /// This format has no such answer; it has no call that would lead to it.
    NotInThisFormat,
    /// Not JSON, or no message of this format.
    Unreadable,
    /// Not authenticated.
    Unauthenticated,
    /// Not permitted.
    Forbidden,
    /// No such path.
    UnknownPath,
    /// The path takes another method.
    Method,
    /// The body did not arrive in time.
    TooSlow,
    /// The body is too large.
    TooLarge,
    /// The body's media type or coding is not accepted.
    MediaType,
    /// The gateway's own fault.
    Internal,
    /// Too much is waiting.
    Overloaded,
    /// The record cannot be reached.
    Unavailable,
}

impl OwnCode {
    /// Every one.
    pub const ALL: [Self; 30] = [
        Self::PendingApproval,
        Self::NotConfirmed,
        Self::RefusedByPolicy,
        Self::Malformed,
        Self::UndefinedCode,
        Self::InstitutionMismatch,
        Self::UnknownSubject,
        Self::AmbiguousSubject,
        Self::KeyReused,
        Self::InProgress,
        Self::RefusedUpstream,
        Self::PartlyApplied,
        Self::OutcomeUnknown,
        Self::Superseded,
        Self::Rejected,
        Self::UnknownApproval,
        Self::AlreadyDecided,
        Self::OwnRequest,
        Self::NotInThisFormat,
        Self::Unreadable,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::UnknownPath,
        Self::Method,
        Self::TooSlow,
        Self::TooLarge,
        Self::MediaType,
        Self::Internal,
        Self::Overloaded,
        Self::Unavailable,
    ];

    /// The shipped code.
    #[must_use]
    pub const fn shipped(self) -> &'static str {
        self.row().1
    }

    /// The name by which configuration overrides it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::PendingApproval => ("pending_approval", "G001"),
            Self::NotConfirmed => ("not_confirmed", "G002"),
            Self::RefusedByPolicy => ("refused_by_policy", "G003"),
            Self::Malformed => ("malformed", "G004"),
            Self::UndefinedCode => ("undefined_code", "G005"),
            Self::InstitutionMismatch => ("institution_mismatch", "G006"),
            Self::UnknownSubject => ("unknown_subject", "G007"),
            Self::AmbiguousSubject => ("ambiguous_subject", "G008"),
            Self::KeyReused => ("key_reused", "G009"),
            Self::InProgress => ("in_progress", "G010"),
            Self::RefusedUpstream => ("refused_upstream", "G011"),
            Self::PartlyApplied => ("partly_applied", "G012"),
            Self::OutcomeUnknown => ("outcome_unknown", "G013"),
            Self::Superseded => ("superseded", "G014"),
            Self::Rejected => ("rejected", "G015"),
            Self::UnknownApproval => ("unknown_approval", "G016"),
            Self::AlreadyDecided => ("already_decided", "G017"),
            Self::OwnRequest => ("own_request", "G018"),
            Self::NotInThisFormat => ("not_in_this_format", "G019"),
            Self::Unreadable => ("unreadable", "G400"),
            Self::Unauthenticated => ("unauthenticated", "G401"),
            Self::Forbidden => ("forbidden", "G403"),
            Self::UnknownPath => ("unknown_path", "G404"),
            Self::Method => ("method", "G405"),
            Self::TooSlow => ("too_slow", "G408"),
            Self::TooLarge => ("too_large", "G413"),
            Self::MediaType => ("media_type", "G415"),
            Self::Internal => ("internal", "G500"),
            Self::Overloaded => ("overloaded", "G503"),
            Self::Unavailable => ("unavailable", "G504"),
        }
    }

    pub(crate) fn with_shipped_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.shipped() == code)
    }
}

impl FromStr for OwnCode {
    type Err = InvalidSettings;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|own| own.name() == name);
        found.ok_or(InvalidSettings { setting: "own_codes", problem: "no code has this name" })
    }
}

/// The codes in use: the shipped ones and what takes their place.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnCodes {
    overrides: BTreeMap<OwnCode, Box<str>>,
}

impl OwnCodes {
    /// The shipped codes, except for `overrides`.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if a code is not 1-4 letters or digits, or is nothing but zeros, which would
    /// say success.
    pub fn with(overrides: BTreeMap<OwnCode, Box<str>>) -> Result<Self, InvalidSettings> {
        let problem = |problem| Err(InvalidSettings { setting: "own_codes", problem });
        for code in overrides.values() {
            let fits = (1..=max::ERROR_CODE).contains(&code.len());
            if !fits || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return problem("an error code is 1-4 letters or digits");
            }
            if is_success_code(code) {
                return problem("a code of zeros says success");
            }
        }
        Ok(Self { overrides })
    }

    /// The code in use.
    #[must_use]
    pub fn code(&self, own: OwnCode) -> &str {
        self.overrides.get(&own).map_or(own.shipped(), |code| code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn shipped_codes_are_distinct_and_cannot_be_the_vendors() {
        let codes: BTreeSet<&str> = OwnCode::ALL.iter().map(|own| own.shipped()).collect();
        assert_eq!(codes.len(), OwnCode::ALL.len());
        for code in codes {
            assert!(code.len() == 4 && code.starts_with('G'), "{code}");
        }
    }

    #[test]
    fn every_code_is_overridden_by_its_name() {
        for own in OwnCode::ALL {
            assert_eq!(own.name().parse(), Ok(own));
            let codes = OwnCodes::with(BTreeMap::from([(own, "217".into())])).unwrap();
            assert_eq!(codes.code(own), "217");
        }
    }

    #[test]
    fn a_failure_cannot_be_given_the_code_of_success() {
        for code in ["000", "0", "", "12345", "a b"] {
            let overrides = BTreeMap::from([(OwnCode::Malformed, code.into())]);
            assert!(OwnCodes::with(overrides).is_err(), "{code:?}");
        }
    }
}
