//! Properties: round trip, totality, no panic, no leak.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::sync::Arc;

use adapter_netxd::{
    CUSTOMER_ID, DownstreamSettings, NetxdDownstream, NetxdUpstream, PROFILE, PayloadSigner,
    STATUS, SYSTEM, SigningFailed, UpstreamSettings,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Credentials, Downstream as _, Upstream};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::facet::{EditLock, Facet};
use status_domain::hold::HoldOwner;
use status_domain::ids::{Identifier, OrderId, SubjectId};
use status_domain::profile::{Gender, Profile, Title};
use status_domain::register::{Order, Projected, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::strategy;
use uuid::Uuid;

const CREDENTIAL: &str = "Basic dGVsbC1uby1vbmU6c2VjcmV0";
const API_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Returns the payload itself, so that a test sees what was signed.
struct Mirror;

impl PayloadSigner for Mirror {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(payload.to_vec())
    }
}

struct Broken;

impl PayloadSigner for Broken {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Err(SigningFailed)
    }
}

fn ledger(signer: Arc<dyn PayloadSigner>) -> NetxdUpstream {
    let settings = UpstreamSettings::new(
        "https://ledger.test/PL".parse().unwrap(),
        "700431".into(),
        SecretString::from(CREDENTIAL),
        SecretString::from(API_KEY),
    );
    NetxdUpstream::new(settings, signer).unwrap()
}

fn upstream() -> Box<dyn Upstream> {
    Box::new(ledger(Arc::new(Mirror)))
}

fn downstream() -> NetxdDownstream {
    NetxdDownstream::new(DownstreamSettings::default()).unwrap()
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_716_362_676, 0).unwrap()
}

fn identifier(value: &str) -> Identifier {
    Identifier { system: SYSTEM, kind: CUSTOMER_ID, value: value.parse().unwrap() }
}

fn order(register: RegisterName, value: &str, customer: &str, reason: Option<&str>) -> Order {
    Order {
        id: OrderId(0xfeed_0000_0000_0000_0000_0000_0000_1234),
        register,
        value: RegisterValue(value.into()),
        identifiers: vec![identifier(customer)],
        reason: reason.map(|reason| reason.parse().unwrap()),
        native: None,
    }
}

fn subject(state: SubjectState) -> Subject {
    Subject {
        id: SubjectId(Uuid::from_u128(1)),
        kind: SubjectKind::Customer,
        parent: None,
        identifiers: vec![identifier("100000000025001")],
        state,
    }
}

fn projected(state: SubjectState, register: &RegisterName) -> Option<Projected> {
    let subject = subject(state);
    let projection = upstream().project(SubjectView { subject: &subject, parent: None });
    projection.into_iter().find(|(name, _)| name == register).map(|(_, value)| value)
}

/// Sends what we would send to ourselves; checks that the signature covers the payload as it stands.
fn read_back(request: &Request<Bytes>) -> ChangeRequest {
    let decoded = downstream().decode(request).unwrap();
    let Credentials::SignedPayload(signed) = decoded.credentials else { panic!("not signed") };
    assert_eq!(signed.signed.len(), 1, "the payload is compact");
    assert_eq!(&*signed.signature, base64(&signed.signed[0]));
    assert_eq!(signed.credential.expose_secret(), CREDENTIAL);
    let Command::Change(change) = decoded.command.unwrap() else { panic!("no change") };
    *change
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn words(longest: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>().prop_filter("control", |c| !c.is_control()), 0..longest)
        .prop_map(String::from_iter)
}

fn customer_id() -> impl Strategy<Value = String> {
    let opaque =
        words(32).prop_filter("blank", |text| !text.is_empty() && text.trim().len() == text.len());
    prop_oneof!["[0-9]{15}", opaque]
}

fn detail() -> impl Strategy<Value = Option<Box<str>>> {
    option::of(words(40).prop_map(String::into_boxed_str))
}

fn name() -> impl Strategy<Value = Option<Box<str>>> {
    let name = words(40).prop_filter("blank", |text| !text.trim().is_empty());
    name.prop_map(|name| Some(name.into_boxed_str()))
}

