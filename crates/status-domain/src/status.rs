//! The canonical statuses.

use std::fmt;
use std::str::FromStr;

/// How restricted a subject is, in rising order of restriction.
///
/// The order is what the effective status is computed with: the greatest one wins.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// In use, everything permitted is allowed.
    Active,
    /// Nothing has happened for a set time.
    Dormant,
    /// Not in use at present.
    Inactive,
    /// Disabled for a time.
    Suspended,
    /// Barred from every activity.
    Blocked,
    /// Barred for good; left only with approval.
    Blacklisted,
    /// Ended. Final.
    Closed,
}

/// The text names no status.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a status")]
pub struct InvalidStatus;

impl Status {
    /// Every status, in rising order of restriction.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Dormant,
        Self::Inactive,
        Self::Suspended,
        Self::Blocked,
        Self::Blacklisted,
        Self::Closed,
    ];

    /// The name, in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Dormant => "DORMANT",
            Self::Inactive => "INACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Blocked => "BLOCKED",
            Self::Blacklisted => "BLACKLISTED",
            Self::Closed => "CLOSED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(InvalidStatus)
    }
}
