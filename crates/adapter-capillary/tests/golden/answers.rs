//! Every answer of the workflow server.

use std::fmt::Write as _;

use adapter_capillary::{CapillaryDownstream, DownstreamSettings, SYSTEM};
use status_domain::adapter::{Downstream as _, Unreadable, UnreadableKind};
use status_domain::answer::{
    Answer, Applied, DecodeError, NotActedOn, PolicyRefusal, Problem, Standing,
};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::command::Command;
use status_domain::failure::UpstreamRefusal;
use status_domain::hold::HoldOwner;
use status_domain::ids::{ChangeId, System};
use status_domain::principal::Person;
use status_domain::status::Status;
use status_testkit::golden::render_response;

use super::open;
use super::settings::{at, downstream, downstream_settings};

const CHANGE: &str = "113cff87-62a5-11ee-aa6d-0aaee4e533d2";

fn change() -> ChangeId {
    CHANGE.parse().unwrap()
}

fn person(number: i64, name: &str) -> Person {
    Person { id: name.into(), number: Some(number), name: name.into() }
}

/// The approval of `downstream/create`, in any state.
fn approval(state: ApprovalState) -> Approval {
    let request = open("downstream/create").request("request.http");
    let command = downstream().decode(&request).unwrap().command.unwrap();
    let Command::Change(change_request) = command else { panic!("not a change") };
    let waiting = state == ApprovalState::Waiting;
    let open = waiting || state == ApprovalState::Executing;
    Approval {
        id: change(),
        format: SYSTEM,
        tenant: "70420".into(),
        state,
        maker: person(232_134, "maker@bank.example"),
        checker: (!waiting).then(|| person(410_077, "checker@bank.example")),
        comment: (!waiting).then(|| "caller verified".parse().unwrap()),
        native: change_request.native,
        started_at: at("2023-10-04T10:59:19.250Z"),
        ended_at: (!open).then(|| at("2023-10-04T18:31:02Z")),
        refusal: None,
    }
}

#[track_caller]
fn check_answer(name: &str, answer: &Answer) {
    check_answer_with(&downstream(), name, answer);
}

#[track_caller]
fn check_answer_with(adapter: &CapillaryDownstream, name: &str, answer: &Answer) {
    let request = open("downstream/create").request("request.http");
    let reply = adapter.decode(&request).unwrap().reply;
    let made = adapter.encode(&reply, answer, at("2023-10-04T11:00:00Z"));
    let file = format!("answer-{name}.http");
    open("downstream/answers").check(&file, &render_response(&made));
}

#[test]
fn a_request_is_shown_in_every_state() {
    let one = |state| Answer::Approval(Box::new(approval(state)));
    check_answer("waiting", &one(ApprovalState::Waiting));
    check_answer("executing", &one(ApprovalState::Executing));
    check_answer("approved", &one(ApprovalState::Approved));
    check_answer("rejected", &one(ApprovalState::Rejected));
    check_answer("failed", &one(ApprovalState::Failed));
}

#[test]
fn a_failed_request_shows_the_refusal_in_the_words_of_whoever_refused() {
    let failed = |code: &str| {
        let refusal = Some(UpstreamRefusal::new(400, code, "customer not found"));
        Answer::Approval(Box::new(Approval { refusal, ..approval(ApprovalState::Failed) }))
    };
    check_answer("failed_with_a_number", &failed("8015"));
    check_answer("failed_with_a_name", &failed("INVALID_STATUS"));
}

#[test]
fn without_a_checker_no_decision_is_shown() {
    let automatic = Approval {
        checker: None,
        comment: None,
        maker: Person { number: None, ..person(0, "batch") },
        ..approval(ApprovalState::Approved)
    };
    check_answer("approved_without_a_person", &Answer::Approval(Box::new(automatic)));
}

#[test]
fn a_request_of_another_format_is_shown_without_its_payload() {
    let other = Approval { format: System::new("netxd"), ..approval(ApprovalState::Waiting) };
    check_answer("of_another_format", &Answer::Approval(Box::new(other)));
}

#[test]
fn a_list_is_shown_with_its_pagination_and_masked_where_that_is_set() {
    let entries = vec![approval(ApprovalState::Waiting), approval(ApprovalState::Rejected)];
    let page = Answer::Approvals(ApprovalPage { entries, page: 1, limit: 2, total: 5 });
    check_answer("list", &page);
    let masked = DownstreamSettings { mask_identifiers_in_lists: true, ..downstream_settings() };
    check_answer_with(&CapillaryDownstream::new(masked).unwrap(), "list_masked", &page);
    let none = ApprovalPage { entries: Vec::new(), page: 0, limit: 10, total: 0 };
    check_answer("list_empty", &Answer::Approvals(none));
}

