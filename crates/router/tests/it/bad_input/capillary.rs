//! Capillary: the payload's target, headers and query are assertions, and everything in it is checked
//! before a checker is asked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::refusal::{Expected, bench, capillary, refused, secrets_are_kept};
use crate::support::{Bench, MOBILE, Setup, capillary_request};

const TASK: &str = "/payload/IntouchAPITask-Payload";

fn good() -> Value {
    capillary_request(MOBILE, "Suspended")
}

/// A request with another value at a place in `IntouchAPITask-Payload`; null takes it out.
fn with(place: &str, value: Value) -> Value {
    changed(&format!("{TASK}{place}"), value)
}

fn changed(pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let mut request = good();
    let parent = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(member).unwrap();
    } else {
        parent.insert(member.to_owned(), value);
    }
    request
}

async fn fails(bench: &Bench, request: &Value, status: u16, code: &str, says: &str) {
    let name = format!("{request}");
    let request = capillary(bench, request.to_string());
    refused(bench, &name, request, Expected { status, code, says }).await;
}

/// How many requests there are for a checker to see.
async fn requests(bench: &Bench) -> Value {
    let list = bench.calls.capillary_list(&bench.calls.maker(), "").await;
    assert_eq!(list.status, 200);
    list.at("/pagination/totalElements")
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_an_invalid_payload() {
    let bench = bench(Setup::new()).await;
    let good = good().to_string();
    let lists = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let label = |label: &str| good.replacen(r#""Suspended""#, label, 1);
    let mut broken = good.clone().into_bytes();
    let reason = good.find("testing").unwrap();
    broken[reason] = 0xff;
    let bodies: [(&str, Vec<u8>, &str); 14] = [
        ("empty", Vec::new(), "must be JSON"),
        ("words", b"label=QXCANARY".to_vec(), "must be JSON"),
        ("truncated", good.as_bytes()[..good.len() - 1].to_vec(), "must be JSON"),
        ("two values", format!("{good}{good}").into(), "must be JSON"),
        ("invalid UTF-8", broken, "must be JSON"),
        ("a null byte", good.replace("testing", "QXCANARY\0").into(), "must be JSON"),
        ("a list", format!("[{good}]").into(), "must be an object"),
        ("text", b"\"QXCANARY\"".to_vec(), "must be an object"),
        ("null", b"null".to_vec(), "must be an object"),
        ("repeated", format!(r#"{{"payload":1,{}"#, &good[1..]).into(), "more than once"),
        ("repeated inside", label(r#""Active","label":"Blocked""#).into(), "more than once"),
        ("32 levels", label(&lists(28)).into(), "body.label: must be a string"),
        ("33 levels", label(&lists(29)).into(), "at most 32 levels deep"),
        ("very many levels", label(&lists(20_000)).into(), "at most 32 levels deep"),
    ];
    for (name, body, says) in bodies {
        let expected = Expected { status: 400, code: "2008", says };
        refused(&bench, name, capillary(&bench, body), expected).await;
    }
    assert_eq!(requests(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn an_asserted_target_that_is_not_the_configured_one_is_refused() {
    let bench = bench(Setup::new()).await;
    let hosts = [
        "http://eu.api.capillarytech.com",
        "https://QXCANARY.example",
        "https://eu.api.capillarytech.com.QXCANARY.example",
        "https://eu.api.capillarytech.com.",
        "https://eu.api.capillarytech.com:8443",
        "https://eu.api.capillarytech.com@QXCANARY.example",
        "https://user:QXCANARY@eu.api.capillarytech.com",
        "https://eu.api.capillarytech.com/QXCANARY",
        "https://eu.api.capillarytech.com?QXCANARY",
        "https://eu.api.capillarytech.com#QXCANARY",
        "https://169.254.169.254",
        "http://127.0.0.1:9101",
        "https://[::1]",
        "https://0x7f000001",
        "<<https://eu.api.capillarytech.com>>",
        "file:///etc/passwd",
        "//eu.api.capillarytech.com",
        "localhost",
        "",
    ];
    for host in hosts {
        fails(&bench, &with("/hostname", json!(host)), 400, "2022", "hostname: does not").await;
    }
    let paths = [
        "/v2/customers/lookup/status/",
        "/v2/customers/lookup/../lookup/status",
        "//v2/customers/lookup/status",
        "/v2/customers/lookup%2Fstatus",
        "/v2/customers/lookup/status?x=QXCANARY",
        "/v2/customers/lookup/status#x",
        "/v2/customers/lookup",
        "/V2/customers/lookup/status",
        "/_sim/state",
        "",
    ];
    for path in paths {
        fails(&bench, &with("/path", json!(path)), 400, "2022", "path: does not agree").await;
    }
    for method in ["DELETE", "PATCH", "put", "QXCANARY", ""] {
        fails(&bench, &with("/method", json!(method)), 400, "2008", "method: not one of").await;
    }
    for params in [json!({ "id": "QXCANARY" }), json!(["QXCANARY"]), json!("QXCANARY")] {
        fails(&bench, &with("/pathParams", params), 400, "2022", "pathParams: not allowed").await;
    }
    for (place, code) in [("hostname", "2022"), ("path", "2022"), ("method", "2008")] {
        let place = format!("/{place}");
        fails(&bench, &with(&place, Value::Null), 400, code, "missing").await;
        fails(&bench, &with(&place, json!(["QXCANARY"])), 400, code, "must be a string").await;
    }
    assert_eq!(requests(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn inner_headers_are_limited_to_three() {
    let bench = bench(Setup::new()).await;
    let names = ["X-CAP-API-AUTH-ORG-ID", "X-CAP-UI-AUTH-TOKEN", "Host", "Cookie", "QXCANARY"];
    for name in names {
        let request = with(&format!("/headers/{name}"), json!("QXCANARY"));
        fails(&bench, &request, 400, "2023", "a member of headers: not allowed").await;
    }
    let cases = [
        ("/headers", Value::Null, "missing"),
        ("/headers", json!("QXCANARY"), "must be an object"),
        ("/headers/Authorization", json!(["QXCANARY"]), "headers.Authorization: must be a string"),
        ("/headers/Authorization", json!("QXCANARY\r\nHost: x"), "visible ASCII"),
        ("/headers/Authorization", json!("QXCANARY\u{e9}"), "visible ASCII"),
        ("/headers/authorization", json!("Basic eDp5"), "more than once"),
        ("/headers/content-type", json!("text/QXCANARY"), "headers.content-type: must be"),
    ];
    for (place, value, says) in cases {
        fails(&bench, &with(place, value), 400, "2023", says).await;
    }
    assert_eq!(requests(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn the_payload_is_checked_field_by_field() {
    let bench = bench(Setup::new()).await;
    let source = "/queryParams/source";
    let name = "/queryParams/identifierName";
    let value = "/queryParams/identifierValue";
    let account = "/queryParams/accountId";
    let cases = [
        ("/QXCANARY", json!(1), "2008", "a member of IntouchAPITask-Payload: not allowed"),
        ("/queryParams", Value::Null, "2008", "queryParams: missing"),
        ("/queryParams", json!([]), "2008", "queryParams: must be an object"),
        ("/queryParams/QXCANARY", json!("x"), "2008", "a member of queryParams: not allowed"),
        (source, Value::Null, "8003", "missing"),
        (source, json!("QXCANARY"), "8003", "not one of"),
        (source, json!(1), "8003", "must be a string"),
        (source, json!("WECHAT"), "8045", "queryParams.accountId: missing"),
        (account, json!("x".repeat(129)), "2008", "at most 128 visible"),
        (account, json!(["QXCANARY"]), "2008", "must be a string"),
        ("/queryParams/use_async", json!("QXCANARY"), "2008", "must be true or false"),
        ("/queryParams/use_async", json!(1), "2008", "must be true or false"),
        (name, Value::Null, "8013", "missing"),
        (name, json!("QXCANARY"), "8013", "not one of"),
        (value, Value::Null, "2008", "missing"),
        (value, json!(""), "2008", "missing"),
        (value, json!(4_111_111_111_111_111_u64), "2008", "must be a string"),
        (value, json!("+4111111111111111"), "2008", "must be 5 to 20 digits"),
        (value, json!("411111111111111111111"), "2008", "must be 5 to 20 digits"),
        ("/body", Value::Null, "2008", "body: missing"),
        ("/body/QXCANARY", json!(1), "2008", "a member of body: not allowed"),
        ("/body/label", Value::Null, "2008", "body.label: missing"),
        ("/body/label", json!(""), "2008", "body.label: missing"),
        ("/body/label", json!({ "QXCANARY": 1 }), "2008", "body.label: must be a string"),
        ("/body/label", json!("QXCANARY"), "3017", "body.label: not one of"),
        ("/body/reason", Value::Null, "2008", "body.reason: missing"),
        ("/body/reason", json!("  "), "2008", "body.reason: missing"),
        ("/body/reason", json!("x".repeat(256)), "2008", "longer than 255"),
        ("/body/reason", json!("QXCANARY\u{0}"), "2008", "without control characters"),
    ];
    for (place, value, code, says) in cases {
        fails(&bench, &with(place, value), 400, code, says).await;
    }
    let ids = ["tillId", "storeId", "zoneId", "conceptId"];
    for id in ids {
        let pointer = format!("/entityInfo/{id}");
        let says = format!("entityInfo.{id}: ");
        let bad = [json!(null), json!(""), json!("QXCANARY"), json!("1".repeat(20)), json!([1])];
        for value in bad.into_iter().chain([json!(-1), json!(0.5), json!(true)]) {
            fails(&bench, &changed(&pointer, value), 400, "2008", &says).await;
        }
    }
    let outer = [("/entityInfo", "entityInfo: "), ("/payload", "payload: "), (TASK, "Payload: ")];
    for (pointer, says) in outer {
        for value in [Value::Null, json!("QXCANARY"), json!(["QXCANARY"])] {
            fails(&bench, &changed(pointer, value), 400, "2008", says).await;
        }
    }
    assert_eq!(requests(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn other_request_types_are_not_served() {
    let bench = bench(Setup::new()).await;
    for method in [Method::POST, Method::PUT] {
        let maker = bench.calls.maker();
        let request = bench.calls.capillary_request(method, "/POINTS-REDEMPTION", &maker);
        let expected = Expected { status: 404, code: "2009", says: "requestType: not one of" };
        refused(&bench, "another type", request.body(good().to_string()), expected).await;
    }
    assert_eq!(requests(&bench).await, 0);
}

#[tokio::test]
async fn a_decision_is_checked_field_by_field() {
    let bench = bench(Setup::new()).await;
    let id = bench.calls.capillary_ask("Suspended").await.request_id();
    let good = json!({
        "requestId": id, "actionName": "AdminTask",
        "payload": { "AdminTask-Payload": { "actionDecision": "approved", "actionMessage": "ok" } },
    });
    let unknown = "01a1fc43-5b9d-7371-9107-de255989f508";
    let task = |decision: Value, message: Value| json!({ "AdminTask-Payload": { "actionDecision": decision, "actionMessage": message } });
    let cases = [
        ("requestId", Value::Null, 400, "2008", "requestId: missing"),
        ("requestId", json!(" "), 400, "2008", "requestId: missing"),
        ("requestId", json!(7), 400, "2008", "requestId: must be a string"),
        ("requestId", json!("9".repeat(129)), 404, "2007", "requestId: longer than 128"),
        ("requestId", json!("QXCANARY"), 404, "2007", "there is no such request"),
        ("requestId", json!(unknown), 404, "2007", "there is no such request"),
        ("actionName", Value::Null, 400, "2008", "actionName: missing"),
        ("actionName", json!("QXCANARY"), 404, "2007", "actionName: not one of"),
        ("payload", Value::Null, 400, "2008", "payload: missing"),
        ("payload", json!({}), 400, "2008", "AdminTask-Payload: missing"),
        ("payload", task(json!("QXCANARY"), json!("")), 400, "2008", "actionDecision: not one"),
        ("payload", task(json!("Approved"), json!("")), 400, "2008", "actionDecision: not one"),
        ("payload", task(json!(true), json!("")), 400, "2008", "actionDecision: must be"),
        ("payload", task(Value::Null, json!("")), 400, "2008", "actionDecision: missing"),
        ("payload", task(json!("approved"), Value::Null), 400, "2008", "actionMessage: missing"),
        ("payload", task(json!("approved"), json!("x".repeat(256))), 400, "2008", "than 255"),
        ("payload", task(json!("approved"), json!("QXCANARY\u{0}")), 400, "2008", "without"),
    ];
    for (member, value, status, code, says) in cases {
        let mut body = good.clone();
        body[member] = value;
        let name = body.to_string();
        let checker = bench.calls.checker();
        let request =
            bench.calls.capillary_request(Method::PUT, "/CUSTOMER-STATUS-CHANGE", &checker);
        let expected = Expected { status, code, says };
        refused(&bench, &name, request.body(name.clone()), expected).await;
    }
    let shown = bench.calls.capillary_show(&bench.calls.checker(), &id).await;
    assert_eq!(shown.state(), "AdminTask");
    assert_eq!(shown.at("/data/endTime"), Value::Null);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_misspelt_filter_is_refused_instead_of_passed_over() {
    let bench = bench(Setup::new()).await;
    let queries = [
        ("state=approved", "2008", "a parameter: not allowed"),
        ("QXCANARY=1", "2008", "a parameter: not allowed"),
        ("limit=0", "2008", "limit: must be"),
        ("limit=101", "2008", "limit: must be"),
        ("limit=QXCANARY", "2008", "limit: must be"),
        ("limit=5&limit=5", "2008", "limit: given more than once"),
        ("PageNo=-1", "2008", "PageNo: must be"),
        ("PageNo=1&pageNo=1", "2008", "PageNo: given more than once"),
        ("PageNo=99999999999999999999", "2008", "PageNo: must be"),
        ("userId=QXCANARY", "2008", "userId: must be"),
        ("startDate=2026-13-01", "2008", "startDate: must be"),
        ("endDate=QXCANARY", "2008", "endDate: must be"),
        ("states=QXCANARY", "2008", "states: not one of"),
        ("states=approved,QXCANARY", "2008", "states: not one of"),
        ("sortBy=QXCANARY", "2011", "sortBy: not one of"),
        ("sortOrder=QXCANARY", "2012", "sortOrder: not one of"),
        ("tillId=QXCANARY", "2008", "tillId: must be"),
    ];
    for (query, code, says) in queries {
        let path = format!("/requests?{query}");
        let maker = bench.calls.maker();
        let request = bench.calls.capillary_request(Method::GET, &path, &maker);
        refused(&bench, query, request, Expected { status: 400, code, says }).await;
    }
    let maker = bench.calls.maker();
    let request = bench.calls.capillary_request(Method::GET, "/requests?requestType=x", &maker);
    let expected = Expected { status: 404, code: "2009", says: "requestType: not one of" };
    refused(&bench, "another type", request, expected).await;
    for id in ["QXCANARY", "01a1fc43-5b9d-7371-9107-de255989f508", "%00", "..%2f.."] {
        let path = format!("/requests/{id}");
        let request = bench.calls.capillary_request(Method::GET, &path, &maker);
        let expected = Expected { status: 404, code: "2007", says: "there is no such request" };
        refused(&bench, id, request, expected).await;
    }
}
