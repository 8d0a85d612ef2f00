//! Rows to store.

use chrono::{DateTime, TimeDelta, Utc};
use status_domain::approval::{Approval, ApprovalState};
use status_domain::command::{Action, ChangeRequest};
use status_domain::facet::{EditLock, Facet};
use status_domain::failure::UpstreamRefusal;
use status_domain::hold::{Hold, HoldOwner, NativeCode, Slot};
use status_domain::ids::{ChangeId, Identifier, IdentifierKind, SubjectId, System};
use status_domain::principal::{Person, Principal, Role};
use status_domain::profile::Profile;
use status_domain::register::{RegisterName, RegisterValue};
use status_domain::settle::{Assertion, AssertionState};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState};
use status_domain::text::Native;
use status_store::record::{
    AnswerKey, AnswerRow, ApprovalRow, AttemptRow, ChangeOutcome, ChangeRow, Head, LaneRow, Lease,
    RegisterRow, RegisterState, StoredResponse, SubjectRow,
};
use status_store::store::{Needs, Snapshot, Store, StoreError, Writes};
use uuid::Uuid;

pub(crate) const NETXD: System = System::new("netxd");
pub(crate) const WAY4: System = System::new("way4");

/// An instant, in seconds after an arbitrary beginning.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_767_225_600_000_007).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn subject_id(number: u128) -> SubjectId {
    SubjectId(Uuid::from_u128(number))
}

pub(crate) fn change_id(number: u128) -> ChangeId {
    ChangeId(Uuid::from_u128(number << 64))
}

pub(crate) fn identifier(system: System, value: &str) -> Identifier {
    let kind = IdentifierKind::new("number");
    Identifier { system, kind, value: value.parse().unwrap() }
}

/// A customer known to NetXD by its number.
pub(crate) fn customer(number: u128) -> SubjectRow {
    SubjectRow {
        subject: Subject {
            id: subject_id(number),
            kind: SubjectKind::Customer,
            parent: None,
            identifiers: vec![identifier(NETXD, &number.to_string())],
            state: SubjectState::new(),
        },
        head: Head::default(),
    }
}

/// An account known to WAY4 by its number.
pub(crate) fn account(number: u128, parent: Option<u128>) -> SubjectRow {
    SubjectRow {
        subject: Subject {
            id: subject_id(number),
            kind: SubjectKind::Account,
            parent: parent.map(subject_id),
            identifiers: vec![identifier(WAY4, &number.to_string())],
            state: SubjectState::new(),
        },
        head: Head::default(),
    }
}

/// A state with something in every part.
pub(crate) fn rich_state() -> SubjectState {
    let slot = |name| Slot { system: WAY4, name };
    let hold = Hold {
        severity: Some(Status::Blocked),
        native: Some(NativeCode { slot: slot("ACC1".into()), code: "F".into() }),
        reversible: true,
        reason: Some("card \"stolen\"".parse().unwrap()),
        placed_at: at(-5),
    };
    SubjectState {
        lifecycle: Status::Suspended,
        holds: [(HoldOwner::new("fraud"), hold)].into(),
        edit_lock: EditLock::Locked,
        resting: [(
            HoldOwner::new("bank"),
            NativeCode { slot: slot("ACC2".into()), code: "V".into() },
        )]
        .into(),
        pending_profile: Some(Profile { city: Some("Ulm".into()), ..Profile::default() }),
    }
}

pub(crate) fn maker() -> Principal {
    Principal {
        format: NETXD,
        client: "ssp".into(),
        tenant: "bank".into(),
        person: Person { id: "ann".into(), number: Some(7), name: "Ann".into() },
        roles: [Role::Maker].into(),
    }
}

pub(crate) fn refusal() -> UpstreamRefusal {
    UpstreamRefusal::new(400, "E7", "not today")
}

/// An open change of a subject that is its own family.
pub(crate) fn change(number: u128, subject: u128) -> ChangeRow {
    let (id, subject) = (change_id(number), subject_id(subject));
    let state = AssertionState::Refused(refusal());
    let register = RegisterName::new("status");
    ChangeRow {
        id,
        family: subject,
        subject,
        by: maker(),
        facet: Facet::Hold(HoldOwner::new("fraud")),
        summary: "place hold fraud".into(),
        reason: Some("asked".parse().unwrap()),
        native: Some(Native { text: "{}".into(), attributes: vec![("a".into(), "b".into())] }),
        outcome: ChangeOutcome::Open,
        effective: Status::Blocked,
        assertions: vec![Assertion {
            subject,
            system: NETXD,
            register,
            version: 1,
            required: true,
            state,
        }],
        before: vec![(subject, rich_state())],
        answer_key: Some(answer_key("1")),
        created_at: at(0),
        settled_at: None,
    }
}

