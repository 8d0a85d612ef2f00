//! What holds for every state and every change.

#![expect(clippy::panic, reason = "test code")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use status_domain::answer::{PolicyRefusal, Standing};
use status_domain::command::{Action, ChangeRequest, Scope, SlotShows};
use status_domain::decide::{Accepted, Context, Decision, decide};
use status_domain::facet::EditLock;
use status_domain::failure::UpstreamRefusal;
use status_domain::family::Family;
use status_domain::hold::{Hold, HoldOwner, NativeCode, Slot};
use status_domain::ids::{SubjectId, System};
use status_domain::policy::Policy;
use status_domain::principal::{Person, Principal, Role};
use status_domain::profile::{Gender, Profile, Title};
use status_domain::register::RegisterName;
use status_domain::settle::{Assertion, AssertionState, Settled, settle};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState};
use uuid::Uuid;

const OWNERS: [HoldOwner; 3] =
    [HoldOwner::new("fraud"), HoldOwner::new("bank"), HoldOwner::new("legal")];

fn slot(name: &'static str) -> Slot {
    Slot { system: System::new("way4"), name: name.into() }
}

fn any_status() -> impl Strategy<Value = Status> {
    proptest::sample::select(Status::ALL.to_vec())
}

fn any_owner() -> impl Strategy<Value = HoldOwner> {
    proptest::sample::select(OWNERS.to_vec())
}

fn any_slot() -> impl Strategy<Value = Slot> {
    proptest::sample::select(vec![slot("ACC1"), slot("ACC2")])
}

fn any_native() -> impl Strategy<Value = NativeCode> {
    (any_slot(), "[FOD]").prop_map(|(slot, code)| NativeCode { slot, code: code.into() })
}

fn any_hold() -> impl Strategy<Value = Hold> {
    let reversible = proptest::bool::weighted(0.8);
    (proptest::option::of(any_status()), proptest::option::of(any_native()), reversible).prop_map(
        |(severity, native, reversible)| Hold {
            severity,
            native,
            reversible,
            reason: None,
            placed_at: DateTime::UNIX_EPOCH,
        },
    )
}

fn any_lock() -> impl Strategy<Value = EditLock> {
    prop_oneof![Just(EditLock::Locked), Just(EditLock::Unlocked)]
}

fn any_state() -> impl Strategy<Value = SubjectState> {
    let lifecycle = prop_oneof![2 => Just(Status::Active), 1 => any_status()];
    let holds = proptest::collection::btree_map(any_owner(), any_hold(), 0..3);
    let resting = proptest::collection::btree_map(
        any_owner(),
        any_slot().prop_map(|slot| NativeCode { slot, code: "V".into() }),
        0..2,
    );
    (lifecycle, holds, any_lock(), resting, proptest::option::of(any_profile())).prop_map(
        |(lifecycle, holds, edit_lock, resting, pending_profile)| SubjectState {
            lifecycle,
            holds,
            edit_lock,
            resting,
            pending_profile,
        },
    )
}

fn id(number: usize) -> SubjectId {
    SubjectId(Uuid::from_u128(number as u128))
}

/// A customer (number 0) with two accounts, or an account without a customer (number 3).
fn any_family() -> impl Strategy<Value = Family> {
    let states = proptest::collection::vec(any_state(), 4);
    (states, any::<bool>()).prop_map(|(states, with_customer)| {
        let member = |(number, state)| Subject {
            id: id(number),
            kind: if number == 0 { SubjectKind::Customer } else { SubjectKind::Account },
            parent: (number == 1 || number == 2).then(|| id(0)),
            identifiers: Vec::new(),
            state,
        };
        let numbers = if with_customer { 0..3 } else { 3..4 };
        let members = states.into_iter().enumerate().filter(|(number, _)| numbers.contains(number));
        Family { members: members.map(member).collect() }
    })
}

fn any_target() -> impl Strategy<Value = (Family, SubjectId)> {
    any_family().prop_flat_map(|family| {
        let ids: Vec<SubjectId> = family.members.iter().map(|member| member.id).collect();
        (Just(family), proptest::sample::select(ids))
    })
}

