//! Settings, answers and states that the vectors are made with.

use std::collections::BTreeMap;

use adapter_way4::{
    BlockSlot, CONTRACT_NUMBER, CodeEntry, CodeTable, DownstreamSettings, Institution, STATUS_PATH,
    SYSTEM, UpstreamSettings,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use status_domain::answer::Standing;
use status_domain::answer::{Answer, Applied, DecodeError, NotActedOn, PolicyRefusal, Problem};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::command::Scope;
use status_domain::failure::UpstreamRefusal;
use status_domain::family::Family;
use status_domain::hold::{Hold, HoldOwner, NativeCode, Slot};
use status_domain::ids::{ChangeId, Identifier, OrderId, SubjectId, System};
use status_domain::principal::Person;
use status_domain::register::{Order, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState};

pub(crate) const ACCOUNT: SubjectId = SubjectId(uuid(2));
const CUSTOMER: SubjectId = SubjectId(uuid(1));

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

pub(crate) fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_769_923_800_310).unwrap()
}

pub(crate) fn one_line(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

pub(crate) fn downstream_settings() -> DownstreamSettings {
    let legal = CodeEntry {
        code: "LEGAL".into(),
        slot: BlockSlot::Acc2,
        owner: HoldOwner::new("legal"),
        severity: Some(Status::Blocked),
        scope: Scope::Customer,
        reversible: true,
        marker: false,
    };
    let institution = |bank_id: &str, codes| Institution { bank_id: bank_id.into(), codes };
    let institutions = BTreeMap::from([
        ("777".into(), institution("TSTB", None)),
        ("555".into(), institution("OWNB", Some(CodeTable::new(vec![legal]).unwrap()))),
    ]);
    DownstreamSettings { institutions, ..DownstreamSettings::default() }
}

pub(crate) fn upstream_settings() -> UpstreamSettings {
    UpstreamSettings {
        fi_code: "362".into(),
        bank_id: "NIC".into(),
        src_application: "BNK".into(),
        bc_channel: Some("TIB1".into()),
        ..UpstreamSettings::new(
            "https://api.example",
            "gw-demo",
            SecretString::from("not-to-be-shown"),
        )
    }
}

pub(crate) fn request(body: &str) -> http::Request<Bytes> {
    let mut request = http::Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = STATUS_PATH.parse().unwrap();
    request
}

pub(crate) fn order(register: &'static str, value: &str) -> Order {
    Order {
        id: OrderId(17),
        register: RegisterName::new(register),
        value: RegisterValue(value.into()),
        identifiers: vec![Identifier {
            system: SYSTEM,
            kind: CONTRACT_NUMBER,
            value: "0003621110000000183".parse().unwrap(),
        }],
        reason: None,
        native: None,
    }
}

fn change() -> ChangeId {
    "0190d1c2-7e5b-7c3a-9f00-0123456789ab".parse().unwrap()
}

pub(crate) fn applied() -> Answer {
    Answer::Applied(Applied { change: change(), effective: Status::Closed, native: None })
}

pub(crate) fn answers() -> Vec<(&'static str, Answer)> {
    let mut answers = outcomes();
    answers.extend(refusals());
    answers.extend(approvals());
    let not = Answer::NotActedOn;
    answers.extend([
        ("malformed", not(NotActedOn::Malformed(DecodeError::new("x", Problem::Missing)))),
        ("unauthenticated", not(NotActedOn::Unauthenticated)),
        ("forbidden", not(NotActedOn::Forbidden("changing a status"))),
        ("unknown_subject", not(NotActedOn::UnknownSubject)),
        ("ambiguous", not(NotActedOn::Ambiguous(2))),
        ("unknown_approval", not(NotActedOn::UnknownApproval)),
        ("already_decided", not(NotActedOn::AlreadyDecided)),
        ("own_request", not(NotActedOn::OwnRequest)),
        ("key_reused", not(NotActedOn::KeyReused)),
        ("in_progress", not(NotActedOn::InProgress)),
        ("overloaded", not(NotActedOn::Overloaded)),
        ("unavailable", not(NotActedOn::Unavailable)),
        ("internal", not(NotActedOn::Internal)),
    ]);
    answers
}

fn outcomes() -> Vec<(&'static str, Answer)> {
    let change = change();
    let missing = vec![System::new("netxd"), System::new("capillary")];
    vec![
        ("applied", applied()),
        ("partly_applied", Answer::PartlyApplied { change, missing }),
        ("pending_approval", Answer::PendingApproval { change }),
        ("queued", Answer::Queued { change }),
        ("unknown", Answer::Unknown { change }),
        ("superseded", Answer::Superseded { change }),
    ]
}

fn refusals() -> Vec<(&'static str, Answer)> {
    let upstream = |system, code, message| Answer::RefusedUpstream {
        change: change(),
        system,
        refusal: UpstreamRefusal::new(200, code, message),
    };
    let policy = Answer::RefusedByPolicy;
    let bank = HoldOwner::new("bank");
    vec![
        ("refused_way4", upstream(SYSTEM, "117", "Contract not found")),
        ("refused_way4_long_code", upstream(SYSTEM, "INVALID", "Contract not found")),
        ("refused_way4_zero_code", upstream(SYSTEM, "000", "Contract not found")),
        ("refused_netxd", upstream(System::new("netxd"), "INVALID_STATUS", "not shown")),
        (
            "denied",
            policy(PolicyRefusal::Denied {
                from: Status::Closed,
                to: Status::Active,
                why: "CLOSED is final".into(),
                allowed: Vec::new(),
            }),
        ),
        (
            "denied_with_moves",
            policy(PolicyRefusal::Denied {
                from: Status::Blocked,
                to: Status::Closed,
                why: "only the bank closes".into(),
                allowed: vec![Status::Active, Status::Suspended],
            }),
        ),
        (
            "ineffective",
            policy(PolicyRefusal::Ineffective {
                standing: vec![
                    Standing::Hold { owner: HoldOwner::new("legal"), severity: Status::Blocked },
                    Standing::Lifecycle(Status::Blacklisted),
                ],
            }),
        ),
        ("irreversible", policy(PolicyRefusal::Irreversible { owner: bank, code: "C".into() })),
        (
            "not_representable",
            policy(PolicyRefusal::NotRepresentable {
                system: System::new("netxd"),
                why: "it has no word for CLOSED".into(),
            }),
        ),
    ]
}

fn approvals() -> Vec<(&'static str, Answer)> {
    let approval = |state| {
        Answer::Approval(Box::new(Approval {
            id: change(),
            format: SYSTEM,
            tenant: "t".into(),
            state,
            maker: Person { id: "m".into(), number: None, name: "m".into() },
            checker: None,
            comment: None,
            native: None,
            started_at: at(),
            ended_at: None,
            refusal: None,
        }))
    };
    let page = ApprovalPage { entries: Vec::new(), page: 0, limit: 10, total: 0 };
    vec![
        ("approval_waiting", approval(ApprovalState::Waiting)),
        ("approval_executing", approval(ApprovalState::Executing)),
        ("approval_approved", approval(ApprovalState::Approved)),
        ("approval_rejected", approval(ApprovalState::Rejected)),
        ("approval_failed", approval(ApprovalState::Failed)),
        ("approvals", Answer::Approvals(page)),
    ]
}

fn hold(severity: Option<Status>, native: Option<(Slot, &str)>) -> Hold {
    let native = native.map(|(slot, code)| NativeCode { slot, code: code.into() });
    Hold { severity, native, reversible: true, reason: None, placed_at: at() }
}

fn family(change: impl FnOnce(&mut SubjectState, &mut SubjectState)) -> Family {
    let mut customer = SubjectState::new();
    let mut account = SubjectState::new();
    change(&mut customer, &mut account);
    let subject =
        |id, kind, parent, state| Subject { id, kind, parent, identifiers: Vec::new(), state };
    Family {
        members: vec![
            subject(CUSTOMER, SubjectKind::Customer, None, customer),
            subject(ACCOUNT, SubjectKind::Account, Some(CUSTOMER), account),
        ],
    }
}

/// States of a customer with an account, each with its name.
pub(crate) fn families() -> Vec<(String, Family)> {
    let mut all: Vec<_> = Status::ALL.into_iter().flat_map(families_with).collect();
    all.extend(several_holds().into_iter().map(named));
    all.extend(resting_values().into_iter().map(named));
    all
}

fn named((name, family): (&str, Family)) -> (String, Family) {
    (name.to_owned(), family)
}

fn fraud() -> HoldOwner {
    HoldOwner::new("fraud")
}

fn bank() -> HoldOwner {
    HoldOwner::new("bank")
}

fn coded(slot: BlockSlot, code: &str, status: Status) -> Hold {
    hold(Some(status), Some((slot.slot(), code)))
}

/// One status in every place where it can stand.
fn families_with(status: Status) -> Vec<(String, Family)> {
    let place =
        |owner: HoldOwner, hold: Hold| family(|_, account| drop(account.holds.insert(owner, hold)));
    let netxd = Slot { system: System::new("netxd"), name: "status".into() };
    let renewal = hold(None, Some((BlockSlot::Acc2.slot(), "R")));
    vec![
        (format!("account {status}"), family(|_, account| account.lifecycle = status)),
        (format!("customer {status}"), family(|customer, _| customer.lifecycle = status)),
        (format!("fraud hold {status}"), place(fraud(), hold(Some(status), None))),
        (format!("fraud hold F {status}"), place(fraud(), coded(BlockSlot::Acc1, "F", status))),
        (format!("bank hold {status}"), place(bank(), hold(Some(status), None))),
        (format!("bank hold H {status}"), place(bank(), coded(BlockSlot::Acc2, "H", status))),
        (
            format!("bank hold of another system's code {status}"),
            place(bank(), hold(Some(status), Some((netxd, "X")))),
        ),
        (
            format!("renewal block R, account {status}"),
            family(|_, account| {
                account.lifecycle = status;
                account.holds.insert(bank(), renewal);
            }),
        ),
    ]
}

fn several_holds() -> Vec<(&'static str, Family)> {
    let (acc1, acc2) = (BlockSlot::Acc1, BlockSlot::Acc2);
    vec![
        (
            "fraud hold O of the account, F of the customer",
            family(|customer, account| {
                account.holds.insert(fraud(), coded(acc1, "O", Status::Blocked));
                let f = Hold { reversible: false, ..coded(acc1, "F", Status::Blocked) };
                customer.holds.insert(fraud(), f);
            }),
        ),
        (
            "bank hold T of the account, D of the customer",
            family(|customer, account| {
                account.holds.insert(bank(), coded(acc2, "T", Status::Suspended));
                customer.holds.insert(bank(), coded(acc2, "D", Status::Blocked));
            }),
        ),
        (
            "bank hold H, legal hold BLOCKED without a code",
            family(|_, account| {
                account.holds.insert(bank(), coded(acc2, "H", Status::Suspended));
                account.holds.insert(HoldOwner::new("legal"), hold(Some(Status::Blocked), None));
            }),
        ),
        (
            "bank hold D BLOCKED, account BLOCKED",
            family(|_, account| {
                account.holds.insert(bank(), coded(acc2, "D", Status::Blocked));
                account.lifecycle = Status::Blocked;
            }),
        ),
        (
            "fraud hold that restricts nothing",
            family(|_, account| drop(account.holds.insert(fraud(), hold(None, None)))),
        ),
    ]
}

fn resting_values() -> Vec<(&'static str, Family)> {
    let (acc1, acc2) = (BlockSlot::Acc1, BlockSlot::Acc2);
    let resting = |change: fn(&mut SubjectState)| {
        family(|_, account| {
            let marker =
                |slot: BlockSlot, code: &str| NativeCode { slot: slot.slot(), code: code.into() };
            account.resting.insert(fraud(), marker(acc1, "V"));
            account.resting.insert(bank(), marker(acc2, "W"));
            change(account);
        })
    };
    vec![
        ("resting values V and W", resting(|_| {})),
        (
            "resting values V and W, account INACTIVE",
            resting(|account| account.lifecycle = Status::Inactive),
        ),
        (
            "resting values V and W, holds O and T",
            resting(|account| {
                account.holds.insert(fraud(), coded(BlockSlot::Acc1, "O", Status::Blocked));
                account.holds.insert(bank(), coded(BlockSlot::Acc2, "T", Status::Suspended));
            }),
        ),
    ]
}
