//! Who calls.

use std::collections::BTreeSet;

use crate::ids::System;

/// What a caller may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// May ask for changes.
    Maker,
    /// May decide changes that others asked for.
    Checker,
}

/// A person or technical account, as far as maker and checker are told apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Identity within the tenant; two persons are the same when this is.
    pub id: Box<str>,
    /// The vendor's number of the user, where its format shows one.
    pub number: Option<i64>,
    /// Name to show, a log-in name for instance.
    pub name: Box<str>,
}

/// An authenticated caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Principal {
    /// The wire format it called in.
    pub format: System,
    /// The client's configured name.
    pub client: Box<str>,
    /// Callers of one tenant see one another's requests and nobody else's.
    pub tenant: Box<str>,
    /// Who stands behind the call.
    pub person: Person,
    /// What it may do.
    pub roles: BTreeSet<Role>,
}
