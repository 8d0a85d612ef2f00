//! The wire, byte for byte. Where each vector comes from is in `vectors/README.md`.

#![expect(clippy::unwrap_used, reason = "test code")]

#[path = "golden/fixtures.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use adapter_way4::token::{self, ExpiresIn, TokenError};
use adapter_way4::{BlockSlot, CodeTable, Way4Downstream, Way4Upstream};
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Downstream as _, Unreadable, UnreadableKind, Upstream as _};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::Command;
use status_domain::register::{Order, RegisterValue};
use status_domain::text::Native;
use status_testkit::golden::{Vector, render_command, render_request, render_response};
use support::{answers, applied, at, downstream_settings, order, upstream_settings};

fn vector(name: &str) -> Vector {
    Vector::open(env!("CARGO_MANIFEST_DIR"), name)
}

fn files(directory: &str, prefix: &str) -> BTreeSet<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
    let entries = std::fs::read_dir(format!("{root}{directory}")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// The settings that a case is about; the plain ones for all others.
fn server(case: &str) -> Way4Downstream {
    let mut settings = downstream_settings();
    settings.strict_bank_id = case == "long_bank_id_strict";
    settings.mirror_card_function = case == "card_function_mirrored";
    if !case.starts_with("institution") {
        settings.institutions = BTreeMap::new();
    }
    Way4Downstream::new(settings).unwrap()
}

#[test]
fn every_request_is_read_and_answered_as_its_vector_says() {
    for case in files("downstream", "") {
        if case == "block_codes" {
            continue;
        }
        let vector = vector(&format!("downstream/{case}"));
        let server = server(&case);
        let decoded = server.decode(&vector.request("request.http")).unwrap();
        vector.check("command.txt", &render_command(&decoded.command));
        let (file, answer) = match decoded.command {
            Ok(_) => ("answer-applied.http", applied()),
            Err(error) => {
                ("answer-malformed.http", Answer::NotActedOn(NotActedOn::Malformed(error)))
            }
        };
        let answer = server.encode(&decoded.reply, &answer, at());
        vector.check(file, &render_response(&answer));
    }
}

#[test]
fn every_answer_has_its_form_on_this_wire() {
    let vector = vector("downstream/documented_call");
    let server = server("documented_call");
    let decoded = server.decode(&vector.request("request.http")).unwrap();
    for (name, answer) in answers() {
        let written = server.encode(&decoded.reply, &answer, at());
        vector.check(&format!("answer-{name}.http"), &render_response(&written));
    }
}

#[test]
fn every_block_code_means_what_the_table_says() {
    let vector = vector("downstream/block_codes");
    let plain = self::vector("downstream/documented_call").text("request.http");
    let server = server("block_codes");
    let mut table = String::new();
    let shipped = CodeTable::shipped();
    let codes: BTreeSet<&str> = shipped.entries().iter().map(|entry| &*entry.code).collect();
    for slot in BlockSlot::ALL {
        for code in codes.iter().copied().chain(["_", " ", "", "X", "t", "__"]) {
            let status = format!("\"type\": \"BCC-{}-362\"", slot.name());
            let text = plain
                .replace("\"type\": \"BCC-ACC2-362\"", &status)
                .replace("\"value\": \"C\"", &format!("\"value\": \"{code}\""));
            let (_, body) = text.split_once("\n\n").unwrap();
            let request = support::request(body.trim_end());
            let line = match server.decode(&request).unwrap().command {
                Ok(Command::Change(change)) => support::one_line(&change.action),
                Ok(other) => panic!("{other:?}"),
                Err(error) => format!("error {} {error}", error.code),
            };
            writeln!(table, "{} {code:?}: {line}", slot.name()).unwrap();
        }
    }
    vector.check("commands.txt", &table);
}

#[test]
fn every_unreadable_request_is_answered_without_an_envelope() {
    let server = server("");
    for case in files("unreadable", "") {
        let vector = vector(&format!("unreadable/{case}"));
        let error = server.decode(&vector.request("request.http")).unwrap_err();
        vector.check("unreadable.txt", &format!("{:?}: {}\n", error.kind, error.detail));
        vector.check("answer.http", &render_response(&server.encode_unreadable(&error)));
    }
    for kind in [UnreadableKind::TooLarge, UnreadableKind::TooSlow] {
        let answer = server.encode_unreadable(&Unreadable { kind, detail: "".into() });
        let expected = if kind == UnreadableKind::TooLarge { 413 } else { 408 };
        assert_eq!(answer.status().as_u16(), expected);
    }
}

#[test]
fn every_token_request_is_read_as_its_vector_says() {
    for case in files("token", "") {
        let vector = vector(&format!("token/{case}"));
        let read = token::decode(&vector.request("request.http"));
        let text = match &read {
            Ok(asked) => {
                let secret = asked.client_secret.expose_secret();
                format!("client {:?} secret {secret:?}\n", asked.client_id)
            }
            Err(error) => format!("{error:?}\n"),
        };
        vector.check("read.txt", &text);
        let answer = match read {
            Ok(_) => token::encode(&SecretString::from("eyJ0.x.y"), 1800, ExpiresIn::Number),
            Err(error) => token::encode_error(&error),
        };
        vector.check("answer.http", &render_response(&answer));
    }
}

#[test]
fn a_lifetime_can_be_written_as_text() {
    let answer = token::encode(&SecretString::from("t"), 1800, ExpiresIn::Text);
    let expected = r#"{"access_token":"t","token_type":"Bearer","expires_in":"1800"}"#;
    assert_eq!(answer.body(), expected);
}

#[test]
fn token_failures_of_the_gateway_have_their_own_status() {
    let later = token::encode_error(&TokenError::Unavailable { retry_after_s: 7 });
    assert_eq!(later.status(), 503);
    assert_eq!(later.headers()["retry-after"], "7");
    assert_eq!(token::encode_error(&TokenError::Internal).status(), 500);
    assert_eq!(token::encode_error(&TokenError::InvalidClient).status(), 401);
}

fn client(change: impl FnOnce(&mut adapter_way4::UpstreamSettings)) -> Way4Upstream {
    let mut settings = upstream_settings();
    change(&mut settings);
    Way4Upstream::new(settings).unwrap()
}

#[track_caller]
fn sent(upstream: &Way4Upstream, order: &Order) -> String {
    let access = SecretString::from("test-token");
    render_request(&upstream.encode(order, Some(&access), at()).unwrap())
}

#[test]
fn orders_are_written_as_their_vectors_say() {
    let plain = client(|_| {});
    let vector = vector("upstream/orders");
    vector.check("acc2.http", &sent(&plain, &order("ACC2", "T")));
    vector.check("acc1_cleared.http", &sent(&plain, &order("ACC1", "_")));

    let explained = Order { reason: Some("card lost".parse().unwrap()), ..order("ACC2", "M") };
    vector.check("with_reason.http", &sent(&plain, &explained));
    let silent = client(|settings| settings.bc_channel = None);
    vector.check("without_custom_fields.http", &sent(&silent, &order("ACC2", "T")));
    let prefixed = client(|settings| settings.prefix = Some("SB".into()));
    vector.check("sandbox_prefix.http", &sent(&prefixed, &order("ACC2", "T")));
}

#[test]
fn a_callers_custom_fields_are_passed_on_exactly() {
    let kept = vector("downstream/custom_fields_are_kept").request("request.http");
    let decoded = server("").decode(&kept).unwrap();
    let Ok(Command::Change(change)) = decoded.command else { panic!("a change") };
    let (reason, native) = (change.reason, change.native);
    let order = Order { reason, native, ..order("ACC2", "T") };
    let vector = vector("upstream/orders");
    vector.check("callers_custom_fields.http", &sent(&client(|_| {}), &order));
    let own = client(|settings| settings.pass_custom_fields = false);
    vector.check("own_custom_fields.http", &sent(&own, &order));
}

#[test]
fn a_caller_without_custom_fields_has_none_added() {
    let native = Native { text: "[]".into(), attributes: Vec::new() };
    let order = Order { native: Some(native), ..order("ACC2", "T") };
    assert!(!sent(&client(|_| {}), &order).contains("custom_fields"));
}

#[test]
fn a_reason_that_does_not_fit_is_cut() {
    let order = Order { reason: Some("ä".repeat(200).parse().unwrap()), ..order("ACC2", "T") };
    let request = sent(&client(|_| {}), &order);
    assert_eq!(request.matches('ä').count(), 128);
}

#[test]
fn every_answer_is_understood_as_its_vector_says() {
    let upstream = client(|_| {});
    let vector = vector("upstream/answers");
    let asked = order("ACC2", "T");
    for file in files("upstream/answers", "response-") {
        let outcome = upstream.decode(&asked, &vector.response(&file));
        let name = file.replace("response-", "outcome-").replace(".http", ".txt");
        vector.check(&name, &format!("{outcome:#?}\n"));
        // The word "success" in its name is a case's claim, not a result of the code under test.
        assert_eq!(outcome.is_ok(), file.starts_with("response-success"), "{file}");
    }
}

#[test]
fn every_answer_to_a_login_is_understood_as_its_vector_says() {
    let upstream = client(|settings| settings.client_secret = SecretString::from("s3:cret&"));
    let login = upstream.login().unwrap();
    let vector = vector("upstream/login");
    vector.check("request.http", &render_request(&login.encode()));
    for file in files("upstream/login", "response-") {
        let outcome = login.decode(&vector.response(&file));
        let name = file.replace("response-", "outcome-").replace(".http", ".txt");
        let token = outcome.as_ref().map(|grant| grant.token.expose_secret().to_owned());
        let token = token.map_or(String::new(), |token| format!("token {token}\n"));
        vector.check(&name, &format!("{token}{outcome:#?}\n"));
    }
}

#[test]
fn every_state_has_its_projection() {
    let upstream = client(|_| {});
    let mut table = String::new();
    for (name, family) in support::families() {
        let view = family.view(support::ACCOUNT).unwrap();
        writeln!(table, "{name}").unwrap();
        for (register, projected) in upstream.project(view) {
            let value = projected.value().map_or("-", RegisterValue::as_str);
            let loss = match &projected {
                status_domain::register::Projected::Exact(_) => "exact".to_owned(),
                status_domain::register::Projected::Narrowed { why, .. } => {
                    format!("narrowed: {why}")
                }
                status_domain::register::Projected::NotRepresentable { why } => {
                    format!("not representable: {why}")
                }
            };
            writeln!(table, "  {} {value} {loss}", register.as_str()).unwrap();
        }
    }
    vector("upstream/projection").check("projections.txt", &table);
}
