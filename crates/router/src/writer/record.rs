//! What came of requests to an upstream.

use std::time::Duration;

use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};
use status_domain::register::RegisterValue;
use status_domain::settle::AssertionState;
use status_store::record::{AttemptRow, RegisterRow, RegisterState};

use crate::writer::accept::is_for;
use crate::writer::claim;
use crate::writer::effect::Effect;
use crate::writer::op::{OrderResult, Report};
use crate::writer::settle;
use crate::writer::unit::{FamilyUnit, LaneKey, RegisterKey, Unit};

/// Records the results, settles the changes that waited for them, and goes on with the lane.
pub(super) fn record(unit: &mut Unit<'_>, report: &Report) {
    let lane: LaneKey = (report.subject, report.system.clone());
    for result in &report.results {
        unit.attempt(attempt(report, result));
    }
    let now = unit.now;
    let holds = unit
        .family(lane.0)
        .and_then(|family| family.lanes.get(&lane))
        .is_some_and(|row| row.lease.is_some_and(|lease| lease.token == report.token));
    if !holds {
        // Somebody else has taken the lane over since; what it finds out is what counts.
        tracing::warn!(system = %lane.1, "a late result was set aside");
        return;
    }
    let mut wait = Duration::ZERO;
    for result in &report.results {
        wait = wait.max(apply(unit, &lane, result, report.chance));
    }
    if let Some(family) = unit.family_mut(lane.0) {
        claim::land(family, &lane);
    }
    // Before anything more is sent: a change that is put back may leave nothing to send.
    settle::settle_lane(unit, &lane);
    let Some(family) = unit.family_mut(lane.0) else { return };
    let more = family.registers_of(&lane).any(claim::is_pending);
    let due_at = more.then(|| now + wait);
    let row = family.lane_mut(&lane);
    row.lease = None;
    row.due_at = due_at;
    if let Some(due_at) = due_at {
        if due_at <= now {
            let permit = report.permit.lock().ok().and_then(|mut permit| permit.take());
            claim::start(unit, &lane, permit);
        } else {
            unit.effects.push(Effect::Due(lane.1.clone(), due_at));
        }
    }
}

/// Takes one result into its register; says how long to wait before the lane is used again.
fn apply(unit: &mut Unit<'_>, lane: &LaneKey, result: &OrderResult, chance: f64) -> Duration {
    let key: RegisterKey = (lane.0, lane.1.clone(), result.order.order.register.clone());
    match &result.result {
        Ok(confirmation) => {
            confirm(unit, &key, result, confirmation);
            Duration::ZERO
        }
        Err(Failure::Refused { refusal, again: Again::Never }) => {
            refuse(unit, &key, result.order.version, refusal);
            Duration::ZERO
        }
        Err(failure) => retry(unit, &key, result, failure, chance),
    }
}

fn confirm(
    unit: &mut Unit<'_>,
    key: &RegisterKey,
    result: &OrderResult,
    confirmation: &Confirmation,
) {
    let version = result.order.version;
    let is_personal = unit.upstream(&key.1).is_some_and(|upstream| upstream.is_personal(&key.2));
    let waiters = unit.waiters;
    let Some(family) = unit.family_mut(key.0) else { return };
    let Some(row) = family.registers.get_mut(key) else { return };
    let is_current = row.version == version;
    let value =
        if is_personal { RegisterValue("".into()) } else { result.order.order.value.clone() };
    row.confirmed = Some((value, version));
    if is_current {
        row.state = RegisterState::Confirmed;
        row.attempts = 0;
        row.last_error = None;
        if is_personal {
            // Delivered: from here on the system of record is the only one that keeps it.
            row.desired = RegisterValue("".into());
            if let Some(member) = family.family.member_mut(key.0) {
                member.state.pending_profile = None;
                family.dirty_subjects.insert(key.0);
            }
        }
    } else {
        // The doubt was about this version, and it is gone.
        row.state = RegisterState::Pending;
    }
    family.dirty_registers.insert(key.clone());
    for (id, change) in &mut family.changes {
        let caller_speaks = change.by.format == key.1;
        for one in change.assertions.iter_mut().filter(|one| is_for(one, key)) {
            if one.version == version && is_unfinished(&one.state) {
                one.state = AssertionState::Confirmed;
                family.dirty_changes.insert(*id);
                if caller_speaks && let Some(native) = &confirmation.native {
                    waiters.keep_native(*id, native);
                }
            }
        }
    }
}

