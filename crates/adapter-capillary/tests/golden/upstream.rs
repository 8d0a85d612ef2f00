//! The client's requests and what it makes of the answers.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use adapter_capillary::{CapillaryUpstream, UpstreamSettings};
use bytes::Bytes;
use http::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use status_domain::adapter::{Downstream as _, Upstream as _};
use status_domain::command::Command;
use status_domain::failure::{Again, Failure};
use status_domain::ids::IdentifierKind;
use status_domain::register::{Order, RegisterName};
use status_testkit::golden::render_request;

use super::settings::{
    at, downstream, identifier, oauth_upstream, order, upstream, upstream_settings,
};
use super::{CRATE, edited, open};

/// Compares the outcome of every `response-<name>.http` of a vector with `outcome-<name>.txt`.
#[track_caller]
fn check_outcomes(name: &str, outcome: impl Fn(&Response<Bytes>) -> String) {
    let vector = open(name);
    let mut seen = 0;
    for entry in fs::read_dir(format!("{CRATE}/tests/vectors/{name}")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(case) = file.strip_prefix("response-") else { continue };
        let case = case.strip_suffix(".http").unwrap();
        let said = outcome(&vector.response(&file));
        vector.check(&format!("outcome-{case}.txt"), &format!("{said}\n"));
        seen += 1;
    }
    assert!(seen > 0, "{name} has no response");
}

#[test]
fn a_label_is_set_with_the_documented_call() {
    let vector = open("upstream/set_label");
    let order = order();
    vector.check("order.txt", &format!("{order:#?}\n"));
    let request = upstream().encode(&order, None, at("2026-03-02T08:35:11Z")).unwrap();
    vector.check("request.http", &render_request(&request));
    check_outcomes("upstream/set_label", |response| {
        format!("{:#?}", upstream().decode(&order, response))
    });
}

#[test]
fn a_client_with_oauth_sends_its_access_token_and_no_authorization() {
    let token = SecretString::from("head.claims.signature");
    let now = at("2026-03-02T08:35:11Z");
    let request = oauth_upstream().encode(&order(), Some(&token), now).unwrap();
    open("upstream/set_label").check("request-oauth.http", &render_request(&request));
    let without = oauth_upstream().encode(&order(), None, now).unwrap_err();
    assert_eq!(without, Failure::NotSent { cause: "there is no access token".into() });
}

#[test]
fn each_kind_of_identifier_is_sent_in_the_documented_spelling() {
    let mut made = String::new();
    let all = [
        ("mobile", "447700900123"),
        ("email", "a+b@bank.example"),
        ("external_id", "EXT 1/2"),
        ("card_number", "6000000000000042"),
        ("card_external_id", "C&1=2"),
        ("wechat", "o_x-1"),
        ("fbid", "1%2"),
        ("martjack_id", "m\u{e9}"),
        ("id", "383838"),
    ];
    let known = all.map(|(kind, value)| identifier(kind.parse::<IdentifierKind>().unwrap(), value));
    // Fewer and fewer of them, so that each is the preferred one once.
    for skip in 0..all.len() {
        let mut order = order();
        order.identifiers = known[skip..].iter().rev().cloned().collect();
        let said = match upstream().encode(&order, None, at("2026-03-02T08:35:11Z")) {
            Ok(request) => request.uri().to_string(),
            Err(failure) => failure.to_string(),
        };
        let _ = writeln!(made, "{}: {said}", all[skip].0);
    }
    open("upstream/set_label").check("identifiers.txt", &made);
}

#[test]
fn a_change_from_this_format_is_sent_to_the_source_and_identifier_it_named() {
    let base = open("downstream/create").request("request.http");
    let query = r#"{"source":"WECHAT","accountId":"wx 1","identifierName":"wechat","identifierValue":"o_x-1"}"#;
    let pointer = "/payload/IntouchAPITask-Payload/queryParams";
    // An account id with a space is refused, one without is kept.
    assert!(downstream().decode(&edited(&base, pointer, query)).unwrap().command.is_err());
    let request = edited(&base, pointer, &query.replace("wx 1", "wx1"));
    let Ok(Command::Change(asked)) = downstream().decode(&request).unwrap().command else {
        panic!("not a change")
    };
    let mut order = order();
    order.native = asked.native;
    let uri = |order: &_| {
        let request = upstream().encode(order, None, at("2026-03-02T08:35:11Z")).unwrap();
        request.uri().query().unwrap().to_owned()
    };
    let by_mobile =
        "source=INSTORE&identifierName=mobile&identifierValue=447700900123&use_async=false";
    assert_eq!(uri(&order), by_mobile, "an identifier that is not the customer's is not used");
    order.identifiers.extend(asked.named_by);
    assert_eq!(
        uri(&order),
        "source=WECHAT&identifierName=wechat&identifierValue=o_x-1&accountId=wx1&use_async=false"
    );
}

