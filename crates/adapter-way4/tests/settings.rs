//! What the settings change, and which are refused.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use adapter_way4::{
    DownstreamSettings, FallbackCodes, Institution, InvalidSettings, OwnCode, OwnCodes, SYSTEM,
    UpstreamSettings, Way4Downstream, Way4Upstream,
};
use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Credentials, Decoded, Downstream as _};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::Command;
use status_domain::failure::UpstreamRefusal;
use status_testkit::golden::Vector;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_769_923_800_310).unwrap()
}

fn sample() -> http::Request<Bytes> {
    Vector::open(env!("CARGO_MANIFEST_DIR"), "downstream/documented_call").request("request.http")
}

fn server(change: impl FnOnce(&mut DownstreamSettings)) -> Result<Way4Downstream, InvalidSettings> {
    let mut settings = DownstreamSettings::default();
    change(&mut settings);
    Way4Downstream::new(settings)
}

fn client(change: impl FnOnce(&mut UpstreamSettings)) -> Result<Way4Upstream, InvalidSettings> {
    let mut settings = UpstreamSettings {
        fi_code: "362".into(),
        bank_id: "NIC".into(),
        src_application: "BNK".into(),
        ..UpstreamSettings::new("https://api.example", "gw-demo", SecretString::from("s"))
    };
    change(&mut settings);
    Way4Upstream::new(settings)
}

/// The message within an answer's envelope.
fn message(answer: &http::Response<Bytes>) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    body["NISrvResponse"]["response_account_status_change"].clone()
}

#[track_caller]
fn read(
    server: &Way4Downstream,
    request: &http::Request<Bytes>,
) -> Decoded<adapter_way4::Way4Reply> {
    server.decode(request).unwrap()
}

