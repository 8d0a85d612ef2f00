//! Requests that a second person decides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use router::config::values::Sha256Hash;
use serde_json::{Value, json};

use crate::support::{
    Answer, Bench, CONTRACT, CUSTOMER, MOBILE, Proof, Setup, System, capillary_request, eventually,
};

const AT_FIRST: &str = "ACTIVE ACC1=_ ACC2=_ Active unlocked";
const SUSPENDED: &str = "SUSPENDED ACC1=_ ACC2=T Suspended unlocked";

/// The settings of one more till, which belong below its organisation's.
fn till(person: &str, roles: &str) -> String {
    let hash = Sha256Hash::of(password(person).as_bytes()).to_hex();
    format!(
        "[[capillary.orgs.tills]]\ntill = \"{person}.extra\"\npassword_md5_sha256 = \"{hash}\"\n\
         person_id = \"{person}\"\nroles = {roles}\n"
    )
}

fn password(person: &str) -> String {
    format!("{person:0<32}")
}

fn by_till(person: &str) -> Proof {
    Proof::Basic(STANDARD.encode(format!("{person}.extra:{}", password(person))))
}

fn code(answer: &Answer) -> Value {
    answer.at("/errors/0/code")
}

#[tokio::test]
async fn a_maker_does_not_approve_their_own_request() {
    let both = till("both", r#"["maker", "checker"]"#);
    // The maker of the quickstart, at a till that may check.
    let again = till("maker", r#"["maker", "checker"]"#);
    let bench = Setup::new().and(&both).and(&again).start().await;
    let calls = &bench.calls;

    let asked = calls.capillary_ask("Suspended").await.request_id();
    let refused = calls.capillary_decide(&calls.maker(), &asked, "approved").await;
    assert_eq!((refused.status, code(&refused)), (403, json!(2001)));
    let refused = calls.capillary_decide(&by_till("maker"), &asked, "approved").await;
    assert_eq!((refused.status, code(&refused)), (403, json!(2001)));

    let own = calls.capillary_create(&by_till("both"), MOBILE, "Blocked").await.request_id();
    for decision in ["approved", "rejected"] {
        let refused = calls.capillary_decide(&by_till("both"), &own, decision).await;
        assert_eq!((refused.status, code(&refused)), (403, json!(2001)));
        assert_eq!(calls.capillary_show(&calls.maker(), &own).await.state(), "AdminTask");
    }
    assert_eq!(bench.received().await, [0, 0, 0, 0]);
    // Whoever may do both decides what another has asked for.
    let decided = calls.capillary_decide(&by_till("both"), &asked, "approved").await;
    assert_eq!(decided.state(), "approved");
    assert_eq!(bench.documents_customer().await, SUSPENDED);
}

#[tokio::test]
async fn a_checker_makes_no_requests() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    let refused = calls.capillary_create(&calls.checker(), MOBILE, "Suspended").await;
    assert_eq!((refused.status, code(&refused)), (403, json!(2001)));
    assert_eq!(calls.capillary_list(&calls.maker(), "").await.at("/data"), json!([]));
}

#[tokio::test]
async fn a_rejected_request_changes_nothing() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let decided = calls.capillary_decide(&calls.checker(), &asked, "rejected").await;
    assert_eq!(decided.status, 200);
    assert_eq!(decided.state(), "rejected");
    assert_ne!(decided.at("/data/endTime"), Value::Null);
    let shown = calls.capillary_show(&calls.maker(), &asked).await;
    assert_eq!(shown.json(), decided.json());
    assert_eq!(bench.received().await, [0, 0, 0, 0]);
    // Nothing stands in the way of another one.
    let asked = calls.capillary_ask("Suspended").await.request_id();
    assert_eq!(calls.capillary_approve(&asked).await.state(), "approved");
    assert_eq!(bench.documents_customer().await, SUSPENDED);
}