fn any_action() -> impl Strategy<Value = Action> {
    let shows = || {
        let owners = proptest::sample::subsequence(OWNERS.to_vec(), 0..=3);
        prop_oneof![Just(SlotShows::OwnerOnly), owners.prop_map(SlotShows::AllBut)]
    };
    let scope = prop_oneof![Just(Scope::Account), Just(Scope::Customer)];
    let severity = proptest::option::of(any_status());
    prop_oneof![
        any_status().prop_map(Action::SetLifecycle),
        (any_owner(), severity, any_native(), any::<bool>(), scope).prop_map(
            |(owner, severity, native, reversible, scope)| Action::PlaceHold {
                owner,
                severity,
                native,
                reversible,
                scope,
            }
        ),
        (any_owner(), any_slot(), shows()).prop_map(|(owner, slot, shows)| Action::ReleaseHold {
            owner,
            slot,
            shows
        }),
        (any_owner(), any_native(), shows())
            .prop_map(|(owner, native, shows)| Action::SetResting { owner, native, shows }),
        (any_lock(), proptest::sample::subsequence(Status::ALL.to_vec(), 0..=7))
            .prop_map(|(lock, kept_while)| Action::SetEditLock { lock, kept_while }),
        any_profile().prop_map(Action::UpdateProfile),
    ]
}

fn any_text() -> impl Strategy<Value = Option<Box<str>>> {
    proptest::option::of("[a-z]{1,3}".prop_map(Box::from))
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let title = proptest::option::of(prop_oneof![Just(Title::Mr), Just(Title::Ms)]);
    let gender = proptest::option::of(prop_oneof![Just(Gender::Male), Just(Gender::Female)]);
    let texts = proptest::collection::vec(any_text(), 12);
    (title, gender, texts).prop_map(|(title, gender, texts)| {
        let mut texts = texts.into_iter().map(Option::unwrap_or_default);
        let mut next = || texts.next().filter(|text| !text.is_empty());
        Profile {
            title,
            gender,
            first_name: next(),
            last_name: next(),
            date_of_birth: next(),
            address_line: next(),
            city: next(),
            state: next(),
            country: next(),
            postal_code: next(),
            phone_number: next(),
            email: next(),
            institution_name: next(),
            institution_id: next(),
        }
    })
}

/// The shipped rules, with either exception granted or not.
fn any_policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(allow_ineffective, allow_leaving_irreversible, approving)| Policy {
            allow_ineffective,
            allow_leaving_irreversible,
            ..Policy::shipped(if approving { vec![System::new("capillary")] } else { Vec::new() })
        },
    )
}

fn principal() -> Principal {
    Principal {
        format: System::new("capillary"),
        client: "console".into(),
        tenant: "bank".into(),
        person: Person { id: "m1".into(), number: None, name: "maker".into() },
        roles: BTreeSet::from([Role::Maker]),
    }
}

fn request(action: Action) -> ChangeRequest {
    ChangeRequest {
        named_by: Vec::new(),
        kind: SubjectKind::Account,
        action,
        reason: None,
        native: None,
        idempotency: None,
        shown_as_request: false,
    }
}

/// Whether a second person has agreed.
#[derive(Clone, Copy)]
enum Agreed {
    Yes,
    No,
}

/// Decides `minutes` after the epoch.
fn decide_at(
    minutes: i64,
    family: &Family,
    target: SubjectId,
    action: &Action,
    policy: &Policy,
    agreed: Agreed,
) -> Decision {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    let by = principal();
    let approved = matches!(agreed, Agreed::Yes);
    let context = Context { by: &by, policy, approved, now };
    decide(family, target, &request(action.clone()), &context)
}

/// The accepted change, if it was accepted.
fn accepted(decision: Decision) -> Option<Accepted> {
    match decision {
        Decision::Accept(accepted) => Some(accepted),
        Decision::Refuse(_) | Decision::NeedsApproval => None,
    }
}

fn effective(family: &Family, id: SubjectId) -> Status {
    family.view(id).map_or_else(|| panic!("{id} is not in the family"), |view| view.effective())
}

fn parent(family: &Family, id: SubjectId) -> Option<SubjectId> {
    family.member(id).and_then(|member| member.parent)
}

