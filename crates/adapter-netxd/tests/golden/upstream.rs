//! What a ledger is sent and answers.

use std::fmt::Write as _;
use std::sync::Arc;

use adapter_netxd::{
    NetxdUpstream, PROFILE, PayloadSigner, STATUS, SigningFailed, UpstreamSettings,
};
use secrecy::SecretString;
use status_domain::adapter::{Downstream as _, Upstream};
use status_domain::command::{Action, Command};
use status_domain::failure::Failure;
use status_domain::ids::{OrderId, SubjectId};
use status_domain::register::{Order, Projected, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::golden::render_request;
use uuid::Uuid;

use crate::{at, downstream, identifiers, vector};

struct FixedSigner;

impl PayloadSigner for FixedSigner {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(b"signature".to_vec())
    }
}

fn upstream() -> Box<dyn Upstream> {
    Box::new(NetxdUpstream::new(settings(), Arc::new(FixedSigner)).unwrap())
}

fn settings() -> UpstreamSettings {
    UpstreamSettings::new(
        "https://ledger.test".parse().unwrap(),
        "ApplicationKeyId".into(),
        SecretString::from("Basic Credential"),
        SecretString::from("ApiKey"),
    )
}

fn order(register: RegisterName, value: &str, id: &str, reason: Option<&str>) -> Order {
    Order {
        id: OrderId(1),
        register,
        value: RegisterValue(value.into()),
        identifiers: identifiers(id),
        reason: reason.map(|reason| reason.parse().unwrap()),
        native: None,
    }
}

#[track_caller]
fn check_order(name: &str, order: &Order, responses: &[&str]) {
    let vector = vector(&format!("upstream/{name}"));
    let request = upstream().encode(order, None, at()).unwrap();
    vector.check("request.http", &render_request(&request));
    for response in responses {
        let outcome =
            upstream().decode(order, &vector.response(&format!("response-{response}.http")));
        vector.check(&format!("outcome-{response}.txt"), &format!("{outcome:#?}\n"));
    }
}

#[test]
fn a_status_is_sent_and_only_its_own_echo_confirms_it() {
    check_order(
        "update_customer_status",
        &order(STATUS, "SUSPENDED", "100000000025001", Some("Testing Update")),
        &[
            "applied",
            "discrepancy_04_05_other_spelling",
            "discrepancy_06_other_customer",
            "discrepancy_24_id_as_number",
            "discrepancy_25_jsonrpc",
            "error_null",
            "further_members",
            "error_beside_result",
            "other_status",
            "no_status",
            "status_twice",
            "result_no_object",
            "other_id",
            "no_id",
            "not_found",
            "code_never_seen",
            "code_as_integer",
            "code_9999",
            "internal_error",
            "unauthorized",
            "invalid_signature",
            "validation",
            "error_without_code",
            "error_as_text",
            "empty",
            "page",
            "list",
            "http_302",
            "http_400",
            "http_401",
            "http_403",
            "http_404",
            "http_429",
            "http_500",
            "http_500_with_a_result",
            "http_500_with_a_refusal",
            "http_502",
            "http_503",
            "http_503_overloaded",
        ],
    );
}

#[test]
fn another_customer_in_the_answer_is_not_taken_where_that_is_checked() {
    let settings = UpstreamSettings { check_customer_id: true, ..settings() };
    let checking = NetxdUpstream::new(settings, Arc::new(FixedSigner)).unwrap();
    let order = order(STATUS, "SUSPENDED", "100000000025001", None);
    let vector = vector("upstream/update_customer_status");
    let decode = |file| Upstream::decode(&checking, &order, &vector.response(file));
    assert!(decode("response-applied.http").is_ok());
    let other = decode("response-discrepancy_06_other_customer.http").unwrap_err();
    assert!(matches!(other, Failure::Unknown { .. }));
}

fn customer(state: SubjectState) -> Subject {
    Subject {
        id: SubjectId(Uuid::from_u128(1)),
        kind: SubjectKind::Customer,
        parent: None,
        identifiers: identifiers("100000000001001"),
        state,
    }
}

#[test]
fn details_are_sent_as_they_came_in_and_the_answer_is_passed_on() {
    let sample = vector("downstream/update_customer").request("request.http");
    let Ok(Command::Change(change)) = downstream().decode(&sample).unwrap().command else {
        panic!("not read");
    };
    let Action::UpdateProfile(profile) = change.action else { panic!("{:?}", change.action) };
    let state = SubjectState { pending_profile: Some(profile), ..SubjectState::new() };
    let subject = customer(state);
    let projection = upstream().project(SubjectView { subject: &subject, parent: None });
    let (_, Projected::Exact(value)) = &projection[1] else { panic!("{projection:?}") };
    check_order(
        "update_customer",
        &order(PROFILE, value.as_str(), "100000000001001", None),
        &["applied", "discrepancy_15_identification_as_object", "no_customer", "not_found"],
    );
}

#[test]
fn a_customer_is_read_back_by_its_id() {
    let vector = vector("upstream/get_customer");
    let ledger = upstream();
    let inquiry = ledger.inquiry().unwrap();
    let request = inquiry.encode(&identifiers("100000000025001"), None, at()).unwrap();
    vector.check("request.http", &render_request(&request));
    for name in ["found", "word_never_seen", "no_status", "not_found", "http_500"] {
        let read = inquiry.decode(&vector.response(&format!("response-{name}.http")));
        vector.check(&format!("outcome-{name}.txt"), &format!("{read:#?}\n"));
    }
}

#[test]
fn a_subject_without_a_customer_id_cannot_be_read_back() {
    let ledger = upstream();
    assert!(ledger.inquiry().unwrap().encode(&[], None, at()).is_none());
    assert!(ledger.login().is_none());
}

#[test]
fn every_status_is_projected_or_refused_as_listed() {
    let vector = vector("upstream/statuses");
    let mut made = String::new();
    for lifecycle in Status::ALL {
        let subject = customer(SubjectState { lifecycle, ..SubjectState::new() });
        let projection = upstream().project(SubjectView { subject: &subject, parent: None });
        for (register, value) in projection {
            let _ = writeln!(made, "{lifecycle}: {} {value:?}", register.as_str());
        }
    }
    vector.check("statuses.txt", &made);
}