#[test]
fn every_outcome_has_a_form_and_only_an_applied_change_is_called_approved() {
    let applied = Applied { change: change(), effective: Status::Suspended, native: None };
    check_answer("applied", &Answer::Applied(applied));
    check_answer("pending_approval", &Answer::PendingApproval { change: change() });
    check_answer("queued", &Answer::Queued { change: change() });
    let missing = vec![System::new("netxd"), System::new("way4")];
    check_answer("partly_applied", &Answer::PartlyApplied { change: change(), missing });
    check_answer("unknown", &Answer::Unknown { change: change() });
    check_answer("superseded", &Answer::Superseded { change: change() });
    let refusal = UpstreamRefusal::new(200, "8015", "customer not found");
    let own = Answer::RefusedUpstream { change: change(), system: SYSTEM, refusal };
    check_answer("refused_upstream", &own);
    let refusal = UpstreamRefusal::new(200, "5", "not allowed");
    let system = System::new("way4");
    check_answer(
        "refused_elsewhere",
        &Answer::RefusedUpstream { change: change(), system, refusal },
    );
}

#[test]
fn every_refusal_by_policy_has_a_form() {
    let policy = |name: &str, refusal| check_answer(name, &Answer::RefusedByPolicy(refusal));
    policy(
        "policy_denied",
        PolicyRefusal::Denied {
            from: Status::Closed,
            to: Status::Active,
            why: "CLOSED is final".into(),
            allowed: Vec::new(),
        },
    );
    let owner = HoldOwner::new("fraud");
    let standing = vec![Standing::Hold { owner: owner.clone(), severity: Status::Blocked }];
    policy("policy_ineffective", PolicyRefusal::Ineffective { standing });
    policy("policy_irreversible", PolicyRefusal::Irreversible { owner, code: "B".into() });
    let system = System::new("netxd");
    let why = "CLOSED has no value".into();
    policy("policy_not_representable", PolicyRefusal::NotRepresentable { system, why });
}

fn not_acted_on() -> Vec<(&'static str, NotActedOn)> {
    vec![
        ("malformed", NotActedOn::Malformed(DecodeError::new("payload", Problem::Missing))),
        ("unauthenticated", NotActedOn::Unauthenticated),
        ("forbidden", NotActedOn::Forbidden("making requests")),
        ("unknown_subject", NotActedOn::UnknownSubject),
        ("ambiguous", NotActedOn::Ambiguous(2)),
        ("unknown_approval", NotActedOn::UnknownApproval),
        ("already_decided", NotActedOn::AlreadyDecided),
        ("own_request", NotActedOn::OwnRequest),
        ("key_reused", NotActedOn::KeyReused),
        ("in_progress", NotActedOn::InProgress),
        ("overloaded", NotActedOn::Overloaded),
        ("unavailable", NotActedOn::Unavailable),
        ("internal", NotActedOn::Internal),
    ]
}

#[test]
fn everything_that_was_not_acted_on_has_a_form() {
    for (name, why) in not_acted_on() {
        check_answer(name, &Answer::NotActedOn(why));
    }
}

#[test]
fn in_strict_mode_errors_are_400_except_where_http_has_its_own() {
    let strict = DownstreamSettings { strict_http_status: true, ..downstream_settings() };
    let adapter = CapillaryDownstream::new(strict).unwrap();
    let request = open("downstream/create").request("request.http");
    let reply = adapter.decode(&request).unwrap().reply;
    for (name, why) in not_acted_on() {
        let answer = adapter.encode(&reply, &Answer::NotActedOn(why), at("2023-10-04T11:00:00Z"));
        let expected = match name {
            "unauthenticated" => 401,
            "overloaded" | "unavailable" => 503,
            _ => 400,
        };
        assert_eq!(answer.status(), expected, "{name}");
    }
}

#[test]
fn every_unreadable_request_has_a_form() {
    let adapter = downstream();
    let mut made = String::new();
    for kind in [
        UnreadableKind::Syntax,
        UnreadableKind::Envelope,
        UnreadableKind::TooLarge,
        UnreadableKind::TooSlow,
        UnreadableKind::Method("POST, PUT"),
        UnreadableKind::MediaType,
        UnreadableKind::Path,
    ] {
        let answer = adapter.encode_unreadable(&Unreadable { kind, detail: "private".into() });
        let body = String::from_utf8_lossy(answer.body());
        assert!(!body.contains("private"));
        let _ = writeln!(made, "{kind:?}: {} {body}", answer.status().as_u16());
    }
    open("downstream/answers").check("unreadable.txt", &made);
}
