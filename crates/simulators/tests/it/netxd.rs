//! NetXD's ledger.
#![expect(clippy::unwrap_used, reason = "test code")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Signer, Sim, Unknown, call_with, netxd, netxd_with_key, read_json};

const UPDATE_STATUS: &str = "CustomerService.UpdateCustomerStatus";
const STATUS_PAYLOAD: &str =
    r#"{"ID":"100000000025001","status":"SUSPENDED","notes":"Testing Update"}"#;

async fn post(sim: &Sim, body: String) -> Value {
    let request = sim.request(Method::POST, "/jsonrpc").header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    read_json(answer).await
}

#[tokio::test]
async fn the_vendors_status_sample_changes_the_status() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    let answer = post(&sim, signer.call(UPDATE_STATUS, STATUS_PAYLOAD)).await;
    assert_eq!(answer, json!({"id": "1", "result": {"Id": CUSTOMER, "Status": "SUSPENDED"}}));
    let state = sim.state().await;
    assert_eq!(state["customers"][CUSTOMER]["status"], "SUSPENDED");
    assert_eq!(state["customers"][CUSTOMER]["notes"], "Testing Update");
    let entry = json!({
        "seq": 1, "subject": CUSTOMER, "operation": UPDATE_STATUS, "value": "SUSPENDED",
        "effect": true, "message_id": "1",
    });
    assert_eq!(state["journal"], json!([entry]));
    assert_eq!((&state["received"], &state["applied"]), (&json!(1), &json!(1)));
    assert_eq!(state["by_subject"][CUSTOMER], json!({"received": 1, "applied": 1}));
}

#[tokio::test]
async fn the_vendors_consumer_sample_changes_the_details_and_answers_the_status() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    let payload = r#"{"ID":"100000000001001","type":"INDIVIDUAL","DOB":"19991209","title":"Mr","address":{"addressLine1":"1000 PEACHTREE ST N.E.","city":"ATLANTA","state":"US","country":"US","zip":"99999"},"contact":{"phoneNumber":"1274563211","email":"customersample@gmail.com"},"gender":"","firstName":"Mark","lastName":"Antony","institutionName":"Bank","institutionId":"1234"}"#;
    let answer = post(&sim, signer.call("CustomerService.UpdateCustomer", payload)).await;
    let result = &answer["result"];
    assert_eq!((&answer["id"], &answer["jsonrpc"]), (&json!("1"), &json!("2.0")));
    assert_eq!(result["ID"], "100000000001001");
    assert_eq!(result["status"], "ACTIVE");
    assert_eq!(result["identification"], json!([{"type": "SSN", "value": "987456220"}]));
    assert_eq!(result["address"]["zip"], "99999");
    assert_eq!(result["institutionName"], Value::Null);
    let state = sim.state().await;
    assert_eq!(state["customers"]["100000000001001"]["profile"]["address"]["zip"], "99999");
    assert_eq!(state["journal"][0]["value"], "profile");
}

#[tokio::test]
async fn a_customer_is_found_by_every_documented_key() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    for payload in [
        r#"{"customerID":"100000000001001"}"#,
        r#"{"customerNumber":"100000000001001"}"#,
        r#"{"contact":{"email":"customersample@gmail.com"}}"#,
        r#"{"contact":{"phoneNumber":"1274563211"}}"#,
        r#"{"Identification":{"type":"SSN","value":"987456220"}}"#,
    ] {
        let answer = post(&sim, signer.call("CustomerService.GetCustomer", payload)).await;
        assert_eq!(answer["result"]["ID"], "100000000001001", "{payload}");
        assert_eq!(answer["result"]["status"], "ACTIVE", "{payload}");
    }
    for payload in ["{}", r#"{"customerID":"1","customerNumber":"1"}"#] {
        let answer = post(&sim, signer.call("CustomerService.GetCustomer", payload)).await;
        assert_eq!(answer["error"]["code"], "INVALID_REQUEST", "{payload}");
    }
    assert_eq!(sim.state().await["received"], 0);
}

#[tokio::test]
async fn an_indented_payload_may_be_signed_in_its_compact_form() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    let indented = "{\n  \"ID\": \"100000000025001\",\n  \"status\": \"BLOCKED\"\n}";
    let compact = r#"{"ID":"100000000025001","status":"BLOCKED"}"#;
    for signed in [indented, compact] {
        let api = api(&signer, signed);
        let answer = post(&sim, call_with(UPDATE_STATUS, &api, indented)).await;
        assert_eq!(answer["result"]["Status"], "BLOCKED");
    }
    let reordered = r#"{"status":"BLOCKED","ID":"100000000025001"}"#;
    let answer = post(&sim, call_with(UPDATE_STATUS, &api(&signer, reordered), indented)).await;
    assert_eq!(answer["error"]["code"], "UNAUTHORIZED");
}

