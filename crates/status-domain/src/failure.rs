//! Why a call to an upstream did not confirm, split by what may be done next.

use std::fmt;
use std::time::Duration;

/// Why an upstream call did not confirm.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Nothing reached the upstream. Sending again is safe.
    #[error("the request was not sent: {cause}")]
    NotSent {
        /// What stood in the way; no secrets.
        cause: Box<str>,
    },
    /// The upstream answered that it did not act.
    #[error("the upstream refused with {}", refusal.code)]
    Refused {
        /// Its own words.
        refusal: UpstreamRefusal,
        /// What may be done next.
        again: Again,
    },
    /// The request was sent and no answer tells what became of it. Read back before sending again.
    #[error("the outcome is unknown: {cause}")]
    Unknown {
        /// What was seen instead of an answer; no secrets.
        cause: Box<str>,
        /// How long the upstream asked to be left alone, if it did.
        after: Option<Duration>,
    },
}

impl Failure {
    /// The failure in one word, for logs and the record.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not_sent",
            Self::Refused { again: Again::Never, .. } => "refused",
            Self::Refused { .. } => "refused_for_now",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// A refusal in the upstream's own words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpstreamRefusal {
    /// HTTP status of the answer.
    pub http_status: u16,
    /// The vendor's code, verbatim; empty where the format has none.
    pub code: Box<str>,
    /// The vendor's text, at most [`UpstreamRefusal::MESSAGE_MAX`] characters.
    pub message: Box<str>,
}

impl UpstreamRefusal {
    /// Longest text that is kept of an upstream's message, in characters.
    pub const MESSAGE_MAX: usize = 200;

    /// Keeps the code and the first [`Self::MESSAGE_MAX`] characters of the message.
    #[must_use]
    pub fn new(http_status: u16, code: &str, message: &str) -> Self {
        let clean = |text: &str, max: usize| -> Box<str> {
            let shown = text.chars().filter(|c| !c.is_control()).take(max);
            shown.collect::<String>().into_boxed_str()
        };
        Self { http_status, code: clean(code, 64), message: clean(message, Self::MESSAGE_MAX) }
    }
}

/// What may be done after a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// Nothing: the same request will be refused again.
    Never,
    /// The same request may succeed later; not before the given time, if one is given.
    Later(Option<Duration>),
    /// The access token was not accepted: get a new one, then try once more.
    AfterLogin,
    /// The gateway's own credentials were rejected: no request will succeed until a person acts.
    AfterPerson,
}

/// An upstream's word that it holds the value.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Confirmation {
    /// The answer in the upstream's own format, for a caller of the same format. May hold personal
    /// data: it is passed on in memory and never stored or logged.
    pub native: Option<Box<str>>,
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").field("has_native", &self.native.is_some()).finish()
    }
}
