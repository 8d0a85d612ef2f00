//! The wire vectors of what clients send and are answered.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use adapter_n4n::{
    ClientErrorStatus, N4nDownstream, N4nDownstreamSettings, SYSTEM, options_response,
};
use bytes::Bytes;
use chrono::DateTime;
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;
use status_domain::adapter::{Credentials, Downstream, Unreadable, UnreadableKind};
use status_domain::answer::{
    Answer, Applied, DecodeError, NotActedOn, PolicyRefusal, Problem, Standing,
};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::command::{Action, Command};
use status_domain::failure::UpstreamRefusal;
use status_domain::hold::HoldOwner;
use status_domain::ids::{ChangeId, Identifier, System};
use status_domain::principal::Person;
use status_domain::status::Status;
use status_testkit::golden::{Vector, render_command, render_response};
use uuid::Uuid;

const CHANGE: ChangeId = ChangeId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

fn defaults() -> N4nDownstreamSettings {
    N4nDownstreamSettings::default()
}

fn vector(name: &str) -> Vector {
    Vector::open(env!("CARGO_MANIFEST_DIR"), name)
}

fn applied() -> Answer {
    let native = Some(r#"{"result":"success"}"#.into());
    Answer::Applied(Applied { change: CHANGE, effective: Status::Blocked, native })
}

fn encode(adapter: &N4nDownstream, answer: &Answer) -> String {
    render_response(&adapter.encode(&(), answer, DateTime::UNIX_EPOCH))
}

/// Reads `request.http`. What can be read is compared with `command.txt` and then answered as if it
/// had been applied; what cannot, with the answer to it.
#[track_caller]
fn check_with(name: &str, settings: N4nDownstreamSettings) {
    let (vector, adapter) = (vector(&format!("downstream/{name}")), N4nDownstream::new(settings));
    let decoded = match adapter.decode(&vector.request("request.http")) {
        Ok(decoded) => decoded,
        Err(error) => {
            let answer = render_response(&adapter.encode_unreadable(&error));
            return vector.check("answer-unreadable.http", &answer);
        }
    };
    vector.check("command.txt", &render_command(&decoded.command));
    match decoded.command {
        Ok(_) => vector.check("answer-applied.http", &encode(&adapter, &applied())),
        Err(error) => {
            let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
            vector.check("answer-malformed.http", &encode(&adapter, &answer));
        }
    }
}

#[track_caller]
fn check(name: &str) {
    check_with(name, defaults());
}

#[track_caller]
fn credentials(name: &str) -> Credentials {
    let request = vector(&format!("downstream/{name}")).request("request.http");
    N4nDownstream::new(defaults()).decode(&request).unwrap().credentials
}

#[test]
fn the_vendors_samples_are_read() {
    check("unlock_php_curl");
    check("unlock_python_requests");
    check("unlock_node_request");
    check("unlock_curl");
}

#[test]
fn every_look_up_key_is_read() {
    check("lock_by_customer_id");
    check("unlock_by_subscription_id");
    check("unlock_by_orderid");
    check("unlock_by_all_keys");
}

#[test]
fn other_spellings_of_the_path_are_not_found() {
    check("path_without_api");
    check("path_with_v1");
    check("path_with_trailing_slash");
    check("path_of_another_call");
}

#[test]
fn only_patch_is_allowed() {
    check("post_with_method_override");
    check("method_get");
    check("method_options");
}

#[test]
fn options_tells_what_a_path_takes() {
    let answer = render_response(&options_response());
    vector("downstream/method_options").check("answer-options.http", &answer);
}

#[test]
fn a_key_in_the_query_is_refused() {
    check("key_in_query");
    check("other_name_in_query");
}

#[test]
fn other_media_types_are_refused() {
    check("json_unless_configured");
    check("multipart");
    check("charset_utf_8");
    check("charset_other");
    check("content_type_missing");
    check("content_type_repeated");
    check("content_coded");
}

#[test]
fn json_and_untyped_bodies_can_be_allowed() {
    check_with("json_configured", N4nDownstreamSettings { accept_json: true, ..defaults() });
    let untyped = N4nDownstreamSettings { accept_untyped: true, ..defaults() };
    check_with("content_type_missing_configured", untyped);
}

#[test]
fn credentials_are_read_in_any_case() {
    for name in ["headers_in_capitals", "unlock_curl"] {
        let Credentials::KeyPair { username, key } = credentials(name) else {
            panic!("{name}: no credentials");
        };
        assert_eq!(&*username, "gw_ops");
        assert_eq!(key.expose_secret(), "00112233445566778899aabbccddeeff");
    }
}

#[test]
fn credentials_with_underscores_or_given_twice_are_missing() {
    for name in ["headers_with_underscores", "headers_repeated"] {
        assert!(matches!(credentials(name), Credentials::Missing), "{name}");
    }
}

/// Each line of the file is a body and what becomes of it.
#[track_caller]
fn check_bodies(name: &str, media: &str, settings: N4nDownstreamSettings) {
    let (vector, adapter) = (vector(&format!("downstream/{name}")), N4nDownstream::new(settings));
    let mut table = String::new();
    for line in vector.text("bodies.txt").lines() {
        let (body, _) = line.split_once("  =>  ").unwrap();
        let request = http::Request::patch("/api/customer/unlock").header("content-type", media);
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let command = adapter.decode(&request).unwrap().command;
        table.push_str(&format!("{body}  =>  {}\n", in_short(&adapter, command)));
    }
    vector.check("bodies.txt", &table);
}

fn in_short(adapter: &N4nDownstream, command: Result<Command, DecodeError>) -> String {
    match command {
        Ok(Command::Change(change)) => {
            let key = |one: &Identifier| format!("{} {:?}", one.kind.as_str(), one.value.expose());
            change.named_by.iter().map(key).collect::<Vec<_>>().join(", ")
        }
        Ok(Command::Decide(_) | Command::ShowApproval(_) | Command::ListApprovals(_)) => {
            panic!("this format has no such request")
        }
        Err(error) => {
            let text = error.to_string();
            let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
            let answer = adapter.encode(&(), &answer, DateTime::UNIX_EPOCH);
            format!("{} {text}", answer.status().as_u16())
        }
    }
}

#[test]
fn forms_are_read_or_refused_byte_by_byte() {
    check_bodies("form_bodies", "application/x-www-form-urlencoded", defaults());
}

#[test]
fn json_ids_are_texts_or_exact_whole_numbers() {
    let settings = N4nDownstreamSettings { accept_json: true, ..defaults() };
    check_bodies("json_bodies", "application/json", settings);
}

#[test]
fn a_body_over_the_limit_is_not_read() {
    let body = Bytes::from(vec![b'&'; adapter_n4n::BODY_BYTES_MAX + 1]);
    let request = http::Request::patch("/api/customer/unlock").body(body).unwrap();
    let error = N4nDownstream::new(defaults()).decode(&request).unwrap_err();
    assert_eq!(error.kind, UnreadableKind::TooLarge);
}

#[test]
fn unknown_names_can_be_refused() {
    let settings = N4nDownstreamSettings { refuse_unknown_names: true, ..defaults() };
    let adapter = N4nDownstream::new(settings);
    for (query, body) in [("", "customer_id=1&foo=1"), ("?trace=1", "customer_id=1")] {
        let request = http::Request::patch(format!("/api/customer/lock{query}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from_static(body.as_bytes()));
        let command = adapter.decode(&request.unwrap()).unwrap().command;
        assert_eq!(command.unwrap_err().problem, Problem::NotAllowed);
    }
}

#[test]
fn a_customer_id_can_be_any_text_where_that_is_configured() {
    let settings = N4nDownstreamSettings { customer_id_is_digits: false, ..defaults() };
    let request = http::Request::patch("/api/customer/lock")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"customer_id=C-7"));
    let command = N4nDownstream::new(settings).decode(&request.unwrap()).unwrap().command;
    let Ok(Command::Change(change)) = command else { panic!("{command:?}") };
    assert_eq!(change.named_by[0].value.expose(), "C-7");
}

#[test]
fn unlocking_is_kept_off_while_a_configured_status_holds() {
    let lock_when = vec![Status::Blocked, Status::Closed];
    let settings = N4nDownstreamSettings { lock_when: lock_when.clone(), ..defaults() };
    let adapter = N4nDownstream::new(settings);
    for (name, expected) in [("unlock_curl", lock_when), ("lock_by_customer_id", Vec::new())] {
        let request = vector(&format!("downstream/{name}")).request("request.http");
        let command = adapter.decode(&request).unwrap().command;
        let Ok(Command::Change(change)) = command else { panic!("{command:?}") };
        let Action::SetEditLock { kept_while, .. } = change.action else { panic!("{name}") };
        assert_eq!(kept_while, expected);
    }
}

fn refused_by(system: System, http_status: u16, code: &str, message: &str) -> Answer {
    let refusal = UpstreamRefusal::new(http_status, code, message);
    Answer::RefusedUpstream { change: CHANGE, system, refusal }
}

fn approval() -> Approval {
    Approval {
        id: CHANGE,
        format: SYSTEM,
        tenant: "t".into(),
        state: ApprovalState::Approved,
        maker: Person { id: "m".into(), number: None, name: "m".into() },
        checker: None,
        comment: None,
        native: None,
        started_at: DateTime::UNIX_EPOCH,
        ended_at: None,
        refusal: None,
    }
}

/// Everything that the gateway may have to say about a change.
fn answers() -> Vec<(&'static str, Answer)> {
    let (netxd, way4) = (System::new("netxd"), System::new("way4"));
    let denied = PolicyRefusal::Denied {
        from: Status::Active,
        to: Status::Active,
        why: "not for this client".into(),
        allowed: Vec::new(),
    };
    let (owner, severity) = (HoldOwner::new("fraud"), Status::Blocked);
    let standing = vec![Standing::Hold { owner: owner.clone(), severity }];
    let ineffective = PolicyRefusal::Ineffective { standing };
    let irreversible = PolicyRefusal::Irreversible { owner, code: "F".into() };
    let why = "CLOSED".into();
    let not_representable = PolicyRefusal::NotRepresentable { system: netxd.clone(), why };
    let page = ApprovalPage { entries: Vec::new(), page: 0, limit: 10, total: 0 };
    vec![
        ("applied", applied()),
        (
            "partly_applied",
            Answer::PartlyApplied { change: CHANGE, missing: vec![netxd.clone(), way4] },
        ),
        ("pending_approval", Answer::PendingApproval { change: CHANGE }),
        ("queued", Answer::Queued { change: CHANGE }),
        ("refused_by_n4n", refused_by(SYSTEM, 404, "error", "Invalid customer.")),
        ("refused_by_n4n_with_200", refused_by(SYSTEM, 200, "error", "Invalid customer.")),
        ("refused_by_n4n_with_401", refused_by(SYSTEM, 401, "error", "Invalid key.")),
        ("refused_by_n4n_without_object", refused_by(SYSTEM, 404, "", "")),
        ("refused_by_another", refused_by(netxd.clone(), 200, "INVALID_STATUS", "own words")),
        ("refused_by_another_without_code", refused_by(netxd, 400, "", "own words")),
        ("unknown", Answer::Unknown { change: CHANGE }),
        ("superseded", Answer::Superseded { change: CHANGE }),
        ("policy_denied", Answer::RefusedByPolicy(denied)),
        ("policy_ineffective", Answer::RefusedByPolicy(ineffective)),
        ("policy_irreversible", Answer::RefusedByPolicy(irreversible)),
        ("policy_not_representable", Answer::RefusedByPolicy(not_representable)),
        ("approval", Answer::Approval(Box::new(approval()))),
        ("approvals", Answer::Approvals(page)),
    ]
}

/// Everything that the gateway may have to say about a request it did not act on.
fn not_acted_on() -> Vec<(&'static str, NotActedOn)> {
    let malformed = DecodeError::new("customer_id", Problem::Repeated);
    vec![
        ("malformed", NotActedOn::Malformed(malformed)),
        ("unauthenticated", NotActedOn::Unauthenticated),
        ("forbidden", NotActedOn::Forbidden("calling from this address")),
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
fn everything_has_a_form_and_only_applied_looks_like_success() {
    let (vector, adapter) = (vector("downstream/answers"), N4nDownstream::new(defaults()));
    let not_acted_on = not_acted_on().into_iter();
    let not_acted_on = not_acted_on.map(|(name, cause)| (name, Answer::NotActedOn(cause)));
    for (name, answer) in answers().into_iter().chain(not_acted_on) {
        let response = adapter.encode(&(), &answer, DateTime::UNIX_EPOCH);
        vector.check(&format!("answer-{name}.http"), &render_response(&response));
        assert_eq!(response.headers()["cache-control"], "no-store", "{name}");
        let is_success = response.status() == 200 || response.body() == "true";
        assert_eq!(is_success, name == "applied", "{name}");
        let is_2xx = response.status().is_success();
        assert_eq!(is_2xx, ["applied", "pending_approval"].contains(&name), "{name}");
    }
}

#[test]
fn every_unreadable_request_has_an_answer() {
    let (vector, adapter) = (vector("downstream/answers"), N4nDownstream::new(defaults()));
    for kind in [
        UnreadableKind::Syntax,
        UnreadableKind::Envelope,
        UnreadableKind::TooLarge,
        UnreadableKind::TooSlow,
        UnreadableKind::Method("PATCH, OPTIONS"),
        UnreadableKind::MediaType,
        UnreadableKind::Path,
    ] {
        let error = Unreadable { kind, detail: "for the log only".into() };
        let response = render_response(&adapter.encode_unreadable(&error));
        let name = format!("{kind:?}").to_lowercase();
        let name = name.split('(').next().unwrap_or_default();
        vector.check(&format!("unreadable-{name}.http"), &response);
    }
}

#[test]
fn the_statuses_of_refused_callers_can_be_set() {
    let settings = N4nDownstreamSettings {
        unauthenticated_status: ClientErrorStatus::new(404).unwrap(),
        forbidden_status: ClientErrorStatus::new(404).unwrap(),
        ..defaults()
    };
    let adapter = N4nDownstream::new(settings);
    for cause in [NotActedOn::Unauthenticated, NotActedOn::Forbidden("this")] {
        let response = adapter.encode(&(), &Answer::NotActedOn(cause), DateTime::UNIX_EPOCH);
        assert_eq!(response.status(), 404);
        assert!(!response.headers().contains_key("www-authenticate"));
    }
    assert_eq!(ClientErrorStatus::new(200), None);
    assert_eq!(ClientErrorStatus::new(503), None);
}