/// A signature made by another implementation, over text with a character that some writers escape.
#[tokio::test]
async fn the_signature_covers_the_bytes_and_not_their_meaning() {
    let sim = netxd_with_key(
        "-----BEGIN PUBLIC KEY-----\n\
         MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3I9hVa9q3jBQYyrsd/LcGwsOUxyY\n\
         DTIz3P9E8fu64Xo2OThH636XG0FaH01DmdDDosKPQtD985vEGBxQYpm8Ng==\n\
         -----END PUBLIC KEY-----",
    )
    .await;
    let api = json!({
        "signature": "MEUCIB2r3s6ACJgEJcJ/qegTLxmjlzwTeHwla0PQHaBK7tjAAiEA++/AedrC+4RioFApQpi/\
            9uWMs+K8v6Txvk33Y3YlnzQ=",
        "keyId": "700431",
        "credential": format!("Basic {}", STANDARD.encode("ops@bank.test:0123abcd")),
    });
    let signed = r#"{"ID":"200000000000417","status":"SUSPENDED","notes":"case 8841 & review"}"#;
    let answer = post(&sim, call_with(UPDATE_STATUS, &api, signed)).await;
    assert_eq!(answer["result"]["Id"], "200000000000417");
    let escaped = signed.replace('&', r"\u0026");
    let answer = post(&sim, call_with(UPDATE_STATUS, &api, &escaped)).await;
    assert_eq!(answer["error"]["code"], "UNAUTHORIZED");
}

#[tokio::test]
async fn wrong_credentials_get_one_and_the_same_answer_and_change_nothing() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    let right = api(&signer, STATUS_PAYLOAD);
    let wrong = |member: &str, value: &str| {
        let mut api = right.clone();
        api[member] = value.into();
        api
    };
    let others_signature = Signer::new().sign(STATUS_PAYLOAD);
    let other_credential = format!("Basic {}", STANDARD.encode("ops@bank.test:other"));
    for api in [
        wrong("keyId", "1"),
        wrong("apiKey", "other"),
        wrong("credential", &other_credential),
        wrong("signature", &others_signature),
        wrong("signature", "signature"),
    ] {
        let answer = post(&sim, call_with(UPDATE_STATUS, &api, STATUS_PAYLOAD)).await;
        let error = json!({
            "code": "UNAUTHORIZED", "message": "The request could not be authenticated",
        });
        assert_eq!(answer, json!({"id": "1", "error": error, "jsonrpc": "2.0"}));
    }
    let state = sim.state().await;
    assert_eq!(state["customers"][CUSTOMER]["status"], "ACTIVE");
    assert_eq!((&state["received"], &state["applied"]), (&json!(5), &json!(0)));
}

#[tokio::test]
async fn an_unknown_customer_is_refused_unless_enrolled() {
    let payload = r#"{"ID":"200000000000417","status":"DORMANT"}"#;
    let (sim, signer) = netxd(Unknown::Refused).await;
    let answer = post(&sim, signer.call(UPDATE_STATUS, payload)).await;
    assert_eq!(answer["error"]["code"], "NOT_FOUND_CUSTOMER");
    let (sim, signer) = netxd(Unknown::Enrolled).await;
    let answer = post(&sim, signer.call(UPDATE_STATUS, payload)).await;
    assert_eq!(answer["result"]["Status"], "DORMANT");
    let read = r#"{"customerID":"200000000000999"}"#;
    let answer = post(&sim, signer.call("CustomerService.GetCustomer", read)).await;
    assert_eq!(answer["result"]["status"], "ACTIVE");
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_application_error() {
    let (sim, signer) = netxd(Unknown::Refused).await;
    let inactive = r#"{"ID":"100000000025001","status":"INACTIVE"}"#;
    let twice = r#"{"ID":"100000000025001","status":"ACTIVE","Status":"BLOCKED"}"#;
    for (body, code) in [
        ("{".to_owned(), "PARSE_ERROR"),
        ("[]".to_owned(), "INVALID_REQUEST"),
        (signer.call("CustomerService.DeleteCustomer", "{}"), "METHOD_NOT_FOUND"),
        (signer.call(UPDATE_STATUS, inactive), "INVALID_REQUEST"),
        (signer.call(UPDATE_STATUS, twice), "INVALID_REQUEST"),
    ] {
        let answer = post(&sim, body).await;
        assert_eq!(answer["error"]["code"], code);
    }
    assert_eq!(sim.state().await["customers"][CUSTOMER]["status"], "ACTIVE");
}

fn api(signer: &Signer, signed: &str) -> Value {
    json!({
        "signature": signer.sign(signed),
        "keyId": "700431",
        "credential": format!("Basic {}", STANDARD.encode("ops@bank.test:0123abcd")),
    })
}
