//! Holds: restrictions with an owner.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::ids::{InvalidName, System};
use crate::status::Status;
use crate::text::Reason;

/// Who placed a hold and may release it: `fraud`, `bank`, `legal`, `customer`, …
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HoldOwner(Cow<'static, str>);

impl HoldOwner {
    /// An owner that is known when the program is written. Not checked.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HoldOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HoldOwner {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Same alphabet as the other names.
        text.parse::<System>().map(|name| Self(Cow::Owned(name.as_str().to_owned())))
    }
}

/// A place in one system that holds one native code at a time, such as WAY4's `ACC1`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot {
    /// The system.
    pub system: System,
    /// The vendor's name of the place.
    pub name: Cow<'static, str>,
}

/// A code as its vendor writes it, kept beside its canonical meaning so that nothing is lost on the
/// way back to the same vendor.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NativeCode {
    /// Where the code stands.
    pub slot: Slot,
    /// The code.
    pub code: Box<str>,
}

/// A restriction on a subject. A subject has at most one for each owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hold {
    /// How restrictive it is; `None` for a hold that is recorded and shown but restricts nothing, such
    /// as a renewal block.
    pub severity: Option<Status>,
    /// The code it came from, if it came in a format that has codes.
    pub native: Option<NativeCode>,
    /// Whether it may be released or replaced by another code.
    pub reversible: bool,
    /// Why it was placed.
    pub reason: Option<Reason>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}
