//! What holds for every request and answer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::fmt::Debug;

use adapter_n4n::{
    LOCK, N4nDownstream, N4nDownstreamSettings, N4nUpstream, N4nUpstreamSettings, SYSTEM,
};
use bytes::Bytes;
use chrono::DateTime;
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use status_domain::adapter::{Credentials, Downstream, Upstream};
use status_domain::command::{Action, Command};
use status_domain::facet::{EditLock, Facet};
use status_domain::failure::Failure;
use status_domain::hold::HoldOwner;
use status_domain::ids::{Identifier, IdentifierKind, OrderId, SubjectId};
use status_domain::register::{Order, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::strategy;
use uuid::Uuid;

const KEY: &str = "00112233445566778899aabbccddeeff";
const USERNAME: &str = "gw_ops_account";

fn upstream(lock_when: Vec<Status>) -> N4nUpstream {
    N4nUpstream::new(N4nUpstreamSettings {
        base_url: "https://n4n.example.net/".into(),
        api_key: SecretString::from(KEY),
        api_username: SecretString::from(USERNAME),
        lock_when,
    })
    .unwrap()
}

fn downstream() -> N4nDownstream {
    N4nDownstream::new(N4nDownstreamSettings::default())
}

fn identifier(kind: &'static str, value: &str) -> Identifier {
    Identifier { system: SYSTEM, kind: IdentifierKind::new(kind), value: value.parse().unwrap() }
}

fn any_identifier() -> impl Strategy<Value = Identifier> {
    let free = "\\PC{0,127}[!-~]";
    prop_oneof![
        "[0-9]{1,20}".prop_map(|value| identifier("customer_id", &value)),
        free.prop_map(|value| identifier("subscription_id", &value)),
        free.prop_map(|value| identifier("orderid", &value)),
    ]
}

fn order(value: &RegisterValue, identifier: Identifier) -> Order {
    Order {
        id: OrderId(7),
        register: LOCK,
        value: value.clone(),
        identifiers: vec![identifier],
        reason: None,
        native: None,
    }
}

fn subject(lifecycle: Status, edit_lock: EditLock) -> Subject {
    Subject {
        id: SubjectId(Uuid::from_u128(1)),
        kind: SubjectKind::Customer,
        parent: None,
        identifiers: vec![identifier("customer_id", "191")],
        state: SubjectState { lifecycle, edit_lock, ..SubjectState::new() },
    }
}

/// The one value that the upstream should hold.
fn projected(upstream: &N4nUpstream, subject: &Subject) -> RegisterValue {
    let projection = upstream.project(SubjectView { subject, parent: None });
    let [(register, projected)] = &projection[..] else { panic!("{projection:?}") };
    assert_eq!(*register, LOCK);
    projected.value().unwrap().clone()
}

fn any_lock() -> impl Strategy<Value = EditLock> {
    prop_oneof![Just(EditLock::Locked), Just(EditLock::Unlocked)]
}

proptest! {
    /// What we send N4N, our own reader takes for the same change.
    #[test]
    fn a_request_upstream_is_read_as_the_change_it_was_made_from(
        lock in any_lock(),
        named in any_identifier(),
    ) {
        let upstream = upstream(Vec::new());
        let value = projected(&upstream, &subject(Status::Active, lock));
        let request = upstream.encode(&order(&value, named.clone()), None, DateTime::UNIX_EPOCH);
        let decoded = downstream().decode(&request.unwrap()).unwrap();
        let Ok(Command::Change(change)) = decoded.command else { panic!("{:?}", decoded.command) };
        prop_assert_eq!(change.named_by, vec![named]);
        prop_assert_eq!(change.action, Action::SetEditLock { lock, kept_while: Vec::new() });
        let Credentials::KeyPair { username, key } = decoded.credentials else { panic!("missing") };
        prop_assert_eq!((&*username, key.expose_secret()), (USERNAME, KEY));
    }

    /// Every status can be written, and locks exactly where that is configured.
    #[test]
    fn every_status_has_a_lock(
        status in strategy::status(),
        lock in any_lock(),
        lock_when in proptest::sample::subsequence(Status::ALL[1..].to_vec(), 0..=6),
    ) {
        let upstream = upstream(lock_when.clone());
        let value = projected(&upstream, &subject(status, lock));
        let is_locked = lock == EditLock::Locked || lock_when.contains(&status);
        prop_assert_eq!(value.as_str() == "locked", is_locked);
        let order = order(&value, identifier("customer_id", "191"));
        let request = upstream.encode(&order, None, DateTime::UNIX_EPOCH).unwrap();
        prop_assert_eq!(request.uri().path().ends_with("/unlock"), !is_locked);
    }

    /// No request makes the reader panic, and what is read names somebody.
    #[test]
    fn any_request_is_read_or_refused(
        body in prop_oneof![
            strategy::body(),
            "((customer_id|orderid|%63|\\[|.)(=|%|&|\\+){0,2}){0,20}".prop_map(String::into_bytes),
        ],
        media in prop_oneof![Just("application/x-www-form-urlencoded"), Just("application/json")],
        query in "[a-z_=&%]{0,20}",
    ) {
        let settings = N4nDownstreamSettings { accept_json: true, ..N4nDownstreamSettings::default() };
        let request = http::Request::patch(format!("/api/customer/lock?{query}"));
        let request = request.header("content-type", media).body(Bytes::from(body)).unwrap();
        if let Ok(decoded) = N4nDownstream::new(settings).decode(&request)
            && let Ok(Command::Change(change)) = decoded.command
        {
            prop_assert!(!change.named_by.is_empty());
        }
    }

    /// No answer makes the reader panic, and only 200 with a success shape confirms.
    #[test]
    fn any_answer_is_read_or_refused(status in 100_u16..600, body in strategy::body()) {
        let order = order(&RegisterValue("locked".into()), identifier("orderid", "Q1"));
        let response = http::Response::builder().status(status).body(Bytes::from(body.clone()));
        let outcome = upstream(Vec::new()).decode(&order, &response.unwrap());
        if outcome.is_ok() {
            let text = String::from_utf8(body).unwrap().to_ascii_lowercase();
            prop_assert_eq!(status, 200);
            prop_assert!(text.trim() == "true" || text.contains("success"));
        }
    }

    /// An upstream that repeats what it was sent cannot make us print it.
    #[test]
    fn nothing_printed_holds_a_secret_or_a_whole_identifier(
        value in "[0-9]{16,20}",
        status in 200_u16..600,
        result in prop_oneof![Just("error"), Just("other")],
    ) {
        let named = identifier("customer_id", &value);
        let order = order(&RegisterValue("locked".into()), named);
        let upstream = upstream(Vec::new());
        let request = upstream.encode(&order, None, DateTime::UNIX_EPOCH).unwrap();
        let message = format!("{KEY} {USERNAME} {value}");
        let body = format!(r#"{{"result":"{result}","message":"{message}"}}"#);
        let response = http::Response::builder().status(status).body(Bytes::from(body)).unwrap();
        let failure = upstream.decode(&order, &response).unwrap_err();
        let decoded = downstream().decode(&request).unwrap();
        for printed in [
            print(&upstream),
            print(&order),
            print(request.headers()),
            print(&decoded),
            print(&failure),
            failure.to_string(),
        ] {
            prop_assert!(!printed.contains(KEY), "{printed}");
            prop_assert!(!printed.contains(&value), "{printed}");
        }
        prop_assert!(!print(&failure).contains(USERNAME));
        prop_assert!(!print(&upstream).contains(USERNAME));
    }

    /// What is wrong with a request is said without repeating it.
    #[test]
    fn a_refused_value_is_not_repeated(value in "4[0-9]{15}") {
        let body = format!("customer_id={value}%zz&orderid={value}\u{7}&subscription_id[]={value}");
        for piece in body.split('&') {
            let request = http::Request::patch("/api/customer/lock")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Bytes::copy_from_slice(piece.as_bytes()));
            let error = downstream().decode(&request.unwrap()).unwrap().command.unwrap_err();
            let printed = format!("{error} {error:?}");
            prop_assert!(!printed.contains(&value));
        }
    }
}

fn print(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn a_status_touches_the_lock_only_where_that_is_configured() {
    let facets = [
        (Facet::EditLock, true, true),
        (Facet::Lifecycle, false, true),
        (Facet::Hold(HoldOwner::new("fraud")), false, true),
        (Facet::Profile, false, false),
    ];
    let (plain, guarding) = (upstream(Vec::new()), upstream(vec![Status::Blocked]));
    for (facet, by_default, with_lock_when) in facets {
        let expected = |is_derived: bool| if is_derived { vec![LOCK] } else { Vec::new() };
        assert_eq!(plain.derived_from(&facet), expected(by_default), "{facet}");
        assert_eq!(guarding.derived_from(&facet), expected(with_lock_when), "{facet}");
    }
}

#[test]
fn an_account_is_guarded_by_its_customers_status() {
    let (account, customer) =
        (subject(Status::Active, EditLock::Unlocked), subject(Status::Blocked, EditLock::Unlocked));
    let upstream = upstream(vec![Status::Blocked]);
    let view = SubjectView { subject: &account, parent: Some(&customer) };
    assert_eq!(upstream.project(view)[0].1.value().unwrap().as_str(), "locked");
}

#[test]
fn an_order_that_this_format_cannot_write_is_not_sent() {
    let good = order(&RegisterValue("locked".into()), identifier("customer_id", "191"));
    let of_another = Identifier { system: "netxd".parse().unwrap(), ..identifier("orderid", "1") };
    let orders = [
        Order { register: RegisterName::new("status"), ..good.clone() },
        Order { value: RegisterValue("ACTIVE".into()), ..good.clone() },
        Order { identifiers: vec![of_another], ..good.clone() },
        Order { identifiers: vec![identifier("email", "a")], ..good },
    ];
    for order in orders {
        let outcome = upstream(Vec::new()).encode(&order, None, DateTime::UNIX_EPOCH);
        assert!(matches!(outcome, Err(Failure::NotSent { .. })), "{order:?}");
    }
}

#[test]
fn settings_that_no_call_could_be_made_with_are_refused() {
    use adapter_n4n::InvalidSettings as Invalid;
    let new = |base_url: &str, key: &str, username: &str, lock_when: Vec<Status>| {
        let settings = N4nUpstreamSettings {
            base_url: base_url.into(),
            api_key: SecretString::from(key),
            api_username: SecretString::from(username),
            lock_when,
        };
        N4nUpstream::new(settings).map(drop)
    };
    let good = "http://127.0.0.1:9104";
    assert_eq!(new(good, "k", "u", Vec::new()), Ok(()));
    for url in ["", "n4n.example.net", "ftp://h", "http://u:p@h", "http://h?x=1", "http://h#f"] {
        assert_eq!(new(url, "k", "u", Vec::new()), Err(Invalid::BaseUrl), "{url}");
    }
    assert_eq!(new(good, "", "u", Vec::new()), Err(Invalid::ApiKey));
    assert_eq!(new(good, "k\n", "u", Vec::new()), Err(Invalid::ApiKey));
    assert_eq!(new(good, "k", "", Vec::new()), Err(Invalid::ApiUsername));
    assert_eq!(new(good, "k", "u", vec![Status::Active]), Err(Invalid::LockWhenActive));
}