/// Raises one thing: the lifecycle, a hold that stands, or by a hold that did not stand.
fn raise(state: &mut SubjectState, what: Option<HoldOwner>, to: Status, hold: &Hold) {
    let Some(owner) = what else {
        state.lifecycle = state.lifecycle.max(to);
        return;
    };
    let hold = state.holds.entry(owner).or_insert_with(|| Hold { severity: None, ..hold.clone() });
    hold.severity = Some(hold.severity.map_or(to, |severity| severity.max(to)));
}

proptest! {
    /// More restriction anywhere never lowers the effective status of anybody.
    #[test]
    fn restricting_one_never_frees_anybody(
        (family, raised) in any_target(),
        what in proptest::option::of(any_owner()),
        to in any_status(),
        hold in any_hold(),
    ) {
        let mut after = family.clone();
        let Some(member) = after.member_mut(raised) else { panic!("a member") };
        raise(&mut member.state, what, to, &hold);
        for member in &family.members {
            prop_assert!(effective(&after, member.id) >= effective(&family, member.id));
        }
        prop_assert!(effective(&after, raised) >= to);
        for reached in after.reach(raised) {
            prop_assert!(effective(&after, reached) >= to);
        }
    }

    /// A repeat changes nothing.
    #[test]
    fn deciding_an_accepted_change_again_leaves_the_same_state(
        (family, target) in any_target(),
        action in any_action(),
        policy in any_policy(),
    ) {
        let first = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        let Some(first) = accepted(first) else { return Ok(()) };
        let second = decide_at(2, &first.after, target, &action, &policy, Agreed::Yes);
        let Decision::Accept(second) = second else { panic!("{second:?}") };
        prop_assert_eq!(&second.after, &first.after);
        prop_assert_eq!(second.effective, first.effective);
    }

    /// A change stays with whom it names and their customer.
    #[test]
    fn nobody_but_the_target_and_its_customer_is_changed(
        (family, target) in any_target(),
        action in any_action(),
        policy in any_policy(),
    ) {
        let decision = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        let Some(accepted) = accepted(decision) else { return Ok(()) };
        let concerned = |id: SubjectId| id == target || Some(id) == parent(&family, target);
        prop_assert_eq!(accepted.after.members.len(), family.members.len());
        for (before, after) in family.members.iter().zip(&accepted.after.members) {
            prop_assert!(before == after || concerned(before.id));
        }
        prop_assert!(accepted.touched.iter().all(|(id, _)| concerned(*id)));
        prop_assert_eq!(accepted.effective, effective(&accepted.after, target));
    }

    /// Whoever is affected by a change has its registers asserted, and so has always the target.
    #[test]
    fn whoever_is_affected_is_touched_or_reached(
        (family, target) in any_target(),
        action in any_action(),
        policy in any_policy(),
    ) {
        let decision = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        let Some(accepted) = accepted(decision) else { return Ok(()) };
        let reached: BTreeSet<SubjectId> =
            accepted.touched.iter().flat_map(|(id, _)| accepted.after.reach(*id)).collect();
        prop_assert!(reached.contains(&target));
        for (before, after) in family.members.iter().zip(&accepted.after.members) {
            let is_same = before == after
                && effective(&family, before.id) == effective(&accepted.after, before.id);
            prop_assert!(is_same || reached.contains(&before.id));
        }
        let facet = action.facet();
        prop_assert!(accepted.touched.iter().all(|(_, touched)| *touched == facet));
    }

    /// A second person can allow what needs one, and nothing else: what is refused stays refused, and
    /// what needs nobody comes to the same.
    #[test]
    fn approval_changes_only_what_needed_it(
        (family, target) in any_target(),
        action in any_action(),
        policy in any_policy(),
    ) {
        let alone = decide_at(1, &family, target, &action, &policy, Agreed::No);
        let agreed = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        match alone {
            Decision::NeedsApproval => prop_assert!(accepted(agreed).is_some()),
            Decision::Refuse(_) | Decision::Accept(_) => prop_assert_eq!(alone, agreed),
        }
    }

    /// Placing a hold and releasing it leaves no trace, where its owner had none before.
    #[test]
    fn releasing_a_new_hold_restores_the_former_state(
        (mut family, target) in any_target(),
        owner in any_owner(),
        severity in any_status(),
        native in any_native(),
        scope in prop_oneof![Just(Scope::Account), Just(Scope::Customer)],
    ) {
        for member in &mut family.members {
            member.state.holds.remove(&owner);
        }
        let policy = Policy::default();
        let slot = native.slot.clone();
        let place = Action::PlaceHold {
            owner: owner.clone(), severity: Some(severity), native, reversible: true, scope,
        };
        let release = Action::ReleaseHold { owner, slot, shows: SlotShows::OwnerOnly };
        let placed = decide_at(1, &family, target, &place, &policy, Agreed::No);
        let Decision::Accept(placed) = placed else { panic!("{placed:?}") };
        prop_assert_eq!(placed.effective, effective(&family, target).max(severity));
        let released = decide_at(2, &placed.after, target, &release, &policy, Agreed::No);
        let Decision::Accept(released) = released else { panic!("{released:?}") };
        prop_assert_eq!(released.effective, effective(&family, target));
        prop_assert_eq!(released.after, family);
    }

    /// No change of any kind takes anybody out of CLOSED.
    #[test]
    fn closed_is_never_left_under_the_shipped_policy(
        (family, target) in any_target(),
        action in any_action(),
        policy in any_policy(),
    ) {
        let decision = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        let Some(accepted) = accepted(decision) else { return Ok(()) };
        for (before, after) in family.members.iter().zip(&accepted.after.members) {
            let was_closed = before.state.lifecycle == Status::Closed;
            prop_assert!(!was_closed || after.state.lifecycle == Status::Closed);
        }
    }

    /// The refusal says so and offers nothing.
    #[test]
    fn leaving_closed_is_denied_without_alternatives(
        (mut family, target) in any_target(),
        to in any_status(),
        policy in any_policy(),
    ) {
        prop_assume!(to != Status::Closed);
        let Some(member) = family.member_mut(target) else { panic!("a member") };
        member.state.lifecycle = Status::Closed;
        let decision =
            decide_at(1, &family, target, &Action::SetLifecycle(to), &policy, Agreed::Yes);
        let Decision::Refuse(PolicyRefusal::Denied { from, to: asked, allowed, .. }) = decision else {
            panic!("{decision:?}")
        };
        prop_assert_eq!((from, asked, allowed), (Status::Closed, to, Vec::new()));
    }

    /// Nobody leaves BLACKLISTED on one person's word.
    #[test]
    fn blacklisted_is_left_only_with_approval(
        (mut family, target) in any_target(),
        to in any_status(),
    ) {
        prop_assume!(to != Status::Blacklisted);
        for member in &mut family.members {
            member.state = SubjectState::new();
        }
        let Some(member) = family.member_mut(target) else { panic!("a member") };
        member.state.lifecycle = Status::Blacklisted;
        let (action, policy) = (Action::SetLifecycle(to), Policy::shipped(Vec::new()));
        let alone = decide_at(1, &family, target, &action, &policy, Agreed::No);
        prop_assert_eq!(alone, Decision::NeedsApproval);
        let agreed = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        prop_assert_eq!(accepted(agreed).map(|accepted| accepted.effective), Some(to));
    }

    /// What is accepted takes effect.
    #[test]
    fn an_accepted_lifecycle_status_is_the_effective_one(
        (family, target) in any_target(),
        to in any_status(),
    ) {
        let policy = Policy::shipped(Vec::new());
        let action = Action::SetLifecycle(to);
        let decision = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        if let Some(accepted) = accepted(decision) {
            prop_assert_eq!(accepted.effective, to);
        }
    }

    /// What would have no effect is refused, and the refusal names the hold.
    #[test]
    fn a_status_below_a_hold_is_refused_and_names_the_hold(
        (mut family, target) in any_target(),
        on_customer in any::<bool>(),
        owner in any_owner(),
        hold in any_hold(),
        severity in any_status(),
        to in any_status(),
    ) {
        prop_assume!(severity > to);
        let parent = parent(&family, target).filter(|_| on_customer);
        let Some(member) = family.member_mut(parent.unwrap_or(target)) else { panic!("a member") };
        member.state.holds.insert(owner.clone(), Hold { severity: Some(severity), ..hold });
        let Some(member) = family.member_mut(target) else { panic!("a member") };
        member.state.lifecycle = Status::Active;
        let policy = Policy::shipped(Vec::new());
        let action = Action::SetLifecycle(to);
        let decision = decide_at(1, &family, target, &action, &policy, Agreed::Yes);
        let Decision::Refuse(PolicyRefusal::Ineffective { standing }) = decision else {
            panic!("{decision:?}")
        };
        prop_assert!(standing.contains(&Standing::Hold { owner, severity }), "{:?}", standing);
    }

    /// A status that guards a record keeps it locked. ACTIVE guards nothing.
    #[test]
    fn unlocking_is_refused_while_a_guarding_status_holds(
        (family, target) in any_target(),
        kept_while in proptest::sample::subsequence(Status::ALL[1..].to_vec(), 1..=6),
    ) {
        let policy = Policy::shipped(Vec::new());
        let is_kept = kept_while.contains(&effective(&family, target));
        let action = Action::SetEditLock { lock: EditLock::Unlocked, kept_while };
        match decide_at(1, &family, target, &action, &policy, Agreed::No) {
            Decision::Refuse(PolicyRefusal::Ineffective { standing }) => {
                prop_assert!(is_kept && !standing.is_empty());
            }
            Decision::Accept(accepted) => {
                prop_assert!(!is_kept);
                let lock = accepted.after.member(target).map(|member| member.state.edit_lock);
                prop_assert_eq!(lock, Some(EditLock::Unlocked));
            }
            Decision::Refuse(_) | Decision::NeedsApproval => prop_assert!(false, "neither"),
        }
    }
}

