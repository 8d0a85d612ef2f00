//! Subjects that are decided upon together.

use crate::ids::SubjectId;
use crate::subject::{Subject, SubjectKind, SubjectView};

/// A customer with its accounts, or an account that belongs to nobody.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Family {
    /// The members, in no particular order.
    pub members: Vec<Subject>,
}

impl Family {
    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: SubjectId) -> Option<&Subject> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The member with this id, to be changed.
    pub fn member_mut(&mut self, id: SubjectId) -> Option<&mut Subject> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// A member together with its parent.
    #[must_use]
    pub fn view(&self, id: SubjectId) -> Option<SubjectView<'_>> {
        let subject = self.member(id)?;
        let parent = subject.parent.and_then(|parent| self.member(parent));
        Some(SubjectView { subject, parent })
    }

    /// Who is affected when something changes on this member: itself, and if it is a customer its
    /// accounts too.
    #[must_use]
    pub fn reach(&self, id: SubjectId) -> Vec<SubjectId> {
        let mut reached = vec![id];
        if self.member(id).is_some_and(|member| member.kind == SubjectKind::Customer) {
            let accounts = self.members.iter().filter(|member| member.parent == Some(id));
            reached.extend(accounts.map(|account| account.id));
        }
        reached
    }
}
