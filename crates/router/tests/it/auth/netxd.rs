//! NetXD: key id, credential, API key and the signature over the payload.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::auth::all_alike;
use crate::refusal::{Expected, bench, netxd, received, secrets_are_kept};
use crate::support::{Bench, CUSTOMER, Setup};

const UNAUTHORIZED: Expected<'_> =
    Expected { status: 200, code: "UNAUTHORIZED", says: r#""message":"not authenticated""# };

fn payload(status: &str) -> String {
    json!({ "ID": CUSTOMER, "status": status }).to_string()
}

/// The auth block of the quickstart's client for a payload.
fn api(bench: &Bench, payload: &str) -> Value {
    json!({
        "signature": bench.calls.netxd_signature(payload),
        "keyId": bench.calls.variable("NETXD_KEY_ID"),
        "credential": bench.calls.variable("NETXD_CREDENTIAL"),
        "apiKey": bench.calls.variable("NETXD_API_KEY"),
    })
}

fn body(api: &Value, payload: &str) -> String {
    let method = "CustomerService.UpdateCustomerStatus";
    format!(r#"{{"method":"{method}","id":"1","params":{{"api":{api},"payload":{payload}}}}}"#)
}

#[tokio::test]
async fn whatever_is_wrong_with_the_credentials_the_answer_is_the_same() {
    let bench = bench(Setup::new()).await;
    let payload = payload("BLOCKED");
    let strangers_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let strangers = strangers_key.sign(&SystemRandom::new(), payload.as_bytes()).unwrap();
    let cut = bench.calls.netxd_signature(&payload)[..60].to_owned();
    let wrong = [
        ("keyId", json!("999999")),
        ("keyId", json!("")),
        ("keyId", Value::Null),
        ("keyId", json!(["QXCANARY"])),
        ("credential", json!("Basic QXCANARY")),
        ("credential", json!(bench.calls.variable("NETXD_API_KEY"))),
        ("credential", json!("")),
        ("credential", Value::Null),
        ("credential", json!(bench.calls.variable("NETXD_CREDENTIAL").to_lowercase())),
        ("apiKey", json!("QXCANARY")),
        ("apiKey", json!("")),
        ("apiKey", json!({ "QXCANARY": 1 })),
        ("signature", json!("QXCANARY")),
        ("signature", json!("")),
        ("signature", Value::Null),
        ("signature", json!(cut)),
        ("signature", json!(STANDARD.encode([0; 71]))),
        ("signature", json!(STANDARD.encode(strangers))),
        ("signature", json!(bench.calls.netxd_signature(""))),
        ("signature", json!(bench.calls.netxd_signature(&self::payload("ACTIVE")))),
    ];
    let mut requests = Vec::new();
    for (member, value) in wrong {
        let mut api = api(&bench, &payload);
        api[member] = value;
        requests.push((api.to_string(), netxd(&bench, body(&api, &payload))));
    }
    let good = body(&api(&bench, &payload), &payload);
    let altered = [
        ("status", "BLOCKED", "ACTIVE"),
        ("customer", CUSTOMER, "100000000001001"),
        ("one letter", r#""ID""#, r#""Id""#),
        ("a number", r#""100000000025001""#, r#"100000000025001"#),
        ("one member more", r#""status""#, r#""notes":"x","status""#),
        ("written otherwise", "BLOCKED", r"\u0042LOCKED"),
    ];
    for (name, old, new) in altered {
        assert!(good.contains(old));
        let request = netxd(&bench, good.replacen(old, new, 1));
        requests.push((format!("altered: {name}"), request));
    }
    let order = r#"{"status":"BLOCKED","ID":"100000000025001"}"#;
    requests.push(("another order".into(), netxd(&bench, body(&api(&bench, &payload), order))));
    all_alike(&bench, requests, UNAUTHORIZED).await;
    assert_eq!(received(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_payload_may_be_printed_wider_than_it_was_signed() {
    let bench = bench(Setup::new()).await;
    let compact = r#"{"ID":"100000000025001","status":"DORMANT","notes":"a  b \" c"}"#;
    let wide = "{\n\t\"ID\" : \"100000000025001\",\r\n  \"status\": \"DORMANT\" , \"notes\":\"a  b \\\" c\"\n}";
    for signed in [compact, wide] {
        let request = netxd(&bench, body(&api(&bench, signed), wide));
        assert_eq!(bench.calls.send(request).await.unwrap().netxd(), "ok");
    }
    // Only what is sent may be wider, and only between tokens.
    let spaced = compact.replace("a  b", "a b");
    let requests = [
        ("signed wide, sent compact".into(), netxd(&bench, body(&api(&bench, wide), compact))),
        ("spaces in a text".into(), netxd(&bench, body(&api(&bench, compact), &spaced))),
    ];
    all_alike(&bench, requests, UNAUTHORIZED).await;
    assert_eq!(bench.documents_customer().await, "DORMANT ACC1=_ ACC2=_ Dormant unlocked");
}

#[tokio::test]
async fn the_api_key_may_be_left_out_but_not_be_wrong() {
    let bench = bench(Setup::new()).await;
    let payload = payload("DORMANT");
    let mut without = api(&bench, &payload);
    without.as_object_mut().unwrap().remove("apiKey").unwrap();
    let answer = bench.calls.send(netxd(&bench, body(&without, &payload))).await.unwrap();
    assert_eq!(answer.netxd(), "ok");
}
