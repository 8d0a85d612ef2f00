//! What a change has come to, judged from the registers it asserted.

use crate::failure::UpstreamRefusal;
use crate::ids::{SubjectId, System};
use crate::register::RegisterName;

/// A register that a change asserted, and what became of that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assertion {
    /// Whose register.
    pub subject: SubjectId,
    /// In which upstream.
    pub system: System,
    /// Which one.
    pub register: RegisterName,
    /// The version of the register's desired value that this change made.
    pub version: u64,
    /// Whether success needs it.
    pub required: bool,
    /// What became of it.
    pub state: AssertionState,
}

/// What became of an assertion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AssertionState {
    /// Not confirmed yet, and no request for it under way.
    Pending,
    /// A request for it may be under way.
    InFlight,
    /// The upstream holds the value.
    Confirmed,
    /// The upstream will not hold it.
    Refused(UpstreamRefusal),
    /// A newer value took its place before it was confirmed.
    Superseded,
    /// Tried as often as is allowed; a person has been told.
    Parked,
    /// Withdrawn because a required upstream refused the change.
    Withdrawn,
}

/// What a change has come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Settled {
    /// Not decided yet.
    Open,
    /// Every required upstream confirmed.
    Applied,
    /// Some confirmed, others did not and will not.
    Partly {
        /// Those that did not.
        missing: Vec<System>,
    },
    /// A required upstream refused and no other holds the change: what is pending must be withdrawn and
    /// the recorded state put back.
    Reverted {
        /// Who refused.
        system: System,
        /// Its own words.
        refusal: UpstreamRefusal,
    },
    /// Nobody can tell.
    Unknown,
    /// A newer change took its place.
    Superseded,
}

/// Judges a change by its assertions. `caller` is the system whose format the change came in: if several
/// refused, its words are the ones reported.
#[must_use]
pub fn settle(assertions: &[Assertion], caller: &System) -> Settled {
    let required = || assertions.iter().filter(|assertion| assertion.required);
    let any = |state: &AssertionState| assertions.iter().any(|one| one.state == *state);
    let confirmed = any(&AssertionState::Confirmed);
    if !confirmed && let Some((system, refusal)) = refusal(assertions, caller) {
        if any(&AssertionState::InFlight) {
            return Settled::Open;
        }
        return Settled::Reverted { system: system.clone(), refusal: refusal.clone() };
    }
    let unfinished = |state: &AssertionState| {
        matches!(state, AssertionState::Pending | AssertionState::InFlight)
    };
    if required().any(|one| unfinished(&one.state)) {
        return Settled::Open;
    }
    let missing: Vec<System> = required()
        .filter(|one| one.state != AssertionState::Confirmed)
        .map(|one| one.system.clone())
        .collect();
    if missing.is_empty() {
        return Settled::Applied;
    }
    if required().any(|one| one.state == AssertionState::Superseded) {
        return Settled::Superseded;
    }
    if confirmed { Settled::Partly { missing } } else { Settled::Unknown }
}

fn refusal<'a>(
    assertions: &'a [Assertion],
    caller: &System,
) -> Option<(&'a System, &'a UpstreamRefusal)> {
    let refused = |one: &'a Assertion| match &one.state {
        AssertionState::Refused(refusal) if one.required => Some((&one.system, refusal)),
        AssertionState::Refused(_)
        | AssertionState::Pending
        | AssertionState::InFlight
        | AssertionState::Confirmed
        | AssertionState::Superseded
        | AssertionState::Parked
        | AssertionState::Withdrawn => None,
    };
    let all = || assertions.iter().filter_map(refused);
    all().find(|(system, _)| *system == caller).or_else(|| all().next())
}
