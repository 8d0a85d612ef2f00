//! What becomes of changes when upstream systems are slow, broken or unwilling.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use status_domain::status::Status;
use status_store::record::RegisterState;
use status_store::store::Store as _;

use crate::support::{Bench, CUSTOMER, N4N_CUSTOMER, Setup, System, eventually};

/// A customer that only the ledger knows.
const LEDGER_ONLY: &str = "100000000001001";

fn always(kind: &str) -> Value {
    json!([{ "kind": kind, "forever": true }])
}

fn silent() -> Value {
    json!([{ "kind": "delay", "ms": 600_000, "forever": true }])
}

async fn comes_to(bench: &Bench, state: &str) {
    eventually(state, async || (bench.documents_customer().await == state).then_some(())).await;
}

#[tokio::test]
async fn a_change_made_while_an_upstream_is_down_is_applied_once_when_it_is_back() {
    let mut bench = Setup::new().answering_within_ms(300).start().await;
    bench.stop_upstream(System::Way4).await;
    let answer = bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await;
    assert_eq!(answer.netxd(), "PENDING_DELIVERY");
    bench.start_upstream(System::Way4).await;
    comes_to(&bench, "SUSPENDED ACC1=_ ACC2=T Suspended unlocked").await;
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
    // A repeat is another change, and by now a quick one.
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.netxd(), "ok");
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T", "ACC2 T"]);
}

#[tokio::test]
async fn a_block_that_was_taken_back_meanwhile_is_never_delivered() {
    let bench = Setup::new().answering_within_ms(300).start().await;
    bench.faults(System::Way4, always("drop_before_effect")).await;
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "PENDING_DELIVERY");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "PENDING_DELIVERY");
    bench.faults(System::Way4, json!([])).await;
    let journal = eventually("the card processor is told", async || {
        let journal = bench.journal(System::Way4).await;
        journal.iter().any(|line| !line.ends_with("(no effect)")).then_some(journal)
    })
    .await;
    assert_eq!(journal.last().unwrap(), "ACC2 _");
    let taken_back = journal.iter().position(|line| line.starts_with("ACC2 _")).unwrap();
    let blocks = |line: &String| line.starts_with("ACC2 T");
    assert!(!journal[taken_back..].iter().any(blocks), "{journal:?}");
    comes_to(&bench, "ACTIVE ACC1=_ ACC2=_ Active unlocked").await;
}