/// The fields of a profile by name, as texts.
fn fields(profile: &Profile) -> BTreeMap<&'static str, String> {
    let text = |field: &Option<Box<str>>| field.as_deref().map(str::to_owned);
    let fields = [
        ("title", profile.title.map(|title| format!("{title:?}"))),
        ("gender", profile.gender.map(|gender| format!("{gender:?}"))),
        ("first_name", text(&profile.first_name)),
        ("last_name", text(&profile.last_name)),
        ("date_of_birth", text(&profile.date_of_birth)),
        ("address_line", text(&profile.address_line)),
        ("city", text(&profile.city)),
        ("state", text(&profile.state)),
        ("country", text(&profile.country)),
        ("postal_code", text(&profile.postal_code)),
        ("phone_number", text(&profile.phone_number)),
        ("email", text(&profile.email)),
        ("institution_name", text(&profile.institution_name)),
        ("institution_id", text(&profile.institution_id)),
    ];
    fields.into_iter().filter_map(|(name, field)| Some((name, field?))).collect()
}

proptest! {
    #[test]
    fn laying_details_over_details_is_associative(
        a in any_profile(),
        b in any_profile(),
        c in any_profile(),
    ) {
        let left = a.clone().merged_with(b.clone()).merged_with(c.clone());
        let right = a.merged_with(b.merged_with(c));
        prop_assert_eq!(left, right);
    }

    #[test]
    fn the_newer_detail_wins_and_a_missing_one_leaves_the_older(
        older in any_profile(),
        newer in any_profile(),
    ) {
        let mut expected = fields(&older);
        expected.extend(fields(&newer));
        prop_assert_eq!(fields(&older.merged_with(newer)), expected);
    }

    #[test]
    fn details_are_never_printed(profile in any_profile()) {
        let mut printed = format!("{profile:?}");
        let given = fields(&profile);
        for name in given.keys() {
            prop_assert!(printed.contains(name));
        }
        for name in fields(&Profile { title: Some(Title::Mr), ..full() }).keys().rev() {
            printed = printed.replace(name, "");
        }
        prop_assert!(!printed.contains(|c: char| c.is_alphanumeric()), "{}", printed);
    }
}

