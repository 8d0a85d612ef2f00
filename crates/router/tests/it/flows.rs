//! The documented calls, and what follows in the upstream systems.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Bench, CONTRACT, CUSTOMER, MOBILE, N4N_CUSTOMER, Setup, System, Way4Change,
};

/// Nobody has asked for anything yet.
const AT_FIRST: &str = "ACTIVE ACC1=_ ACC2=_ Active unlocked";

#[tokio::test]
async fn the_ledgers_status_sample_succeeds() {
    let bench = Bench::start().await;
    let answer = bench.calls.netxd_status(CUSTOMER, "ACTIVE").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"id": "1", "result": {"Id": CUSTOMER, "Status": "ACTIVE"}}));
    assert_eq!(bench.documents_customer().await, AT_FIRST);
    // The lifecycle shows in every system; ACC1 is fraud's alone.
    assert_eq!(bench.journal(System::Netxd).await, ["UpdateCustomerStatus ACTIVE"]);
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 _"]);
    assert_eq!(bench.journal(System::Capillary).await, ["status Active"]);
    assert_eq!(bench.journal(System::N4n).await, ["unlock false"]);
}

#[tokio::test]
async fn the_ledgers_details_sample_is_answered_with_what_the_ledger_said() {
    let bench = Bench::start().await;
    let answer = bench.calls.netxd_profile("100000000001001", "Mark").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.at("/id"), "1");
    assert_eq!(answer.at("/jsonrpc"), "2.0");
    let known = bench.state(System::Netxd).await["customers"]["100000000001001"].clone();
    let result = answer.at("/result");
    assert_eq!(result["ID"], "100000000001001");
    assert_eq!(result["firstName"], "Mark");
    assert_eq!(result["status"], "ACTIVE");
    assert_eq!(result["createdDate"], known["createdDate"]);
    assert_eq!(result["updatedDate"], known["updatedDate"]);
    assert_eq!(bench.journal(System::Netxd).await, ["UpdateCustomer profile"]);
    assert_eq!(bench.received().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn the_card_processors_sample_succeeds_and_stays_with_the_account() {
    let bench = Bench::start().await;
    let answer = bench.calls.way4("1692103705", "ACC2", "C").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.way4(), "S 000");
    let header = answer.at("/NISrvResponse/response_account_status_change/header");
    assert_eq!(header["msg_id"], "1692103705");
    assert_eq!(header["msg_function"], "REP_ACCOUNT_STATUS_CHANGE");
    assert_eq!(header["tracking_id"], "13221413256");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=C Active unlocked");
    assert_eq!(bench.received().await, [0, 1, 0, 0]);
}

#[tokio::test]
async fn the_crms_sample_waits_for_a_checker_and_then_reaches_every_system() {
    let bench = Bench::start().await;
    let asked = bench.calls.capillary_ask("Suspended").await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.state(), "AdminTask");
    assert_eq!(asked.at("/data/endTime"), Value::Null);
    assert_eq!(asked.at("/data/requestType"), "customer-status-change");
    assert_eq!(bench.received().await, [0, 0, 0, 0]);

    let decided = bench.calls.capillary_approve(&asked.request_id()).await;
    assert_eq!(decided.status, 200);
    assert_eq!(decided.state(), "approved");
    assert_ne!(decided.at("/data/endTime"), Value::Null);
    let suspended = "SUSPENDED ACC1=_ ACC2=T Suspended unlocked";
    assert_eq!(bench.documents_customer().await, suspended);
}

#[tokio::test]
async fn the_networks_sample_unlocks_and_touches_nothing_else() {
    let bench = Bench::start().await;
    let locked = bench.calls.n4n("lock", N4N_CUSTOMER).await;
    assert_eq!((locked.status, locked.text().as_str()), (200, "true"));
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=_ Active locked");
    let unlocked = bench.calls.n4n("unlock", N4N_CUSTOMER).await;
    assert_eq!((unlocked.status, unlocked.text().as_str()), (200, "true"));
    assert_eq!(bench.documents_customer().await, AT_FIRST);
    assert_eq!(bench.received().await, [0, 0, 0, 2]);
}

#[tokio::test]
async fn a_fraud_block_reaches_every_system_and_no_other_format_lifts_it() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.way4("1", "ACC1", "F").await.way4(), "S 000");
    let blocked = "BLOCKED ACC1=F ACC2=_ Blocked locked";
    assert_eq!(bench.documents_customer().await, blocked);
    let sent = bench.received().await;

    let refused = bench.calls.netxd_status(CUSTOMER, "ACTIVE").await;
    assert_eq!(refused.netxd(), "INVALID_STATUS");
    assert!(
        refused.at("/error/message").as_str().unwrap().contains("hold of fraud"),
        "{refused:?}"
    );
    let refused = bench.calls.n4n("unlock", N4N_CUSTOMER).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.at("/result"), "error");
    // F is confirmed fraud: not even its owner takes it back.
    assert_eq!(bench.calls.way4("2", "ACC1", "_").await.way4(), "F G003");
    assert_eq!(bench.calls.way4("3", "ACC1", "O").await.way4(), "F G003");

    assert_eq!(bench.documents_customer().await, blocked);
    assert_eq!(bench.received().await, sent);
}