#[tokio::test]
async fn changes_of_one_subject_never_overlap_and_never_go_back() {
    let bench = Bench::start().await;
    let slow = json!([{ "kind": "delay", "ms": 15, "forever": true }]);
    bench.faults(System::Netxd, slow).await;
    let words = ["SUSPENDED", "ACTIVE", "BLOCKED", "DORMANT", "ACTIVE", "SUSPENDED", "BLOCKED"];
    let mut asked = Vec::new();
    for word in words.into_iter().cycle().take(28) {
        let calls = bench.calls.clone();
        asked.push(tokio::spawn(async move { calls.netxd_status(CUSTOMER, word).await.netxd() }));
    }
    let mut looks = 0;
    while !asked.iter().all(tokio::task::JoinHandle::is_finished) {
        let journal = bench.journal(System::Netxd).await;
        let under_way = journal.iter().filter(|line| line.ends_with("(no effect)")).count();
        assert!(under_way <= 1, "{journal:?}");
        looks += 1;
    }
    assert!(looks > 3, "the changes were over before anybody looked");
    for answer in asked {
        let answer = answer.await.unwrap();
        assert!(["ok", "SUPERSEDED"].contains(&answer.as_str()), "{answer}");
    }

    let record = bench.record(&[("netxd", "customer_id", CUSTOMER)]).await;
    let customer = record.families[0].root;
    let history = bench.store().history(customer).await.unwrap();
    let recorded = history.iter().filter(|row| &*row.kind == "recorded").map(|row| {
        let body: Value = serde_json::from_str(&row.body).unwrap();
        format!("UpdateCustomerStatus {}", body["effective"].as_str().unwrap())
    });
    let recorded: Vec<String> = recorded.collect();
    assert_eq!(recorded.len(), 28);
    let journal = bench.journal(System::Netxd).await;
    let mut ahead = recorded.iter();
    for line in &journal {
        assert!(ahead.any(|one| one == line), "{line} is out of order: {journal:?} {recorded:?}");
    }
    assert_eq!(journal.last(), recorded.last());
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_effect_is_found_out_about() {
    let bench = Bench::start().await;
    for system in System::ALL {
        bench.faults(system, json!([{ "kind": "drop_after_effect" }])).await;
    }
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=_ ACC2=T Blocked locked");
    // Two systems can be asked what they hold. The others are told again: WAY4 knows the message by
    // its number, and locking what is locked is harmless.
    assert_eq!(bench.journal(System::Netxd).await, ["UpdateCustomerStatus BLOCKED"]);
    assert_eq!(bench.journal(System::Capillary).await, ["status Blocked"]);
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T", "ACC2 T (no effect)"]);
    assert_eq!(bench.journal(System::N4n).await, ["lock true", "lock true"]);
}

#[tokio::test]
async fn a_busy_upstream_is_left_alone_for_as_long_as_it_asks() {
    let bench = Bench::start().await;
    bench.faults(System::Netxd, json!([{ "kind": "too_many", "retry_after_s": 1 }])).await;
    let began = Instant::now();
    assert_eq!(bench.calls.netxd_status(LEDGER_ONLY, "BLOCKED").await.netxd(), "ok");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let journal = bench.journal(System::Netxd).await;
    let expected = ["UpdateCustomerStatus BLOCKED (no effect)", "UpdateCustomerStatus BLOCKED"];
    assert_eq!(journal, expected);
}

#[tokio::test]
async fn a_broken_answer_is_no_success() {
    let bench = Bench::start().await;
    for system in System::ALL {
        let faults = json!([
            { "kind": "status", "status": 500 },
            { "kind": "garbage" },
            { "kind": "status", "status": 204 },
            { "kind": "status", "status": 503 },
        ]);
        bench.faults(system, faults).await;
    }
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=_ ACC2=T Blocked locked");
    for system in System::ALL {
        let journal = bench.journal(system).await;
        let (last, before) = journal.split_last().unwrap();
        assert_eq!(before.len(), 4, "{system:?}: {journal:?}");
        assert!(before.iter().all(|line| line.ends_with("(no effect)")), "{system:?}: {journal:?}");
        assert!(!last.ends_with("(no effect)"), "{system:?}: {journal:?}");
    }
}

#[tokio::test]
async fn the_ledgers_refusal_is_passed_on_and_the_record_put_back() {
    let bench = Bench::start().await;
    let refuse = json!([{ "kind": "refuse", "code": "STATUS_LOCKED", "message": "Not now, Mark" }]);
    bench.faults(System::Netxd, refuse).await;
    let refused = bench.calls.netxd_status(LEDGER_ONLY, "BLOCKED").await;
    assert_eq!(refused.netxd(), "STATUS_LOCKED");
    assert_eq!(refused.at("/error/message"), "Not now, Mark");
    let record = bench.record(&[("netxd", "customer_id", LEDGER_ONLY)]).await;
    let [subject] = &record.families[0].subjects[..] else { unreachable!("one customer") };
    assert_eq!(subject.subject.state.lifecycle, Status::Active);

    assert_eq!(bench.calls.netxd_status(LEDGER_ONLY, "SUSPENDED").await.netxd(), "ok");
    let state = bench.state(System::Netxd).await;
    assert_eq!(state["customers"][LEDGER_ONLY]["status"], "SUSPENDED");
    assert_eq!(bench.received().await, [2, 0, 0, 0]);
}

#[tokio::test]
async fn the_card_processors_refusal_is_passed_on_and_the_record_put_back() {
    let bench = Bench::start().await;
    let refuse = json!([{ "kind": "refuse", "code": "777", "message": "Closed for the night" }]);
    bench.faults(System::Way4, refuse).await;
    let refused = bench.calls.way4("1", "ACC2", "C").await;
    assert_eq!(refused.way4(), "F 777");
    assert!(refused.text().contains("Closed for the night"));
    // C is final, had it come about.
    assert_eq!(bench.calls.way4("2", "ACC2", "T").await.way4(), "S 000");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=T Active unlocked");
    assert_eq!(bench.received().await, [0, 2, 0, 0]);
}

#[tokio::test]
async fn a_refusal_after_others_have_applied_is_said_to_be_partly_applied() {
    let bench = Bench::start().await;
    let refuse = json!([{ "kind": "refuse", "code": "3017", "message": "No such label" }]);
    bench.faults(System::Capillary, refuse).await;
    let answer = bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await;
    assert_eq!(answer.netxd(), "PARTLY_APPLIED");
    let message = answer.at("/error/message");
    assert!(message.as_str().unwrap().ends_with("is not held by capillary"), "{message}");
    assert_eq!(bench.documents_customer().await, "SUSPENDED ACC1=_ ACC2=T Active unlocked");
    assert!(bench.log().contains("a person is needed"));
    // Whoever is needed can simply ask again.
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "SUSPENDED ACC1=_ ACC2=T Suspended unlocked");
}