pub(crate) fn register(subject: u128, name: &'static str) -> RegisterRow {
    RegisterRow {
        subject: subject_id(subject),
        system: NETXD,
        register: RegisterName::new(name),
        desired: RegisterValue("BLOCKED".into()),
        version: 3,
        change: change_id(1),
        confirmed: Some((RegisterValue("ACTIVE".into()), 2)),
        state: RegisterState::InDoubt,
        attempts: 4,
        last_error: Some("timed out".into()),
    }
}

/// A lane that nobody uses.
pub(crate) fn lane(subject: u128, system: System, due: Option<i64>) -> LaneRow {
    LaneRow { subject: subject_id(subject), system, due_at: due.map(at), lease: None }
}

/// A lane that somebody uses.
pub(crate) fn leased(subject: u128, system: System, due: Option<i64>, until: i64) -> LaneRow {
    let lease = Some(Lease { token: Uuid::from_u128(9), until: at(until) });
    LaneRow { lease, ..lane(subject, system, due) }
}

pub(crate) fn answer_key(key: &str) -> AnswerKey {
    AnswerKey { client: "ssp".into(), key: key.into() }
}

/// A final answer.
pub(crate) fn answer(key: &str, change: Option<u128>, seconds: i64) -> AnswerRow {
    AnswerRow {
        key: answer_key(key),
        content: [5; 32],
        change: change.map(change_id),
        response: Some(StoredResponse {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: b"{\"a\":\xff}".as_slice().into(),
        }),
        created_at: at(seconds),
    }
}

/// An approval that was rejected by somebody else.
pub(crate) fn approval(number: u128, subject: u128) -> ApprovalRow {
    ApprovalRow {
        approval: Approval {
            id: change_id(number),
            format: NETXD,
            tenant: "bank".into(),
            state: ApprovalState::Rejected,
            maker: maker().person,
            checker: Some(Person { id: "bob".into(), number: None, name: "Bob".into() }),
            comment: Some("no".parse().unwrap()),
            native: Some(Native { text: "{}".into(), attributes: Vec::new() }),
            started_at: at(1),
            ended_at: Some(at(2)),
            refusal: Some(refusal()),
        },
        by: maker(),
        family: subject_id(subject),
        subject: subject_id(subject),
        request: ChangeRequest {
            named_by: vec![identifier(NETXD, "1")],
            kind: SubjectKind::Customer,
            action: Action::SetLifecycle(Status::Blocked),
            reason: None,
            native: None,
            idempotency: None,
            shown_as_request: true,
        },
    }
}

pub(crate) fn attempt(subject: u128) -> AttemptRow {
    AttemptRow {
        subject: subject_id(subject),
        system: NETXD,
        register: RegisterName::new("status"),
        version: 1,
        change: change_id(1),
        started_at: at(0),
        duration_ms: 12,
        result: "confirmed".into(),
        detail: None,
    }
}

/// Writes without asking for anything.
pub(crate) async fn save<S: Store>(store: &S, writes: Writes) -> Result<(), StoreError> {
    store.write(Needs::default(), move |_| (writes, ())).await
}

/// What the record holds of `needs`.
pub(crate) async fn load<S: Store>(store: &S, needs: Needs) -> Snapshot {
    store.write(needs, |snapshot| (Writes::default(), snapshot)).await.unwrap()
}

/// The record's present: the caller's, unless the record has a clock of its own.
pub(crate) async fn present<S: Store>(store: &S, now: DateTime<Utc>) -> DateTime<Utc> {
    load(store, Needs { now, ..Needs::default() }).await.now
}

/// A customer, 1, with two accounts, 2 and 3, a register, a lane and an open change each; and a
/// stranger, 4.
pub(crate) async fn save_family<S: Store>(store: &S) {
    let mut writes = Writes {
        // The accounts first: the order within one write is free.
        subjects: vec![account(3, Some(1)), account(2, Some(1)), customer(1), account(4, None)],
        ..Writes::default()
    };
    for number in 1..=4 {
        let family = if number == 4 { 4 } else { 1 };
        writes.registers.push(register(number, "status"));
        writes.lanes.push(lane(number, NETXD, None));
        let family = subject_id(family);
        writes.changes.push(ChangeRow { family, ..change(number, number) });
    }
    save(store, writes).await.unwrap();
}
