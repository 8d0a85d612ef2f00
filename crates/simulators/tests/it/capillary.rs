//! Capillary's customer status API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{MOBILE, Sim, Unknown, capillary, read_json};

const BY_MOBILE: &str = "/v2/customers/lookup/status?source=INSTORE&accountId=&use_async=false\
    &identifierName=mobile&identifierValue=919780375690";

fn basic(request: RequestBuilder, password_md5: &str) -> RequestBuilder {
    let pair = STANDARD.encode(format!("till.demo:{password_md5}"));
    request.header("authorization", format!("Basic {pair}"))
}

fn as_till(request: RequestBuilder) -> RequestBuilder {
    basic(request, "52f05e21ccf703bc95476e8ea5b5a442").header("x-cap-api-auth-org-id", "70420")
}

fn put(sim: &Sim, path: &str, label: &str) -> RequestBuilder {
    sim.request(Method::PUT, path)
        .header("content-type", "application/json")
        .body(json!({"reason": "testing", "label": label}).to_string())
}

async fn refusal(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = read_json(answer).await;
    assert_eq!(body["errors"][0]["status"], false);
    assert_eq!(body["warnings"], json!([]));
    (status, body["errors"][0]["code"].clone())
}

#[tokio::test]
async fn the_vendors_sample_suspends_the_customer_and_the_log_shows_it() {
    let sim = capillary(Unknown::Refused).await;
    let answer = as_till(put(&sim, BY_MOBILE, "Suspended")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-cap-request-id"].len(), 32);
    let answer = read_json(answer).await;
    assert_eq!(answer, json!({"createdId": 254171, "warnings": []}));

    let log = as_till(sim.request(Method::GET, "/v2/customers/254171/statusLog"));
    let log = read_json(log.send().await.unwrap()).await;
    assert_eq!((&log["warnings"], &log["errors"]), (&json!([]), &json!([])));
    let [first, second] = log["data"].as_array().unwrap().as_slice() else {
        panic!("two entries are expected")
    };
    assert_eq!((&first["label"], &first["isActive"]), (&json!("Active"), &json!(false)));
    assert_eq!(first.get("prevLabel"), None);
    assert_eq!((&second["label"], &second["isActive"]), (&json!("Suspended"), &json!(true)));
    assert_eq!((&second["prevLabel"], &second["status"]), (&json!("Active"), &json!("SUSPENDED")));
    assert_eq!((&second["reason"], &second["entityId"]), (&json!("testing"), &json!(254171)));

    let state = sim.state().await;
    let customer = &state["customers"][0];
    assert_eq!((&customer["id"], &customer["mobile"]), (&json!(254171), &json!(MOBILE)));
    assert_eq!(
        (&customer["label"], &customer["status"]),
        (&json!("Suspended"), &json!("SUSPENDED"))
    );
    assert_eq!(customer["log"], log["data"]);
    let entry = json!({
        "seq": 1, "subject": MOBILE, "operation": "status", "value": "Suspended", "effect": true,
        "message_id": null,
    });
    assert_eq!(state["journal"], json!([entry]));
}

#[tokio::test]
async fn the_path_with_the_id_leads_to_the_same_customer() {
    let sim = capillary(Unknown::Refused).await;
    let by_id = put(&sim, "/v2/customers/254171/status", "suspended");
    assert_eq!(as_till(by_id).send().await.unwrap().status(), 200);
    let state = sim.state().await;
    assert_eq!(state["customers"][0]["label"], "Suspended");
    assert_eq!(state["journal"][0]["subject"], MOBILE);
}

#[tokio::test]
async fn an_oauth_token_serves_instead_of_basic_until_it_is_forgotten() {
    let sim = capillary(Unknown::Refused).await;
    let generate = |secret: &str| {
        sim.request(Method::POST, "/v3/oauth/token/generate")
            .header("content-type", "application/json")
            .body(json!({"key": "client-key", "secret": secret}).to_string())
            .send()
    };
    assert_eq!(generate("other").await.unwrap().status(), 401);
    let answer = read_json(generate("client-secret").await.unwrap()).await;
    assert_eq!((&answer["data"]["ttlSeconds"], &answer["errors"]), (&json!(300), &Value::Null));
    let token = answer["data"]["accessToken"].as_str().unwrap();
    let with_token = || {
        put(&sim, BY_MOBILE, "Suspended")
            .header("x-cap-api-oauth-token", token)
            .header("x-cap-api-auth-org-id", "70420")
            .send()
    };
    assert_eq!(with_token().await.unwrap().status(), 200);
    sim.request(Method::DELETE, "/_sim/tokens").send().await.unwrap();
    assert_eq!(with_token().await.unwrap().status(), 401);
}

#[tokio::test]
async fn wrong_credentials_and_a_wrong_organisation_are_refused() {
    let sim = capillary(Unknown::Refused).await;
    let no_password =
        basic(put(&sim, BY_MOBILE, "Suspended"), "other").header("x-cap-api-auth-org-id", "70420");
    assert_eq!(refusal(no_password.send().await.unwrap()).await, (401, json!(401)));
    let right = "52f05e21ccf703bc95476e8ea5b5a442";
    let no_org = basic(put(&sim, BY_MOBILE, "Suspended"), right);
    assert_eq!(refusal(no_org.send().await.unwrap()).await, (400, json!(1064)));
    let other_org =
        basic(put(&sim, BY_MOBILE, "Suspended"), right).header("x-cap-api-auth-org-id", "0");
    assert_eq!(refusal(other_org.send().await.unwrap()).await, (400, json!(1064)));
    let state = sim.state().await;
    assert_eq!(state["customers"][0]["label"], "Active");
    assert_eq!((&state["received"], &state["applied"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn each_mistake_has_the_vendors_code() {
    let sim = capillary(Unknown::Refused).await;
    let path = |query: &str| format!("/v2/customers/lookup/status?{query}");
    let known = "identifierName=mobile&identifierValue=919780375690";
    for (path, label, code) in [
        (path(known), "Suspended", 8003),
        (path(&format!("source=SHOP&{known}")), "Suspended", 8003),
        (path(&format!("source=LINE&{known}")), "Suspended", 8045),
        (path("source=INSTORE&identifierValue=919780375690"), "Suspended", 8013),
        (path("source=INSTORE&identifierName=mobile&identifierValue=1"), "Suspended", 8015),
        (path("source=INSTORE&identifierName=email&identifierValue=919780375690"), "Active", 8015),
        (path(&format!("source=INSTORE&{known}")), "Frozen", 3017),
    ] {
        let answer = as_till(put(&sim, &path, label)).send().await.unwrap();
        assert_eq!(refusal(answer).await, (400, json!(code)), "{path} {label}");
    }
    assert_eq!(sim.state().await["applied"], 0);
}

#[tokio::test]
async fn a_deleted_customer_stays_deleted() {
    let sim = capillary(Unknown::Refused).await;
    let answer = as_till(put(&sim, BY_MOBILE, "Deleted")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = as_till(put(&sim, BY_MOBILE, "Active")).send().await.unwrap();
    assert_eq!(refusal(answer).await, (400, json!(3042)));
    assert_eq!(sim.state().await["customers"][0]["status"], "DELETED");
}

#[tokio::test]
async fn an_unknown_identifier_is_enrolled_once() {
    let sim = capillary(Unknown::Enrolled).await;
    let path = "/v2/customers/lookup/status?source=INSTORE&identifierName=email\
        &identifierValue=a%40bank.example";
    for label in ["Suspended", "Active"] {
        assert_eq!(as_till(put(&sim, path, label)).send().await.unwrap().status(), 200);
    }
    let state = sim.state().await;
    assert_eq!(state["customers"].as_array().unwrap().len(), 2);
    assert_eq!(state["customers"][1]["email"], "a@bank.example");
    assert_eq!(state["by_subject"]["a@bank.example"], json!({"received": 2, "applied": 2}));
}