#[tokio::test]
async fn a_refused_change_does_not_reach_the_systems_that_were_down() {
    let mut bench = Bench::start().await;
    for system in [System::Way4, System::Capillary, System::N4n] {
        bench.stop_upstream(system).await;
    }
    let refuse = json!([{ "kind": "refuse", "code": "STATUS_LOCKED", "message": "Not now" }]);
    bench.faults(System::Netxd, refuse).await;
    let refused = bench.calls.netxd_status(CUSTOMER, "BLOCKED").await;
    assert_eq!(refused.netxd(), "STATUS_LOCKED");
    for system in [System::Way4, System::Capillary, System::N4n] {
        bench.start_upstream(system).await;
    }
    // What is due by now goes out before this comes to its end.
    assert_eq!(bench.calls.netxd_status("100000000031001", "BLOCKED").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=_ Active unlocked");
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
}

#[tokio::test]
async fn what_may_have_been_done_of_a_refused_change_is_undone() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    // The card processor acts, says nothing and goes down; the ledger is busy first, then refuses.
    let acts = json!([
        { "kind": "drop_after_effect" },
        { "kind": "drop_before_effect", "forever": true }
    ]);
    bench.faults(System::Way4, acts).await;
    bench.faults(System::Capillary, always("drop_before_effect")).await;
    bench.faults(System::N4n, always("drop_before_effect")).await;
    let refuses = json!([
        { "kind": "too_many", "retry_after_s": 1 },
        { "kind": "refuse", "code": "STATUS_LOCKED", "message": "Not now" }
    ]);
    bench.faults(System::Netxd, refuses).await;
    let refused = bench.calls.netxd_status(CUSTOMER, "BLOCKED").await;
    assert_eq!(refused.netxd(), "STATUS_LOCKED");
    for system in System::ALL {
        bench.faults(system, json!([])).await;
    }
    comes_to(&bench, "ACTIVE ACC1=_ ACC2=_ Active unlocked").await;
    let settled = async || {
        let record = bench.record(&[("netxd", "customer_id", CUSTOMER)]).await;
        let registers = &record.families[0].registers;
        let open = [RegisterState::Pending, RegisterState::InDoubt];
        (!registers.iter().any(|row| open.contains(&row.state))).then_some(())
    };
    eventually("nothing is left to be sent", settled).await;
}

#[tokio::test]
async fn an_upstream_that_is_silent_is_never_reported_as_a_success() {
    let setup = Setup::new().without_crosswalk().answering_within_ms(400);
    let bench = setup.start().await;
    for system in System::ALL {
        bench.faults(system, json!([{ "kind": "delay", "ms": 1500 }])).await;
    }
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let (ledger, way4, network, crm) = tokio::join!(
        calls.netxd_status(CUSTOMER, "BLOCKED"),
        calls.way4("1", "ACC1", "F"),
        calls.n4n("lock", N4N_CUSTOMER),
        calls.capillary_approve(&asked),
    );
    assert_eq!(ledger.netxd(), "PENDING_DELIVERY");
    assert_eq!(way4.way4(), "F G002");
    assert_eq!(network.status, 504);
    assert_eq!(network.at("/result"), "error");
    assert_eq!(crm.state(), "IntouchAPITask");
    assert_eq!(crm.at("/data/endTime"), Value::Null);
    comes_to(&bench, "BLOCKED ACC1=F ACC2=_ Suspended locked").await;
    let shown = async || {
        let shown = calls.capillary_show(&calls.maker(), &asked).await;
        (shown.state() == "approved").then_some(())
    };
    eventually("the request is shown as approved", shown).await;
    // Nobody was told twice.
    assert_eq!(bench.received().await, [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_silent_upstream_does_not_hold_up_changes_that_do_not_need_it() {
    let setup = Setup::new().under("[way4.upstream]", "concurrency_max = 1\ntimeout_ms = 30000");
    let bench = setup.start().await;
    bench.faults(System::Way4, silent()).await;
    let calls = bench.calls.clone();
    let stuck = tokio::spawn(async move { calls.way4("1", "ACC2", "T").await });
    let asked = async || (bench.received().await[1] == 1).then_some(());
    eventually("the card processor is asked", asked).await;
    let calls = &bench.calls;
    for number in 0..20 {
        let customer = format!("6{number:05}");
        assert_eq!(calls.n4n("lock", &customer).await.text(), "true");
    }
    assert_eq!(calls.netxd_status(LEDGER_ONLY, "BLOCKED").await.netxd(), "ok");
    assert!(!stuck.is_finished());
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T (no effect)"]);
    stuck.abort();
}
