//! The properties that every adapter has.

#![expect(clippy::unwrap_used, reason = "test code")]

use bytes::Bytes;
use chrono::DateTime;
use http::HeaderValue;
use minimal_adapter::{CUSTOMER, LanternDownstream, LanternUpstream, STATE, SYSTEM};
use proptest::prelude::*;
use status_domain::adapter::{Downstream as _, Upstream as _};
use status_domain::command::{Action, Command};
use status_domain::ids::{Identifier, OrderId, SubjectId};
use status_domain::register::{Order, Projected, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::strategy;
use uuid::Uuid;

fn upstream() -> LanternUpstream {
    let mut key = HeaderValue::from_static("Bearer gateway-key");
    key.set_sensitive(true);
    LanternUpstream("https://lantern.example/lantern/state".parse().unwrap(), key)
}

fn projected(lifecycle: Status) -> Projected {
    let subject = Subject {
        id: SubjectId(Uuid::nil()),
        kind: SubjectKind::Customer,
        parent: None,
        identifiers: Vec::new(),
        state: SubjectState { lifecycle, ..SubjectState::new() },
    };
    let mut projection = upstream().project(SubjectView { subject: &subject, parent: None });
    projection.pop().unwrap().1
}

fn order(value: RegisterValue, customer: &str) -> Order {
    let value_of = customer.parse().unwrap();
    Order {
        id: OrderId(7),
        register: STATE,
        value,
        identifiers: vec![Identifier { system: SYSTEM, kind: CUSTOMER, value: value_of }],
        reason: None,
        native: None,
    }
}

proptest! {
    /// What we send, our own reader takes for the same change, wherever the word is exact.
    #[test]
    fn a_request_upstream_is_read_as_the_change_it_was_made_from(
        status in strategy::status(),
        customer in "[0-9]{1,20}",
    ) {
        let projected = projected(status);
        let order = order(projected.value().unwrap().clone(), &customer);
        let request = upstream().encode(&order, None, DateTime::UNIX_EPOCH).unwrap();
        let decoded = LanternDownstream.decode(&request).unwrap();
        let Ok(Command::Change(change)) = decoded.command else {
            return Err(TestCaseError::fail("not read as a change"));
        };
        prop_assert_eq!(&change.named_by, &order.identifiers);
        if matches!(projected, Projected::Exact(_)) {
            prop_assert_eq!(change.action, Action::SetLifecycle(status));
        }
    }

    /// No bytes make the reader panic.
    #[test]
    fn any_body_is_read_or_refused(body in strategy::body()) {
        let _ = LanternDownstream.decode(&http::Request::new(Bytes::from(body)));
    }

    /// Neither the key nor a whole customer number is printed.
    #[test]
    fn nothing_printed_contains_the_key_or_the_customer(customer in "[0-9]{12,20}") {
        let order = order(RegisterValue("HALTED".into()), &customer);
        let request = upstream().encode(&order, None, DateTime::UNIX_EPOCH).unwrap();
        let decoded = LanternDownstream.decode(&request).unwrap();
        let printed = format!("{:?} {:?} {:?}", upstream(), request.headers(), decoded.command);
        prop_assert!(!printed.contains("gateway-key"), "{}", printed);
        prop_assert!(!printed.contains(&customer), "{}", printed);
    }
}

#[test]
fn every_status_is_written_and_none_as_something_less_restrictive() {
    for status in Status::ALL {
        let word = projected(status);
        let is_less =
            matches!(&word, Projected::Narrowed { value, .. } if value.as_str() == "RUNNING");
        assert!(word.value().is_some() && !is_less, "{status}");
    }
}
