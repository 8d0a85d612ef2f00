//! Golden wire vectors: `tests/vectors/README.md` says where each comes from.
//!
//! Requests of the workflow are here, its answers and the client in modules of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

#[path = "golden/answers.rs"]
mod answers;
#[path = "support/settings.rs"]
mod settings;
#[path = "golden/upstream.rs"]
mod upstream;

use std::fmt::Write as _;

use adapter_capillary::{CapillaryDownstream, DownstreamSettings, EntityIds};
use bytes::Bytes;
use http::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use settings::{at, downstream, downstream_settings};
use status_domain::adapter::{Credentials, Decoded, Downstream as _, UnreadableKind};
use status_domain::answer::{Answer, Applied, DecodeError, NotActedOn, Problem};
use status_domain::command::Command;
use status_domain::status::Status;
use status_testkit::golden::{Vector, render_command, render_response};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

#[track_caller]
fn open(name: &str) -> Vector {
    Vector::open(CRATE, name)
}

/// Reads `request.http` and compares with `command.txt`; a refusal also with `answer-refused.http`.
#[track_caller]
fn check(name: &str) -> Decoded<adapter_capillary::Reply> {
    check_with(&downstream(), name)
}

#[track_caller]
fn check_with(adapter: &CapillaryDownstream, name: &str) -> Decoded<adapter_capillary::Reply> {
    let vector = open(&format!("downstream/{name}"));
    let decoded = adapter.decode(&vector.request("request.http")).unwrap();
    vector.check("command.txt", &render_command(&decoded.command));
    if let Err(error) = &decoded.command {
        let answer = refusal(adapter, &decoded.reply, error);
        vector.check("answer-refused.http", &render_response(&answer));
    }
    decoded
}

fn refusal(
    adapter: &CapillaryDownstream,
    reply: &adapter_capillary::Reply,
    error: &DecodeError,
) -> Response<Bytes> {
    let answer = Answer::NotActedOn(NotActedOn::Malformed(error.clone()));
    adapter.encode(reply, &answer, at("2023-10-04T11:00:00Z"))
}

#[track_caller]
fn check_credentials(adapter: &CapillaryDownstream, name: &str) {
    let vector = open(&format!("downstream/{name}"));
    let decoded = adapter.decode(&vector.request("request.http")).unwrap();
    vector.check("credentials.txt", &credentials(&decoded.credentials));
}

fn credentials(credentials: &Credentials) -> String {
    let Credentials::Organisation(org) = credentials else {
        return format!("{credentials:?}\n");
    };
    let shown = |secret: &Option<SecretString>| {
        secret.as_ref().map_or("-".to_owned(), |secret| secret.expose_secret().to_owned())
    };
    let basic = org.basic.as_ref().map_or("-".to_owned(), |(user, password)| {
        format!("{user} / {}", password.expose_secret())
    });
    format!(
        "org: {}\nbasic: {basic}\nclient token: {}\nuser token: {}\n",
        org.org.as_deref().unwrap_or("-"),
        shown(&org.client_token),
        shown(&org.user_token)
    )
}

#[test]
fn the_documented_create_is_read_as_a_change_and_shown_without_its_credential() {
    let decoded = check("create");
    let Ok(Command::Change(request)) = &decoded.command else { panic!("not a change") };
    let native = request.native.as_ref().unwrap();
    assert!(native.text.contains("[redacted]"));
    assert!(!native.text.contains("dGlsbC5kZW1v"));
    check_credentials(&downstream(), "create");
}

#[test]
fn a_decision_is_read_both_ways() {
    check("decide_approved");
    check("decide_rejected");
    check("d05_action_name_in_lower_case");
}

#[test]
fn show_and_list_are_read_with_the_documented_parameters() {
    check("show");
    check("list");
}

#[test]
fn the_type_is_read_in_any_spelling_and_below_either_prefix() {
    check("d04_type_in_lower_case");
    check("d06_outer_prefix");
}

#[test]
fn another_request_type_is_refused() {
    check("d26_other_type");
}

#[test]
fn the_organisation_header_is_missing_or_invalid_by_a_code_of_its_own() {
    check("org_header_missing");
    check("org_header_malformed");
    check("org_header_unknown");
}

#[test]
fn a_body_that_is_no_unambiguous_json_is_refused() {
    check("member_given_twice");
    check("not_json");
}