#[test]
fn a_bank_puts_its_own_error_codes_in_place_of_the_shipped_ones() {
    let overrides =
        BTreeMap::from([(OwnCode::UndefinedCode, "21".into()), (OwnCode::Malformed, "9".into())]);
    let codes = OwnCodes::with(overrides).unwrap();
    let server = server(|settings| settings.own_codes = codes).unwrap();
    let code = |from: &str, to: &str| {
        let text = String::from_utf8(sample().body().to_vec()).unwrap();
        let decoded = read(&server, &sample().map(|_| Bytes::from(text.replace(from, to))));
        let answer = Answer::NotActedOn(NotActedOn::Malformed(decoded.command.unwrap_err()));
        let answer = server.encode(&decoded.reply, &answer, at());
        message(&answer)["exception_details"]["error_code"].clone()
    };
    assert_eq!(code(r#""value": "C""#, r#""value": "Z""#), "21");
    assert_eq!(code("CONTRACT_NUMBER", "EXID"), "9");
    assert_eq!(code("BCC-ACC2", "BCC-CARD"), "9");
}

#[test]
fn a_business_failure_may_have_another_http_status_and_a_success_may_not() {
    let server = server(|settings| {
        settings.business_failure_status = http::StatusCode::UNPROCESSABLE_ENTITY;
        settings.application_name = "GATE".into();
        settings.utc_offset = FixedOffset::east_opt(3 * 3600).unwrap();
    })
    .unwrap();
    let decoded = read(&server, &sample());
    let change = "0190d1c2-7e5b-7c3a-9f00-0123456789ab".parse().unwrap();
    let refusal = UpstreamRefusal::new(200, "117", &"x".repeat(150));
    let refused = Answer::RefusedUpstream { change, system: SYSTEM, refusal };
    let answer = server.encode(&decoded.reply, &refused, at());
    assert_eq!(answer.status(), 422);
    let details = message(&answer)["exception_details"].clone();
    assert_eq!(details["application_name"], "GATE");
    assert_eq!(details["date_time"], "2026-02-01T08:30:00.310+03:00");
    assert_eq!(details["error_description"].as_str().unwrap().len(), 100);

    let applied = Answer::Applied(status_domain::answer::Applied {
        change,
        effective: status_domain::status::Status::Closed,
        native: None,
    });
    assert_eq!(server.encode(&decoded.reply, &applied, at()).status(), 200);
}

#[test]
fn a_caller_without_one_bearer_token_has_no_credentials() {
    let server = server(|_| {}).unwrap();
    let with = |values: &[&str]| {
        let mut request = sample();
        request.headers_mut().remove("authorization");
        for value in values {
            request.headers_mut().append("authorization", value.parse().unwrap());
        }
        match read(&server, &request).credentials {
            Credentials::Bearer(token) => Some(token.expose_secret().to_owned()),
            Credentials::Missing => None,
            Credentials::SignedPayload(_)
            | Credentials::Organisation(_)
            | Credentials::KeyPair { .. } => panic!("none of this format's"),
        }
    };
    assert_eq!(with(&["Bearer abc"]).as_deref(), Some("abc"));
    assert_eq!(with(&["bearer abc"]).as_deref(), Some("abc"));
    for none in [&[][..], &["Bearer "], &["Bearer"], &["Basic abc"], &["Bearer a", "Bearer b"]] {
        assert_eq!(with(none), None, "{none:?}");
    }
}

#[test]
fn tracking_id_and_timestamp_do_not_make_another_message() {
    let server = server(|_| {}).unwrap();
    let key = |from: &str, to: &str| {
        let text = String::from_utf8(sample().body().to_vec()).unwrap();
        let decoded = read(&server, &sample().map(|_| Bytes::from(text.replace(from, to))));
        let Ok(Command::Change(change)) = decoded.command else { panic!("a change") };
        change.idempotency.unwrap()
    };
    let first = key("NISrvRequest", "NISrvRequest");
    assert_eq!(key("13221413256", "1"), first);
    assert_eq!(key("2023-03-03", "2024-03-03"), first);
    for (from, to) in [
        ("0000000183", "0000000184"),
        ("\"C\"", "\"B\""),
        ("ACC2-362", "ACC2-363"),
        ("TIB1", "TIB2"),
    ] {
        let other = key(from, to);
        assert_eq!(other.key, first.key, "{from}");
        assert_ne!(other.content, first.content, "{from}");
    }
    assert_ne!(key("1692103705", "1692103706").key, first.key);
}

#[test]
fn the_media_type_may_be_absent_or_have_parameters() {
    let server = server(|_| {}).unwrap();
    let mut request = sample();
    request.headers_mut().remove("content-type");
    assert!(read(&server, &request).command.is_ok());
    request
        .headers_mut()
        .insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    assert!(read(&server, &request).command.is_ok());
}

#[test]
fn a_header_that_does_not_fit_is_cut_in_the_answer() {
    let server = server(|_| {}).unwrap();
    let text = String::from_utf8(sample().body().to_vec()).unwrap();
    let text = text.replace("13221413256", &"7".repeat(40)).replace("\"NIC\"", "{}");
    let decoded = read(&server, &sample().map(|_| Bytes::from(text)));
    let error = decoded.command.unwrap_err();
    let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
    let answer = message(&server.encode(&decoded.reply, &answer, at()));
    assert_eq!(answer["header"]["tracking_id"], "7".repeat(15));
    assert_eq!(answer["header"]["bank_id"], "");
    assert_eq!(
        answer["exception_details"]["error_description"],
        "tracking_id: longer than 15 characters"
    );
}

#[test]
fn senseless_server_settings_are_refused() {
    let status = |code| server(|s| s.business_failure_status = code).is_ok();
    assert!(status(http::StatusCode::BAD_REQUEST));
    assert!(!status(http::StatusCode::NO_CONTENT) && !status(http::StatusCode::FOUND));
    for name in ["", "longer than twenty ch", "a\nb"] {
        assert!(server(|s| s.application_name = name.into()).is_err(), "{name:?}");
    }
    let institution = |fi: &str, bank: &str| {
        let institution = Institution { bank_id: bank.into(), codes: None };
        server(|s| s.institutions = BTreeMap::from([(fi.into(), institution)])).is_ok()
    };
    assert!(institution("362", "TIQMO"));
    assert!(!institution("36-2", "NIC") && !institution("362", "") && !institution("", "NIC"));
}

#[test]
fn senseless_client_settings_are_refused() {
    assert!(client(|_| {}).is_ok());
    type Change = fn(&mut UpstreamSettings);
    let refused: [(&str, Change); 11] = [
        ("base_url", |s| s.base_url = "https://user:word@api.example".into()),
        ("base_url", |s| s.base_url = "api.example".into()),
        ("token_path", |s| s.token_path = "token".into()),
        ("prefix", |s| s.prefix = Some("a/b".into())),
        ("fi_code", |s| s.fi_code = Box::default()),
        ("bank_id", |s| s.bank_id = "TIQMO".into()),
        ("src_application", |s| s.src_application = Box::default()),
        ("target_application", |s| s.target_application = "longer than".into()),
        ("bc_channel", |s| s.bc_channel = Some(Box::default())),
        ("client_id", |s| s.client_id = Box::default()),
        ("fallback", |s| {
            s.fallback = FallbackCodes { fraud: Box::default(), ..FallbackCodes::default() };
        }),
    ];
    for (setting, change) in refused {
        assert_eq!(client(change).unwrap_err().setting, setting);
    }
}
