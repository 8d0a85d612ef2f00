//! What is left when the gateway is killed, and how it stops when it is told to.

mod stream;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Bench, CUSTOMER, Setup, System, eventually};

const SUSPENDED: &str = "SUSPENDED ACC1=_ ACC2=T Suspended unlocked";

async fn comes_to(bench: &Bench, state: &str) {
    eventually(state, async || (bench.documents_customer().await == state).then_some(())).await;
}

async fn nobody_answers(bench: &Bench) {
    let silent = json!([{ "kind": "delay", "ms": 600_000, "forever": true }]);
    for system in System::ALL {
        bench.faults(system, silent.clone()).await;
    }
}

async fn everybody_answers(bench: &Bench) {
    for system in System::ALL {
        bench.faults(system, json!([])).await;
    }
}

async fn history_holds(bench: &Bench, entries: usize) {
    let record = bench.record(&[("netxd", "customer_id", CUSTOMER)]).await;
    assert_eq!(bench.verify_history(&record).await, entries);
}

#[tokio::test]
async fn a_change_reported_as_recorded_outlives_the_gateway() {
    let setup = Setup::new().under("[[netxd.clients]]", "answer_when = \"recorded\"");
    let mut bench = setup.start().await;
    for system in System::ALL {
        bench.stop_upstream(system).await;
    }
    let answer = bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await;
    assert_eq!(answer.netxd(), "ok");
    bench.kill_9();
    for system in System::ALL {
        bench.start_upstream(system).await;
    }
    bench.start_gateway().await;
    comes_to(&bench, SUSPENDED).await;
    assert_eq!(bench.received().await, [1, 1, 1, 1]);
    let recorded_and_applied = 2;
    let done = async || {
        let record = bench.record(&[("netxd", "customer_id", CUSTOMER)]).await;
        record.families[0].changes.is_empty().then_some(())
    };
    eventually("the change comes to its end", done).await;
    history_holds(&bench, recorded_and_applied).await;
}

#[tokio::test]
async fn a_change_that_was_under_way_outlives_the_gateway() {
    let mut bench = Setup::new().answering_within_ms(300).start().await;
    nobody_answers(&bench).await;
    let answer = bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await;
    assert_eq!(answer.netxd(), "PENDING_DELIVERY");
    bench.kill_9();
    everybody_answers(&bench).await;
    bench.start_gateway().await;
    comes_to(&bench, SUSPENDED).await;
}

#[tokio::test]
async fn what_was_done_unseen_is_found_out_about_after_a_kill() {
    let mut bench = Bench::start().await;
    // The ledger acts long after the gateway has died.
    bench.faults(System::Netxd, json!([{ "kind": "delay", "ms": 500 }])).await;
    let calls = bench.calls.clone();
    let asked = calls.netxd_status_request(CUSTOMER, "BLOCKED");
    let asked = tokio::spawn(async move { calls.send(asked).await });
    let is_asked = async || (bench.received().await == [1, 1, 1, 1]).then_some(());
    eventually("everybody is asked", is_asked).await;
    bench.kill_9();
    assert_eq!(asked.await.unwrap(), None);
    comes_to(&bench, "BLOCKED ACC1=_ ACC2=T Blocked locked").await;
    bench.start_gateway().await;
    let done = async || {
        let record = bench.record(&[("netxd", "customer_id", CUSTOMER)]).await;
        record.families[0].changes.is_empty().then_some(())
    };
    eventually("the change comes to its end", done).await;
    // It could be read back, so it was not sent again.
    assert_eq!(bench.journal(System::Netxd).await, ["UpdateCustomerStatus BLOCKED"]);
    history_holds(&bench, 2).await;
}

#[tokio::test]
async fn an_approval_that_was_being_carried_out_outlives_the_gateway() {
    let mut bench = Setup::new().answering_within_ms(300).start().await;
    let asked = bench.calls.capillary_ask("Suspended").await.request_id();
    bench.kill_9();
    bench.start_gateway().await;
    let shown = bench.calls.capillary_show(&bench.calls.maker(), &asked).await;
    assert_eq!(shown.state(), "AdminTask");
    nobody_answers(&bench).await;
    assert_eq!(bench.calls.capillary_approve(&asked).await.state(), "IntouchAPITask");
    bench.kill_9();
    everybody_answers(&bench).await;
    bench.start_gateway().await;
    let approved = async || {
        let shown = bench.calls.capillary_show(&bench.calls.maker(), &asked).await;
        (shown.state() == "approved").then_some(())
    };
    eventually("the request is shown as approved", approved).await;
    assert_eq!(bench.documents_customer().await, SUSPENDED);
}

#[tokio::test]
async fn a_message_number_is_remembered_over_a_kill() {
    let mut bench = Bench::start().await;
    let first = bench.calls.way4("1692103705", "ACC2", "T").await;
    assert_eq!(first.way4(), "S 000");
    bench.kill_9();
    bench.start_gateway().await;
    let again = bench.calls.way4("1692103705", "ACC2", "T").await;
    assert_eq!(again.body, first.body);
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_gateway_stops() {
    let mut bench = Bench::start().await;
    bench.faults(System::Netxd, json!([{ "kind": "delay", "ms": 700 }])).await;
    let calls = bench.calls.clone();
    let asked = tokio::spawn(async move { calls.netxd_status(CUSTOMER, "SUSPENDED").await });
    let is_asked = async || (bench.received().await[0] == 1).then_some(());
    eventually("the ledger is asked", is_asked).await;
    bench.terminate();
    let answer: Answer = asked.await.unwrap();
    assert_eq!(answer.netxd(), "ok");
    bench.stopped().await;
    assert_eq!(bench.documents_customer().await, SUSPENDED);
    history_holds(&bench, 2).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_silent_upstream_and_loses_nothing() {
    let setup = Setup::new().answering_within_ms(300);
    let setup = setup.under("[server]", "shutdown_timeout_ms = 1000");
    let mut bench = setup.under("[netxd.upstream]", "timeout_ms = 50000").start().await;
    nobody_answers(&bench).await;
    let answer = bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await;
    assert_eq!(answer.netxd(), "PENDING_DELIVERY");
    let told = Instant::now();
    bench.stop().await;
    assert!(told.elapsed() < Duration::from_secs(15), "{:?}", told.elapsed());
    everybody_answers(&bench).await;
    bench.start_gateway().await;
    comes_to(&bench, SUSPENDED).await;
}
