//! What upstream systems should hold.

use std::borrow::Cow;
use std::fmt;

use crate::ids::{Identifier, OrderId};
use crate::text::{Native, Reason};

/// The name of one value that an upstream holds for a subject: NetXD `status`, WAY4 `ACC1`, …
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegisterName(Cow<'static, str>);

impl RegisterName {
    /// A register that an adapter declares.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A register whose name was read back from the store.
    #[must_use]
    pub fn recorded(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A register's value in the words of the upstream that holds it.
///
/// A long one holds consumer details, so `Debug` shows only how long it is.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegisterValue(pub Box<str>);

impl fmt::Debug for RegisterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > SHOWN_MAX {
            return write!(f, "RegisterValue({} bytes)", self.0.len());
        }
        f.debug_tuple("RegisterValue").field(&self.0).finish()
    }
}

/// Longest value that `Debug` shows, in bytes. Longer than any status or code, shorter than any details.
const SHOWN_MAX: usize = 32;

impl RegisterValue {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a value in an upstream's words says of the state it was made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Projected {
    /// Says the same.
    Exact(RegisterValue),
    /// Says less or something coarser; `why` tells a person what is lost.
    Narrowed {
        /// The nearest value that is not less restrictive.
        value: RegisterValue,
        /// What is lost.
        why: Box<str>,
    },
    /// The upstream has no value for it.
    NotRepresentable {
        /// What it cannot hold.
        why: Box<str>,
    },
}

impl Projected {
    /// The value to send, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&RegisterValue> {
        match self {
            Self::Exact(value) | Self::Narrowed { value, .. } => Some(value),
            Self::NotRepresentable { .. } => None,
        }
    }
}

/// What an upstream should hold for one subject: one entry for each of its registers that the state
/// says something about.
pub type Projection = Vec<(RegisterName, Projected)>;

/// One value to be written into one register of one upstream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    /// The same on every attempt to write this value, different for every other value.
    pub id: OrderId,
    /// Which register.
    pub register: RegisterName,
    /// What to write.
    pub value: RegisterValue,
    /// What this upstream knows the subject by. At least one.
    pub identifiers: Vec<Identifier>,
    /// Why, as the caller said.
    pub reason: Option<Reason>,
    /// The caller's own extras, when it spoke this upstream's format.
    pub native: Option<Native>,
}
