//! Fault scripts and the simulators' own calls.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{MOBILE, Sim, Unknown, capillary, n4n, netxd, read_json, way4};

fn lock(sim: &Sim) -> RequestBuilder {
    sim.request(Method::PATCH, "/api/customer/lock")
        .header("api-key", "44b5498dbcb481a0d00b404c0169af62")
        .header("api-username", "n4n_admin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("customer_id=191")
}

async fn is_locked(sim: &Sim) -> bool {
    sim.state().await["customers"]["191"]["locked"].as_bool().unwrap()
}

/// Sends the lock request over a bare connection and returns every byte that comes back.
async fn bytes_answered(sim: &Sim) -> Vec<u8> {
    let mut connection = TcpStream::connect(sim.simulator.address()).await.unwrap();
    let request = "PATCH /api/customer/lock HTTP/1.1\r\nhost: sim\r\n\
        api-key: 44b5498dbcb481a0d00b404c0169af62\r\napi-username: n4n_admin\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 15\r\n\r\n\
        customer_id=191";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answered = Vec::new();
    let read = connection.read_to_end(&mut answered);
    // A reset ends the connection as well as an orderly close does.
    let _ended = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
    answered
}

#[tokio::test]
async fn a_drop_before_the_effect_breaks_the_connection_and_changes_nothing() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "drop_before_effect", "times": 2}])).await;
    let error = lock(&sim).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout());
    assert_eq!(bytes_answered(&sim).await, b"");
    assert!(!is_locked(&sim).await);
    let state = sim.state().await;
    assert_eq!((&state["received"], &state["applied"]), (&json!(2), &json!(0)));
    assert_eq!(lock(&sim).send().await.unwrap().text().await.unwrap(), "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_after_the_effect_breaks_the_connection_and_the_change_stands() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "drop_after_effect", "times": 2}])).await;
    assert!(lock(&sim).send().await.is_err());
    assert!(is_locked(&sim).await);
    assert_eq!(bytes_answered(&sim).await, b"");
    let state = sim.state().await;
    assert_eq!((&state["received"], &state["applied"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn a_delay_waits_and_then_works_as_usual() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "delay", "ms": 200}, {"kind": "status", "status": 500}])).await;
    let started = Instant::now();
    let answer = lock(&sim).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "true");
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(sim.remaining_faults().await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_delayed_change_takes_effect_although_the_caller_gave_up() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "delay", "ms": 300}])).await;
    let error = lock(&sim).timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    let state = sim.state().await;
    assert_eq!(state["journal"][0]["effect"], false);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_locked(&sim).await {
        assert!(Instant::now() < deadline, "the delayed change never came");
    }
    assert_eq!(sim.state().await["journal"][0]["effect"], true);
}

#[tokio::test]
async fn status_garbage_and_too_many_answer_so_without_effect() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([
        {"kind": "status", "status": 503},
        {"kind": "garbage"},
        {"kind": "too_many", "retry_after_s": 7},
    ]))
    .await;
    assert_eq!(lock(&sim).send().await.unwrap().status(), 503);
    let garbage = lock(&sim).send().await.unwrap();
    assert_eq!(garbage.status(), 200);
    assert!(serde_json::from_str::<Value>(&garbage.text().await.unwrap()).is_err());
    let too_many = lock(&sim).send().await.unwrap();
    assert_eq!(too_many.status(), 429);
    assert_eq!(too_many.headers()["retry-after"], "7");
    assert!(!is_locked(&sim).await);
    assert_eq!(sim.remaining_faults().await, json!([]));
    assert_eq!(lock(&sim).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_takes_each_vendors_form() {
    let refuse = |code: &str| json!([{"kind": "refuse", "code": code, "message": "not today"}]);

    let (sim, signer) = netxd(Unknown::Refused).await;
    sim.script(refuse("INVALID_STATUS")).await;
    let payload = r#"{"ID":"100000000025001","status":"BLOCKED"}"#;
    let call = signer.call("CustomerService.UpdateCustomerStatus", payload);
    let answer = sim.request(Method::POST, "/jsonrpc").body(call).send().await.unwrap();
    let error = json!({"code": "INVALID_STATUS", "message": "not today"});
    assert_eq!(read_json(answer).await, json!({"id": "1", "error": error, "jsonrpc": "2.0"}));
    assert_eq!(sim.state().await["customers"]["100000000025001"]["status"], "ACTIVE");

    let (sim, token) = way4(Unknown::Refused).await;
    sim.script(refuse("107")).await;
    let answer = read_json(change_contract(&sim, &token).await).await;
    let details = &answer["NISrvResponse"]["response_account_status_change"]["exception_details"];
    assert_eq!((&details["status"], &details["error_code"]), (&json!("F"), &json!("107")));
    assert_eq!(details["error_description"], "not today");
    // A scripted refusal is not kept for repeats: the same message may succeed later.
    let answer = read_json(change_contract(&sim, &token).await).await;
    let details = &answer["NISrvResponse"]["response_account_status_change"]["exception_details"];
    assert_eq!(details["status"], "S");

    let sim = capillary(Unknown::Refused).await;
    sim.script(refuse("8069")).await;
    let answer = suspend(&sim).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let error = json!({"status": false, "code": 8069, "message": "not today"});
    assert_eq!(read_json(answer).await, json!({"errors": [error], "warnings": []}));

    let sim = n4n(Unknown::Refused).await;
    sim.script(refuse("409")).await;
    let answer = lock(&sim).send().await.unwrap();
    assert_eq!(answer.status(), 409);
    assert_eq!(read_json(answer).await, json!({"result": "error", "message": "not today"}));
}

#[tokio::test]
async fn a_fault_lasts_as_often_as_it_says() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([
        {"kind": "status", "status": 500, "times": 2},
        {"kind": "status", "status": 502, "forever": true},
    ]))
    .await;
    for expected in [500, 500, 502, 502, 502] {
        assert_eq!(lock(&sim).send().await.unwrap().status(), expected);
    }
    let left = json!([{"kind": "status", "status": 502, "forever": true}]);
    assert_eq!(sim.remaining_faults().await, left);
    sim.script(json!([])).await;
    assert_eq!(lock(&sim).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_unauthenticated_request_uses_up_no_fault() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "garbage"}])).await;
    let answer = sim.request(Method::PATCH, "/api/customer/lock").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(sim.remaining_faults().await, json!([{"kind": "garbage", "times": 1}]));
}