#[test]
fn a_change_without_a_reason_is_given_one_and_a_long_one_is_cut() {
    let reason = |reason: Option<String>| {
        let mut order = order();
        order.reason = reason.map(|text| text.parse().unwrap());
        let request = upstream().encode(&order, None, at("2026-03-02T08:35:11Z")).unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        body["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(None), "status change");
    assert_eq!(reason(Some("\u{e9}".repeat(300))), "\u{e9}".repeat(255));
}

#[test]
fn each_status_and_code_of_an_answer_is_classified() {
    let vector = open("upstream/codes");
    let mut made = String::new();
    for line in vector.text("table.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            let _ = writeln!(made, "{line}");
            continue;
        }
        let mut words = line.split_whitespace();
        let (status, code) = (words.next().unwrap(), words.next().unwrap());
        let body = match code {
            "-" => String::new(),
            code => format!(r#"{{"errors":[{{"status":false,"code":{code},"message":"m"}}]}}"#),
        };
        let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        let said = |upstream: &CapillaryUpstream| match upstream.decode(&order(), &response) {
            Ok(_) => "confirmed".to_owned(),
            Err(Failure::Refused { refusal, again }) => {
                let kept = if code == "-" { "" } else { code };
                assert_eq!(&*refusal.code, kept);
                format!("{again:?}")
            }
            Err(Failure::NotSent { .. }) => "not sent".to_owned(),
            Err(Failure::Unknown { .. }) => "unknown".to_owned(),
        };
        let _ = writeln!(
            made,
            "{status} {code:<5} {} / {}",
            said(&upstream()),
            said(&oauth_upstream())
        );
    }
    vector.check("table.txt", &made);
}

#[test]
fn a_retry_after_in_seconds_is_passed_on_and_believed_up_to_a_day() {
    let asked = |value: &str| {
        let mut response = open("upstream/set_label").response("response-too_many.http");
        response.headers_mut().insert("retry-after", value.parse().unwrap());
        match upstream().decode(&order(), &response) {
            Err(Failure::Refused { again: Again::Later(after), .. }) => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(asked("60"), Some(Duration::from_secs(60)));
    assert_eq!(asked("99999999"), Some(Duration::from_secs(86_400)));
    assert_eq!(asked("Wed, 04 Oct 2023 11:00:00 GMT"), None);
}

#[test]
fn the_label_is_read_back_from_the_status_log() {
    let (vector, upstream) = (open("upstream/status_log"), upstream());
    let log = upstream.inquiry().unwrap();
    let now = at("2026-03-02T08:35:11Z");
    let id = identifier(adapter_capillary::identifier::ID, "383838");
    let request = log.encode(&[order().identifiers[0].clone(), id.clone()], None, now).unwrap();
    vector.check("request.http", &render_request(&request));
    assert!(log.encode(&order().identifiers, None, now).is_none());
    assert!(oauth_upstream().inquiry().unwrap().encode(&[id], None, now).is_none());
    check_outcomes("upstream/status_log", |response| format!("{:#?}", log.decode(response)));
}

#[test]
fn a_token_is_asked_for_with_key_and_secret() {
    let (vector, upstream) = (open("upstream/login"), oauth_upstream());
    let login = upstream.login().unwrap();
    vector.check("request.http", &render_request(&login.encode()));
    check_outcomes("upstream/login", |response| match login.decode(response) {
        Ok(grant) => format!("{} {} s", grant.token.expose_secret(), grant.lifetime_s),
        Err(failure) => format!("{failure:#?}"),
    });
}

#[test]
fn a_till_needs_no_login() {
    assert!(upstream().login().is_none());
}

#[test]
fn a_path_and_a_trailing_slash_of_the_base_address_are_kept_apart() {
    let uri = |base: &str| {
        let settings = UpstreamSettings { base_url: base.into(), ..upstream_settings() };
        let upstream = CapillaryUpstream::new(settings).unwrap();
        let request = upstream.encode(&order(), None, at("2026-03-02T08:35:11Z")).unwrap();
        request.uri().to_string().split('?').next().unwrap().to_owned()
    };
    assert_eq!(uri("http://127.0.0.1:9103/"), "http://127.0.0.1:9103/v2/customers/lookup/status");
    assert_eq!(
        uri("https://proxy.example/cap"),
        "https://proxy.example/cap/v2/customers/lookup/status"
    );
}

#[test]
fn another_register_is_not_sent() {
    let other = Order { register: RegisterName::new("status"), ..order() };
    let failure = upstream().encode(&other, None, at("2026-03-02T08:35:11Z")).unwrap_err();
    assert_eq!(failure, Failure::NotSent { cause: "there is no such register".into() });
}
