//! WAY4: what reaches the operation is answered with `F` and echoes the header, everything else with
//! an HTTP error.

use serde_json::{Value, json};

use crate::refusal::{Expected, bench, received, refused, secrets_are_kept, way4};
use crate::support::{Bench, CONTRACT, Setup, System, Way4Change};

const MALFORMED: &str = "G004";

/// A request without fault.
fn good() -> Value {
    Way4Change { msg_id: "ABC000000001", contract: CONTRACT, slot: "ACC2", value: "T" }.body()
}

/// The part of a request at this pointer, counted from the operation.
fn at<'a>(request: &'a mut Value, pointer: &str) -> &'a mut Value {
    let operation = &mut request["NISrvRequest"]["request_account_status_change"];
    operation.pointer_mut(pointer).unwrap()
}

fn with(pointer: &str, value: Value) -> Value {
    let mut request = good();
    *at(&mut request, pointer) = value;
    request
}

fn without(pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let mut request = good();
    at(&mut request, parent).as_object_mut().unwrap().remove(member).unwrap();
    request
}

fn failed<'a>(code: &'a str, says: &'a str) -> Expected<'a> {
    Expected { status: 200, code, says }
}

async fn fails(bench: &Bench, name: &str, request: &Value, code: &str, says: &str) {
    let request = way4(bench, request.to_string()).await;
    let answer = refused(bench, name, request, failed(code, says)).await;
    let exception = "/NISrvResponse/response_account_status_change/exception_details";
    let description = answer.at(&format!("{exception}/error_description"));
    assert!(description.as_str().unwrap().chars().count() <= 100, "{name}: {answer:?}");
}

