//! Callers and what they ask for.

use std::collections::BTreeSet;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use status_domain::command::{Action, ChangeRequest, Scope, SlotShows};
use status_domain::hold::{HoldOwner, NativeCode, Slot};
use status_domain::ids::{IdempotencyKey, Identifier, IdentifierKind};
use status_domain::principal::{Person, Principal, Role};
use status_domain::status::Status;
use status_domain::subject::SubjectKind;

use super::world::{CARDS, LEDGER};

const NUMBER: IdentifierKind = IdentifierKind::new("number");

pub(super) fn customer(number: u32) -> Identifier {
    Identifier { system: LEDGER, kind: NUMBER, value: format!("c{number}").parse().unwrap() }
}

pub(super) fn account(number: u32) -> Identifier {
    Identifier { system: CARDS, kind: NUMBER, value: format!("a{number}").parse().unwrap() }
}

pub(super) fn caller(format: &status_domain::ids::System, person: &str) -> Principal {
    Principal {
        format: format.clone(),
        client: "client".into(),
        tenant: "tenant".into(),
        person: Person { id: person.into(), number: None, name: person.into() },
        roles: BTreeSet::from([Role::Maker, Role::Checker]),
    }
}

/// A change somebody asks for, in the format of the ledger or of the cards.
pub(super) fn request(dice: &mut StdRng) -> (Principal, ChangeRequest) {
    let number = dice.random_range(0..3);
    let (format, named, kind, action) = if dice.random_bool(0.5) {
        let statuses = [Status::Active, Status::Suspended, Status::Blocked, Status::Blacklisted];
        let to = *statuses.choose(dice).unwrap();
        (LEDGER, customer(number), SubjectKind::Customer, Action::SetLifecycle(to))
    } else {
        (CARDS, account(number), SubjectKind::Account, hold(dice))
    };
    let keyed = dice.random_bool(0.3);
    let key = dice.random_range(0..6);
    let idempotency = keyed.then(|| IdempotencyKey {
        key: format!("{format}-{key}").into(),
        content: format!("{action:?} {number}").into(),
    });
    let request = ChangeRequest {
        named_by: vec![named],
        kind,
        action,
        reason: None,
        native: None,
        idempotency,
        shown_as_request: dice.random_bool(0.1),
    };
    (caller(&format, "maker"), request)
}

fn hold(dice: &mut StdRng) -> Action {
    let fraud = dice.random_bool(0.5);
    let owner = HoldOwner::new(if fraud { "fraud" } else { "bank" });
    let slot = Slot { system: CARDS, name: if fraud { "fraud" } else { "rest" }.into() };
    if dice.random_bool(0.4) {
        return Action::ReleaseHold { owner, slot, shows: SlotShows::OwnerOnly };
    }
    let severity = Some(if fraud { Status::Blocked } else { Status::Suspended });
    let scope = if fraud { Scope::Customer } else { Scope::Account };
    let native = NativeCode { slot, code: "X".into() };
    Action::PlaceHold { owner, severity, native, reversible: true, scope }
}