#[tokio::test]
async fn an_invalid_script_is_refused_and_the_old_one_stays() {
    let sim = n4n(Unknown::Refused).await;
    sim.script(json!([{"kind": "garbage", "times": null}])).await;
    for body in [
        "",
        "[]",
        "{}",
        r#"{"faults":{}}"#,
        r#"{"faults":[],"more":1}"#,
        r#"{"faults":[{"kind":"explode"}]}"#,
        r#"{"faults":[{"kind":"delay"}]}"#,
        r#"{"faults":[{"kind":"delay","ms":1,"status":500}]}"#,
        r#"{"faults":[{"kind":"garbage","times":0}]}"#,
        r#"{"faults":[{"kind":"garbage","times":1,"forever":true}]}"#,
        r#"{"faults":[{"kind":"status","status":99}]}"#,
        r#"{"faults":[{"kind":"refuse","code":"1"}]}"#,
        r#"{"faults":[{"kind":"too_many"}]}"#,
    ] {
        let answer = sim.request(Method::PUT, "/_sim/faults").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
    }
    assert_eq!(sim.remaining_faults().await, json!([{"kind": "garbage", "forever": true}]));
}

#[tokio::test]
async fn a_reset_brings_back_the_seeded_state_and_empties_the_journal() {
    let sim = n4n(Unknown::Enrolled).await;
    let seeded = sim.state().await;
    assert_eq!(lock(&sim).send().await.unwrap().status(), 200);
    assert_ne!(sim.state().await, seeded);
    let answer = sim.request(Method::DELETE, "/_sim/state").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(sim.state().await, seeded);
}

#[tokio::test]
async fn the_journal_is_bounded_and_the_counters_are_exact() {
    let sim = n4n(Unknown::Refused).await;
    for _ in 0..1_003 {
        assert_eq!(lock(&sim).send().await.unwrap().status(), 200);
    }
    let state = sim.state().await;
    assert_eq!((&state["received"], &state["applied"]), (&json!(1003), &json!(1003)));
    let journal = state["journal"].as_array().unwrap();
    assert_eq!(journal.len(), 1_000);
    assert_eq!((&journal[0]["seq"], &journal[999]["seq"]), (&json!(4), &json!(1003)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_simulator_frees_its_port() {
    let sim = n4n(Unknown::Refused).await;
    assert_eq!(lock(&sim).send().await.unwrap().status(), 200);
    let address = sim.simulator.address();
    sim.simulator.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn no_state_shows_a_secret() {
    let (netxd, _) = netxd(Unknown::Refused).await;
    let (way4, token) = way4(Unknown::Refused).await;
    change_contract(&way4, &token).await;
    let capillary = capillary(Unknown::Refused).await;
    suspend(&capillary).send().await.unwrap();
    let n4n = n4n(Unknown::Refused).await;
    lock(&n4n).send().await.unwrap();
    let secrets = ["0123abcd", "s3cret", "52f05e21", "client-secret", "44b5498d", token.as_str()];
    for sim in [netxd, way4, capillary, n4n] {
        let state = sim.state().await.to_string();
        assert!(secrets.iter().all(|secret| !state.contains(secret)));
    }
}

async fn change_contract(sim: &Sim, token: &str) -> Response {
    let request = json!({"NISrvRequest": {"request_account_status_change": {
        "header": {
            "msg_id": "GWA000000017", "msg_type": "TRANSACTION",
            "msg_function": "REQ_ACCOUNT_STATUS_CHANGE", "src_application": "BNK",
            "target_application": "WAY4", "timestamp": "2026-02-01T09:30:00.125+04:00",
            "bank_id": "NIC",
        },
        "body": {
            "account_identifier_type": "CONTRACT_NUMBER",
            "account_identifier_id": "0003621110000000183",
            "status": {"type": "BCC-ACC2-362", "value": "T"},
        },
    }}});
    sim.request(Method::POST, "/AccountServices/Transaction/V2/AccountStatusChange")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(request.to_string())
        .send()
        .await
        .unwrap()
}

fn suspend(sim: &Sim) -> RequestBuilder {
    let pair = STANDARD.encode("till.demo:52f05e21ccf703bc95476e8ea5b5a442");
    let path = format!(
        "/v2/customers/lookup/status?source=INSTORE&identifierName=mobile&identifierValue={MOBILE}"
    );
    sim.request(Method::PUT, &path)
        .header("authorization", format!("Basic {pair}"))
        .header("x-cap-api-auth-org-id", "70420")
        .header("content-type", "application/json")
        .body(r#"{"reason":"testing","label":"Suspended"}"#)
}
