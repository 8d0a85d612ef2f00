//! What holds for every input.

#![expect(clippy::unwrap_used, reason = "test code")]

#[path = "support/settings.rs"]
mod settings;

use std::collections::BTreeMap;

use adapter_capillary::{LABEL, SYSTEM, identifier as kinds, oauth};
use bytes::Bytes;
use http::{Request, Response};
use proptest::prelude::*;
use settings::{
    PASSWORD_MD5, at, downstream, identifier, labels, oauth_upstream, order, upstream,
    upstream_settings,
};
use status_domain::adapter::{Downstream as _, Upstream as _};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::{Action, Command};
use status_domain::facet::Facet;
use status_domain::hold::HoldOwner;
use status_domain::ids::{ChangeId, Identifier, SubjectId};
use status_domain::register::{Order, Projected};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::strategy;

const NOW: &str = "2026-03-02T08:35:11Z";

fn name() -> impl Strategy<Value = Identifier> {
    let value = |kind: &str| match kind {
        "mobile" => "[0-9]{5,20}".boxed(),
        "email" => "[a-z+.]{1,8}@[a-z]{1,8}".boxed(),
        _ => "[!-~\u{e9}]([ -~\u{e9}]{0,20}[!-~])?".boxed(),
    };
    proptest::sample::select(kinds::LOOKUP.to_vec()).prop_flat_map(move |(kind, _)| {
        value(kind.as_str()).prop_map(move |value| identifier(kind.clone(), &value))
    })
}

fn orders() -> impl Strategy<Value = Order> {
    (strategy::status(), name(), proptest::option::of("[!-~\u{e9}]([ -~\u{e9}]{0,200}[!-~])?"))
        .prop_filter_map("no label", |(status, name, reason)| {
            let value = labels().project(status).value()?.clone();
            let reason = reason.map(|text| text.parse().unwrap());
            Some(Order { value, identifiers: vec![name], reason, ..order() })
        })
}

/// Reads a status call the way a server does that shares no code with the client.
fn read(request: &Request<Bytes>) -> BTreeMap<String, String> {
    assert_eq!(request.method(), "PUT");
    assert_eq!(request.uri().path(), "/v2/customers/lookup/status");
    let mut found = BTreeMap::new();
    for pair in request.uri().query().unwrap().split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        assert!(found.insert(name.to_owned(), unescape(value)).is_none(), "{name} twice");
    }
    let body: BTreeMap<String, String> = serde_json::from_slice(request.body()).unwrap();
    found.extend(body);
    found
}

fn unescape(text: &str) -> String {
    assert!(!text.contains('+'), "a plus sign is ambiguous");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A create of the workflow that asks for the same as an order.
fn create(order: &Order) -> Request<Bytes> {
    let name = &order.identifiers[0];
    let reason = order.reason.as_ref().map_or("status change", |reason| reason.as_str());
    let body = serde_json::json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://eu.api.capillarytech.com",
            "path": "/v2/customers/lookup/status",
            "method": "PUT",
            "queryParams": {
                "source": "INSTORE",
                "identifierName": kinds::spelling(&name.kind).unwrap(),
                "identifierValue": name.value.expose(),
            },
            "body": { "reason": reason, "label": order.value.as_str() },
            "headers": { "Authorization": format!("Basic {SECRET_BASIC}") },
        } },
    });
    Request::post("/api_gateway/v2/request-workflow/CUSTOMER-STATUS-CHANGE")
        .header("X-CAP-API-AUTH-ORG-ID", "70420")
        .header("X-CAP-UI-AUTH-TOKEN", "user-token-secret")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

/// till.demo:inner-secret
const SECRET_BASIC: &str = "dGlsbC5kZW1vOmlubmVyLXNlY3JldA==";

