//! Decisions by example, for a processor with two slots of codes for each account: `ACC1` shows the
//! holds of `fraud`, `ACC2` shows everybody else's and the lifecycle.

#![expect(clippy::panic, reason = "test code")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use status_domain::answer::{PolicyRefusal, Standing};
use status_domain::command::{Action, ChangeRequest, Scope, SlotShows};
use status_domain::decide::{Accepted, Context, Decision, decide};
use status_domain::facet::{EditLock, Facet};
use status_domain::family::Family;
use status_domain::hold::{Hold, HoldOwner, NativeCode, Slot};
use status_domain::ids::{SubjectId, System};
use status_domain::policy::{Effect, Policy, Rule};
use status_domain::principal::{Person, Principal, Role};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState};
use uuid::Uuid;

const CUSTOMER: SubjectId = SubjectId(Uuid::from_u128(1));
const ACCOUNT: SubjectId = SubjectId(Uuid::from_u128(2));
const OTHER_ACCOUNT: SubjectId = SubjectId(Uuid::from_u128(3));

const FRAUD: HoldOwner = HoldOwner::new("fraud");
const BANK: HoldOwner = HoldOwner::new("bank");

fn slot(name: &'static str) -> Slot {
    Slot { system: System::new("way4"), name: name.into() }
}

/// The slot that shows an owner's holds, and what else it shows.
fn slot_of(owner: &HoldOwner) -> (Slot, SlotShows) {
    if *owner == FRAUD {
        (slot("ACC1"), SlotShows::OwnerOnly)
    } else {
        (slot("ACC2"), SlotShows::AllBut(vec![FRAUD]))
    }
}

/// A customer with two accounts, all ACTIVE.
fn family() -> Family {
    let member = |id, kind, parent| Subject {
        id,
        kind,
        parent,
        identifiers: Vec::new(),
        state: SubjectState::new(),
    };
    Family {
        members: vec![
            member(CUSTOMER, SubjectKind::Customer, None),
            member(ACCOUNT, SubjectKind::Account, Some(CUSTOMER)),
            member(OTHER_ACCOUNT, SubjectKind::Account, Some(CUSTOMER)),
        ],
    }
}

fn hold(owner: &HoldOwner, code: &str, severity: Status, scope: Scope) -> Action {
    let native = NativeCode { slot: slot_of(owner).0, code: code.into() };
    let owner = owner.clone();
    Action::PlaceHold { owner, severity: Some(severity), native, reversible: true, scope }
}

fn final_hold(code: &str) -> Action {
    let native = NativeCode { slot: slot("ACC2"), code: code.into() };
    let (severity, scope) = (Some(Status::Closed), Scope::Account);
    Action::PlaceHold { owner: BANK, severity, native, reversible: false, scope }
}

fn clear(owner: &HoldOwner) -> Action {
    let (slot, shows) = slot_of(owner);
    Action::ReleaseHold { owner: owner.clone(), slot, shows }
}

fn mark(owner: &HoldOwner, code: &str) -> Action {
    let (slot, shows) = slot_of(owner);
    let native = NativeCode { slot, code: code.into() };
    Action::SetResting { owner: owner.clone(), native, shows }
}

fn decided(family: &Family, target: SubjectId, action: Action, minutes: i64) -> Decision {
    decided_under(&Policy::shipped(Vec::new()), family, target, action, minutes)
}

fn decided_under(
    policy: &Policy,
    family: &Family,
    target: SubjectId,
    action: Action,
    minutes: i64,
) -> Decision {
    let request = ChangeRequest {
        named_by: Vec::new(),
        kind: SubjectKind::Account,
        action,
        reason: None,
        native: None,
        idempotency: None,
        shown_as_request: false,
    };
    let by = Principal {
        format: System::new("way4"),
        client: "card-console".into(),
        tenant: "bank".into(),
        person: Person { id: "p1".into(), number: None, name: "p1".into() },
        roles: BTreeSet::from([Role::Maker]),
    };
    let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    decide(family, target, &request, &Context { by: &by, policy, approved: false, now })
}

#[track_caller]
fn accept(family: &Family, target: SubjectId, action: Action) -> Accepted {
    match decided(family, target, action, 0) {
        Decision::Accept(accepted) => accepted,
        other @ (Decision::Refuse(_) | Decision::NeedsApproval) => panic!("{other:?}"),
    }
}

#[track_caller]
fn refuse(family: &Family, target: SubjectId, action: Action) -> PolicyRefusal {
    match decided(family, target, action, 0) {
        Decision::Refuse(refusal) => refusal,
        other @ (Decision::Accept(_) | Decision::NeedsApproval) => panic!("{other:?}"),
    }
}

