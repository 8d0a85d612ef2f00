//! What callers send and are answered.

use std::fmt::Write as _;

use adapter_netxd::{Reply, SYSTEM};
use bytes::Bytes;
use http::{Request, StatusCode};
use sha2::{Digest as _, Sha256};
use status_domain::adapter::{Credentials, Decoded, Downstream as _, Unreadable, UnreadableKind};
use status_domain::answer::{
    Answer, Applied, DecodeError, NotActedOn, PolicyRefusal, Problem, Standing,
};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::command::{Action, Command};
use status_domain::failure::UpstreamRefusal;
use status_domain::hold::HoldOwner;
use status_domain::ids::{ChangeId, System};
use status_domain::principal::Person;
use status_domain::status::Status;
use status_testkit::golden::{Vector, render_command, render_response};
use uuid::Uuid;

use crate::{at, downstream, vector};

fn change() -> ChangeId {
    ChangeId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

fn system(name: &str) -> System {
    name.parse().unwrap()
}

fn applied(effective: Status, native: Option<String>) -> Answer {
    Answer::Applied(Applied { change: change(), effective, native: native.map(String::into) })
}

fn refused_upstream(by: &str, status: u16, code: &str, message: &str) -> Answer {
    let refusal = UpstreamRefusal::new(status, code, message);
    Answer::RefusedUpstream { change: change(), system: system(by), refusal }
}

/// Decodes `request.http` and compares what was read with `command.txt`.
#[track_caller]
fn decode(name: &str) -> (Vector, Decoded<Reply>) {
    let vector = vector(&format!("downstream/{name}"));
    let decoded = downstream().decode(&vector.request("request.http")).unwrap();
    vector.check("command.txt", &render_command(&decoded.command));
    (vector, decoded)
}

#[track_caller]
fn check_answers(name: &str, answers: &[(&str, Answer)]) {
    let (vector, decoded) = decode(name);
    for (answer_name, answer) in answers {
        let response = downstream().encode(&decoded.reply, answer, at());
        vector.check(&format!("answer-{answer_name}.http"), &render_response(&response));
    }
}

/// As a gateway would that finds nothing to object to, or what decoding found.
#[track_caller]
fn check_decoded(name: &str) {
    let (vector, decoded) = decode(name);
    let answer = match decoded.command {
        Ok(_) => applied(Status::Active, None),
        Err(error) => Answer::NotActedOn(NotActedOn::Malformed(error)),
    };
    let response = downstream().encode(&decoded.reply, &answer, at());
    vector.check("answer.http", &render_response(&response));
}

#[test]
fn the_vendors_status_call_is_answered_for_every_outcome() {
    let denied = PolicyRefusal::Denied {
        from: Status::Blacklisted,
        to: Status::Active,
        why: "left only by the bank".into(),
        allowed: vec![Status::Inactive, Status::Blocked, Status::Closed],
    };
    let final_status = PolicyRefusal::Denied {
        from: Status::Closed,
        to: Status::Active,
        why: "CLOSED is final".into(),
        allowed: Vec::new(),
    };
    let standing = vec![
        Standing::Hold { owner: HoldOwner::new("fraud"), severity: Status::Blocked },
        Standing::Lifecycle(Status::Inactive),
    ];
    let irreversible =
        PolicyRefusal::Irreversible { owner: HoldOwner::new("bank"), code: "B".into() };
    let no_form = PolicyRefusal::NotRepresentable {
        system: system("way4"),
        why: "the slot has no code for it".into(),
    };
    check_answers(
        "update_customer_status",
        &[
            ("applied", applied(Status::Active, None)),
            ("applied_under_a_hold", applied(Status::Blocked, None)),
            ("applied_native_ignored", applied(Status::Inactive, Some("{}".into()))),
            ("applied_closed", applied(Status::Closed, None)),
            ("pending_approval", Answer::PendingApproval { change: change() }),
            ("pending_delivery", Answer::Queued { change: change() }),
            (
                "partly_applied",
                Answer::PartlyApplied {
                    change: change(),
                    missing: vec![system("way4"), system("n4n")],
                },
            ),
            ("unknown", Answer::Unknown { change: change() }),
            ("superseded", Answer::Superseded { change: change() }),
            (
                "refused_by_netxd",
                refused_upstream("netxd", 200, "NOT_FOUND_CUSTOMER", "Customer does not exist"),
            ),
            ("refused_by_netxd_without_code", refused_upstream("netxd", 404, "", "not accepted")),
            ("refused_by_another", refused_upstream("way4", 200, "102", "contract not found")),
            ("refused_by_another_without_words", refused_upstream("n4n", 409, "", "")),
            ("denied", Answer::RefusedByPolicy(denied)),
            ("denied_final", Answer::RefusedByPolicy(final_status)),
            ("ineffective", Answer::RefusedByPolicy(PolicyRefusal::Ineffective { standing })),
            ("irreversible", Answer::RefusedByPolicy(irreversible)),
            ("not_representable", Answer::RefusedByPolicy(no_form)),
            ("approval", Answer::Approval(Box::new(approval()))),
            (
                "approvals",
                Answer::Approvals(ApprovalPage {
                    entries: Vec::new(),
                    page: 0,
                    limit: 10,
                    total: 0,
                }),
            ),
        ],
    );
}

fn approval() -> Approval {
    Approval {
        id: change(),
        format: SYSTEM,
        tenant: "bank".into(),
        state: ApprovalState::Waiting,
        maker: Person { id: "m".into(), number: None, name: "m".into() },
        checker: None,
        comment: None,
        native: None,
        started_at: at(),
        ended_at: None,
        refusal: None,
    }
}

#[test]
fn a_status_call_that_is_not_acted_on_is_answered_for_every_reason() {
    let not = Answer::NotActedOn;
    let malformed = DecodeError::new("payload.status", Problem::Undefined);
    check_answers(
        "update_customer_status",
        &[
            ("malformed", not(NotActedOn::Malformed(malformed))),
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
        ],
    );
}

#[test]
fn the_vendors_details_call_is_answered_with_the_ledgers_words_or_our_own() {
    let native = vector("downstream/update_customer").text("native.txt");
    let denied = PolicyRefusal::Denied {
        from: Status::Active,
        to: Status::Active,
        why: "details are changed at the counter".into(),
        allowed: Vec::new(),
    };
    check_answers(
        "update_customer",
        &[
            ("applied", applied(Status::Active, Some(native))),
            ("applied_without_the_ledgers_words", applied(Status::Suspended, None)),
            ("applied_with_words_that_are_no_json", applied(Status::Active, Some("{".into()))),
            ("pending_approval", Answer::PendingApproval { change: change() }),
            ("denied", Answer::RefusedByPolicy(denied)),
            (
                "refused_by_netxd",
                refused_upstream("netxd", 200, "NOT_FOUND_CUSTOMER", "Customer does not exist"),
            ),
        ],
    );
}

#[test]
fn every_known_discrepancy_of_the_documents_is_read() {
    check_decoded("discrepancy_01_status_in_capitals");
    check_decoded("discrepancy_03_envelope_id_in_capitals");
    check_decoded("discrepancy_08_inactive_without_underscore");
    check_decoded("discrepancy_09_api_key_on_a_status_call");
    check_decoded("discrepancy_10_key_id_as_number");
    check_decoded("discrepancy_22_stray_spaces");
    check_decoded("discrepancy_24_id_as_number");
}

/// The vector was made with a throwaway key; here only the bytes are checked, not the signature.
#[test]
fn the_compacted_payload_is_what_the_signature_vector_signs() {
    let (_, decoded) = decode("signature_vector");
    let Credentials::SignedPayload(signed) = decoded.credentials else { panic!("no signature") };
    assert_eq!(signed.signed.len(), 2);
    assert_eq!(signed.signed[1].len(), 74);
    let digest: String =
        Sha256::digest(&signed.signed[1]).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    assert_eq!(digest, "35705a1bb8ed4d1083181818327d2c5a90b8109446f7aa6066a92738535cf1c0");
    assert!(signed.signed[0].starts_with(b"{\n  \"ID\""));
}

/// `> ` a body, `< ` what it is read as or answered with.
#[test]
fn every_envelope_is_read_or_refused_as_listed() {
    let vector = vector("downstream/envelopes");
    let mut made = String::new();
    for line in vector.text("envelopes.txt").lines().filter(|line| !line.starts_with('<')) {
        let _ = writeln!(made, "{line}");
        if let Some(body) = line.strip_prefix("> ") {
            let _ = writeln!(made, "< {}", read_or_answered(body));
        }
    }
    vector.check("envelopes.txt", &made);
}

fn post(body: &str) -> Request<Bytes> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Request::post("/jsonrpc").body(body).unwrap()
}

