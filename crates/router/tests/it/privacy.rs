//! What must not be found where it is not needed.

use serde_json::json;

use crate::support::{Bench, CONTRACT, CUSTOMER, MOBILE, N4N_CUSTOMER, Setup, System};

/// What the Capillary sample carries for a call that the gateway never makes.
const CALLERS_AUTHORIZATION: &str = "cHVuLjAxOjIwMmNiOTYyYWM1OTA3NWI5NjRiMDcxNTJkMjM0Yjcw";

/// What the ledger tells of a customer beside what it was asked.
const SSN: &str = "987456220";

/// Everything that the record consists of.
const RECORD: [&str; 3] = ["statusgate.db", "statusgate.db-wal", "statusgate.db-shm"];

/// The variables that are secret. The names of accounts are not.
const SECRETS: [&str; 9] = [
    "NETXD_CREDENTIAL",
    "NETXD_API_KEY",
    "NI_CLIENT_SECRET",
    "CAPILLARY_MAKER_TOKEN",
    "CAPILLARY_CHECKER_TOKEN",
    "CAPILLARY_MAKER_BASIC",
    "CAPILLARY_CHECKER_BASIC",
    "N4N_API_KEY",
    "NETXD_PRIVATE_KEY",
];

/// Every call in every format, good and bad, with upstreams that fail in every way.
async fn everything(bench: &Bench) {
    let calls = &bench.calls;
    assert_eq!(calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    assert_eq!(calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    let profile = calls.netxd_profile("100000000001001", "Mark").await;
    assert!(profile.text().contains(SSN), "{profile:?}");
    assert_eq!(calls.way4("1", "ACC1", "O").await.way4(), "S 000");
    assert_eq!(calls.way4("1", "ACC1", "F").await.way4(), "F G009");
    assert_eq!(calls.way4("2", "ACC1", "_").await.way4(), "S 000");
    let asked = calls.capillary_ask("Suspended").await.request_id();
    assert_eq!(calls.capillary_approve(&asked).await.state(), "approved");
    assert!(!calls.capillary_list(&calls.maker(), "").await.text().contains(CALLERS_AUTHORIZATION));
    let by_till = crate::support::Proof::Basic(calls.variable("CAPILLARY_MAKER_BASIC").to_owned());
    assert_eq!(calls.capillary_create(&by_till, MOBILE, "Active").await.state(), "AdminTask");
    assert_eq!(calls.n4n("lock", N4N_CUSTOMER).await.text(), "true");

    for system in System::ALL {
        let faults = json!([
            { "kind": "drop_after_effect" },
            { "kind": "garbage" },
            { "kind": "status", "status": 500 },
        ]);
        bench.faults(system, faults).await;
    }
    assert_eq!(calls.netxd_status(CUSTOMER, "BLOCKED").await.netxd(), "ok");
    for system in System::ALL {
        let refuse = json!([{ "kind": "refuse", "code": "418", "message": "Not now" }]);
        bench.faults(system, refuse).await;
    }
    assert_ne!(calls.way4("3", "ACC2", "T").await.way4(), "S 000");
    assert_ne!(calls.netxd_profile("100000000001001", "Marcus").await.netxd(), "ok");
    wrong_calls(bench).await;
}

/// Requests that are turned away, by caller, by form and by content.
async fn wrong_calls(bench: &Bench) {
    let calls = &bench.calls;
    let secret = calls.variable("NI_CLIENT_SECRET");
    let basic = calls.variable("CAPILLARY_MAKER_BASIC");
    let requests = [
        calls.netxd_status_request(CUSTOMER, "NO_SUCH_STATUS"),
        calls.netxd_status_request(CUSTOMER, "ACTIVE").body("{\"method\":"),
        calls.netxd_request("CustomerService.NoSuchMethod", "{}"),
        calls.n4n_request("unlock", "nobody=1"),
        calls.n4n_request("unlock", "customer_id=191").header("api-key", "wrong"),
        calls.request(reqwest::Method::GET, "/nothing/here").basic_auth("a", Some(secret)),
        calls
            .request(reqwest::Method::GET, "/api_gateway/v2/request-workflow/requests")
            .header("authorization", format!("Basic {basic}")),
    ];
    for request in requests {
        assert_ne!(calls.send(request).await.unwrap().text(), "true");
    }
}

#[tokio::test]
async fn neither_the_log_nor_the_record_holds_a_secret() {
    let mut bench = Setup::new().and("[log]\nlevel = \"debug\"\n").start().await;
    let way4_token = bench.calls.way4_token().await.to_owned();
    everything(&bench).await;

    let mut secrets = vec![way4_token, CALLERS_AUTHORIZATION.to_owned(), SSN.to_owned()];
    for name in SECRETS {
        let value = bench.calls.variable(name);
        // "Basic " goes before it where it is sent.
        secrets.push(value.trim_start_matches("Basic ").to_owned());
    }
    let key_file = bench.calls.variable("NETXD_PRIVATE_KEY").to_owned();
    secrets.retain(|secret| *secret != key_file);
    let key = std::fs::read_to_string(key_file).unwrap();
    secrets.extend(key.lines().filter(|line| !line.starts_with('-')).map(str::to_owned));
    secrets.extend(gateways_own(&bench));
    assert!(secrets.iter().all(|secret| secret.len() > 8));

    // Once while it runs, and once when everything is in one file.
    let log = bench.log();
    assert!(log.contains("not delivered") && log.contains("outcome=\"applied\""), "{log}");
    let mut places = vec![("log".to_owned(), log.clone())];
    places.extend(record(&bench));
    bench.stop().await;
    places.extend(record(&bench));
    assert!(places.iter().any(|(name, text)| name == RECORD[0] && text.contains(CONTRACT)));
    for (place, text) in &places {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{place} holds {secret}");
        }
    }
    for identifier in [CONTRACT, CUSTOMER, MOBILE, "customersample@gmail.com", "1274563211"] {
        let line = log.lines().find(|line| line.contains(identifier));
        assert_eq!(line, None, "the log holds {identifier}");
    }
}

#[tokio::test]
async fn delivered_details_of_a_consumer_do_not_stay_in_the_record() {
    let mut bench = Bench::start().await;
    assert_eq!(bench.calls.netxd_profile("100000000001001", "Mark").await.netxd(), "ok");
    bench.stop().await;
    for (place, text) in record(&bench) {
        for detail in ["19991209", "PEACHTREE", "1274563211", "customersample@gmail.com"] {
            assert!(!text.contains(detail), "{place} holds {detail}");
        }
    }
}

/// The gateway's own credentials for its upstreams.
fn gateways_own(bench: &Bench) -> Vec<String> {
    let config = std::fs::read_to_string(bench.directory().join("serve.toml")).unwrap();
    let secret = |line: &str| {
        let (name, value) = line.split_once(" = ")?;
        let names = ["api_key", "credential", "client_secret", "password_md5", "token_secret"];
        let value = value.trim_matches('"').trim_start_matches("Basic ");
        names.contains(&name).then(|| value.to_owned())
    };
    let found: Vec<String> = config.lines().filter_map(secret).collect();
    assert_eq!(found.len(), 6, "the gateway has other credentials than this test knows");
    found
}

/// The record's files, as text in which what is no text has been replaced.
fn record(bench: &Bench) -> Vec<(String, String)> {
    let read = |name: &&str| {
        let bytes = std::fs::read(bench.directory().join(name)).ok()?;
        Some(((*name).to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    };
    RECORD.iter().filter_map(read).collect()
}
