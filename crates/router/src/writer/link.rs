//! The crosswalk grows.

use std::collections::BTreeSet;

use status_domain::ids::{Identifier, SubjectId};
use status_domain::subject::{Subject, SubjectKind, SubjectState};
use uuid::Uuid;

use crate::writer::effect::Effect;
use crate::writer::op::{LinkOp, LinkRow, Linked};
use crate::writer::unit::Unit;

/// Adds rows to the crosswalk, each on its own: one that contradicts it does not keep the others out.
pub(super) fn link(unit: &mut Unit<'_>, op: LinkOp) {
    let outcomes = op.rows.into_iter().map(|row| add(unit, row)).collect();
    unit.effects.push(Effect::Linked(op.done, outcomes));
}

fn add(unit: &mut Unit<'_>, row: LinkRow) -> Linked {
    let names = || std::iter::once(&row.name).chain(&row.identifiers);
    let known: BTreeSet<SubjectId> =
        names().filter_map(|name| unit.known.get(name)).copied().collect();
    let parent = match &row.parent {
        None => None,
        Some(name) => match unit.known.get(name) {
            Some(parent) => Some(*parent),
            None => return Linked::Refused("its parent is not in the crosswalk"),
        },
    };
    match (known.first().copied(), known.len()) {
        (None, _) => create(unit, row, parent),
        (Some(subject), 1) => extend(unit, row, parent, subject),
        (Some(_), _) => Linked::Refused("its identifiers name different subjects"),
    }
}

fn create(unit: &mut Unit<'_>, row: LinkRow, parent: Option<SubjectId>) -> Linked {
    let parent_kind =
        parent.and_then(|parent| unit.family(parent)?.family.member(parent)).map(|p| p.kind);
    if parent_kind == Some(SubjectKind::Account)
        || (parent.is_some() && row.kind == SubjectKind::Customer)
    {
        return Linked::Refused("only an account has a parent, and only a customer is one");
    }
    let mut identifiers = vec![row.name];
    identifiers.extend(row.identifiers);
    let id = SubjectId(Uuid::now_v7());
    unit.add_subject(Subject {
        id,
        kind: row.kind,
        parent,
        identifiers,
        state: SubjectState::new(),
    });
    Linked::Created
}

fn extend(
    unit: &mut Unit<'_>,
    row: LinkRow,
    parent: Option<SubjectId>,
    subject: SubjectId,
) -> Linked {
    let Some(family) = unit.family_mut(subject) else { return Linked::Refused("not found") };
    let Some(member) = family.family.member_mut(subject) else {
        return Linked::Refused("not found");
    };
    if member.kind != row.kind {
        return Linked::Refused("it is known as another kind of subject");
    }
    if parent.is_some() && member.parent != parent {
        return Linked::Refused("it is known with another parent");
    }
    let new: Vec<Identifier> = std::iter::once(row.name)
        .chain(row.identifiers)
        .filter(|identifier| !member.identifiers.contains(identifier))
        .collect();
    if new.is_empty() {
        return Linked::Unchanged;
    }
    member.identifiers.extend(new.iter().cloned());
    family.dirty_subjects.insert(subject);
    unit.known.extend(new.into_iter().map(|identifier| (identifier, subject)));
    Linked::Extended
}