#[tokio::test]
async fn a_suspected_fraud_is_lifted_by_its_owner_and_everything_returns() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.way4("1", "ACC1", "O").await.way4(), "S 000");
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=O ACC2=_ Blocked locked");
    assert_eq!(bench.calls.way4("2", "ACC1", "_").await.way4(), "S 000");
    assert_eq!(bench.documents_customer().await, AT_FIRST);
}

#[tokio::test]
async fn a_temporary_block_of_an_account_goes_to_the_card_processor_only() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.way4("1", "ACC2", "T").await.way4(), "S 000");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=T Active unlocked");
    assert_eq!(bench.received().await, [0, 1, 0, 0]);
}

#[tokio::test]
async fn a_suspension_in_the_ledgers_format_reaches_every_system() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.netxd(), "ok");
    let suspended = "SUSPENDED ACC1=_ ACC2=T Suspended unlocked";
    assert_eq!(bench.documents_customer().await, suspended);
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, AT_FIRST);
}

#[tokio::test]
async fn an_edit_lock_outlives_a_block_that_locks_as_well() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.n4n("lock", N4N_CUSTOMER).await.text(), "true");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=_ ACC2=T Blocked locked");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=_ Active locked");
}

#[tokio::test]
async fn with_an_empty_crosswalk_every_format_reaches_its_own_system_only() {
    let bench = Setup::new().without_crosswalk().start().await;
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    assert_eq!(bench.received().await, [1, 0, 0, 0]);
    assert_eq!(bench.calls.way4("1", "ACC1", "F").await.way4(), "S 000");
    assert_eq!(bench.received().await, [1, 1, 0, 0]);
    let asked = bench.calls.capillary_ask("Suspended").await;
    assert_eq!(bench.calls.capillary_approve(&asked.request_id()).await.state(), "approved");
    assert_eq!(bench.received().await, [1, 1, 1, 0]);
    assert_eq!(bench.calls.n4n("lock", N4N_CUSTOMER).await.text(), "true");
    assert_eq!(bench.received().await, [1, 1, 1, 1]);
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=F ACC2=_ Suspended locked");
    // Nobody has said that the four are one customer.
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=F ACC2=_ Suspended locked");
}

#[tokio::test]
async fn identifiers_of_two_customers_are_refused() {
    let bench = Bench::start().await;
    let request = bench.calls.n4n_request("lock", "customer_id=70413&subscription_id=SUB-191");
    let refused = bench.calls.send(request).await.unwrap();
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert_eq!(refused.at("/result"), "error");
    // A name that nobody knows beside one that somebody has may be another's.
    let request = bench.calls.n4n_request("lock", "customer_id=191&subscription_id=SUB-NOBODY");
    let refused = bench.calls.send(request).await.unwrap();
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert_eq!(bench.received().await, [0, 0, 0, 0]);

    let request = bench.calls.n4n_request("lock", "customer_id=191&subscription_id=SUB-191");
    assert_eq!(bench.calls.send(request).await.unwrap().text(), "true");
    assert_eq!(bench.received().await, [0, 0, 0, 1]);
}

#[tokio::test]
async fn closed_is_final() {
    let bench = Setup::new().without_crosswalk().start().await;
    let asked = bench.calls.capillary_ask("Closed").await;
    assert_eq!(bench.calls.capillary_approve(&asked.request_id()).await.state(), "approved");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=_ Closed unlocked");
    let refused = bench.calls.capillary_ask("Active").await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    let why = refused.at("/errors/0/message");
    assert!(why.as_str().unwrap().contains("CLOSED is final"), "{refused:?}");

    assert_eq!(bench.calls.way4("1", "ACC2", "B").await.way4(), "S 000");
    assert_eq!(bench.calls.way4("2", "ACC2", "_").await.way4(), "F G003");
    assert_eq!(bench.documents_customer().await, "ACTIVE ACC1=_ ACC2=B Closed unlocked");
}

