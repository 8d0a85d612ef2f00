//! WAY4 behind Network International's NISrv interface.
#![expect(clippy::unwrap_used, reason = "test code")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{CONTRACT, Sim, Unknown, read_json, way4, way4_token};

const PATH: &str = "/AccountServices/Transaction/V2/AccountStatusChange";

fn sample() -> Value {
    json!({"NISrvRequest": {"request_account_status_change": {
        "header": {
            "msg_id": "1692103705",
            "msg_type": "TRANSACTION",
            "msg_function": "REQ_ACCOUNT_STATUS_CHANGE",
            "src_application": "BNK",
            "target_application": "WAY4",
            "timestamp": "2023-03-03T17:01:21.609+04:00",
            "tracking_id": "13221413256",
            "bank_id": "NIC",
        },
        "body": {
            "account_identifier_type": "CONTRACT_NUMBER",
            "account_identifier_id": CONTRACT,
            "status": {"type": "BCC-ACC2-362", "value": "C"},
            "custom_fields": [{"key": "bc_channel", "value": "TIB1"}],
        },
    }}})
}

fn with(part: &str, member: &str, value: &str) -> Value {
    let mut request = sample();
    let parts = &mut request["NISrvRequest"]["request_account_status_change"];
    parts.pointer_mut(part).unwrap()[member] = value.into();
    request
}

