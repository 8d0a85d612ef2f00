//! What the two block-code slots should hold.

use status_domain::hold::{Hold, HoldOwner};
use status_domain::register::{Projected, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::SubjectView;

use crate::codes::{BlockSlot, FRAUD, NO_BLOCK};
use crate::settings::FallbackCodes;

/// The fraud slot: the fraud hold of the account or its customer, by its own code if it has one.
pub(super) fn acc1(view: SubjectView<'_>, fallback: &FallbackCodes) -> Projected {
    let slot = BlockSlot::Acc1;
    let holds = holds(view, |owner| *owner == FRAUD);
    let Some(hold) = strongest(&holds, slot) else {
        return Projected::Exact(resting(view, slot));
    };
    if let Some(code) = native(hold, slot) {
        return Projected::Exact(value(code));
    }
    let code = value(&fallback.fraud);
    match hold.severity {
        Some(Status::Blocked) => Projected::Exact(code),
        Some(
            severity @ (Status::Active
            | Status::Dormant
            | Status::Inactive
            | Status::Suspended
            | Status::Blacklisted
            | Status::Closed),
        ) => narrowed(code, format!("a fraud hold of severity {severity} is shown as a block")),
        None => narrowed(code, "a fraud hold that restricts nothing is shown as a block"),
    }
}

/// The other slot: the most restrictive of the lifecycle status and the holds of everyone but fraud.
///
/// A hold that came with one of the slot's codes keeps it, also where the lifecycle is as restrictive.
pub(super) fn acc2(view: SubjectView<'_>, fallback: &FallbackCodes) -> Projected {
    let slot = BlockSlot::Acc2;
    let holds = holds(view, |owner| *owner != FRAUD);
    let needed = holds.iter().filter_map(|hold| hold.severity).fold(view.lifecycle(), Status::max);
    let coded: Vec<&Hold> = holds.into_iter().filter(|hold| native(hold, slot).is_some()).collect();
    if let Some(hold) = strongest(&coded, slot)
        && let Some(code) = native(hold, slot)
    {
        let severity = hold.severity.unwrap_or(Status::Active);
        if severity >= needed {
            return Projected::Exact(value(code));
        }
        if needed < Status::Suspended {
            // Neither has a word here that says more than this code.
            return narrowed(value(code), format!("WAY4 has no code for {needed}"));
        }
    }
    match needed {
        Status::Active => Projected::Exact(resting(view, slot)),
        Status::Dormant | Status::Inactive => {
            narrowed(resting(view, slot), format!("WAY4 has no code for {needed}"))
        }
        Status::Suspended => Projected::Exact(value(&fallback.suspended)),
        Status::Blocked | Status::Blacklisted => narrowed(
            value(&fallback.suspended),
            format!("WAY4 has no code for {needed}; a temporary block is the nearest"),
        ),
        Status::Closed => Projected::Exact(value(&fallback.closed)),
    }
}

/// The account's holds of the owners that count, then its customer's.
fn holds<'a>(view: SubjectView<'a>, counts: impl Fn(&HoldOwner) -> bool) -> Vec<&'a Hold> {
    view.holds().filter(|(owner, _)| counts(owner)).map(|(_, hold)| hold).collect()
}

/// The most restrictive hold; among equals one with a code of the slot, then a final one, then the
/// account's own.
fn strongest<'a>(holds: &[&'a Hold], slot: BlockSlot) -> Option<&'a Hold> {
    let rank = |hold: &Hold| (hold.severity, native(hold, slot).is_some(), !hold.reversible);
    holds.iter().rev().copied().max_by_key(|hold| rank(hold))
}

fn native(hold: &Hold, slot: BlockSlot) -> Option<&str> {
    let native = hold.native.as_ref().filter(|native| native.slot == slot.slot())?;
    Some(&native.code)
}

/// What the slot shows while nothing stands in it.
fn resting(view: SubjectView<'_>, slot: BlockSlot) -> RegisterValue {
    let codes = view.subject.state.resting.values();
    let shown = codes.into_iter().find(|code| code.slot == slot.slot());
    value(shown.map_or(NO_BLOCK, |code| &code.code))
}

fn value(code: &str) -> RegisterValue {
    RegisterValue(code.into())
}

fn narrowed(value: RegisterValue, why: impl Into<Box<str>>) -> Projected {
    Projected::Narrowed { value, why: why.into() }
}
