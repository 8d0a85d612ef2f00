//! NATS For Networks.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use simulators::N4nSettings;

use crate::support::{Sim, Unknown, n4n, read_json};

fn patch(sim: &Sim, path: &str, body: &'static str) -> RequestBuilder {
    sim.request(Method::PATCH, path)
        .header("api-key", "44b5498dbcb481a0d00b404c0169af62")
        .header("api-username", "n4n_admin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

#[tokio::test]
async fn the_vendors_sample_unlocks_the_customer() {
    let sim = n4n(Unknown::Refused).await;
    let answer = patch(&sim, "/api/customer/lock", "customer_id=191").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, "true".to_owned()));
    assert_eq!(sim.state().await["customers"]["191"]["locked"], true);
    for _ in 0..2 {
        let answer = patch(&sim, "/api/customer/unlock", "customer_id=191").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "true");
    }
    let state = sim.state().await;
    let customer = json!({
        "locked": false,
        "subscription_ids": ["SUB-191"],
        "orderids": ["N4N:20001112223334440191"],
    });
    assert_eq!(state["customers"], json!({"191": customer}));
    assert_eq!((&state["received"], &state["applied"]), (&json!(3), &json!(3)));
    let entry = json!({
        "seq": 1, "subject": "191", "operation": "lock", "value": "true", "effect": true,
        "message_id": null,
    });
    assert_eq!(state["journal"][0], entry);
}

#[tokio::test]
async fn every_key_leads_to_the_customer() {
    let sim = n4n(Unknown::Refused).await;
    for body in [
        "subscription_id=SUB-191",
        "orderid=N4N%3A20001112223334440191",
        "customer_id=191&subscription_id=SUB-191&orderid=N4N:20001112223334440191",
        "customer_id=&orderid=N4N:20001112223334440191",
    ] {
        let answer = patch(&sim, "/api/customer/lock", body).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "true", "{body}");
    }
    let state = sim.state().await;
    assert_eq!(state["by_subject"], json!({"191": {"received": 4, "applied": 4}}));
}

#[tokio::test]
async fn a_request_that_names_nobody_or_two_is_refused() {
    let sim = n4n(Unknown::Refused).await;
    for (path, body, status) in [
        ("/api/customer/lock", "customer_id=192", 404),
        ("/api/customer/lock", "customer_id=191&subscription_id=other", 404),
        ("/api/customer/lock", "", 400),
        ("/api/customer/lock", "customer_id=191&customer_id=191", 400),
        ("/api/customer/lock?customer_id=191", "customer_id=191", 400),
        ("/api/customer/freeze", "customer_id=191", 404),
    ] {
        let answer = patch(&sim, path, body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path} {body}");
        assert_eq!(read_json(answer).await["result"], "error", "{path} {body}");
    }
    assert_eq!(sim.state().await["applied"], 0);
}

#[tokio::test]
async fn wrong_credentials_methods_and_media_types_are_refused() {
    let sim = n4n(Unknown::Refused).await;
    let request = || {
        sim.request(Method::PATCH, "/api/customer/lock")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("customer_id=191")
    };
    for (key, username) in [("other", "n4n_admin"), ("44b5498dbcb481a0d00b404c0169af62", "other")] {
        let answer = request().header("api-key", key).header("api-username", username);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
        assert_eq!(read_json(answer).await["result"], "error");
    }
    let answer = sim.request(Method::POST, "/api/customer/lock").send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "PATCH, OPTIONS");
    let answer = sim
        .request(Method::PATCH, "/api/customer/lock")
        .header("api-key", "44b5498dbcb481a0d00b404c0169af62")
        .header("api-username", "n4n_admin")
        .header("content-type", "application/json")
        .body(r#"{"customer_id":191}"#);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 415);
    assert_eq!(answer.headers()["accept-patch"], "application/x-www-form-urlencoded");
    assert_eq!(sim.state().await["customers"]["191"]["locked"], false);
}

#[tokio::test]
async fn an_unknown_key_is_enrolled_once() {
    let sim = n4n(Unknown::Enrolled).await;
    for body in ["customer_id=70413&orderid=Q1", "orderid=Q1", "subscription_id=S9"] {
        let answer = patch(&sim, "/api/customer/lock", body).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "true", "{body}");
    }
    let state = sim.state().await;
    assert_eq!(state["customers"].as_object().unwrap().len(), 3);
    assert_eq!(state["customers"]["70413"]["orderids"], json!(["Q1"]));
    assert_eq!(state["by_subject"]["70413"], json!({"received": 2, "applied": 2}));
}

#[test]
fn settings_do_not_show_their_secret() {
    let settings = N4nSettings {
        api_key: "44b5498dbcb481a0d00b404c0169af62".into(),
        api_username: "n4n_admin".to_owned(),
        enrol_unknown: false,
        customers: Vec::new(),
    };
    let shown = format!("{settings:?}");
    assert!(shown.contains("n4n_admin") && !shown.contains("44b5498d"));
}