prop_compose! {
    fn profile()(
        first_name in name(),
        last_name in name(),
        date_of_birth in option::of(select(vec!["19991209", "20000229", "18700101"])),
        title in option::of(select(vec![Title::Mr, Title::Ms, Title::Mrs])),
        gender in option::of(select(vec![Gender::Male, Gender::Female])),
        rest in proptest::array::uniform9(detail()),
    ) -> Profile {
        let [address_line, city, state, country, postal_code, phone_number, email, institution_name, institution_id] = rest;
        Profile {
            first_name, last_name, title, gender,
            date_of_birth: date_of_birth.map(Into::into),
            address_line, city, state, country, postal_code, phone_number, email,
            institution_name, institution_id,
        }
    }
}

proptest! {
    #[test]
    fn a_status_that_is_sent_is_read_as_the_same_change(
        status in strategy::status(),
        customer in customer_id(),
        reason in option::of(words(60)),
    ) {
        let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let state = SubjectState { lifecycle: status, ..SubjectState::new() };
        match projected(state, &STATUS).unwrap() {
            Projected::Exact(value) => {
                let order = order(STATUS, value.as_str(), &customer, reason);
                let change = read_back(&upstream().encode(&order, None, at()).unwrap());
                prop_assert_eq!(change.action, Action::SetLifecycle(status));
                prop_assert_eq!(change.named_by, vec![identifier(&customer)]);
                prop_assert_eq!(change.reason, order.reason);
            }
            Projected::NotRepresentable { why } => {
                prop_assert_eq!(status, Status::Closed);
                prop_assert!(why.contains("CLOSED"));
            }
            Projected::Narrowed { .. } => prop_assert!(false, "no status is narrowed"),
        }
    }

    #[test]
    fn details_that_are_sent_are_read_as_the_same_change(
        profile in profile(),
        customer in customer_id(),
    ) {
        let state = SubjectState { pending_profile: Some(profile.clone()), ..SubjectState::new() };
        let Some(Projected::Exact(value)) = projected(state, &PROFILE) else {
            panic!("not projected");
        };
        let order = order(PROFILE, value.as_str(), &customer, None);
        let change = read_back(&upstream().encode(&order, None, at()).unwrap());
        prop_assert_eq!(change.action, Action::UpdateProfile(profile));
        prop_assert_eq!(change.named_by, vec![identifier(&customer)]);
    }

    #[test]
    fn no_body_makes_reading_a_request_panic(body in strategy::body()) {
        let request = Request::post("/jsonrpc").body(Bytes::from(body)).unwrap();
        let adapter = downstream();
        let response = match adapter.decode(&request) {
            Ok(decoded) => adapter.encode(
                &decoded.reply,
                &Answer::NotActedOn(NotActedOn::Internal),
                at(),
            ),
            Err(error) => adapter.encode_unreadable(&error),
        };
        prop_assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok());
    }

    #[test]
    fn no_answer_makes_reading_it_panic_or_confirms_by_accident(
        body in strategy::body(),
        status in 100_u16..600,
    ) {
        let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        for (register, value) in [(STATUS, "ACTIVE"), (PROFILE, "{}")] {
            let order = order(register, value, "100000000025001", None);
            prop_assert!(upstream().decode(&order, &response).is_err());
        }
        prop_assert!(upstream().inquiry().unwrap().decode(&response).is_err());
    }

    #[test]
    fn near_replies_are_read_without_panic_and_without_success(
        cut in 0_usize..62,
        stray in any::<u8>(),
    ) {
        let reply = br#"{"id":"4660","result":{"Id":"100000000025001","Status":"ACTIVE"}}"#;
        let order = order(STATUS, "ACTIVE", "100000000025001", None);
        let answer = |body: &[u8]| {
            upstream().decode(&order, &Response::new(Bytes::copy_from_slice(body)))
        };
        prop_assert!(answer(reply).is_ok());
        prop_assert!(answer(&reply[..cut]).is_err());
        let mut changed = reply.to_vec();
        changed[cut] = stray;
        let _ = answer(&changed);
    }

    #[test]
    fn nothing_printed_holds_a_secret_or_a_whole_number(
        signature in "[A-Za-z0-9]{24}",
        number in "[0-9]{15}",
        word in "[A-Z]{12}",
    ) {
        let body = format!(
            r#"{{"method":"CustomerService.UpdateCustomerStatus","id":"{number}","params":{{"api":{{
            "signature":"{signature}","keyId":"7","credential":"{CREDENTIAL}","apiKey":"{API_KEY}"}},
            "payload":{{"ID":"{number}","status":"{word}"}}}}}}"#
        );
        let request = Request::post("/").body(Bytes::from(body.clone())).unwrap();
        let decoded = downstream().decode(&request).unwrap();
        let error = decoded.command.as_ref().unwrap_err().to_string();
        let cut = Request::post("/").body(Bytes::from(body[..body.len() - 1].to_owned())).unwrap();
        let unreadable = downstream().decode(&cut).unwrap_err();
        let printed = format!("{:?} {:?} {error} {unreadable:?}", decoded.command, decoded.reply);
        let credentials = format!("{:?}", decoded.credentials);
        for hidden in [CREDENTIAL, API_KEY, &number, &word] {
            prop_assert!(!printed.contains(hidden), "{printed}");
        }
        for hidden in [CREDENTIAL, API_KEY] {
            prop_assert!(!credentials.contains(hidden), "{credentials}");
        }
    }
}

