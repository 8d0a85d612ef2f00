//! What one change addresses.

use std::fmt;

use crate::hold::HoldOwner;

/// The part of a subject that one change addresses.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Facet {
    /// The lifecycle status.
    Lifecycle,
    /// The hold of one owner, with the resting value of the slot it is shown in.
    Hold(HoldOwner),
    /// N4N's guard against edits. Not a status.
    EditLock,
    /// The consumer details.
    Profile,
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifecycle => f.write_str("lifecycle"),
            Self::Hold(owner) => write!(f, "hold:{owner}"),
            Self::EditLock => f.write_str("edit_lock"),
            Self::Profile => f.write_str("profile"),
        }
    }
}

/// Whether a record is guarded against edits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EditLock {
    /// May be edited.
    Unlocked,
    /// Guarded.
    Locked,
}