/// A profile in which every text is given.
fn full() -> Profile {
    let text = || Some(Box::from("x"));
    Profile {
        title: None,
        gender: Some(Gender::Male),
        first_name: text(),
        last_name: text(),
        date_of_birth: text(),
        address_line: text(),
        city: text(),
        state: text(),
        country: text(),
        postal_code: text(),
        phone_number: text(),
        email: text(),
        institution_name: text(),
        institution_id: text(),
    }
}

fn any_assertion() -> impl Strategy<Value = Assertion> {
    let system = proptest::sample::select(vec!["netxd", "way4", "capillary", "n4n"]);
    let state = prop_oneof![
        3 => Just(AssertionState::Confirmed),
        1 => Just(AssertionState::Pending),
        1 => Just(AssertionState::InFlight),
        1 => "[A-Z]{1,3}".prop_map(|code| {
            AssertionState::Refused(UpstreamRefusal::new(200, &code, "refused"))
        }),
        1 => Just(AssertionState::Superseded),
        1 => Just(AssertionState::Parked),
        1 => Just(AssertionState::Withdrawn),
    ];
    (system, state, proptest::bool::weighted(0.8)).prop_map(|(system, state, required)| Assertion {
        subject: id(1),
        system: System::new(system),
        register: RegisterName::new("status"),
        version: 1,
        required,
        state,
    })
}

