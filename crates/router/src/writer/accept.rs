//! An accepted change: new state, and what every upstream should hold from now on.

use serde_json::json;
use status_domain::answer::PolicyRefusal;
use status_domain::command::{Action, Scope};
use status_domain::decide::Accepted;
use status_domain::facet::EditLock;
use status_domain::ids::{ChangeId, System};
use status_domain::register::{Projected, RegisterName, RegisterValue};
use status_domain::settle::{Assertion, AssertionState};
use status_store::record::{ChangeOutcome, ChangeRow, RegisterRow, RegisterState};

use crate::writer::unit::{FamilyUnit, LaneKey, RegisterKey, Unit};
use crate::writer::{claim, settle};

/// A register with the value it is to have.
struct Asserted {
    key: RegisterKey,
    value: RegisterValue,
    required: bool,
}

/// Takes over the decided state and asserts every register that derives from what was addressed.
///
/// # Errors
///
/// If a required upstream has no value for the new state; nothing is changed then.
pub(super) fn accept(
    unit: &mut Unit<'_>,
    mut row: ChangeRow,
    decided: Accepted,
) -> Result<(), PolicyRefusal> {
    let asserted = asserted(unit, &row.by.format, &decided)?;
    let now = unit.now;
    let Some(family) = unit.family_mut(row.subject) else { return Ok(()) };
    for (subject, _) in &decided.touched {
        if let Some(member) = family.family.member(*subject) {
            row.before.push((*subject, member.state.clone()));
        }
        family.dirty_subjects.insert(*subject);
    }
    family.family = decided.after;
    row.effective = decided.effective;
    row.outcome = ChangeOutcome::Open;
    let mut lanes: Vec<LaneKey> = Vec::new();
    for one in asserted {
        let lane = (one.key.0, one.key.1.clone());
        row.assertions.push(assert(family, row.id, one));
        family.lane_mut(&lane).due_at = Some(now);
        if !lanes.contains(&lane) {
            lanes.push(lane);
        }
    }
    let body = json!({
        "facet": row.facet.to_string(),
        "asked": &*row.summary,
        "reason": row.reason.as_ref().map(|reason| reason.as_str()),
        "format": row.by.format.as_str(),
        "client": &*row.by.client,
        "maker": &*row.by.person.id,
        "effective": row.effective.as_str(),
    });
    let (id, subject) = (row.id, row.subject);
    family.dirty_changes.insert(id);
    family.changes.insert(id, row);
    unit.tell(subject, id, "recorded", &body);
    settle::superseded(unit, subject, id);
    for lane in lanes {
        claim::start(unit, &lane, None);
    }
    settle::settle_change(unit, subject, id);
    Ok(())
}

fn asserted(
    unit: &Unit<'_>,
    caller: &System,
    decided: &Accepted,
) -> Result<Vec<Asserted>, PolicyRefusal> {
    let mut found: Vec<Asserted> = Vec::new();
    for (touched, facet) in &decided.touched {
        for member in decided.after.reach(*touched) {
            let Some(view) = decided.after.view(member) else { continue };
            for upstream in unit.rules.upstreams.iter() {
                let system = upstream.system();
                if view.identifiers(system).next().is_none() {
                    continue;
                }
                let derived = upstream.adapter.derived_from(facet);
                let required = upstream.required || system == caller;
                for (register, projected) in upstream.adapter.project(view) {
                    if derived.contains(&register) {
                        let key = (member, system.clone(), register);
                        push(&mut found, key, projected, required)?;
                    }
                }
            }
        }
    }
    Ok(found)
}

fn push(
    found: &mut Vec<Asserted>,
    key: RegisterKey,
    projected: Projected,
    required: bool,
) -> Result<(), PolicyRefusal> {
    let value = match projected {
        Projected::Exact(value) | Projected::Narrowed { value, .. } => value,
        Projected::NotRepresentable { why } if required => {
            return Err(PolicyRefusal::NotRepresentable { system: key.1, why });
        }
        Projected::NotRepresentable { .. } => return Ok(()),
    };
    if !found.iter().any(|one| one.key == key) {
        found.push(Asserted { key, value, required });
    }
    Ok(())
}

/// Makes a value the desired one, and says which version of the register that is.
fn assert(family: &mut FamilyUnit, change: ChangeId, one: Asserted) -> Assertion {
    let Asserted { key, value, required } = one;
    let (subject, system, register) = key.clone();
    let row = family.registers.entry(key.clone()).or_insert_with(|| RegisterRow {
        subject,
        system: system.clone(),
        register: register.clone(),
        desired: RegisterValue("".into()),
        version: 0,
        change,
        confirmed: None,
        state: RegisterState::Confirmed,
        attempts: 0,
        last_error: None,
    });
    let (old_version, same_value) = (row.version, row.desired == value);
    row.desired = value;
    row.version += 1;
    row.change = change;
    row.attempts = 0;
    row.last_error = None;
    // What an earlier request may have done is still in doubt, whatever is wanted now.
    if row.state != RegisterState::InDoubt {
        row.state = RegisterState::Pending;
    }
    let version = row.version;
    family.dirty_registers.insert(key.clone());
    overtake(family, &key, old_version, version, same_value);
    Assertion { subject, system, register, version, required, state: AssertionState::Pending }
}

/// Older changes that wait for this register: one that wants the same value now waits for the new
/// version; one that wants another value will not get it, unless its request is under way.
fn overtake(
    family: &mut FamilyUnit,
    key: &RegisterKey,
    old_version: u64,
    version: u64,
    same_value: bool,
) {
    for (id, change) in &mut family.changes {
        for one in change.assertions.iter_mut().filter(|one| is_for(one, key)) {
            if one.state != AssertionState::Pending || one.version > old_version {
                continue;
            }
            if same_value && one.version == old_version {
                one.version = version;
            } else {
                one.state = AssertionState::Superseded;
            }
            family.dirty_changes.insert(*id);
        }
    }
}

/// Whether an assertion is about this register.
pub(super) fn is_for(one: &Assertion, key: &RegisterKey) -> bool {
    one.subject == key.0 && one.system == key.1 && one.register == key.2
}

/// What an action asks for, for people. No personal data.
pub(super) fn summary(action: &Action) -> Box<str> {
    let text = match action {
        Action::SetLifecycle(status) => format!("set lifecycle {status}"),
        Action::PlaceHold { owner, severity, native, scope, .. } => {
            let severity = severity.map_or("no severity", |severity| severity.as_str());
            let scope = match scope {
                Scope::Account => "account",
                Scope::Customer => "customer",
            };
            format!("place hold {owner} {} ({severity}, {scope})", native.code)
        }
        Action::ReleaseHold { owner, .. } => format!("release hold {owner}"),
        Action::SetResting { native, .. } => format!("mark {} {}", native.slot.name, native.code),
        Action::SetEditLock { lock: EditLock::Locked, .. } => "lock".to_owned(),
        Action::SetEditLock { lock: EditLock::Unlocked, .. } => "unlock".to_owned(),
        Action::UpdateProfile(profile) => format!("update profile {profile:?}"),
    };
    text.into_boxed_str()
}

/// The register of an assertion.
pub(super) fn register_key(one: &Assertion) -> RegisterKey {
    (one.subject, one.system.clone(), RegisterName::clone(&one.register))
}
