//! Bounded pieces of free text.

use std::fmt;
use std::str::FromStr;

/// Why a change is made, in the words of whoever asked for it.
///
/// 1 to [`Reason::LENGTH_MAX`] characters without control characters, surrounding white space removed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Reason(Box<str>);

/// A reason is 1-1000 characters without control characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a reason is 1-1000 characters without control characters")]
pub struct InvalidReason;

impl Reason {
    /// Longest reason that is kept, in characters. No vendor states a limit, so this is our own.
    pub const LENGTH_MAX: usize = 1000;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let length = text.chars().count();
        if !(1..=Self::LENGTH_MAX).contains(&length) || text.chars().any(char::is_control) {
            return Err(InvalidReason);
        }
        Ok(Self(text.into()))
    }
}

/// A piece of a request in the words of its own wire format, kept to be passed on or shown again.
///
/// Only the adapter that made it reads it. It holds no credential: the adapter leaves those out.
/// It may hold personal data, so `Debug` shows only how long it is.
#[derive(Clone, Eq, PartialEq)]
pub struct Native {
    /// The adapter's own notation, usually JSON.
    pub text: Box<str>,
    /// Name and value pairs by which a list can be filtered.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.attributes.iter().map(|(name, _)| &**name).collect();
        write!(f, "Native({} bytes, {names:?})", self.text.len())
    }
}