#[track_caller]
fn state(family: &Family, id: SubjectId) -> &SubjectState {
    family.member(id).map_or_else(|| panic!("no {id}"), |member| &member.state)
}

#[track_caller]
fn effective(family: &Family, id: SubjectId) -> Status {
    family.view(id).map_or_else(|| panic!("no {id}"), |view| view.effective())
}

/// The code of an owner's hold on one member.
#[track_caller]
fn code<'a>(family: &'a Family, id: SubjectId, owner: &HoldOwner) -> Option<&'a str> {
    let hold: &Hold = state(family, id).holds.get(owner)?;
    hold.native.as_ref().map(|native| &*native.code)
}

#[track_caller]
fn resting<'a>(family: &'a Family, id: SubjectId, name: &'static str) -> Option<&'a str> {
    let codes = state(family, id).resting.values();
    codes.into_iter().find(|code| code.slot == slot(name)).map(|code| &*code.code)
}

#[test]
fn a_fraud_code_on_an_account_blocks_the_customer_and_all_accounts() {
    let placed = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    assert_eq!(code(&placed.after, CUSTOMER, &FRAUD), Some("F"));
    assert_eq!(code(&placed.after, ACCOUNT, &FRAUD), None);
    for member in [CUSTOMER, ACCOUNT, OTHER_ACCOUNT] {
        assert_eq!(effective(&placed.after, member), Status::Blocked);
    }
    assert_eq!(placed.touched, vec![(CUSTOMER, Facet::Hold(FRAUD))]);
    assert_eq!(placed.effective, Status::Blocked);
}

#[test]
fn a_code_with_scope_account_leaves_the_customer_alone() {
    let placed = accept(&family(), ACCOUNT, hold(&BANK, "T", Status::Suspended, Scope::Account));
    assert_eq!(code(&placed.after, ACCOUNT, &BANK), Some("T"));
    assert_eq!(effective(&placed.after, CUSTOMER), Status::Active);
    assert_eq!(effective(&placed.after, OTHER_ACCOUNT), Status::Active);
    assert_eq!(placed.touched, vec![(ACCOUNT, Facet::Hold(BANK))]);
}

