//! Changes come to their end.

use std::collections::BTreeMap;

use serde_json::json;
use status_domain::approval::ApprovalState;
use status_domain::command::Action;
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, SubjectId, System};
use status_domain::profile::Profile;
use status_domain::register::{Projected, RegisterValue};
use status_domain::settle::{AssertionState, Settled, settle};
use status_store::record::{ChangeOutcome, ChangeRow, RegisterState};

use crate::writer::accept::{is_for, register_key};
use crate::writer::answer;
use crate::writer::unit::{LaneKey, RegisterKey, Unit};

/// Judges every open change that waits for a lane.
pub(super) fn settle_lane(unit: &mut Unit<'_>, lane: &LaneKey) {
    let waits = |change: &ChangeRow| {
        change.assertions.iter().any(|one| one.subject == lane.0 && one.system == lane.1)
    };
    for id in open(unit, lane.0, waits) {
        settle_change(unit, lane.0, id);
    }
}

/// Judges every other open change of which something was overtaken.
pub(super) fn superseded(unit: &mut Unit<'_>, member: SubjectId, by: ChangeId) {
    let overtaken = |change: &ChangeRow| {
        change.id != by
            && change.assertions.iter().any(|one| one.state == AssertionState::Superseded)
    };
    for id in open(unit, member, overtaken) {
        settle_change(unit, member, id);
    }
}

fn open(unit: &Unit<'_>, member: SubjectId, wanted: impl Fn(&ChangeRow) -> bool) -> Vec<ChangeId> {
    let Some(family) = unit.family(member) else { return Vec::new() };
    let is_open = |change: &&ChangeRow| change.outcome == ChangeOutcome::Open;
    let changes = family.changes.values().filter(is_open);
    changes.filter(|change| wanted(change)).map(|change| change.id).collect()
}

/// Judges one change, and if it has come to its end records that and tells its callers.
pub(super) fn settle_change(unit: &mut Unit<'_>, member: SubjectId, id: ChangeId) {
    let Some(row) = unit.family(member).and_then(|family| family.changes.get(&id)) else { return };
    if row.outcome != ChangeOutcome::Open {
        return;
    }
    let outcome = match settle(&row.assertions, &row.by.format) {
        Settled::Open => return,
        Settled::Applied => ChangeOutcome::Applied,
        Settled::Partly { missing } => ChangeOutcome::Partly(missing),
        Settled::Reverted { system, refusal } => {
            revert(unit, member, id, &system);
            ChangeOutcome::Refused(system, refusal)
        }
        Settled::Unknown => ChangeOutcome::Unknown,
        Settled::Superseded => ChangeOutcome::Superseded,
    };
    close(unit, member, id, outcome);
}

/// Records the end of a change.
pub(super) fn close(unit: &mut Unit<'_>, member: SubjectId, id: ChangeId, outcome: ChangeOutcome) {
    let now = unit.now;
    let Some(family) = unit.family_mut(member) else { return };
    let effective = family.changes.get(&id).and_then(|row| family.family.view(row.subject));
    let effective = effective.map(|view| view.effective());
    let Some(row) = family.changes.get_mut(&id) else { return };
    row.outcome = outcome;
    row.settled_at = Some(now);
    row.before.clear();
    if let Some(effective) = effective {
        row.effective = effective;
    }
    let row = row.clone();
    family.dirty_changes.insert(id);
    if matches!(row.outcome, ChangeOutcome::Partly(_) | ChangeOutcome::Unknown) {
        tracing::error!(change = %id, outcome = word(&row.outcome), "a person is needed");
    }
    let body = match &row.outcome {
        ChangeOutcome::Partly(missing) => json!({ "missing": answer::names(missing) }),
        ChangeOutcome::Refused(system, refusal) => {
            json!({ "by": system.as_str(), "code": &*refusal.code })
        }
        ChangeOutcome::Waiting
        | ChangeOutcome::Open
        | ChangeOutcome::Applied
        | ChangeOutcome::Rejected
        | ChangeOutcome::Unknown
        | ChangeOutcome::Superseded => json!({}),
    };
    unit.tell(row.subject, id, word(&row.outcome), &body);
    close_approval(unit, &row);
    answer::finish(unit, &row);
}

fn close_approval(unit: &mut Unit<'_>, row: &ChangeRow) {
    let Some(mut approval) = unit.approvals.get(&row.id).cloned() else { return };
    approval.approval.state = match row.outcome {
        ChangeOutcome::Waiting => ApprovalState::Waiting,
        ChangeOutcome::Open => ApprovalState::Executing,
        ChangeOutcome::Applied => ApprovalState::Approved,
        ChangeOutcome::Rejected => ApprovalState::Rejected,
        ChangeOutcome::Partly(_)
        | ChangeOutcome::Refused(..)
        | ChangeOutcome::Unknown
        | ChangeOutcome::Superseded => ApprovalState::Failed,
    };
    if let Action::UpdateProfile(profile) = &mut approval.request.action {
        // Nobody will carry it out any more, and it is personal data.
        *profile = Profile::default();
    }
    approval.approval.ended_at = row.settled_at;
    approval.approval.refusal = refusal(&row.outcome);
    unit.put_approval(approval);
}

