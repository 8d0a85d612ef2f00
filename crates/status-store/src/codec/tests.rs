use std::borrow::Cow;

use chrono::DateTime;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use status_domain::approval::ApprovalState;
use status_domain::command::{Action, ChangeRequest, Scope, SlotShows};
use status_domain::facet::{EditLock, Facet};
use status_domain::failure::UpstreamRefusal;
use status_domain::hold::{Hold, HoldOwner, NativeCode, Slot};
use status_domain::ids::{IdempotencyKey, Identifier, SubjectId, System};
use status_domain::principal::{Person, Principal, Role};
use status_domain::profile::{Gender, Profile, Title};
use status_domain::register::RegisterName;
use status_domain::settle::{Assertion, AssertionState};
use status_domain::status::Status;
use status_domain::subject::{SubjectKind, SubjectState};
use status_domain::text::{Native, Reason};
use uuid::Uuid;

use super::{Stored, decode, encode, word};
use crate::record::{ChangeOutcome, RegisterState};
use crate::store::StoreError;

fn text() -> impl Strategy<Value = Box<str>> {
    ".{0,12}".prop_map(String::into_boxed_str)
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9_-]{1,32}"
}

fn system() -> impl Strategy<Value = System> {
    name().prop_map(|name| name.parse().unwrap())
}

fn owner() -> impl Strategy<Value = HoldOwner> {
    name().prop_map(|name| name.parse().unwrap())
}

fn subject_id() -> impl Strategy<Value = SubjectId> {
    any::<u128>().prop_map(|id| SubjectId(Uuid::from_u128(id)))
}

fn status() -> impl Strategy<Value = Status> {
    select(Status::ALL.to_vec())
}

fn reason() -> impl Strategy<Value = Reason> {
    "[^\\pC]{0,20}[a-z]".prop_map(|text| text.parse().unwrap())
}

fn slot() -> impl Strategy<Value = Slot> {
    (system(), text())
        .prop_map(|(system, name)| Slot { system, name: Cow::Owned(name.into_string()) })
}

fn code() -> impl Strategy<Value = NativeCode> {
    (slot(), text()).prop_map(|(slot, code)| NativeCode { slot, code })
}

fn native() -> impl Strategy<Value = Native> {
    (text(), vec((text(), text()), 0..3)).prop_map(|(text, attributes)| Native { text, attributes })
}

fn refusal() -> impl Strategy<Value = UpstreamRefusal> {
    (any::<u16>(), text(), text()).prop_map(|(http_status, code, message)| UpstreamRefusal {
        http_status,
        code,
        message,
    })
}

fn hold() -> impl Strategy<Value = Hold> {
    // From 1970 to the year 2286.
    let at = (0..10_i64.pow(16)).prop_map(|us| DateTime::from_timestamp_micros(us).unwrap());
    (of(status()), of(code()), any::<bool>(), of(reason()), at).prop_map(
        |(severity, native, reversible, reason, placed_at)| Hold {
            severity,
            native,
            reversible,
            reason,
            placed_at,
        },
    )
}