#[test]
fn an_account_of_nobody_keeps_a_code_of_scope_customer_itself() {
    let mut alone = family();
    alone.members.retain(|member| member.id == ACCOUNT);
    alone.members[0].parent = None;
    let placed = accept(&alone, ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    assert_eq!(code(&placed.after, ACCOUNT, &FRAUD), Some("F"));
}

#[test]
fn a_new_code_replaces_the_owners_code_in_both_scopes() {
    let suspended = accept(&family(), ACCOUNT, hold(&BANK, "T", Status::Suspended, Scope::Account));
    let dead =
        accept(&suspended.after, ACCOUNT, hold(&BANK, "D", Status::Blocked, Scope::Customer));
    assert_eq!(code(&dead.after, CUSTOMER, &BANK), Some("D"));
    assert_eq!(code(&dead.after, ACCOUNT, &BANK), None);

    let again = accept(&dead.after, ACCOUNT, hold(&BANK, "H", Status::Suspended, Scope::Account));
    assert_eq!(code(&again.after, CUSTOMER, &BANK), None);
    assert_eq!(code(&again.after, ACCOUNT, &BANK), Some("H"));
    assert_eq!(effective(&again.after, OTHER_ACCOUNT), Status::Active);
    // The customer's registers must be written too: its hold went.
    assert_eq!(again.touched, vec![(CUSTOMER, Facet::Hold(BANK))]);
}

#[test]
fn a_new_code_of_one_owner_leaves_the_others_codes() {
    let fraud = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let both = accept(&fraud.after, ACCOUNT, hold(&BANK, "T", Status::Suspended, Scope::Account));
    assert_eq!(code(&both.after, CUSTOMER, &FRAUD), Some("F"));
    let cleared = accept(&both.after, ACCOUNT, clear(&FRAUD));
    assert_eq!(code(&cleared.after, ACCOUNT, &BANK), Some("T"));
    assert_eq!(cleared.effective, Status::Suspended);
}

#[test]
fn the_same_code_again_keeps_its_date() {
    let place = || hold(&FRAUD, "F", Status::Blocked, Scope::Customer);
    let first = accept(&family(), ACCOUNT, place());
    let Decision::Accept(second) = decided(&first.after, OTHER_ACCOUNT, place(), 60) else {
        panic!("refused")
    };
    assert_eq!(second.after, first.after);
}

#[test]
fn clearing_a_slot_releases_the_hold_wherever_it_stands() {
    let placed = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let cleared = accept(&placed.after, OTHER_ACCOUNT, clear(&FRAUD));
    assert_eq!(cleared.after, family());
    assert!(cleared.touched.contains(&(CUSTOMER, Facet::Hold(FRAUD))));
}

#[test]
fn clearing_a_held_slot_returns_it_to_its_marker() {
    let marked = accept(&family(), ACCOUNT, mark(&FRAUD, "V"));
    let placed =
        accept(&marked.after, ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let cleared = accept(&placed.after, ACCOUNT, clear(&FRAUD));
    assert_eq!(cleared.effective, Status::Active);
    assert_eq!(resting(&cleared.after, ACCOUNT, "ACC1"), Some("V"));
}

#[test]
fn clearing_a_slot_at_rest_leaves_its_marker() {
    let marked = accept(&family(), ACCOUNT, mark(&FRAUD, "V"));
    let cleared = accept(&marked.after, ACCOUNT, clear(&FRAUD));
    assert_eq!(resting(&cleared.after, ACCOUNT, "ACC1"), Some("V"));
    assert_eq!(cleared.after, marked.after);
}

#[test]
fn a_marker_restricts_nothing() {
    let marked = accept(&family(), ACCOUNT, mark(&FRAUD, "V"));
    assert_eq!(marked.effective, Status::Active);
    assert_eq!(resting(&marked.after, ACCOUNT, "ACC1"), Some("V"));
    assert_eq!(resting(&marked.after, CUSTOMER, "ACC1"), None);
}

#[test]
fn a_marker_is_refused_while_a_hold_of_its_slot_stands() {
    let placed = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let standing = Standing::Hold { owner: FRAUD, severity: Status::Blocked };
    assert_eq!(
        refuse(&placed.after, ACCOUNT, mark(&FRAUD, "V")),
        PolicyRefusal::Ineffective { standing: vec![standing] }
    );
    // The other slot does not show that hold.
    accept(&placed.after, ACCOUNT, mark(&BANK, "V"));
}

#[test]
fn a_marker_in_the_slot_of_fraud_does_not_wait_for_the_lifecycle() {
    let suspended = accept(&family(), ACCOUNT, Action::SetLifecycle(Status::Suspended));
    accept(&suspended.after, ACCOUNT, mark(&FRAUD, "V"));
}

#[test]
fn clearing_the_slot_that_shows_the_lifecycle_is_refused_while_that_is_not_active() {
    let suspended = accept(&family(), CUSTOMER, Action::SetLifecycle(Status::Suspended));
    let expected =
        PolicyRefusal::Ineffective { standing: vec![Standing::Lifecycle(Status::Suspended)] };
    assert_eq!(refuse(&suspended.after, ACCOUNT, clear(&BANK)), expected);
    assert_eq!(refuse(&suspended.after, ACCOUNT, mark(&BANK, "V")), expected);
    accept(&suspended.after, ACCOUNT, clear(&FRAUD));
}

#[test]
fn a_final_code_cannot_be_released() {
    let closed = accept(&family(), ACCOUNT, final_hold("C"));
    let refusal = PolicyRefusal::Irreversible { owner: BANK, code: "C".into() };
    assert_eq!(refuse(&closed.after, ACCOUNT, clear(&BANK)), refusal);
}

#[test]
fn a_final_code_cannot_be_replaced_but_by_itself() {
    let closed = accept(&family(), ACCOUNT, final_hold("C"));
    let refusal = PolicyRefusal::Irreversible { owner: BANK, code: "C".into() };
    for scope in [Scope::Account, Scope::Customer] {
        let other = hold(&BANK, "D", Status::Blocked, scope);
        assert_eq!(refuse(&closed.after, ACCOUNT, other), refusal);
    }
    assert_eq!(accept(&closed.after, ACCOUNT, final_hold("C")).after, closed.after);
}

#[test]
fn a_final_code_of_one_owner_does_not_bind_another() {
    let closed = accept(&family(), ACCOUNT, final_hold("C"));
    let both = accept(&closed.after, ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let cleared = accept(&both.after, ACCOUNT, clear(&FRAUD));
    assert_eq!(cleared.effective, Status::Closed);
}

#[test]
fn a_final_code_can_be_left_where_the_policy_says_so() {
    let closed = accept(&family(), ACCOUNT, final_hold("C"));
    let policy = Policy { allow_leaving_irreversible: true, ..Policy::shipped(Vec::new()) };
    let decision = decided_under(&policy, &closed.after, ACCOUNT, clear(&BANK), 0);
    let Decision::Accept(cleared) = decision else { panic!("{decision:?}") };
    assert_eq!(cleared.effective, Status::Active);
}

#[test]
fn a_refusal_says_who_may_release_what_stands() {
    let placed = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let refusal = refuse(&placed.after, CUSTOMER, Action::SetLifecycle(Status::Active));
    assert_eq!(
        refusal.to_string(),
        "it would have no effect while the BLOCKED hold of fraud (released by fraud) stands"
    );
}

#[test]
fn a_change_without_effect_is_accepted_where_the_policy_says_so() {
    let placed = accept(&family(), ACCOUNT, hold(&FRAUD, "F", Status::Blocked, Scope::Customer));
    let policy = Policy { allow_ineffective: true, ..Policy::shipped(Vec::new()) };
    let action = Action::SetLifecycle(Status::Dormant);
    let decision = decided_under(&policy, &placed.after, CUSTOMER, action, 0);
    let Decision::Accept(accepted) = decision else { panic!("{decision:?}") };
    assert_eq!(state(&accepted.after, CUSTOMER).lifecycle, Status::Dormant);
    assert_eq!(accepted.effective, Status::Blocked);
}

#[test]
fn a_denied_move_says_where_one_may_go_instead() {
    let deny = Rule {
        formats: Vec::new(),
        clients: vec!["card-console".into()],
        facets: vec!["lifecycle".into()],
        from: vec![Status::Active],
        to: vec![Status::Dormant, Status::Blacklisted, Status::Closed],
        same: false,
        effect: Effect::Deny("not from the card console".into()),
    };
    let policy = Policy { rules: vec![deny], ..Policy::default() };
    let action = Action::SetLifecycle(Status::Closed);
    let decision = decided_under(&policy, &family(), ACCOUNT, action, 0);
    let Decision::Refuse(PolicyRefusal::Denied { allowed, .. }) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(allowed, vec![Status::Inactive, Status::Suspended, Status::Blocked]);
}

#[test]
fn unlocking_an_unlocked_record_changes_nothing() {
    let unlock = Action::SetEditLock { lock: EditLock::Unlocked, kept_while: Vec::new() };
    let unlocked = accept(&family(), CUSTOMER, unlock);
    assert_eq!(unlocked.after, family());
    assert_eq!(unlocked.touched, vec![(CUSTOMER, Facet::EditLock)]);
}

#[test]
fn unlocking_a_blocked_customer_leaves_it_blocked() {
    let blocked = accept(&family(), CUSTOMER, Action::SetLifecycle(Status::Blocked));
    let unlock = Action::SetEditLock { lock: EditLock::Unlocked, kept_while: Vec::new() };
    assert_eq!(accept(&blocked.after, CUSTOMER, unlock).effective, Status::Blocked);
}

#[test]
fn a_marker_is_refused_while_a_hold_that_restricts_nothing_fills_its_slot() {
    let native = NativeCode { slot: slot("ACC2"), code: "R".into() };
    let renewal = Action::PlaceHold {
        owner: BANK,
        severity: None,
        native,
        reversible: true,
        scope: Scope::Account,
    };
    let placed = accept(&family(), ACCOUNT, renewal);
    let decision = decided(&placed.after, ACCOUNT, mark(&BANK, "V"), 0);
    assert!(matches!(decision, Decision::Refuse(_)), "{decision:?}");
}

#[test]
fn a_final_code_on_the_customer_outlives_a_repeat_of_the_accounts_final_code() {
    let account = accept(&family(), ACCOUNT, final_hold("C"));
    let native = NativeCode { slot: slot("ACC2"), code: "D".into() };
    let on_customer = Action::PlaceHold {
        owner: BANK,
        severity: Some(Status::Blocked),
        native,
        reversible: false,
        scope: Scope::Customer,
    };
    let both = accept(&account.after, OTHER_ACCOUNT, on_customer);
    let decision = decided(&both.after, ACCOUNT, final_hold("C"), 0);
    let after = match decision {
        Decision::Accept(accepted) => accepted.after,
        Decision::Refuse(_) | Decision::NeedsApproval => both.after,
    };
    assert_eq!(code(&after, CUSTOMER, &BANK), Some("D"));
}

#[test]
fn a_final_code_stays_final_when_it_comes_again_with_another_severity() {
    let closed = accept(&family(), ACCOUNT, final_hold("C"));
    let weaker = hold(&BANK, "C", Status::Suspended, Scope::Account);
    let after = match decided(&closed.after, ACCOUNT, weaker, 0) {
        Decision::Accept(accepted) => accepted.after,
        Decision::Refuse(_) | Decision::NeedsApproval => closed.after,
    };
    assert_eq!(effective(&after, ACCOUNT), Status::Closed);
}

#[test]
fn putting_back_one_owners_hold_leaves_the_marker_of_another_slot() {
    let before = SubjectState::new();
    let marked = accept(&family(), ACCOUNT, mark(&BANK, "W"));
    let mut state = state(&marked.after, ACCOUNT).clone();
    state.restore(&Facet::Hold(FRAUD), &before);
    assert_eq!(state.resting.get(&BANK).map(|code| &*code.code), Some("W"));
}