#[tokio::test]
async fn what_a_required_system_cannot_hold_is_not_done_anywhere() {
    let bench = Bench::start().await;
    // The ledger has no word for closed.
    let asked = bench.calls.capillary_ask("Closed").await;
    assert_eq!(asked.state(), "AdminTask");
    let decided = bench.calls.capillary_approve(&asked.request_id()).await;
    assert_eq!(decided.state(), "failed");
    assert_eq!(bench.received().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_blacklisted_customer_returns_only_when_a_checker_agrees() {
    let bench = Bench::start().await;
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "BLACK_LISTED").await.netxd(), "ok");
    let blacklisted = "BLACK_LISTED ACC1=_ ACC2=T Blacklisted locked";
    assert_eq!(bench.documents_customer().await, blacklisted);

    let waiting = bench.calls.netxd_status(CUSTOMER, "ACTIVE").await;
    assert_eq!(waiting.netxd(), "PENDING_APPROVAL");
    let rejected = change_id(&waiting);
    let decided = bench.calls.capillary_decide(&bench.calls.checker(), &rejected, "rejected").await;
    assert_eq!(decided.state(), "rejected");
    assert_eq!(bench.documents_customer().await, blacklisted);

    let waiting = bench.calls.netxd_status(CUSTOMER, "ACTIVE").await;
    assert_eq!(waiting.netxd(), "PENDING_APPROVAL");
    assert_ne!(change_id(&waiting), rejected);
    let decided = bench.calls.capillary_approve(&change_id(&waiting)).await;
    assert_eq!(decided.state(), "approved");
    assert_eq!(bench.documents_customer().await, AT_FIRST);
}

fn change_id(answer: &Answer) -> String {
    answer.at("/error/data/change_id").as_str().unwrap().to_owned()
}

#[tokio::test]
async fn accounts_of_a_customer_follow_it_and_not_each_other() {
    let second = "0003621110000000999";
    let crosswalk = format!(
        "subject,kind,parent,system,identifier,value\n\
         c,customer,,netxd,customer_id,{CUSTOMER}\n\
         c,customer,,capillary,mobile,{MOBILE}\n\
         a,account,c,way4,contract_number,{CONTRACT}\n\
         b,account,c,way4,contract_number,{second}\n"
    );
    let bench = Setup::new().with_crosswalk(&crosswalk).start().await;
    let of_second = |msg_id, slot, value| Way4Change { msg_id, contract: second, slot, value };
    let held = async || {
        let way4 = &bench.state(System::Way4).await["contracts"];
        let slots = |contract: &str| {
            let slot = |name: &str| way4[contract][name].as_str().unwrap_or("?").to_owned();
            format!("{}{}", slot("ACC1"), slot("ACC2"))
        };
        format!("{} {}", slots(CONTRACT), slots(second))
    };
    assert_eq!(bench.calls.way4("1", "ACC2", "T").await.way4(), "S 000");
    assert_eq!(held().await, "_T ??");
    // Fraud is about the person: the other contract is blocked too.
    assert_eq!(bench.calls.way4_change(of_second("2", "ACC1", "O")).await.way4(), "S 000");
    assert_eq!(held().await, "OT O_");
    assert_eq!(bench.calls.way4("3", "ACC1", "_").await.way4(), "S 000");
    assert_eq!(held().await, "_T __");
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "SUSPENDED").await.netxd(), "ok");
    assert_eq!(held().await, "_T _T");
}

#[tokio::test]
async fn a_customer_that_the_vendor_does_not_know_is_answered_in_the_vendors_words() {
    let bench = Setup::new().without_crosswalk().with_strict_upstreams().start().await;
    let refused = bench.calls.netxd_status("100000000099999", "BLOCKED").await;
    assert_eq!(refused.netxd(), "NOT_FOUND_CUSTOMER");
    // Known to the record by now, and still not to the ledger.
    let refused = bench.calls.netxd_status("100000000099999", "ACTIVE").await;
    assert_eq!(refused.netxd(), "NOT_FOUND_CUSTOMER");
    let refused = bench.calls.n4n("lock", "999").await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    let contract = "0003621110000009999";
    let change = Way4Change { msg_id: "1", contract, slot: "ACC2", value: "T" };
    assert_eq!(bench.calls.way4_change(change).await.way4(), "F X404");
    let asked = bench.calls.capillary_create(&bench.calls.maker(), "919999999999", "Blocked").await;
    let decided = bench.calls.capillary_approve(&asked.request_id()).await;
    assert_eq!(decided.state(), "failed");
    assert_eq!(bench.received().await, [2, 1, 1, 1]);
}

#[tokio::test]
async fn a_path_of_no_format_is_answered_and_reaches_nothing() {
    let bench = Bench::start().await;
    let request =
        bench.calls.request(Method::POST, "/rest/customer/unlock").body("customer_id=191");
    assert_eq!(bench.calls.send(request).await.unwrap().status, 404);
    assert_eq!(bench.received().await, [0, 0, 0, 0]);
}
