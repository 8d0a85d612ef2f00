//! Subjects and their state.

use std::collections::BTreeMap;

use crate::facet::{EditLock, Facet};
use crate::hold::{Hold, HoldOwner, NativeCode};
use crate::ids::{Identifier, SubjectId, System};
use crate::profile::Profile;
use crate::status::Status;

/// What a subject is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SubjectKind {
    /// A customer.
    Customer,
    /// An account, which may have a customer as its parent.
    Account,
}

/// What the gateway holds to be true of one subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SubjectState {
    /// The lifecycle status.
    pub lifecycle: Status,
    /// The holds that stand, by owner.
    pub holds: BTreeMap<HoldOwner, Hold>,
    /// The guard against edits.
    pub edit_lock: EditLock,
    /// The code that the slot of an owner's holds shows when none stands in it, where that is not the
    /// vendor's empty code.
    pub resting: BTreeMap<HoldOwner, NativeCode>,
    /// Consumer details that no system of record has confirmed yet.
    pub pending_profile: Option<Profile>,
}

impl SubjectState {
    /// The state of a subject nobody has said anything about.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lifecycle: Status::Active,
            holds: BTreeMap::new(),
            edit_lock: EditLock::Unlocked,
            resting: BTreeMap::new(),
            pending_profile: None,
        }
    }

    /// The most restrictive of the lifecycle status and the holds.
    #[must_use]
    pub fn own_status(&self) -> Status {
        let holds = self.holds.values().filter_map(|hold| hold.severity);
        holds.fold(self.lifecycle, Status::max)
    }

    /// Puts one facet back to what it was in `before` and leaves the others as they are.
    pub fn restore(&mut self, facet: &Facet, before: &Self) {
        match facet {
            Facet::Lifecycle => self.lifecycle = before.lifecycle,
            Facet::Hold(owner) => {
                match before.holds.get(owner) {
                    Some(hold) => drop(self.holds.insert(owner.clone(), hold.clone())),
                    None => drop(self.holds.remove(owner)),
                }
                match before.resting.get(owner) {
                    Some(code) => drop(self.resting.insert(owner.clone(), code.clone())),
                    None => drop(self.resting.remove(owner)),
                }
            }
            Facet::EditLock => self.edit_lock = before.edit_lock,
            Facet::Profile => self.pending_profile.clone_from(&before.pending_profile),
        }
    }
}

impl Default for SubjectState {
    fn default() -> Self {
        Self::new()
    }
}

/// A customer or an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// Its id in the gateway.
    pub id: SubjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// The customer an account belongs to.
    pub parent: Option<SubjectId>,
    /// By what the systems know it.
    pub identifiers: Vec<Identifier>,
    /// What is true of it.
    pub state: SubjectState,
}

/// A subject as an adapter sees it when it projects: with the customer it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct SubjectView<'a> {
    /// The subject itself.
    pub subject: &'a Subject,
    /// The customer it belongs to, if it is an account that has one.
    pub parent: Option<&'a Subject>,
}

impl<'a> SubjectView<'a> {
    /// The most restrictive of the subject's own status and its parent's.
    #[must_use]
    pub fn effective(&self) -> Status {
        let parent = self.parent.map_or(Status::Active, |parent| parent.state.own_status());
        self.subject.state.own_status().max(parent)
    }

    /// The more restrictive of the subject's lifecycle status and its parent's.
    #[must_use]
    pub fn lifecycle(&self) -> Status {
        let parent = self.parent.map_or(Status::Active, |parent| parent.state.lifecycle);
        self.subject.state.lifecycle.max(parent)
    }

    /// The subject's holds, then its parent's.
    pub fn holds(&self) -> impl Iterator<Item = (&'a HoldOwner, &'a Hold)> + use<'a> {
        let own = self.subject.state.holds.iter();
        own.chain(self.parent.into_iter().flat_map(|parent| parent.state.holds.iter()))
    }

    /// What `system` knows the subject by.
    pub fn identifiers<'b>(
        &self,
        system: &'b System,
    ) -> impl Iterator<Item = &'a Identifier> + use<'a, 'b> {
        self.subject.identifiers.iter().filter(move |identifier| identifier.system == *system)
    }
}
