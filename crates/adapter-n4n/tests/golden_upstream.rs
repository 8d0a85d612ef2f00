//! The wire vectors of what is sent to an N4N system and what it answers.

#![expect(clippy::unwrap_used, reason = "test code")]

use adapter_n4n::{LOCK, N4nUpstream, N4nUpstreamSettings, SYSTEM};
use chrono::DateTime;
use secrecy::SecretString;
use status_domain::adapter::Upstream;
use status_domain::ids::{Identifier, IdentifierKind, OrderId};
use status_domain::register::{Order, RegisterValue};
use status_testkit::golden::{Vector, render_request};

fn vector(name: &str) -> Vector {
    Vector::open(env!("CARGO_MANIFEST_DIR"), name)
}

fn upstream() -> N4nUpstream {
    N4nUpstream::new(N4nUpstreamSettings {
        base_url: "https://n4n.example.net".into(),
        api_key: SecretString::from("00112233445566778899aabbccddeeff"),
        api_username: SecretString::from("gw_ops"),
        lock_when: Vec::new(),
    })
    .unwrap()
}

fn order(value: &str, identifiers: &[(&'static str, &str)]) -> Order {
    let identifier = |(kind, value): &(&'static str, &str)| Identifier {
        system: SYSTEM,
        kind: IdentifierKind::new(kind),
        value: value.parse().unwrap(),
    };
    Order {
        id: OrderId(1),
        register: LOCK,
        value: RegisterValue(value.into()),
        identifiers: identifiers.iter().map(identifier).collect(),
        reason: None,
        native: None,
    }
}

#[track_caller]
fn check_order(name: &str, order: &Order) {
    let request = upstream().encode(order, None, DateTime::UNIX_EPOCH).unwrap();
    vector(&format!("upstream/{name}")).check("request.http", &render_request(&request));
}

#[test]
fn orders_are_written_as_the_documents_show() {
    check_order("unlock_by_customer_id", &order("unlocked", &[("customer_id", "191")]));
    check_order("lock_by_subscription_id", &order("locked", &[("subscription_id", "adv 7+é~*")]));
    let transaction = [("orderid", "N4N:20001112223334445556")];
    check_order("unlock_by_orderid", &order("unlocked", &transaction));
}

#[test]
fn exactly_one_key_is_sent_and_the_platforms_own_id_first() {
    let keys = [("orderid", "Q1"), ("subscription_id", "S7"), ("customer_id", "70413")];
    check_order("one_key_of_three", &order("unlocked", &keys));
}

#[test]
fn answers_are_told_apart_by_what_may_be_done_next() {
    let vector = vector("upstream/answers");
    let order = order("unlocked", &[("subscription_id", "20001112223")]);
    for name in RESPONSES {
        let response = vector.response(&format!("response-{name}.http"));
        let outcome = upstream().decode(&order, &response);
        vector.check(&format!("outcome-{name}.txt"), &format!("{outcome:#?}\n"));
    }
}

const RESPONSES: [&str; 41] = [
    "true",
    "true_in_white_space",
    "success",
    "success_without_message",
    "success_nats4",
    "success_nats5",
    "success_in_capitals",
    "false",
    "error_with_200",
    "error_in_capitals",
    "error_that_repeats_our_key",
    "null",
    "number",
    "text",
    "list",
    "other_object",
    "other_result",
    "repeated_member",
    "empty",
    "no_json",
    "cut_off",
    "no_content",
    "accepted",
    "redirect",
    "400",
    "401",
    "403",
    "404",
    "404_with_true",
    "404_without_object",
    "405",
    "407",
    "408",
    "409",
    "415",
    "422",
    "429",
    "500",
    "502",
    "503",
    "503_with_date",
];