proptest! {
    /// What we send, a reader of the same wire takes for the same change.
    #[test]
    fn a_status_call_says_what_the_order_says(order in orders()) {
        let request = upstream().encode(&order, None, at(NOW)).unwrap();
        let read = read(&request);
        let name = &order.identifiers[0];
        prop_assert_eq!(kinds::kind(&read["identifierName"]), Some(name.kind.clone()));
        prop_assert_eq!(&*read["identifierValue"], name.value.expose());
        prop_assert_eq!(&*read["label"], order.value.as_str());
        let reason = order.reason.as_ref().map_or("status change", |reason| reason.as_str());
        prop_assert_eq!(&*read["reason"], reason);
        prop_assert_eq!(&*read["source"], "INSTORE");
        prop_assert_eq!(&*read["use_async"], "false");
        prop_assert_eq!(read.len(), 6);
    }

    /// A change that came in this format goes out of it unchanged.
    #[test]
    fn a_create_is_passed_on_as_it_was_asked(order in orders()) {
        let decoded = downstream().decode(&create(&order)).unwrap();
        let Ok(Command::Change(change)) = decoded.command else { panic!("refused") };
        prop_assert_eq!(&change.named_by, &order.identifiers);
        let Action::SetLifecycle(status) = change.action else { panic!("no lifecycle") };
        let onward = Order {
            value: labels().project(status).value().unwrap().clone(),
            identifiers: change.named_by,
            reason: change.reason,
            native: change.native,
            ..order.clone()
        };
        let sent = read(&upstream().encode(&onward, None, at(NOW)).unwrap());
        prop_assert_eq!(sent, read(&upstream().encode(&order, None, at(NOW)).unwrap()));
    }

    /// No bytes make the server panic, in any call.
    #[test]
    fn any_request_is_read_or_refused(
        body in strategy::body(),
        query in "[a-zA-Z0-9=&%,-]{0,60}",
        header in "[ -~]{0,40}",
        path in "(/v2)?/api_gateway/v2/request-workflow/[a-zA-Z_/-]{0,30}",
    ) {
        for method in ["GET", "POST", "PUT"] {
            for path in [&*path, "/api_gateway/v2/request-workflow/CUSTOMER-STATUS-CHANGE"] {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("{path}?{query}"))
                    .header("X-CAP-API-AUTH-ORG-ID", "70420")
                    .header("Authorization", &header)
                    .body(Bytes::from(body.clone()))
                    .unwrap();
                if let Ok(decoded) = downstream().decode(&request)
                    && let Err(error) = decoded.command
                {
                    let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
                    let answer = downstream().encode(&decoded.reply, &answer, at(NOW));
                    prop_assert!(answer.status().is_client_error());
                }
            }
        }
        let _ = oauth::decode(&Request::new(Bytes::from(body)));
    }

    /// No bytes make the client panic, and none but the success shape count as success.
    #[test]
    fn any_answer_is_read_or_is_no_success(body in strategy::body(), status in 200_u16..600) {
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        let confirmed = upstream().decode(&order(), &response).is_ok();
        prop_assert!(!confirmed || (status == 200 && is_object));
        let upstream = oauth_upstream();
        let _ = upstream.login().unwrap().decode(&response);
        let _ = upstream.inquiry().unwrap().decode(&response);
    }

    /// Nothing that is printed holds a credential or a whole identifier.
    #[test]
    fn nothing_printed_holds_a_secret_or_a_whole_identifier(
        number in "9[0-9]{15}",
        spoiled in proptest::sample::select(vec!["identifierValue", "label", "hostname", "conceptId"]),
    ) {
        let named = Order { identifiers: vec![identifier(kinds::CARD_NUMBER, &number)], ..order() };
        let request = create(&named);
        let decoded = downstream().decode(&request).unwrap();
        let Ok(Command::Change(change)) = &decoded.command else { panic!("refused") };
        let echo = &change.native.as_ref().unwrap().text;
        let mut printed = format!("{:?} {:?}", decoded.credentials, change.named_by);
        prop_assert!(!echo.contains(SECRET_BASIC) && !echo.contains("inner-secret"));

        // The number in a place where it is refused.
        let text = String::from_utf8(request.body().to_vec()).unwrap();
        let broken = text.replace(&format!("\"{spoiled}\":"), &format!("\"{spoiled}\":[\"{number}\"],\"x\":"));
        let (head, _) = request.into_parts();
        let broken = Request::from_parts(head, Bytes::from(broken));
        let refused = downstream().decode(&broken).unwrap();
        let error = refused.command.unwrap_err();
        printed += &format!("{error} {error:?}");
        let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
        let answer = downstream().encode(&refused.reply, &answer, at(NOW));
        printed += &String::from_utf8_lossy(answer.body());

        // A message of the upstream that repeats the number.
        let said = format!(r#"{{"errors":[{{"code":8015,"message":"no customer {number}"}}]}}"#);
        let failure = upstream().decode(&named, &Response::new(Bytes::from(said))).unwrap_err();
        printed += &format!("{failure} {failure:?} {named:?}");

        let sent = upstream().encode(&named, None, at(NOW)).unwrap();
        printed += &format!("{:?}", sent.headers());
        printed += &format!("{:?} {:?} {:?}", upstream(), oauth_upstream(), upstream_settings());
        printed += &format!("{:?}", downstream());
        for secret in [
            &*number,
            PASSWORD_MD5,
            SECRET_BASIC,
            "inner-secret",
            "user-token-secret",
            "client-secret-text",
            "52f05e21ccf703bc",
        ] {
            prop_assert!(!printed.contains(secret), "{secret} in {printed}");
        }
    }
}

fn subject(lifecycle: Status) -> Subject {
    let id: ChangeId = "113cff87-62a5-11ee-aa6d-0aaee4e533d2".parse().unwrap();
    Subject {
        id: SubjectId(id.0),
        kind: SubjectKind::Customer,
        parent: None,
        identifiers: vec![identifier(kinds::MOBILE, "447700900123")],
        state: SubjectState { lifecycle, ..SubjectState::new() },
    }
}

#[test]
fn every_status_has_a_label_or_is_refused_by_name() {
    for status in Status::ALL {
        let subject = subject(status);
        let view = SubjectView { subject: &subject, parent: None };
        let projection = upstream().project(view);
        let [(register, projected)] = &projection[..] else { panic!("not one register") };
        assert_eq!(*register, LABEL);
        match projected {
            Projected::Exact(value) => {
                assert_eq!(labels().status(value.as_str()), Some((value.as_str(), status)));
            }
            Projected::Narrowed { value, why } => {
                let (_, read) = labels().status(value.as_str()).unwrap();
                assert_ne!(read, status);
                assert!(why.contains(status.as_str()), "{why}");
            }
            Projected::NotRepresentable { why } => assert!(why.contains(status.as_str()), "{why}"),
        }
    }
}

#[test]
fn the_label_follows_the_lifecycle_and_every_hold_and_nothing_else() {
    let derived = |facet: Facet| upstream().derived_from(&facet);
    assert_eq!(derived(Facet::Lifecycle), [LABEL]);
    assert_eq!(derived(Facet::Hold(HoldOwner::new("fraud"))), [LABEL]);
    assert!(derived(Facet::EditLock).is_empty());
    assert!(derived(Facet::Profile).is_empty());
    assert_eq!(*upstream().system(), SYSTEM);
}