async fn post(sim: &Sim, path: &str, token: &str, body: &Value) -> Response {
    sim.request(Method::POST, path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
}

async fn details(answer: Response) -> Value {
    assert_eq!(answer.status(), 200);
    read_json(answer).await["NISrvResponse"]["response_account_status_change"]["exception_details"]
        .clone()
}

#[tokio::test]
async fn the_vendors_sample_sets_the_block_code_and_echoes_the_header_unswapped() {
    let (sim, token) = way4(Unknown::Refused).await;
    let answer = read_json(post(&sim, PATH, &token, &sample()).await).await;
    let response = &answer["NISrvResponse"]["response_account_status_change"];
    let at = &response["header"]["timestamp"];
    assert_eq!(
        response,
        &json!({
            "header": {
                "msg_id": "1692103705",
                "msg_type": "TRANSACTION",
                "msg_function": "REP_ACCOUNT_STATUS_CHANGE",
                "src_application": "BNK",
                "target_application": "WAY4",
                "timestamp": at,
                "tracking_id": "13221413256",
                "bank_id": "NIC",
            },
            "exception_details": {
                "application_name": "TCC-ADP",
                "date_time": at,
                "status": "S",
                "error_code": "000",
                "error_description": "Success",
                "transaction_ref_id": "13221413256",
            },
        })
    );
    assert!(at.as_str().unwrap().ends_with("+04:00"));
    let state = sim.state().await;
    assert_eq!(state["contracts"][CONTRACT], json!({"ACC1": "_", "ACC2": "C"}));
    let entry = json!({
        "seq": 1, "subject": CONTRACT, "operation": "ACC2", "value": "C", "effect": true,
        "message_id": "1692103705",
    });
    assert_eq!(state["journal"], json!([entry]));
}

#[tokio::test]
async fn the_path_may_carry_one_prefix() {
    let (sim, token) = way4(Unknown::Refused).await;
    let prefixed = format!("/SB{PATH}");
    let answer = details(post(&sim, &prefixed, &token, &sample()).await).await;
    assert_eq!(answer["status"], "S");
    let twice = format!("/SB/SB{PATH}");
    assert_eq!(post(&sim, &twice, &token, &sample()).await.status(), 404);
}

#[tokio::test]
async fn a_repeated_message_gets_its_first_answer_and_acts_once() {
    let (sim, token) = way4(Unknown::Refused).await;
    let first = post(&sim, PATH, &token, &sample()).await.text().await.unwrap();
    let cleared = with("/header", "msg_id", "2");
    let mut cleared = cleared;
    cleared["NISrvRequest"]["request_account_status_change"]["body"]["status"]["value"] =
        "_".into();
    assert_eq!(details(post(&sim, PATH, &token, &cleared).await).await["status"], "S");
    let repeated = post(&sim, PATH, &token, &sample()).await.text().await.unwrap();
    assert_eq!(repeated, first);
    let state = sim.state().await;
    assert_eq!(state["contracts"][CONTRACT]["ACC2"], "_");
    assert_eq!((&state["received"], &state["applied"]), (&json!(3), &json!(2)));
    assert_eq!(state["journal"][2]["effect"], false);
}

#[tokio::test]
async fn a_message_id_cannot_be_used_for_something_else() {
    let (sim, token) = way4(Unknown::Refused).await;
    let first = post(&sim, PATH, &token, &sample()).await.text().await.unwrap();
    let other = with("/body/status", "value", "T");
    let answer = details(post(&sim, PATH, &token, &other).await).await;
    assert_eq!((&answer["status"], &answer["error_code"]), (&json!("F"), &json!("X409")));
    assert_eq!(sim.state().await["contracts"][CONTRACT]["ACC2"], "C");
    let repeated = post(&sim, PATH, &token, &sample()).await.text().await.unwrap();
    assert_eq!(repeated, first);
    let of_another_bank = {
        let mut request = other;
        request["NISrvRequest"]["request_account_status_change"]["header"]["bank_id"] = "X".into();
        request
    };
    let answer = details(post(&sim, PATH, &token, &of_another_bank).await).await;
    assert_eq!(answer["status"], "S");
}

#[tokio::test]
async fn the_two_slots_are_independent() {
    let (sim, token) = way4(Unknown::Refused).await;
    let mut fraud = with("/header", "msg_id", "3");
    fraud["NISrvRequest"]["request_account_status_change"]["body"]["status"] =
        json!({"type": "BCC-ACC1-362", "value": "O"});
    for request in [sample(), fraud] {
        assert_eq!(details(post(&sim, PATH, &token, &request).await).await["status"], "S");
    }
    let state = sim.state().await;
    assert_eq!(state["contracts"][CONTRACT], json!({"ACC1": "O", "ACC2": "C"}));
}

#[tokio::test]
async fn what_the_contract_or_institution_does_not_allow_fails_inside_the_envelope() {
    let (sim, token) = way4(Unknown::Refused).await;
    for (request, code) in [
        (with("/body", "account_identifier_id", "0003621110000000999"), "X404"),
        (with("/body/status", "type", "BCC-ACC2-982"), "X422"),
        (with("/body/status", "type", "BCC-CARD-362"), "X400"),
        (with("/body/status", "value", "F"), "X423"),
        (with("/body/status", "value", ""), "X400"),
        (with("/header", "msg_id", "1234567890123"), "X400"),
        (with("/header", "bank_id", ""), "X400"),
    ] {
        let answer = details(post(&sim, PATH, &token, &request).await).await;
        assert_eq!((&answer["status"], &answer["error_code"]), (&json!("F"), &json!(code)));
        assert_eq!(answer["transaction_ref_id"], "13221413256");
        // Each case repeats the message id, whose first answer would otherwise be replayed.
        sim.request(Method::DELETE, "/_sim/state").send().await.unwrap();
    }
    assert_eq!(sim.state().await["contracts"][CONTRACT], json!({"ACC1": "_", "ACC2": "_"}));
}

#[tokio::test]
async fn an_unknown_contract_is_created_if_enrolment_is_on() {
    let (sim, token) = way4(Unknown::Enrolled).await;
    let request = with("/body", "account_identifier_id", "0003621110000000999");
    assert_eq!(details(post(&sim, PATH, &token, &request).await).await["status"], "S");
    let state = sim.state().await;
    assert_eq!(state["contracts"]["0003621110000000999"], json!({"ACC1": "_", "ACC2": "C"}));
}

#[tokio::test]
async fn a_token_is_given_by_either_verb_and_only_to_the_client() {
    let (sim, _) = way4(Unknown::Refused).await;
    let by_basic = |pair: &str| {
        sim.request(Method::GET, "/v1/tokenkc/generate")
            .header("authorization", format!("Basic {}", STANDARD.encode(pair)))
            .send()
    };
    let answer = by_basic("gw-demo:s3cret").await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = read_json(answer).await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(1800)));
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(details(post(&sim, PATH, &token, &sample()).await).await["status"], "S");
    let answer = by_basic("gw-demo:other").await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(read_json(answer).await["error"], "invalid_client");
}

#[tokio::test]
async fn an_unknown_or_forgotten_token_is_refused_flatly_and_a_new_one_works() {
    let (sim, token) = way4(Unknown::Refused).await;
    let answer = post(&sim, PATH, "other", &sample()).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(read_json(answer).await["error_code"], "X401");
    sim.request(Method::DELETE, "/_sim/tokens").send().await.unwrap();
    assert_eq!(post(&sim, PATH, &token, &sample()).await.status(), 401);
    assert_eq!(sim.state().await["applied"], 0);
    let token = way4_token(&sim).await;
    assert_eq!(details(post(&sim, PATH, &token, &sample()).await).await["status"], "S");
}

#[tokio::test]
async fn what_is_not_an_envelope_is_refused_flatly() {
    let (sim, token) = way4(Unknown::Refused).await;
    let answer = post(&sim, PATH, &token, &json!({"request": {}})).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(read_json(answer).await["error_code"], "X400");
    let answer = sim.request(Method::GET, PATH).send().await.unwrap();
    assert_eq!(answer.status(), 405);
}