#[tokio::test]
async fn a_request_is_decided_once() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    for decision in ["approved", "rejected"] {
        let asked = calls.capillary_ask("Suspended").await.request_id();
        assert_eq!(calls.capillary_decide(&calls.checker(), &asked, decision).await.status, 200);
        let settled = calls.capillary_show(&calls.maker(), &asked).await;
        let sent = bench.received().await;
        for again in ["approved", "rejected"] {
            let refused = calls.capillary_decide(&calls.checker(), &asked, again).await;
            assert!((400..500).contains(&refused.status), "{refused:?}");
            assert_eq!(code(&refused), 2002);
        }
        assert_eq!(calls.capillary_show(&calls.maker(), &asked).await.body, settled.body);
        assert_eq!(bench.received().await, sent);
    }
}

#[tokio::test]
async fn of_two_racing_checkers_exactly_one_wins() {
    let bench = Setup::new().and(&till("rival", r#"["checker"]"#)).start().await;
    let calls = &bench.calls;
    for round in 0..12 {
        let label = if round % 2 == 0 { "Suspended" } else { "Active" };
        let before = bench.received().await[2];
        let asked = calls.capillary_ask(label).await.request_id();
        let (checker, rival) = (calls.checker(), by_till("rival"));
        let approve = calls.capillary_decide(&checker, &asked, "approved");
        let reject = calls.capillary_decide(&rival, &asked, "rejected");
        let (yes, no) = if round % 4 < 2 {
            tokio::join!(approve, reject)
        } else {
            let (no, yes) = tokio::join!(reject, approve);
            (yes, no)
        };
        let (winner, loser, state, sent) = match (yes.status, no.status) {
            (200, _) => (&yes, &no, "approved", 1),
            (_, 200) => (&no, &yes, "rejected", 0),
            both => unreachable!("nobody won: {both:?}"),
        };
        assert_eq!(winner.state(), state);
        assert_eq!(code(loser), 2002, "{loser:?}");
        assert_eq!(calls.capillary_show(&calls.maker(), &asked).await.state(), state);
        assert_eq!(bench.received().await[2], before + sent);
    }
}

#[tokio::test]
async fn a_waiting_request_survives_a_restart() {
    let mut bench = Bench::start().await;
    let asked = bench.calls.capillary_ask("Suspended").await;
    bench.restart().await;
    let calls = &bench.calls;
    let id = asked.request_id();
    assert_eq!(calls.capillary_show(&calls.maker(), &id).await.body, asked.body);
    let listed = calls.capillary_list(&calls.maker(), "states=AdminTask&limit=5&PageNo=").await;
    assert_eq!(listed.at("/data/0/requestId"), id);
    assert_eq!(listed.at("/data/1"), Value::Null);
    assert_eq!(calls.capillary_approve(&id).await.state(), "approved");
    assert_eq!(bench.documents_customer().await, SUSPENDED);
}

#[tokio::test]
async fn what_was_shown_is_what_is_carried_out() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let shown = calls.capillary_show(&calls.checker(), &asked).await;
    let payload = shown.at("/data/details/IntouchAPITask-Payload");
    let mut sent = capillary_request(MOBILE, "Suspended");
    let sent = sent["payload"]["IntouchAPITask-Payload"].take();
    for member in ["path", "queryParams", "body"] {
        assert_eq!(payload[member], sent[member]);
    }
    assert_eq!(payload["headers"]["Authorization"], "[redacted]");
    assert_eq!(calls.capillary_approve(&asked).await.state(), "approved");
    assert_eq!(bench.journal(System::Capillary).await, ["status Suspended"]);
}

#[tokio::test]
async fn another_organisation_does_not_learn_of_a_request() {
    let other = format!(
        "[[capillary.orgs]]\norg_id = 70421\ntenant = \"other\"\n\
         accepted_origins = [\"https://eu.api.capillarytech.com\"]\n\
         labels = {{ Active = \"ACTIVE\" }}\nlabel_for = {{ ACTIVE = \"Active\" }}\n\n{}",
        till("stranger", r#"["maker", "checker"]"#)
    );
    let bench = Setup::new().and(&other).start().await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let call = async |method: Method, path: &str, body: String| {
        let stranger = by_till("stranger");
        let request = calls.capillary_request_of("70421", method, path, &stranger).body(body);
        calls.send(request).await.unwrap()
    };
    let nobody_knows = "01890a5d-ac96-774b-bcce-b302099a8057";
    let hidden = call(Method::GET, &format!("/requests/{asked}"), String::new()).await;
    let unknown = call(Method::GET, &format!("/requests/{nobody_knows}"), String::new()).await;
    assert!((400..500).contains(&hidden.status), "{hidden:?}");
    assert_eq!((hidden.status, &hidden.body), (unknown.status, &unknown.body));
    let listed = call(Method::GET, "/requests", String::new()).await;
    assert_eq!((listed.status, listed.at("/data")), (200, json!([])));
    let decision = |id: &str| {
        let decided = json!({ "actionDecision": "approved", "actionMessage": "ok" });
        json!({
            "requestId": id, "actionName": "AdminTask",
            "payload": { "AdminTask-Payload": decided }
        })
        .to_string()
    };
    let hidden = call(Method::PUT, "/CUSTOMER-STATUS-CHANGE", decision(&asked)).await;
    let unknown = call(Method::PUT, "/CUSTOMER-STATUS-CHANGE", decision(nobody_knows)).await;
    assert!((400..500).contains(&hidden.status), "{hidden:?}");
    assert_eq!((hidden.status, &hidden.body), (unknown.status, &unknown.body));
    assert_eq!(calls.capillary_show(&calls.maker(), &asked).await.state(), "AdminTask");
    assert_eq!(bench.received().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn an_organisation_with_auto_approval_is_carried_out_at_once() {
    let setup = Setup::new().under("[[capillary.orgs]]", "auto_approval = true");
    let bench = setup.start().await;
    let calls = &bench.calls;
    let answer = calls.capillary_ask("Suspended").await;
    assert_eq!(answer.state(), "approved");
    assert_ne!(answer.at("/data/endTime"), Value::Null);
    assert_eq!(bench.documents_customer().await, SUSPENDED);
    let shown = calls.capillary_show(&calls.maker(), &answer.request_id()).await;
    assert_eq!(shown.state(), "approved");
    // Leaving the blacklist still takes a second person.
    assert_eq!(calls.capillary_ask("Blacklisted").await.state(), "approved");
    let asked = calls.capillary_ask("Active").await;
    assert_eq!(asked.state(), "AdminTask");
    assert_eq!(calls.capillary_approve(&asked.request_id()).await.state(), "approved");
    assert_eq!(bench.documents_customer().await, AT_FIRST);
}

#[tokio::test]
async fn an_approved_request_that_the_crm_refuses_has_failed() {
    let bench = Setup::new().without_crosswalk().start().await;
    let refuse = json!([{ "kind": "refuse", "code": "3017", "message": "Label is unknown" }]);
    bench.faults(System::Capillary, refuse).await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let decided = calls.capillary_approve(&asked).await;
    assert_eq!(decided.state(), "failed");
    assert_ne!(decided.at("/data/endTime"), Value::Null);
    let error = decided.at("/data/details/IntouchAPITask_Output/body/errors/0");
    assert_eq!((&error["code"], &error["message"]), (&json!(3017), &json!("Label is unknown")));
    let shown = calls.capillary_show(&calls.maker(), &asked).await;
    assert_eq!(shown.json(), decided.json());
    assert_eq!(code(&calls.capillary_approve(&asked).await), 2002);

    let asked = calls.capillary_ask("Suspended").await.request_id();
    assert_eq!(calls.capillary_approve(&asked).await.state(), "approved");
    assert_eq!(bench.journal(System::Capillary).await.len(), 2);
}

#[tokio::test]
async fn an_approved_request_that_only_some_systems_hold_has_failed() {
    let bench = Bench::start().await;
    let refuse = json!([{ "kind": "refuse", "code": "NO", "message": "Not now" }]);
    bench.faults(System::Netxd, refuse).await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Suspended").await.request_id();
    let decided = calls.capillary_approve(&asked).await;
    assert_eq!(decided.state(), "failed");
    assert!(decided.text().contains("not applied in netxd"), "{decided:?}");
}

#[tokio::test]
async fn what_was_approved_is_judged_by_the_state_it_meets() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    let asked = calls.capillary_ask("Active").await.request_id();
    assert_eq!(calls.way4("1", "ACC1", "F").await.way4(), "S 000");
    let decided = calls.capillary_approve(&asked).await;
    assert_eq!(decided.state(), "failed");
    assert_eq!(bench.documents_customer().await, "BLOCKED ACC1=F ACC2=_ Blocked locked");
}

#[tokio::test]
async fn each_who_waits_for_one_change_is_answered_in_their_own_format() {
    let rules =
        "[[policy.rules]]\nformats = [\"way4\"]\nfacets = [\"hold\"]\neffect = \"approve\"\n";
    let bench = Setup::new().and(rules).start().await;
    let calls = &bench.calls;
    assert_eq!(calls.way4("1", "ACC2", "T").await.way4(), "F G001");
    let listed = calls.capillary_list(&calls.checker(), "").await;
    let asked = listed.at("/data/0/requestId").as_str().unwrap().to_owned();

    bench.faults(System::Way4, json!([{ "kind": "delay", "ms": 800 }])).await;
    let checker = bench.calls.clone();
    let id = asked.clone();
    let decided = tokio::spawn(async move { checker.capillary_approve(&id).await });
    let is_asked = async || (bench.received().await[1] == 1).then_some(());
    eventually("the card processor is asked", is_asked).await;
    let again = calls.way4("1", "ACC2", "T").await;
    assert_eq!(again.way4(), "S 000", "{again:?}");
    assert_eq!(decided.await.unwrap().state(), "approved");
    assert_eq!(calls.way4("1", "ACC2", "T").await.body, again.body);
    assert_eq!(bench.state(System::Way4).await["contracts"][CONTRACT]["ACC2"], "T");
    assert_eq!(bench.journal(System::Way4).await, ["ACC2 T"]);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let bench = Bench::start().await;
    let calls = &bench.calls;
    let mut ids = Vec::new();
    for label in ["Suspended", "Dormant", "Inactive"] {
        ids.push(calls.capillary_ask(label).await.request_id());
    }
    let rejected = calls.capillary_decide(&calls.checker(), &ids[1], "rejected").await;
    assert_eq!(rejected.state(), "rejected");
    let found = async |query: &str| -> Vec<String> {
        let listed = calls.capillary_list(&calls.maker(), query).await;
        let data = listed.at("/data");
        let id = |entry: &Value| entry["requestId"].as_str().unwrap().to_owned();
        data.as_array().unwrap().iter().map(id).collect()
    };
    assert_eq!(found("states=AdminTask&sortBy=startTime&sortOrder=ASC").await.len(), 2);
    assert_eq!(found("states=rejected").await, [ids[1].clone()]);
    assert_eq!(found("states=approved").await, Vec::<String>::new());
    assert_eq!(found("limit=2").await.len(), 2);
    let mut all = found("").await;
    all.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(all, expected);
    // Asked for in the ledger's format, decided and shown like any other.
    assert_eq!(calls.netxd_status(CUSTOMER, "BLACK_LISTED").await.netxd(), "ok");
    assert_eq!(calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "PENDING_APPROVAL");
    assert_eq!(found("states=AdminTask").await.len(), 3);
}