fn read_or_answered(body: &str) -> String {
    let adapter = downstream();
    let response = match adapter.decode(&post(body)) {
        Err(error) => adapter.encode_unreadable(&error),
        Ok(Decoded { command: Ok(Command::Change(change)), reply, .. }) => {
            let answer = adapter.encode(&reply, &applied(Status::Active, None), at());
            let answer = String::from_utf8_lossy(answer.body()).into_owned();
            return format!("{:?} {:?} {answer}", change.action, change.reason);
        }
        Ok(Decoded { command: Ok(other), .. }) => panic!("{other:?}"),
        Ok(Decoded { command: Err(error), reply, .. }) => {
            adapter.encode(&reply, &Answer::NotActedOn(NotActedOn::Malformed(error)), at())
        }
    };
    assert_eq!(response.status(), StatusCode::OK);
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[track_caller]
fn lifecycle(command: &Command) -> Status {
    let Command::Change(change) = command else { panic!("{command:?}") };
    let Action::SetLifecycle(status) = change.action else { panic!("{:?}", change.action) };
    status
}

/// First the vendor's word, then what it becomes.
#[test]
fn every_status_word_is_read_or_refused_as_listed() {
    let vector = vector("downstream/statuses");
    let mut made = String::new();
    for line in vector.text("statuses.txt").lines() {
        let word = line.split(' ').next().unwrap_or_default();
        let body = format!(
            r#"{{"method":"CustomerService.UpdateCustomerStatus","id":"1","params":{{"api":{{}},
            "payload":{{"ID":"100000000025001","status":"{word}"}}}}}}"#
        );
        let command = downstream().decode(&post(&body)).unwrap().command;
        let _ = match command {
            Ok(command) => writeln!(made, "{word} {}", lifecycle(&command)),
            Err(error) => writeln!(made, "{word} refused, {error}"),
        };
    }
    vector.check("statuses.txt", &made);
}

#[test]
fn a_request_that_cannot_be_read_is_answered_for_every_reason() {
    let vector = vector("downstream/unreadable");
    for (name, kind) in [
        ("syntax", UnreadableKind::Syntax),
        ("envelope", UnreadableKind::Envelope),
        ("too_large", UnreadableKind::TooLarge),
        ("too_slow", UnreadableKind::TooSlow),
        ("method", UnreadableKind::Method("POST")),
        ("media_type", UnreadableKind::MediaType),
        ("path", UnreadableKind::Path),
    ] {
        let answer = downstream().encode_unreadable(&Unreadable { kind, detail: "".into() });
        vector.check(&format!("answer-{name}.http"), &render_response(&answer));
    }
}