fn refusal(outcome: &ChangeOutcome) -> Option<UpstreamRefusal> {
    match outcome {
        ChangeOutcome::Refused(_, refusal) => Some(refusal.clone()),
        ChangeOutcome::Partly(missing) => {
            let missing: Vec<&str> = missing.iter().map(System::as_str).collect();
            let message = format!("not applied in {}", missing.join(", "));
            Some(UpstreamRefusal::new(502, "PARTLY_APPLIED", &message))
        }
        ChangeOutcome::Unknown => {
            Some(UpstreamRefusal::new(504, "UNKNOWN", "the outcome is not known"))
        }
        ChangeOutcome::Superseded => {
            Some(UpstreamRefusal::new(409, "SUPERSEDED", "a newer change took its place"))
        }
        ChangeOutcome::Waiting
        | ChangeOutcome::Open
        | ChangeOutcome::Applied
        | ChangeOutcome::Rejected => None,
    }
}

/// Puts a refused change back: its facet to what it was, what was pending withdrawn, and every register
/// it asserted to what the state now says. That is sent only where a request may have had its effect.
fn revert(unit: &mut Unit<'_>, member: SubjectId, id: ChangeId, refused_by: &System) {
    let rules = unit.rules;
    let Some(family) = unit.family_mut(member) else { return };
    let Some(row) = family.changes.get(&id).cloned() else { return };
    let overtaken = row.assertions.iter().any(|one| one.state == AssertionState::Superseded);
    let newer = family.changes.values().any(|other| {
        other.id > id
            && other.outcome == ChangeOutcome::Open
            && other.facet == row.facet
            && other.before.iter().any(|(subject, _)| row.before.iter().any(|(s, _)| s == subject))
    });
    if !overtaken && !newer {
        for (subject, before) in &row.before {
            if let Some(state) = family.family.member_mut(*subject) {
                state.state.restore(&row.facet, before);
                family.dirty_subjects.insert(*subject);
            }
        }
    }
    for one in &row.assertions {
        let key = register_key(one);
        let view = family.family.view(one.subject);
        let projected = view.and_then(|view| {
            let upstream = rules.upstreams.named(&one.system)?;
            let projection = upstream.adapter.project(view);
            projection.into_iter().find(|(name, _)| *name == one.register)
        });
        let value = projected.as_ref().and_then(|(_, projected)| Projected::value(projected));
        let value = value.cloned().unwrap_or_else(|| RegisterValue("".into()));
        let Some(register) = family.registers.get_mut(&key) else { continue };
        if register.version != one.version {
            // A newer change owns it now.
            continue;
        }
        let is_held = register.confirmed.as_ref().is_some_and(|(held, _)| *held == value);
        register.version += 1;
        register.desired = value;
        let version = register.version;
        let others = share(&mut family.changes, id, &key, one.version, version);
        match others.first() {
            // Another change waits for the same value: it goes on without this one.
            Some(other) => register.change = *other,
            None => {
                let lane = (key.0, key.1.clone());
                let in_use = family.lanes.get(&lane).is_some_and(|lane| lane.lease.is_some());
                register.state = put_back(register.state, is_held, in_use);
                register.last_error = Some(format!("reverted: refused by {refused_by}").into());
            }
        }
        family.dirty_changes.extend(others);
        family.dirty_registers.insert(key);
    }
    if let Some(row) = family.changes.get_mut(&id) {
        for one in &mut row.assertions {
            if one.state == AssertionState::Pending {
                one.state = AssertionState::Withdrawn;
            }
        }
        family.dirty_changes.insert(id);
    }
}

/// Where a register stands after its value was put back.
const fn put_back(state: RegisterState, is_held: bool, in_use: bool) -> RegisterState {
    match (state, is_held) {
        // The refused change may have arrived there: what it was before must be sent.
        (RegisterState::InDoubt, _) => RegisterState::InDoubt,
        (RegisterState::Parked, _) => RegisterState::Parked,
        // An older value is on its way there, and what it leaves behind is not what should be held.
        (RegisterState::Pending, _) if in_use => RegisterState::Pending,
        (RegisterState::Pending | RegisterState::Confirmed | RegisterState::Refused, true) => {
            RegisterState::Confirmed
        }
        // Never known to hold it, and nobody asked that it be sent: flagged.
        (RegisterState::Pending | RegisterState::Confirmed | RegisterState::Refused, false) => {
            RegisterState::Refused
        }
    }
}

/// Hands a register's next version to the other changes that wait for this one; says which they are.
fn share(
    changes: &mut BTreeMap<ChangeId, ChangeRow>,
    id: ChangeId,
    key: &RegisterKey,
    from: u64,
    to: u64,
) -> Vec<ChangeId> {
    let mut found = Vec::new();
    let others = changes.values_mut().filter(|other| other.id != id);
    for other in others.filter(|other| other.outcome == ChangeOutcome::Open) {
        for one in other.assertions.iter_mut().filter(|one| is_for(one, key)) {
            if one.version == from && one.state == AssertionState::Pending {
                one.version = to;
                found.push(other.id);
            }
        }
    }
    found
}

/// An outcome in one word, for the history.
const fn word(outcome: &ChangeOutcome) -> &'static str {
    match outcome {
        ChangeOutcome::Waiting => "waiting",
        ChangeOutcome::Open => "open",
        ChangeOutcome::Applied => "applied",
        ChangeOutcome::Partly(_) => "partly_applied",
        ChangeOutcome::Refused(..) => "refused",
        ChangeOutcome::Rejected => "rejected",
        ChangeOutcome::Unknown => "unknown",
        ChangeOutcome::Superseded => "superseded",
    }
}