#[test]
fn credentials_are_read_as_the_wire_gives_them() {
    let alias = DownstreamSettings { accept_access_token_alias: true, ..downstream_settings() };
    let alias = CapillaryDownstream::new(alias).unwrap();
    check_credentials(&downstream(), "d21_empty_user_token_beside_basic");
    check_credentials(&downstream(), "d20_access_token");
    check_credentials(&alias, "d20_access_token_alias");
    check_credentials(&downstream(), "d20_bearer_is_not_read");
    check_credentials(&downstream(), "header_given_twice");
}

#[test]
fn the_alias_of_the_access_token_is_read_only_where_it_is_switched_on() {
    let request = open("downstream/d20_access_token_alias").request("request.http");
    let decoded = downstream().decode(&request).unwrap();
    let Credentials::Organisation(org) = decoded.credentials else { panic!("no organisation") };
    assert!(org.client_token.is_none());
}

/// Runs the lines `pointer <- JSON` of `table.txt` over the body of another vector's request and
/// compares what is said of each.
#[track_caller]
fn check_edits(
    name: &str,
    base: &str,
    said: impl Fn(&CapillaryDownstream, Decoded<adapter_capillary::Reply>) -> String,
) {
    let (vector, adapter) = (open(&format!("downstream/{name}")), downstream());
    let base = open(&format!("downstream/{base}")).request("request.http");
    let mut made = String::new();
    for line in vector.text("table.txt").lines().filter(|line| !line.starts_with("  ")) {
        let _ = writeln!(made, "{line}");
        if let Some((pointer, value)) = line.split_once(" <- ") {
            let decoded = adapter.decode(&edited(&base, pointer, value)).unwrap();
            let _ = writeln!(made, "  {}", said(&adapter, decoded));
        }
    }
    vector.check("table.txt", &made);
}

fn edited(base: &Request<Bytes>, pointer: &str, value: &str) -> Request<Bytes> {
    let mut body: Value = serde_json::from_slice(base.body()).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value == "(removed)" {
        parent.shift_remove(name);
    } else {
        parent.insert(name.to_owned(), serde_json::from_str(value).unwrap());
    }
    let (head, _) = base.clone().into_parts();
    Request::from_parts(head, Bytes::from(body.to_string()))
}

fn refused(adapter: &CapillaryDownstream, decoded: Decoded<adapter_capillary::Reply>) -> String {
    let error = decoded.command.unwrap_err();
    let answer = refusal(adapter, &decoded.reply, &error);
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let item = &body["errors"][0];
    format!("{} {} {}", answer.status().as_u16(), item["code"], item["message"])
}

#[test]
fn payloads_in_the_documented_variants_are_accepted() {
    check_edits("create_accepted", "create", |_, decoded| {
        let Ok(Command::Change(request)) = decoded.command else { return "refused".to_owned() };
        let (name, native) = (&request.named_by[0], request.native.unwrap());
        format!(
            "{} {} {:?} {:?} {}",
            name.kind.as_str(),
            name.value.expose(),
            request.action,
            request.reason.unwrap().as_str(),
            native.text
        )
    });
}

#[test]
fn payloads_that_go_elsewhere_or_lack_something_are_refused() {
    check_edits("create_refused", "create", refused);
}

#[test]
fn incomplete_decisions_are_refused() {
    check_edits("decide_refused", "decide_approved", refused);
}

#[test]
fn d07_the_entity_ids_are_optional_where_that_is_set() {
    let mut relaxed = downstream_settings();
    relaxed.orgs.values_mut().for_each(|org| org.entity_ids = EntityIds::Optional);
    let relaxed = CapillaryDownstream::new(relaxed).unwrap();
    let base = open("downstream/create").request("request.http");
    let without = edited(&base, "/entityInfo", "(removed)");
    assert!(relaxed.decode(&without).unwrap().command.is_ok());
    assert!(downstream().decode(&without).unwrap().command.is_err());
    let wrong = edited(&base, "/entityInfo/tillId", "\"x\"");
    assert!(relaxed.decode(&wrong).unwrap().command.is_err());
}