fn refuse(unit: &mut Unit<'_>, key: &RegisterKey, version: u64, refusal: &UpstreamRefusal) {
    let Some(family) = unit.family_mut(key.0) else { return };
    let Some(row) = family.registers.get_mut(key) else { return };
    if row.version == version {
        row.state = RegisterState::Refused;
        row.attempts += 1;
        row.last_error = Some(format!("refused {}: {}", refusal.code, refusal.message).into());
    } else {
        row.state = RegisterState::Pending;
    }
    family.dirty_registers.insert(key.clone());
    mark(family, key, version, &AssertionState::Refused(refusal.clone()));
}

fn retry(
    unit: &mut Unit<'_>,
    key: &RegisterKey,
    result: &OrderResult,
    failure: &Failure,
    chance: f64,
) -> Duration {
    let (policy, now, version) = (unit.rules.retry, unit.now, result.order.version);
    let Some(family) = unit.family_mut(key.0) else { return Duration::ZERO };
    let Some(row) = family.registers.get_mut(key) else { return Duration::ZERO };
    family.dirty_registers.insert(key.clone());
    let (in_doubt, after) = match failure {
        Failure::NotSent { .. } => (false, None),
        Failure::Refused { again, .. } => (false, after(*again, policy.backoff_max)),
        Failure::Unknown { after, .. } => (true, *after),
    };
    if in_doubt {
        row.state = RegisterState::InDoubt;
        row.confirmed = None;
    }
    row.last_error = Some(failure.to_string().into());
    if row.version != version {
        return Duration::ZERO;
    }
    let wanted_at = family.changes.get(&row.change).map(|change| change.created_at);
    let is_old = wanted_at.is_some_and(|at| now - at > policy.age_max);
    let is_own_fault = result.counts && is_tried(failure);
    if !is_old && !is_own_fault {
        // An upstream that is away for long must not turn a backlog into dead letters. Its breaker
        // says when it is tried again.
        return policy.delay(NOT_TRIED, after, chance);
    }
    row.attempts = row.attempts.saturating_add(1);
    if !is_old && row.attempts < policy.attempts_max {
        return policy.delay(row.attempts, after, chance);
    }
    park(row);
    mark(family, key, version, &AssertionState::Parked);
    Duration::ZERO
}

/// Where a value that never reached its upstream stands in the row of waits.
const NOT_TRIED: u32 = 4;

/// Whether the upstream had the value before it: only that uses up its attempts.
const fn is_tried(failure: &Failure) -> bool {
    match failure {
        Failure::NotSent { .. } | Failure::Refused { again: Again::AfterPerson, .. } => false,
        Failure::Refused { .. } | Failure::Unknown { .. } => true,
    }
}

fn park(row: &mut RegisterRow) {
    row.state = RegisterState::Parked;
    let (subject, system, register) = (row.subject, &row.system, row.register.as_str());
    tracing::error!(%subject, %system, register, attempts = row.attempts, "dead letter: a person is needed");
}

/// How long an upstream must be left alone after a refusal that is not final.
const fn after(again: Again, longest: Duration) -> Option<Duration> {
    match again {
        Again::Never | Again::AfterLogin => None,
        Again::Later(after) => after,
        // No request will succeed until somebody acts, so there is no hurry.
        Again::AfterPerson => Some(longest),
    }
}

fn mark(family: &mut FamilyUnit, key: &RegisterKey, version: u64, state: &AssertionState) {
    for (id, change) in &mut family.changes {
        for one in change.assertions.iter_mut().filter(|one| is_for(one, key)) {
            if one.version == version && is_unfinished(&one.state) {
                one.state = state.clone();
                family.dirty_changes.insert(*id);
            }
        }
    }
}

fn is_unfinished(state: &AssertionState) -> bool {
    matches!(state, AssertionState::Pending | AssertionState::InFlight)
}

fn attempt(report: &Report, result: &OrderResult) -> AttemptRow {
    let (word, detail) = match &result.result {
        Ok(_) => ("confirmed", None),
        Err(failure) => (failure.word(), Some(failure.to_string())),
    };
    AttemptRow {
        subject: report.subject,
        system: report.system.clone(),
        register: result.order.order.register.clone(),
        version: result.order.version,
        change: result.order.change,
        started_at: result.started_at,
        duration_ms: u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX),
        result: word.into(),
        detail: detail.map(Into::into),
    }
}