#[test]
fn a_reply_prints_no_detail_of_a_person() {
    let body = r#"{"method":"CustomerService.UpdateCustomer","id":"1","params":{"api":{},"payload":
        {"ID":"100000000001001","firstName":"Philippa","lastName":"Antony","DOB":"19991209"}}}"#;
    let request = Request::post("/").body(Bytes::from(body)).unwrap();
    let decoded = downstream().decode(&request).unwrap();
    let printed = format!("{:?} {:?}", decoded.reply, decoded.command);
    for hidden in ["Philippa", "Antony", "19991209", "100000000001001"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
}

#[test]
fn a_ledger_prints_no_secret() {
    let ledger = ledger(Arc::new(Mirror));
    let printed = format!("{ledger:?}");
    assert!(printed.contains("700431"));
    assert!(!printed.contains(CREDENTIAL) && !printed.contains(API_KEY), "{printed}");
}

#[test]
fn what_cannot_be_signed_or_written_is_not_sent() {
    let unsigned: Box<dyn Upstream> = Box::new(ledger(Arc::new(Broken)));
    let good = order(STATUS, "ACTIVE", "1", None);
    assert!(upstream().encode(&good, None, at()).is_ok());
    let failure = unsigned.encode(&good, None, at()).unwrap_err();
    assert_eq!(failure.to_string(), "the request was not sent: the payload could not be signed");
    for bad in [
        order(STATUS, "CLOSED", "1", None),
        order(PROFILE, "{}", "1", None),
        order(PROFILE, "{\"a\":1", "1", None),
        order(PROFILE, r#"{"id":"2","firstName":"x"}"#, "1", None),
        order(PROFILE, r#"{"firstName":"x"},"api":{}"#, "1", None),
        order(RegisterName::new("label"), "ACTIVE", "1", None),
        Order { identifiers: Vec::new(), ..good },
    ] {
        assert!(upstream().encode(&bad, None, at()).is_err(), "{:?}", bad.register);
    }
}

#[test]
fn registers_derive_from_the_facets_they_show() {
    let from = |facet: Facet| upstream().derived_from(&facet);
    assert_eq!(from(Facet::Lifecycle), [STATUS]);
    assert_eq!(from(Facet::Hold(HoldOwner::new("fraud"))), [STATUS]);
    assert_eq!(from(Facet::Profile), [PROFILE]);
    assert!(from(Facet::EditLock).is_empty());
    let locked = SubjectState { edit_lock: EditLock::Locked, ..SubjectState::new() };
    assert_eq!(projected(locked, &STATUS), Some(Projected::Exact(RegisterValue("ACTIVE".into()))));
    assert_eq!(projected(SubjectState::new(), &PROFILE), None);
}

#[test]
fn the_most_restrictive_of_customer_and_parent_is_projected() {
    let held = subject(SubjectState { lifecycle: Status::Blacklisted, ..SubjectState::new() });
    let child = Subject { parent: Some(held.id), ..subject(SubjectState::new()) };
    let projection = upstream().project(SubjectView { subject: &child, parent: Some(&held) });
    let expected = Projected::Exact(RegisterValue("BLACK_LISTED".into()));
    assert_eq!(projection, [(STATUS, expected)]);
}