#[test]
fn a_credential_is_left_out_of_the_echo_where_that_is_set() {
    let omitted = DownstreamSettings {
        authorization_echo: adapter_capillary::AuthorizationEcho::Omitted,
        ..downstream_settings()
    };
    let request = open("downstream/create").request("request.http");
    let decoded = CapillaryDownstream::new(omitted).unwrap().decode(&request).unwrap();
    let Ok(Command::Change(change)) = decoded.command else { panic!("not a change") };
    let echo: Value = serde_json::from_str(&change.native.unwrap().text).unwrap();
    assert_eq!(echo["headers"], serde_json::json!({ "content-type": "application/json" }));
}

#[test]
fn list_filters_mean_what_the_table_says() {
    let (vector, adapter) = (open("downstream/list_queries"), downstream());
    let mut made = String::new();
    for line in vector.text("table.txt").lines().filter(|line| !line.starts_with("  ")) {
        let _ = writeln!(made, "{line}");
        if line.starts_with('?') {
            let query = line.replace(' ', "%20");
            let uri = format!("/api_gateway/v2/request-workflow/requests{query}");
            let request = Request::get(uri).header("X-CAP-API-AUTH-ORG-ID", "70420");
            let decoded = adapter.decode(&request.body(Bytes::new()).unwrap()).unwrap();
            let said = match &decoded.command {
                Ok(command) => format!("{command:?}"),
                Err(_) => refused(&adapter, decoded),
            };
            let _ = writeln!(made, "  {said}");
        }
    }
    vector.check("table.txt", &made);
}

#[test]
fn a_body_of_another_media_type_is_unreadable() {
    let mut request = open("downstream/create").request("request.http");
    request.headers_mut().insert("content-type", "text/xml".parse().unwrap());
    let kind = |request: &Request<Bytes>| downstream().decode(request).unwrap_err().kind;
    assert_eq!(kind(&request), UnreadableKind::MediaType);
    request
        .headers_mut()
        .insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    assert!(downstream().decode(&request).is_ok());
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(kind(&request), UnreadableKind::MediaType);
}

#[test]
fn d18_times_and_dates_are_in_the_organisations_zone() {
    let mut settings = downstream_settings();
    settings.orgs.values_mut().for_each(|org| org.zone = chrono::FixedOffset::west_opt(0).unwrap());
    let adapter = CapillaryDownstream::new(settings).unwrap();
    let decoded = adapter.decode(&open("downstream/list").request("request.http")).unwrap();
    let Ok(Command::ListApprovals(filter)) = decoded.command else { panic!("not a list") };
    assert_eq!(filter.from, Some(at("2023-10-01T00:00:00Z")));
    let applied = Applied {
        change: "113cff87-62a5-11ee-aa6d-0aaee4e533d2".parse().unwrap(),
        effective: Status::Active,
        native: None,
    };
    let answer =
        adapter.encode(&decoded.reply, &Answer::Applied(applied), at("2023-10-04T11:00:00.9Z"));
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["data"]["endTime"], "2023-10-04T11:00:00");
}

#[test]
fn a_reason_of_255_characters_is_read_and_a_longer_one_is_refused() {
    let base = open("downstream/create").request("request.http");
    let read = |characters: usize| {
        let value = format!("\"{}\"", "\u{e9}".repeat(characters));
        let request = edited(&base, "/payload/IntouchAPITask-Payload/body/reason", &value);
        downstream().decode(&request).unwrap().command
    };
    assert!(read(255).is_ok());
    assert_eq!(read(256).unwrap_err().problem, Problem::TooLong(255));
    let base = open("downstream/decide_approved").request("request.http");
    let decide = |text: &str| {
        let pointer = "/payload/AdminTask-Payload/actionMessage";
        downstream().decode(&edited(&base, pointer, &format!("\"{text}\""))).unwrap().command
    };
    assert_eq!(decide(&"x".repeat(256)).unwrap_err().problem, Problem::TooLong(255));
    let Ok(Command::Decide(silent)) = decide("") else { panic!("refused") };
    assert_eq!(silent.comment, None);
}

#[test]
fn an_id_of_the_workflow_is_passed_on_as_it_stands() {
    let request = Request::get("/v2/api_gateway/v2/request-workflow/requests/no-uuid")
        .header("X-CAP-API-AUTH-ORG-ID", "70420");
    let decoded = downstream().decode(&request.body(Bytes::new()).unwrap()).unwrap();
    assert_eq!(decoded.command, Ok(Command::ShowApproval("no-uuid".into())));
}
