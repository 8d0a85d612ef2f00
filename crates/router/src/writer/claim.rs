//! Lanes: who may talk to an upstream about a subject, and what is to be said.

use std::time::Instant;

use sha2::{Digest as _, Sha256};
use status_domain::ids::{Identifier, OrderId};
use status_domain::register::Order;
use status_domain::settle::AssertionState;
use status_store::record::{Lease, RegisterRow, RegisterState};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::writer::accept::register_key;
use crate::writer::effect::Effect;
use crate::writer::op::{ClaimOp, LaneOrder, LaneWork};
use crate::writer::settle;
use crate::writer::unit::{FamilyUnit, LaneKey, Unit};

/// The part of a lease in which it is used. The rest is for the commit that grants it and the one that
/// records what came of it.
const LEASE_USED: f64 = 0.75;

/// Takes lanes that are due.
pub(super) fn claim(unit: &mut Unit<'_>, op: ClaimOp) {
    let mut taken = 0;
    let (mine, others) =
        std::mem::take(&mut unit.due).into_iter().partition(|(_, system)| *system == op.system);
    unit.due = others;
    let mine: Vec<LaneKey> = mine;
    for lane in mine {
        if start(unit, &lane, None) {
            taken += 1;
        }
    }
    unit.effects.push(Effect::Taken(op.taken, taken));
}

/// Leases a lane and sends what is pending on it, if nobody else is talking and the upstream takes one
/// more request. Says whether it did.
pub(super) fn start(
    unit: &mut Unit<'_>,
    lane: &LaneKey,
    permit: Option<OwnedSemaphorePermit>,
) -> bool {
    let now = unit.now;
    let Some(upstream) = unit.upstream(&lane.1) else { return false };
    let lease = unit.rules.lease;
    let Some(family) = unit.family_mut(lane.0) else { return false };
    let held = family.lanes.get(lane).and_then(|row| row.lease);
    if held.is_some_and(|held| held.until > now) {
        return false;
    }
    let permit = match permit.map_or_else(|| upstream.admit(Instant::now()), Ok) {
        Ok(permit) => permit,
        Err(again) => {
            let wait = again.saturating_duration_since(Instant::now());
            unit.effects.push(Effect::Due(lane.1.clone(), now + wait));
            return false;
        }
    };
    if held.is_some() {
        // Whoever held it did not come back: its request may have had its effect.
        doubt(family, lane);
        land(family, lane);
        settle::settle_lane(unit, lane);
    }
    let Some(family) = unit.family_mut(lane.0) else { return false };
    let orders = orders(family, lane);
    let token = Uuid::new_v4();
    let row = family.lane_mut(lane);
    if orders.is_empty() {
        row.due_at = None;
        row.lease = None;
        return false;
    }
    row.due_at = Some(now);
    row.lease = Some(Lease { token, until: now + lease });
    take_off(family, lane);
    let deadline = Instant::now() + lease.mul_f64(LEASE_USED);
    let (subject, system) = (lane.0, lane.1.clone());
    let work = LaneWork { subject, system, token, orders, deadline, permit };
    unit.effects.push(Effect::Dispatch(work));
    true
}

fn doubt(family: &mut FamilyUnit, lane: &LaneKey) {
    for (key, row) in &mut family.registers {
        if key.0 == lane.0 && key.1 == lane.1 && row.state == RegisterState::Pending {
            row.state = RegisterState::InDoubt;
            row.confirmed = None;
            family.dirty_registers.insert(key.clone());
        }
    }
}

/// Marks what waits for the lane's registers as under way.
fn take_off(family: &mut FamilyUnit, lane: &LaneKey) {
    let registers = &family.registers;
    for (id, change) in &mut family.changes {
        for one in &mut change.assertions {
            let key = (one.subject, one.system.clone(), one.register.clone());
            let is_current = registers.get(&key).is_some_and(|row| row.version == one.version);
            let on_lane = one.subject == lane.0 && one.system == lane.1;
            if on_lane && is_current && one.state == AssertionState::Pending {
                one.state = AssertionState::InFlight;
                family.dirty_changes.insert(*id);
            }
        }
    }
}

/// Nothing is under way on the lane any more: what is wanted still waits, what is not was overtaken.
pub(super) fn land(family: &mut FamilyUnit, lane: &LaneKey) {
    let registers = &family.registers;
    for (id, change) in &mut family.changes {
        for one in &mut change.assertions {
            let on_lane = one.subject == lane.0 && one.system == lane.1;
            if on_lane && one.state == AssertionState::InFlight {
                let current = registers.get(&register_key(one)).map(|row| row.version);
                one.state = if current == Some(one.version) {
                    AssertionState::Pending
                } else {
                    AssertionState::Superseded
                };
                family.dirty_changes.insert(*id);
            }
        }
    }
}

fn orders(family: &FamilyUnit, lane: &LaneKey) -> Vec<LaneOrder> {
    let Some(subject) = family.family.member(lane.0) else { return Vec::new() };
    let known_by = |identifier: &&Identifier| identifier.system == lane.1;
    let identifiers: Vec<Identifier> =
        subject.identifiers.iter().filter(known_by).cloned().collect();
    let mut pending: Vec<&RegisterRow> =
        family.registers_of(lane).filter(|row| is_pending(row)).collect();
    pending.sort_by_key(|row| row.change);
    let order = |row: &RegisterRow| {
        let change = family.changes.get(&row.change);
        let same_format = change.filter(|change| change.by.format == lane.1);
        LaneOrder {
            order: Order {
                id: order_id(row),
                register: row.register.clone(),
                value: row.desired.clone(),
                identifiers: identifiers.clone(),
                reason: change.and_then(|change| change.reason.clone()),
                native: same_format.and_then(|change| change.native.clone()),
            },
            version: row.version,
            change: row.change,
            in_doubt: row.state == RegisterState::InDoubt,
        }
    };
    pending.into_iter().map(order).collect()
}

/// Whether there is something to send.
pub(super) const fn is_pending(row: &RegisterRow) -> bool {
    match row.state {
        RegisterState::Pending | RegisterState::InDoubt => true,
        RegisterState::Confirmed | RegisterState::Refused | RegisterState::Parked => false,
    }
}

/// The same for every attempt to write one version of one register, and for nothing else.
fn order_id(row: &RegisterRow) -> OrderId {
    let mut hasher = Sha256::new();
    hasher.update(row.subject.0.as_bytes());
    hasher.update(row.system.as_str().as_bytes());
    hasher.update([0]);
    hasher.update(row.register.as_str().as_bytes());
    hasher.update(row.version.to_be_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    OrderId(u128::from_be_bytes(id))
}
