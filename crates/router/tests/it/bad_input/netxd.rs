//! NetXD: every fault in a signed request has a code of its own, and the id is echoed.

use serde_json::{Value, json};

use crate::refusal::{
    Expected, bench, body_of, is_refusal, netxd, received, refused, secrets_are_kept,
};
use crate::support::{Bench, CUSTOMER, Setup};

const STATUS: &str = "CustomerService.UpdateCustomerStatus";
const DETAILS: &str = "CustomerService.UpdateCustomer";

/// A signed request to change a status, as text.
fn call(bench: &Bench, payload: &str) -> String {
    body_of(bench.calls.netxd_request(STATUS, payload))
}

/// A payload without fault.
fn payload() -> String {
    json!({ "ID": CUSTOMER, "status": "ACTIVE", "notes": "as agreed" }).to_string()
}

fn invalid(says: &str) -> Expected<'_> {
    Expected { status: 200, code: "INVALID_REQUEST", says }
}

const NO_JSON: Expected<'_> =
    Expected { status: 200, code: "PARSE_ERROR", says: "the body is not JSON" };

#[tokio::test]
async fn a_body_that_is_no_json_is_a_parse_error_without_an_id() {
    let bench = bench(Setup::new()).await;
    let good = call(&bench, &payload());
    let with = |old: &str, new: &[u8]| {
        let (before, after) = good.split_once(old).unwrap();
        [before.as_bytes(), new, after.as_bytes()].concat()
    };
    let bodies: [(&str, Vec<u8>); 9] = [
        ("empty", Vec::new()),
        ("words", b"status=QXCANARY".to_vec()),
        ("truncated", good.as_bytes()[..good.len() - 1].to_vec()),
        ("two values", format!("{good}{good}").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("invalid UTF-8 in the envelope", with("\"1\"", b"\"QXCANARY\xff\"")),
        ("invalid UTF-8 in the payload", with("as agreed", b"QXCANARY\xc3\x28")),
        ("a null byte", with("as agreed", b"QXCANARY\0")),
        ("a single quote", good.replace('"', "'").into()),
    ];
    for (name, body) in bodies {
        let answer = refused(&bench, name, netxd(&bench, body), NO_JSON).await;
        assert_eq!(answer.at("/id"), Value::Null, "{name}");
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_no_request() {
    let bench = bench(Setup::new()).await;
    let good = call(&bench, &payload());
    let expected = invalid("the body must be one object");
    for body in [format!("[{good}]"), "[]".into(), "null".into(), "\"QXCANARY\"".into(), "1".into()]
    {
        let answer = refused(&bench, &body, netxd(&bench, body.clone()), expected).await;
        assert_eq!(answer.at("/id"), Value::Null);
    }
}

#[tokio::test]
async fn the_envelope_is_checked_member_by_member() {
    let bench = bench(Setup::new()).await;
    let good = call(&bench, &payload());
    let with_id = |id: &str| good.replacen(r#""id":"1""#, &format!(r#""id":{id}"#), 1);
    let more = |member: &str| format!("{},{member}}}", good.strip_suffix('}').unwrap());
    let cases = [
        ("id left out", good.replacen(r#""id":"1","#, "", 1), "id: missing"),
        ("id null", with_id("null"), "id: missing"),
        ("id with a fraction", with_id("1.5"), "id: must be text or a whole number"),
        ("id with an exponent", with_id("1e5"), "id: must be text or a whole number"),
        ("id true", with_id("true"), "id: must be text or a whole number"),
        ("id an object", with_id("{}"), "id: must be text or a whole number"),
        ("id too long", with_id(&format!("\"{}\"", "a".repeat(65))), "id: longer than 64"),
        ("id with too many digits", with_id(&"1".repeat(65)), "id: longer than 64"),
        ("id half a surrogate", with_id(r#""\ud800""#), "id: must be"),
        ("id twice", more(r#""id":"2""#), "id: given more than once"),
        ("version 1.0", more(r#""jsonrpc":"1.0""#), "jsonrpc: must be"),
        ("version a number", more(r#""jsonrpc":2.0"#), "jsonrpc: must be"),
        ("method a number", good.replacen(&format!("\"{STATUS}\""), "1", 1), "method: must be"),
        ("no method", good.replacen(r#""method":"#, r#""Methods":"#, 1), "method: missing"),
        ("method twice", more(r#""METHOD":"x""#), "a member of the request: given more than once"),
        ("unknown twice", more(r#""x":1,"X":2"#), "a member of the request: given more than once"),
    ];
    for (name, body, says) in cases {
        let answer = refused(&bench, name, netxd(&bench, body), invalid(says)).await;
        let echoed = if name.contains("id ") { Value::Null } else { json!("1") };
        assert_eq!(answer.at("/id"), echoed, "{name}");
    }
    let methods = ["CustomerService.DeleteQXCANARY", "customerservice.updatecustomerstatus", ""];
    for method in methods {
        let request = bench.calls.netxd_request(method, &payload());
        let expected =
            Expected { status: 200, code: "METHOD_NOT_FOUND", says: "method: not one of" };
        refused(&bench, method, request, expected).await;
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_request_without_readable_params_is_not_authenticated() {
    let bench = bench(Setup::new()).await;
    let unauthenticated = Expected { status: 200, code: "UNAUTHORIZED", says: "not authenticated" };
    for params in ["[1]", "null", "\"QXCANARY\"", "{}", r#"{"payload":{}}"#, r#"{"api":{}}"#] {
        let body = format!(r#"{{"method":"{STATUS}","id":"1","params":{params}}}"#);
        let answer = refused(&bench, params, netxd(&bench, body), unauthenticated).await;
        assert_eq!(answer.at("/id"), "1");
    }
}

#[tokio::test]
async fn repeated_members_and_deep_nesting_are_refused_at_every_depth() {
    let bench = bench(Setup::new()).await;
    // The notes stand four levels deep.
    let lists = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let notes = |notes: &str| format!(r#"{{"ID":"{CUSTOMER}","status":"ACTIVE","notes":{notes}}}"#);
    let twice = "given more than once";
    let payloads = [
        ("a member", r#"{"ID":"1","status":"ACTIVE","status":"ACTIVE"}"#.to_owned(), twice),
        ("another case", r#"{"ID":"1","status":"ACTIVE","Status":"BLOCKED"}"#.to_owned(), twice),
        ("escaped", r#"{"ID":"1","status":"ACTIVE","\u0073tatus":"BLOCKED"}"#.to_owned(), twice),
        ("the long s", r#"{"ID":"1","status":"ACTIVE","ſtatus":"BLOCKED"}"#.to_owned(), twice),
        ("inside", notes(r#"{"a":[{"b":1,"B":2}]}"#), twice),
        ("32 levels", notes(&lists(29)), "payload.notes: must be text"),
        ("33 levels", notes(&lists(30)), "nested at most 32 deep"),
        ("very many levels", notes(&lists(20_000)), "nested at most 32 deep"),
    ];
    for (name, payload, says) in payloads {
        refused(&bench, name, netxd(&bench, call(&bench, &payload)), invalid(says)).await;
    }
    let good = call(&bench, &payload());
    let more = |member: &str| format!("{},{member}}}", good.strip_suffix('}').unwrap());
    let beside = [
        ("beside the params, 33 levels", more(&format!(r#""x":{}"#, lists(32))), "at most 32 deep"),
        ("beside the params, repeated", more(r#""x":[{"a":1,"a":2}]"#), twice),
        ("in api, repeated", good.replacen("\"api\":{", r#""api":{"x":[{"a":1,"a":2}],"#, 1), ""),
    ];
    for (name, body, says) in beside {
        let answer = bench.calls.send(netxd(&bench, body)).await.unwrap();
        let code = if says.is_empty() { "UNAUTHORIZED" } else { "INVALID_REQUEST" };
        is_refusal(&bench, name, &answer, Expected { status: 200, code, says });
    }
    assert_eq!(received(&bench).await, 0);
}

#[tokio::test]
async fn the_payload_of_a_status_change_is_checked_field_by_field() {
    let bench = bench(Setup::new()).await;
    let long_id = "1".repeat(33);
    let cases = [
        (json!([1]), "params.payload: must be an object"),
        (json!("QXCANARY"), "params.payload: must be an object"),
        (json!({ "status": "ACTIVE" }), "payload.ID: missing"),
        (json!({ "ID": null, "status": "ACTIVE" }), "payload.ID: missing"),
        (json!({ "ID": "", "status": "ACTIVE" }), "payload.ID: missing"),
        (json!({ "ID": 4_111_111_111_111_111_u64, "status": "ACTIVE" }), "payload.ID: must be"),
        (json!({ "ID": ["QXCANARY"], "status": "ACTIVE" }), "payload.ID: must be text"),
        (json!({ "ID": long_id, "status": "ACTIVE" }), "payload.ID: longer than 32"),
        (json!({ "ID": " 1", "status": "ACTIVE" }), "payload.ID: must be text without spaces"),
        (json!({ "ID": "QXCANARY\u{0}", "status": "ACTIVE" }), "payload.ID: must be text without"),
        (json!({ "ID": CUSTOMER }), "payload.status: missing"),
        (json!({ "ID": CUSTOMER, "status": "" }), "payload.status: missing"),
        (json!({ "ID": CUSTOMER, "status": true }), "payload.status: must be text"),
        (json!({ "ID": CUSTOMER, "status": "QXCANARY" }), "payload.status: not one of"),
        (json!({ "ID": CUSTOMER, "status": "active" }), "payload.status: not one of"),
        (json!({ "ID": CUSTOMER, "status": "CLOSED" }), "payload.status: not one of"),
        (json!({ "ID": CUSTOMER, "status": "INACTIVE" }), "payload.status: not one of"),
        (json!({ "ID": CUSTOMER, "status": "ACTIVE", "notes": 1 }), "payload.notes: must be text"),
        (json!({ "ID": CUSTOMER, "status": "ACTIVE", "notes": "n".repeat(1001) }), "than 1000"),
        (json!({ "ID": CUSTOMER, "status": "ACTIVE", "notes": "\u{0}" }), "payload.notes: must"),
    ];
    for (payload, says) in cases {
        let payload = payload.to_string();
        refused(&bench, &payload, netxd(&bench, call(&bench, &payload)), invalid(says)).await;
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn the_payload_of_a_change_of_details_is_checked_field_by_field() {
    let bench = bench(Setup::new()).await;
    let good = json!({ "ID": CUSTOMER, "firstName": "Mark", "lastName": "Antony" });
    let with = |pointer: &str, value: Value| {
        let mut payload = good.clone();
        match pointer.split_once('.') {
            Some((outer, inner)) => payload[outer] = json!({ inner: value }),
            None => payload[pointer] = value,
        }
        payload
    };
    let too_long = json!("x".repeat(257));
    let cases = [
        (with("ID", Value::Null), "payload.ID: missing"),
        (with("firstName", Value::Null), "payload.firstName: missing"),
        (with("firstName", json!(" ")), "payload.firstName: missing"),
        (with("firstName", json!(1)), "payload.firstName: must be text"),
        (with("firstName", too_long.clone()), "payload.firstName: longer than 256"),
        (with("lastName", Value::Null), "payload.lastName: missing"),
        (with("lastName", json!("QXCANARY\u{7}")), "payload.lastName: must be text without"),
        (with("type", json!("BUSINESS")), "payload.type: not one of"),
        (with("title", json!("QXCANARY")), "payload.title: not one of"),
        (with("gender", json!("male")), "payload.gender: not one of"),
        (with("DOB", json!("19991309")), "payload.DOB: must be a date"),
        (with("DOB", json!("1999-12-09")), "payload.DOB: must be a date"),
        (with("address", json!("QXCANARY")), "payload.address: must be an object"),
        (with("address.city", json!(["QXCANARY"])), "payload.address.city: must be text"),
        (with("address.zip", too_long.clone()), "payload.address.zip: longer than 256"),
        (with("contact.email", too_long), "payload.contact.email: longer than 256"),
        (with("contact.fax", json!("QXCANARY")), "payload.contact.fax: not allowed here"),
        (with("4111111111111111", json!("x")), "payload: not allowed here"),
        (with("status", json!("BLOCKED")), "payload.status: not allowed here"),
    ];
    for (payload, says) in cases {
        let payload = payload.to_string();
        let request = bench.calls.netxd_request(DETAILS, &payload);
        refused(&bench, &payload, request, invalid(says)).await;
    }
    secrets_are_kept(&bench).await;
}