proptest! {
    #[test]
    fn applied_means_that_every_required_upstream_confirmed(
        assertions in proptest::collection::vec(any_assertion(), 0..6),
    ) {
        let settled = settle(&assertions, &System::new("way4"));
        let mut required = assertions.iter().filter(|one| one.required);
        let all_confirmed = required.all(|one| one.state == AssertionState::Confirmed);
        prop_assert_eq!(settled == Settled::Applied, all_confirmed);
    }

    #[test]
    fn nothing_is_reverted_while_an_upstream_holds_it_or_may_come_to(
        assertions in proptest::collection::vec(any_assertion(), 0..6),
    ) {
        let holds = |one: &Assertion| {
            matches!(one.state, AssertionState::Confirmed | AssertionState::InFlight)
        };
        if let Settled::Reverted { system, refusal } = settle(&assertions, &System::new("way4")) {
            prop_assert!(!assertions.iter().any(holds));
            let refused = AssertionState::Refused(refusal);
            let mut required = assertions.iter().filter(|one| one.required);
            prop_assert!(required.any(|one| one.system == system && one.state == refused));
        }
    }

    /// An upstream that is not required keeps nobody waiting, except for the answer to a request that is
    /// under way when another refuses.
    #[test]
    fn what_is_open_can_still_change_and_what_is_partly_applied_cannot(
        assertions in proptest::collection::vec(any_assertion(), 0..6),
    ) {
        let unfinished = |one: &&Assertion| {
            matches!(one.state, AssertionState::Pending | AssertionState::InFlight)
        };
        let required = assertions.iter().any(|one| one.required && unfinished(&one));
        let confirmed = assertions.iter().any(|one| one.state == AssertionState::Confirmed);
        match settle(&assertions, &System::new("way4")) {
            Settled::Open => {
                let under_way = assertions.iter().any(|one| one.state == AssertionState::InFlight);
                prop_assert!(required || under_way);
            }
            Settled::Partly { missing } => {
                prop_assert!(!missing.is_empty() && !required && confirmed);
            }
            Settled::Unknown => prop_assert!(!required && !confirmed),
            Settled::Applied | Settled::Superseded => prop_assert!(!required),
            Settled::Reverted { .. } => prop_assert!(!confirmed),
        }
    }

    #[test]
    fn the_callers_own_system_is_quoted_first(
        mut assertions in proptest::collection::vec(any_assertion(), 0..6),
    ) {
        let way4 = System::new("way4");
        let holds = |one: &Assertion| {
            matches!(one.state, AssertionState::Confirmed | AssertionState::InFlight)
        };
        assertions.retain(|one| !holds(one));
        let refusal = UpstreamRefusal::new(200, "own", "own words");
        let state = AssertionState::Refused(refusal.clone());
        let own = Assertion {
            subject: id(1),
            system: way4.clone(),
            register: RegisterName::new("ACC1"),
            version: 1,
            required: true,
            state,
        };
        assertions.retain(|one| one.system != way4);
        assertions.push(own);
        prop_assert_eq!(settle(&assertions, &way4), Settled::Reverted { system: way4, refusal });
    }
}