fn profile() -> impl Strategy<Value = Profile> {
    let title = of(select(vec![Title::Mr, Title::Ms, Title::Mrs]));
    let gender = of(select(vec![Gender::Male, Gender::Female]));
    (vec(of(text()), 12), title, gender).prop_map(|(texts, title, gender)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        Profile {
            first_name: next(),
            last_name: next(),
            date_of_birth: next(),
            title,
            gender,
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

fn edit_lock() -> impl Strategy<Value = EditLock> {
    select(vec![EditLock::Unlocked, EditLock::Locked])
}

fn state() -> impl Strategy<Value = SubjectState> {
    let holds = btree_map(owner(), hold(), 0..3);
    let resting = btree_map(owner(), code(), 0..3);
    (status(), holds, edit_lock(), resting, of(profile())).prop_map(
        |(lifecycle, holds, edit_lock, resting, pending_profile)| SubjectState {
            lifecycle,
            holds,
            edit_lock,
            resting,
            pending_profile,
        },
    )
}

fn person() -> impl Strategy<Value = Person> {
    (text(), of(any::<i64>()), text()).prop_map(|(id, number, name)| Person { id, number, name })
}

fn principal() -> impl Strategy<Value = Principal> {
    let roles = btree_set(select(vec![Role::Maker, Role::Checker]), 0..=2);
    (system(), text(), text(), person(), roles).prop_map(
        |(format, client, tenant, person, roles)| Principal {
            format,
            client,
            tenant,
            person,
            roles,
        },
    )
}

fn outcome() -> impl Strategy<Value = ChangeOutcome> {
    prop_oneof![
        Just(ChangeOutcome::Waiting),
        Just(ChangeOutcome::Open),
        Just(ChangeOutcome::Applied),
        vec(system(), 0..3).prop_map(ChangeOutcome::Partly),
        (system(), refusal()).prop_map(|(system, refusal)| ChangeOutcome::Refused(system, refusal)),
        Just(ChangeOutcome::Rejected),
        Just(ChangeOutcome::Unknown),
        Just(ChangeOutcome::Superseded),
    ]
}

fn assertion() -> impl Strategy<Value = Assertion> {
    let state = prop_oneof![
        Just(AssertionState::Pending),
        Just(AssertionState::InFlight),
        Just(AssertionState::Confirmed),
        refusal().prop_map(AssertionState::Refused),
        Just(AssertionState::Superseded),
        Just(AssertionState::Parked),
        Just(AssertionState::Withdrawn),
    ];
    (subject_id(), system(), text(), any::<u64>(), any::<bool>(), state).prop_map(
        |(subject, system, register, version, required, state)| Assertion {
            subject,
            system,
            register: RegisterName::recorded(&register),
            version,
            required,
            state,
        },
    )
}

fn shows() -> impl Strategy<Value = SlotShows> {
    prop_oneof![Just(SlotShows::OwnerOnly), vec(owner(), 0..3).prop_map(SlotShows::AllBut)]
}

fn action() -> impl Strategy<Value = Action> {
    let scope = select(vec![Scope::Account, Scope::Customer]);
    prop_oneof![
        status().prop_map(Action::SetLifecycle),
        (owner(), of(status()), code(), any::<bool>(), scope).prop_map(
            |(owner, severity, native, reversible, scope)| Action::PlaceHold {
                owner,
                severity,
                native,
                reversible,
                scope
            }
        ),
        (owner(), slot(), shows()).prop_map(|(owner, slot, shows)| Action::ReleaseHold {
            owner,
            slot,
            shows
        }),
        (owner(), code(), shows()).prop_map(|(owner, native, shows)| Action::SetResting {
            owner,
            native,
            shows
        }),
        (edit_lock(), vec(status(), 0..3))
            .prop_map(|(lock, kept_while)| Action::SetEditLock { lock, kept_while }),
        profile().prop_map(Action::UpdateProfile),
    ]
}

fn identifier() -> impl Strategy<Value = Identifier> {
    (system(), name(), "[^\\pC]{0,20}[0-9]").prop_map(|(system, kind, value)| Identifier {
        system,
        kind: kind.parse().unwrap(),
        value: value.parse().unwrap(),
    })
}

fn request() -> impl Strategy<Value = ChangeRequest> {
    let kind = select(vec![SubjectKind::Customer, SubjectKind::Account]);
    let key = (text(), text()).prop_map(|(key, content)| IdempotencyKey { key, content });
    let named_by = vec(identifier(), 1..3);
    (named_by, kind, action(), of(reason()), of(native()), of(key), any::<bool>()).prop_map(
        |(named_by, kind, action, reason, native, idempotency, shown_as_request)| ChangeRequest {
            named_by,
            kind,
            action,
            reason,
            native,
            idempotency,
            shown_as_request,
        },
    )
}

fn facet() -> impl Strategy<Value = Facet> {
    prop_oneof![
        Just(Facet::Lifecycle),
        owner().prop_map(Facet::Hold),
        Just(Facet::EditLock),
        Just(Facet::Profile),
    ]
}

#[track_caller]
fn read_back<T>(value: T) -> Result<(), TestCaseError>
where
    T: Stored + PartialEq + std::fmt::Debug + 'static,
    T::Mirror<'static>: serde::de::DeserializeOwned,
{
    let text = encode(&value).unwrap();
    prop_assert_eq!(decode::<T>(&text, "any").unwrap(), value);
    Ok(())
}

proptest! {
    #[test]
    fn a_state_is_read_as_it_was_written(value in state()) {
        read_back(value)?;
    }

    #[test]
    fn a_principal_is_read_as_it_was_written(value in principal()) {
        read_back(value)?;
    }

    #[test]
    fn assertions_are_read_as_they_were_written(value in vec(assertion(), 0..3)) {
        read_back(value)?;
    }

    #[test]
    fn a_native_part_is_read_as_it_was_written(value in native()) {
        read_back(value)?;
    }

    #[test]
    fn a_request_is_read_as_it_was_written(value in request()) {
        read_back(value)?;
    }

    #[test]
    fn an_outcome_is_read_as_it_was_written(value in outcome()) {
        read_back(value)?;
    }

    #[test]
    fn a_refusal_is_read_as_it_was_written(value in refusal()) {
        read_back(value)?;
    }

    #[test]
    fn the_states_before_are_read_as_they_were_written(
        value in vec((subject_id(), state()), 0..3),
    ) {
        read_back(value)?;
    }

    #[test]
    fn headers_are_read_as_they_were_written(value in vec((text(), text()), 0..3)) {
        read_back(value)?;
    }

    #[test]
    fn a_facet_is_read_as_it_was_written(value in facet()) {
        prop_assert_eq!(word::read_facet(&word::facet(&value)), Some(value));
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".{0,64}") {
        let read = decode::<SubjectState>(&text, "subject");
        let corrupt = matches!(read, Err(StoreError::Corrupt { table: "subject" }));
        prop_assert!(corrupt);
    }
}

#[test]
fn every_word_is_read_as_it_was_written() {
    for kind in [SubjectKind::Customer, SubjectKind::Account] {
        assert_eq!(word::read_kind(word::kind(kind)), Some(kind));
    }
    for state in [
        RegisterState::Pending,
        RegisterState::InDoubt,
        RegisterState::Confirmed,
        RegisterState::Refused,
        RegisterState::Parked,
    ] {
        assert_eq!(word::read_register_state(word::register_state(state)), Some(state));
    }
    for state in [
        ApprovalState::Waiting,
        ApprovalState::Executing,
        ApprovalState::Approved,
        ApprovalState::Rejected,
        ApprovalState::Failed,
    ] {
        assert_eq!(word::read_approval_state(word::approval_state(state)), Some(state));
    }
}

// Texts as the first release wrote them. They stay readable for ever: a change that breaks one of these
// needs a migration, not a new expectation.
const STATE: &str = concat!(
    r#"{"lifecycle":"ACTIVE","holds":[{"owner":"fraud","severity":"BLOCKED","#,
    r#""native":{"system":"way4","slot":"ACC1","code":"F"},"reversible":true,"reason":"stolen","#,
    r#""placed_at":"2026-01-02T03:04:05.000006Z"}],"edit_lock":"locked","#,
    r#""resting":[{"owner":"bank","native":{"system":"way4","slot":"ACC2","code":"V"}}],"#,
    r#""pending_profile":{"first_name":"Ann","title":"mrs","gender":"female"}}"#,
);
const REQUEST: &str = concat!(
    r#"{"named_by":[{"system":"netxd","kind":"customer_id","value":"1"}],"kind":"customer","#,
    r#""action":{"place_hold":{"owner":"bank","native":{"system":"way4","slot":"ACC2","#,
    r#""code":"R"},"reversible":false,"scope":"account"}},"reason":"asked","#,
    r#""native":{"text":"{}","attributes":[["a","b"]]},"#,
    r#""idempotency":{"key":"k","content":"c"},"shown_as_request":true}"#,
);
const ASSERTIONS: &str = concat!(
    r#"[{"subject":"00000000-0000-0000-0000-000000000007","system":"netxd","register":"status","#,
    r#""version":3,"required":true,"state":{"refused":{"http_status":400,"code":"E1","#,
    r#""message":"no"}}},{"subject":"00000000-0000-0000-0000-000000000007","system":"n4n","#,
    r#""register":"lock","version":1,"required":false,"state":"in_flight"}]"#,
);
const PRINCIPAL: &str = concat!(
    r#"{"format":"netxd","client":"ssp","tenant":"bank","#,
    r#""person":{"id":"u1","number":7,"name":"ann"},"roles":["maker","checker"]}"#,
);

#[track_caller]
fn is_still_written_and_read<T>(text: &str)
where
    T: Stored + 'static,
    T::Mirror<'static>: serde::de::DeserializeOwned,
{
    assert_eq!(encode(&decode::<T>(text, "any").unwrap()).unwrap(), text);
}

#[test]
fn texts_of_the_first_release_are_still_written_and_read() {
    is_still_written_and_read::<SubjectState>(STATE);
    is_still_written_and_read::<ChangeRequest>(REQUEST);
    is_still_written_and_read::<Vec<Assertion>>(ASSERTIONS);
    is_still_written_and_read::<Principal>(PRINCIPAL);
    for text in [
        r#""waiting""#,
        r#""superseded""#,
        r#"{"partly":{"missing":["way4"]}}"#,
        r#"{"refused":{"system":"n4n","refusal":{"http_status":409,"code":"","message":"x"}}}"#,
    ] {
        is_still_written_and_read::<ChangeOutcome>(text);
    }
    for action in [
        r#"{"set_lifecycle":{"status":"DORMANT"}}"#,
        r#"{"release_hold":{"owner":"bank","slot":{"system":"way4","slot":"ACC2"},"shows":"owner_only"}}"#,
        r#"{"set_resting":{"owner":"bank","native":{"system":"way4","slot":"ACC2","code":"W"},"shows":{"all_but":{"owners":["fraud"]}}}}"#,
        r#"{"set_edit_lock":{"lock":"unlocked","kept_while":["CLOSED"]}}"#,
        r#"{"update_profile":{"profile":{"city":"Ulm"}}}"#,
    ] {
        is_still_written_and_read::<ChangeRequest>(&format!(
            r#"{{"named_by":[],"kind":"account","action":{action},"shown_as_request":false}}"#
        ));
    }
}

#[test]
fn a_word_nobody_knows_is_not_guessed_at() {
    for text in [
        r#"{"lifecycle":"FROZEN","edit_lock":"locked"}"#,
        r#"{"lifecycle":"ACTIVE","edit_lock":"ajar"}"#,
        r#"{"lifecycle":"ACTIVE","edit_lock":"locked","frozen":true}"#,
        r#"{"lifecycle":"ACTIVE"}"#,
    ] {
        let read = decode::<SubjectState>(text, "subject");
        assert!(matches!(read, Err(StoreError::Corrupt { table: "subject" })), "{text}");
    }
}