#[tokio::test]
async fn what_is_no_account_status_change_gets_a_flat_error() {
    let bench = bench(Setup::new()).await;
    let good = good().to_string();
    let nested = |levels: usize| {
        let lists = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        good.replacen(r#""body":{"#, &format!(r#""body":{{"x":{lists},"#), 1)
    };
    let invalid = [good.as_bytes(), b" \xff"].concat();
    let mut broken = good.clone().into_bytes();
    let quoted = good.find("TIB1").unwrap();
    broken[quoted] = 0xc3;
    let bodies: [(&str, Vec<u8>); 16] = [
        ("empty", Vec::new()),
        ("no JSON", b"msg_id=QXCANARY".to_vec()),
        ("truncated", good.as_bytes()[..good.len() - 1].to_vec()),
        ("a list", format!("[{good}]").into()),
        ("null", b"null".to_vec()),
        ("text", b"\"QXCANARY\"".to_vec()),
        ("two values", format!("{good}{good}").into()),
        ("another operation", good.replacen("account_status", "card_status", 1).into()),
        ("another root", good.replacen("NISrvRequest", "NISrvResponse", 1).into()),
        ("the root twice", format!(r#"{{"NISrvRequest":1,{}"#, &good[1..]).into()),
        ("repeated inside", good.replacen("\"key\":", r#""key":"a","key":"#, 1).into()),
        (
            "repeated and escaped",
            good.replacen("\"value\":", r#""v\u0061lue":"C","value":"#, 1).into(),
        ),
        ("33 levels", nested(29).into()),
        ("very many levels", nested(20_000).into()),
        ("invalid UTF-8 behind", invalid),
        ("invalid UTF-8 inside", broken),
    ];
    for (name, body) in bodies {
        let expected = Expected { status: 400, code: "G400", says: "the body" };
        refused(&bench, name, way4(&bench, body).await, expected).await;
    }
    for header in [json!(null), json!("QXCANARY"), json!(["QXCANARY"])] {
        let request = way4(&bench, with("/header", header.clone()).to_string()).await;
        let expected = Expected { status: 400, code: "G400", says: "no account status change" };
        refused(&bench, &format!("header {header}"), request, expected).await;
    }
    // So deep, and not deeper, is read: the fault that is found is another one.
    let at_limit = nested(28).replace(r#""value":"T""#, r#""value":"QXCANARY""#);
    refused(&bench, "32 levels", way4(&bench, at_limit).await, failed("G005", "status.value"))
        .await;
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn every_mandatory_field_is_missed() {
    let bench = bench(Setup::new()).await;
    let fields = [
        ("/header/msg_id", "msg_id"),
        ("/header/msg_type", "msg_type"),
        ("/header/msg_function", "msg_function"),
        ("/header/src_application", "src_application"),
        ("/header/target_application", "target_application"),
        ("/header/timestamp", "timestamp"),
        ("/header/bank_id", "bank_id"),
        ("/body/account_identifier_type", "account_identifier_type"),
        ("/body/account_identifier_id", "account_identifier_id"),
        ("/body/status/type", "status.type"),
        ("/body/status/value", "status.value"),
    ];
    for (pointer, field) in fields {
        let says = format!("{field}: missing");
        fails(&bench, pointer, &without(pointer), MALFORMED, &says).await;
        fails(&bench, pointer, &with(pointer, Value::Null), MALFORMED, &says).await;
        fails(&bench, pointer, &with(pointer, json!("")), MALFORMED, &says).await;
        let wrong = format!("{field}: must be text");
        for value in [json!(["QXCANARY"]), json!(true), json!({ "QXCANARY": 1 }), json!(0.5)] {
            fails(&bench, pointer, &with(pointer, value), MALFORMED, &wrong).await;
        }
    }
    fails(&bench, "no body", &without("/body"), MALFORMED, "body: missing").await;
    fails(&bench, "no status", &without("/body/status"), MALFORMED, "status: missing").await;
    for value in [json!("QXCANARY"), json!(["T"])] {
        let says = "body: must be an object";
        fails(&bench, "body", &with("/body", value.clone()), MALFORMED, says).await;
        let says = "status: must be an object";
        fails(&bench, "status", &with("/body/status", value), MALFORMED, says).await;
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn no_field_may_be_longer_than_the_page_says() {
    let bench = bench(Setup::new()).await;
    let fields = [
        ("/header/msg_id", 12),
        ("/header/msg_type", 12),
        ("/header/msg_function", 50),
        ("/header/src_application", 10),
        ("/header/target_application", 10),
        ("/header/timestamp", 30),
        ("/header/tracking_id", 15),
        ("/body/account_identifier_type", 20),
        ("/body/account_identifier_id", 32),
        ("/body/status/type", 32),
        ("/body/status/value", 32),
        ("/body/custom_fields/0/key", 32),
        ("/body/custom_fields/0/value", 128),
    ];
    for (pointer, max) in fields {
        let says = format!("longer than {max} characters");
        let long = with(pointer, json!("9".repeat(max + 1)));
        fails(&bench, pointer, &long, MALFORMED, &says).await;
    }
    // Nobody may speak for it, so that its length does not come into it.
    let long = way4(&bench, with("/header/bank_id", json!("NICNICNICNIC")).to_string()).await;
    let expected = Expected { status: 403, code: "G403", says: "institution is not permitted" };
    refused(&bench, "bank_id", long, expected).await;
}

#[tokio::test]
async fn values_that_are_not_defined_are_refused() {
    let bench =
        bench(Setup::new().replacing(r#""362" = "NIC""#, r#""362" = "NIC", "982" = "ADCB""#)).await;
    let cases = [
        ("/header/msg_id", "a b", MALFORMED, "msg_id: must be letters and digits"),
        ("/header/msg_id", "a\u{0}", MALFORMED, "msg_id: must be printable"),
        ("/header/msg_type", "ENQUIRY", MALFORMED, "msg_type: not one of"),
        ("/header/msg_function", "REQ_CARD_DETAILS", MALFORMED, "msg_function: not one of"),
        ("/header/src_application", "B\nK", MALFORMED, "src_application: must be printable"),
        ("/body/account_identifier_type", "QXCANARY", MALFORMED, "identifier_type: not one of"),
        ("/body/account_identifier_id", "000-QXCANARY", MALFORMED, "identifier_id: must be"),
        ("/body/account_identifier_id", "000362XXXXXXXX0183", "G007", "not a masked one"),
        ("/body/status/type", "BCC-ACC3-362", MALFORMED, "status.type: not one of"),
        ("/body/status/type", "BCC-QXCANARY", MALFORMED, "status.type: not one of"),
        ("/body/status/type", "bcc-acc2-362", MALFORMED, "status.type: not one of"),
        ("/body/status/type", "BCC-ACC2-999", "G006", "status.type: does not agree"),
        ("/body/status/type", "BCC-ACC2-982", "G006", "bank_id: does not agree"),
        ("/body/status/value", "QXCANARY", "G005", "status.value: not one of"),
        ("/body/status/value", "F", "G005", "status.value: not one of"),
        ("/body/status/value", "t", "G005", "status.value: not one of"),
        ("/body/status/value", "T\u{0}", MALFORMED, "status.value: must be printable"),
    ];
    for (pointer, value, code, says) in cases {
        let name = format!("{pointer} {value:?}");
        fails(&bench, &name, &with(pointer, json!(value)), code, says).await;
    }
    let lists = [
        (json!("QXCANARY"), "custom_fields: must be a list"),
        (json!({ "key": "a" }), "custom_fields: must be a list"),
        (json!(["QXCANARY"]), "custom_fields: must be an object"),
        (json!([{ "key": 1 }]), "custom_fields.key: must be text"),
        (json!([{ "value": ["QXCANARY"] }]), "custom_fields.value: must be text"),
        (json!([{ "key": "a", "Key": "b" }]), "custom_fields.key: given more than once"),
    ];
    for (list, says) in lists {
        let request = with("/body/custom_fields", list.clone());
        fails(&bench, &list.to_string(), &request, MALFORMED, says).await;
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_message_number_is_not_taken_twice_for_different_requests() {
    let bench = bench(Setup::new()).await;
    assert_eq!(bench.calls.way4("M1", "ACC2", "T").await.way4(), "S 000");
    let once = received(&bench).await;
    let mut other =
        Way4Change { msg_id: "M1", contract: CONTRACT, slot: "ACC2", value: "C" }.body();
    fails(&bench, "another code", &other, "G009", "used for a different request").await;
    *at(&mut other, "/body/status/value") = json!("T");
    *at(&mut other, "/body/account_identifier_id") = json!("0003621110000004242");
    fails(&bench, "another contract", &other, "G009", "used for a different request").await;
    assert_eq!(received(&bench).await, once);
    assert_eq!(bench.journal(System::Way4).await.len(), 1);
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=T Active unlocked");
}
