//! Requests that come twice.

use serde_json::json;

use crate::support::{
    Bench, CONTRACT, CUSTOMER, N4N_CUSTOMER, Setup, System, Way4Change, eventually,
};

#[tokio::test]
async fn a_repeated_message_gets_the_same_bytes_and_has_no_effect() {
    let mut bench = Bench::start().await;
    let first = bench.calls.way4("1692103705", "ACC2", "T").await;
    assert_eq!(first.way4(), "S 000");
    // What happens in between does not matter.
    assert_eq!(bench.calls.way4("1692103706", "ACC2", "_").await.way4(), "S 000");
    let again = bench.calls.way4("1692103705", "ACC2", "T").await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    bench.restart().await;
    let again = bench.calls.way4("1692103705", "ACC2", "T").await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T", "ACC2 _"]);
}

#[tokio::test]
async fn a_message_number_used_for_something_else_is_refused() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.way4("1692103705", "ACC2", "T").await.way4(), "S 000");
    assert_eq!(bench.calls.way4("1692103705", "ACC2", "K").await.way4(), "F G009");
    assert_eq!(bench.calls.way4("1692103705", "ACC1", "F").await.way4(), "F G009");
    let contract = "0003621110000004242";
    let elsewhere = Way4Change { msg_id: "1692103705", contract, slot: "ACC2", value: "T" };
    assert_eq!(bench.calls.way4_change(elsewhere).await.way4(), "F G009");
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
    assert_eq!(bench.received().await, [0, 1, 0, 0]);
}

#[tokio::test]
async fn numbers_of_another_application_are_its_own() {
    let bench = Bench::start().await;
    let change = Way4Change { msg_id: "1", contract: CONTRACT, slot: "ACC2", value: "T" };
    assert_eq!(bench.calls.way4_change(change).await.way4(), "S 000");
    let mut body = Way4Change { value: "K", ..change }.body();
    let header = &mut body["NISrvRequest"]["request_account_status_change"]["header"];
    header["src_application"] = json!("IVR");
    let answer = bench.calls.send(bench.calls.way4_request(&body).await).await.unwrap();
    assert_eq!(answer.way4(), "S 000");
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T", "ACC2 K"]);
}

#[tokio::test]
async fn twins_in_flight_have_one_effect_and_one_answer() {
    let bench = Bench::start().await;
    bench.faults(System::Way4, json!([{ "kind": "delay", "ms": 200, "forever": true }])).await;
    bench.calls.way4_token().await;
    let mut twins = Vec::new();
    for _ in 0..8 {
        let calls = bench.calls.clone();
        twins.push(tokio::spawn(async move { calls.way4("1692103705", "ACC2", "T").await }));
    }
    let mut answers = Vec::new();
    for twin in twins {
        answers.push(twin.await.unwrap());
    }
    let first = &answers[0];
    assert_eq!(first.way4(), "S 000");
    for answer in &answers {
        assert_eq!(answer.body, first.body);
    }
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
}

#[tokio::test]
async fn a_repeat_after_a_deadline_tells_what_has_become_of_it() {
    let bench = Setup::new().answering_within_ms(300).start().await;
    bench.faults(System::Way4, json!([{ "kind": "delay", "ms": 900 }])).await;
    assert_eq!(bench.calls.way4("1", "ACC2", "T").await.way4(), "F G002");
    assert_eq!(bench.calls.way4("1", "ACC2", "T").await.way4(), "F G002");
    let final_answer = eventually("the final answer", async || {
        let again = bench.calls.way4("1", "ACC2", "T").await;
        (again.way4() != "F G002").then_some(again)
    })
    .await;
    assert_eq!(final_answer.way4(), "S 000");
    let again = bench.calls.way4("1", "ACC2", "T").await;
    assert_eq!(again.body, final_answer.body);
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
}

#[tokio::test]
async fn a_refusal_is_repeated_as_it_was_said() {
    let bench = Bench::start().await;
    let refuse = json!([{ "kind": "refuse", "code": "777", "message": "Closed for the night" }]);
    bench.faults(System::Way4, refuse).await;
    let first = bench.calls.way4("1", "ACC2", "T").await;
    assert_eq!(first.way4(), "F 777");
    let again = bench.calls.way4("1", "ACC2", "T").await;
    assert_eq!(again.body, first.body);
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T (no effect)"]);

    // Also one by the gateway's own policy, after the cause of it is gone.
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.netxd(), "ok");
    let refused = bench.calls.way4("2", "ACC2", "_").await;
    assert_eq!(refused.way4(), "F G003");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    assert_eq!(bench.calls.way4("2", "ACC2", "_").await.body, refused.body);
}

#[tokio::test]
async fn the_ledgers_request_id_is_no_message_number() {
    let bench = Bench::start().await;
    // Every sample of the vendor has the id "1".
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.at("/id"), "1");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.at("/id"), "1");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.at("/result/Status"), "ACTIVE");
    let journal = bench.journal(System::Netxd).await;
    let suspended = "UpdateCustomerStatus SUSPENDED";
    assert_eq!(journal, [suspended, suspended, "UpdateCustomerStatus ACTIVE"]);
}

#[tokio::test]
async fn unlocking_twice_is_two_harmless_changes() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.n4n("unlock", N4N_CUSTOMER).await.text(), "true");
    assert_eq!(bench.calls.n4n("unlock", N4N_CUSTOMER).await.text(), "true");
    assert_eq!(bench.journal(System::N4n).await, ["unlock false", "unlock false"]);
}
