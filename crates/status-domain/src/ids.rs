//! Names and identifiers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Identifies a subject inside the gateway.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SubjectId(pub Uuid);

/// Identifies one change. Made by the gateway; it is also the id of the change's approval.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChangeId(pub Uuid);

/// Identifies one value sent to one upstream register: the same on every attempt.
///
/// Wire formats with a message number derive it from this, so that an upstream can tell a retry.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrderId(pub u128);

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a UUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a change id is a UUID")]
pub struct InvalidChangeId;

impl FromStr for ChangeId {
    type Err = InvalidChangeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidChangeId)
    }
}

/// A name is 1-32 lower-case letters, digits, `-` or `_`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a name is 1-32 lower-case letters, digits, '-' or '_'")]
pub struct InvalidName;

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// One of the systems that hold a status, and the wire format it speaks: `netxd`, `way4`, …
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct System(Cow<'static, str>);

impl System {
    /// A system's name that is known when the program is written. Not checked.
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

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for System {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) { Ok(Self(Cow::Owned(text.to_owned()))) } else { Err(InvalidName) }
    }
}

/// What a value names within its system: `customer_id`, `contract_number`, `mobile`, …
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IdentifierKind(Cow<'static, str>);

impl IdentifierKind {
    /// A kind that is known when the program is written. Not checked.
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

impl FromStr for IdentifierKind {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) { Ok(Self(Cow::Owned(text.to_owned()))) } else { Err(InvalidName) }
    }
}

/// The value of an identifier: opaque, case-sensitive text of 1-128 characters.
///
/// It may be a card number or a telephone number, so it is never printed whole: `Debug` shows the last
/// four characters of a long value, and there is no `Display`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IdentifierValue(Box<str>);

/// An identifier is 1-128 characters, not all white space, without control characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an identifier is 1-128 characters, not all white space, without control characters")]
pub struct InvalidIdentifier;

impl IdentifierValue {
    /// The whole value.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdentifierValue {
    type Err = InvalidIdentifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        let blank = text.chars().all(char::is_whitespace);
        if !(1..=128).contains(&length) || blank || text.chars().any(char::is_control) {
            return Err(InvalidIdentifier);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for IdentifierValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.chars().count();
        if length < 8 {
            return f.write_str("***");
        }
        let tail: String = self.0.chars().skip(length - 4).collect();
        write!(f, "***{tail}")
    }
}

/// A value that names a subject in one system. The table of all of them is the crosswalk.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identifier {
    /// The system in which the value is known.
    pub system: System,
    /// What the value names there.
    pub kind: IdentifierKind,
    /// The value.
    pub value: IdentifierValue,
}

/// A caller's message number, by which a repeat is told from a new request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IdempotencyKey {
    /// The key with everything that scopes it on its wire, in the adapter's notation.
    pub key: Box<str>,
    /// What the message asks for, in the adapter's notation; two requests with one key and different
    /// content are different requests.
    pub content: Box<str>,
}
