//! What holds for every input.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeMap;

use adapter_way4::token::{self, TokenRequest};
use adapter_way4::{
    BlockSlot, CONTRACT_NUMBER, CodeTable, DownstreamSettings, Institution, STATUS_PATH, SYSTEM,
    TOKEN_PATH, UpstreamSettings, Way4Downstream, Way4Upstream,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Credentials, Downstream as _, Upstream as _};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::facet::Facet;
use status_domain::hold::{Hold, HoldOwner};
use status_domain::ids::{Identifier, OrderId, SubjectId};
use status_domain::register::{Order, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::{Subject, SubjectKind, SubjectState, SubjectView};
use status_testkit::strategy;

const SECRET: &str = "hush-hush-4d1f";

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_769_923_800_310).unwrap()
}

fn server() -> Way4Downstream {
    let institution = Institution { bank_id: "NIC".into(), codes: None };
    let institutions = BTreeMap::from([("362".into(), institution)]);
    Way4Downstream::new(DownstreamSettings { institutions, ..DownstreamSettings::default() })
        .unwrap()
}

fn client() -> Way4Upstream {
    let settings = UpstreamSettings {
        fi_code: "362".into(),
        bank_id: "NIC".into(),
        src_application: "BNK".into(),
        bc_channel: Some("TIB1".into()),
        ..UpstreamSettings::new("https://api.example/gw", "gw-demo", SecretString::from(SECRET))
    };
    Way4Upstream::new(settings).unwrap()
}

fn order(slot: BlockSlot, code: &str, contract: &str, id: u128) -> Order {
    Order {
        id: OrderId(id),
        register: slot.register(),
        value: RegisterValue(code.into()),
        identifiers: vec![Identifier {
            system: SYSTEM,
            kind: CONTRACT_NUMBER,
            value: contract.parse().unwrap(),
        }],
        reason: None,
        native: None,
    }
}

/// What our client sends, without the path below which this client's base URL stands.
fn sent(order: &Order) -> http::Request<Bytes> {
    let mut request = client().encode(order, Some(&SecretString::from(SECRET)), at()).unwrap();
    assert_eq!(request.uri().to_string(), format!("https://api.example/gw{STATUS_PATH}"));
    *request.uri_mut() = STATUS_PATH.parse().unwrap();
    request
}

fn change(request: &http::Request<Bytes>) -> ChangeRequest {
    let command = server().decode(request).unwrap().command.unwrap();
    let Command::Change(change) = command else { panic!("{command:?}") };
    *change
}

/// The state of an account after an action, as far as the two slots are concerned.
fn after(action: &Action) -> SubjectState {
    let mut state = SubjectState::new();
    match action.clone() {
        Action::PlaceHold { owner, severity, native, reversible, .. } => {
            let native = Some(native);
            let hold = Hold { severity, native, reversible, reason: None, placed_at: at() };
            state.holds.insert(owner, hold);
        }
        Action::SetResting { owner, native, .. } => {
            state.resting.insert(owner, native);
        }
        Action::ReleaseHold { .. } => {}
        Action::SetLifecycle(_) | Action::SetEditLock { .. } | Action::UpdateProfile(_) => {
            panic!("{action:?} is none of this format's")
        }
    }
    state
}

fn project(state: SubjectState) -> Vec<(BlockSlot, RegisterValue)> {
    let subject = Subject {
        id: SubjectId(uuid::Uuid::from_u128(1)),
        kind: SubjectKind::Account,
        parent: None,
        identifiers: Vec::new(),
        state,
    };
    let projection = client().project(SubjectView { subject: &subject, parent: None });
    let named = |name: &str| BlockSlot::named(name).unwrap();
    projection
        .into_iter()
        .map(|(register, value)| (named(register.as_str()), value.value().unwrap().clone()))
        .collect()
}

fn slot_and_code() -> impl Strategy<Value = (BlockSlot, String)> {
    let entries = CodeTable::shipped();
    let mut codes: Vec<(BlockSlot, String)> =
        entries.entries().iter().map(|entry| (entry.slot, entry.code.to_string())).collect();
    codes.extend(BlockSlot::ALL.map(|slot| (slot, "_".to_owned())));
    proptest::sample::select(codes)
}

proptest! {
    /// What we send, our own reader takes for the same change; and the state it makes is written
    /// into the slot as the same code again.
    #[test]
    fn a_block_code_survives_the_way_through_the_gateway(
        (slot, code) in slot_and_code(),
        contract in "[0-9]{1,32}",
        id: u128,
    ) {
        let request = sent(&order(slot, &code, &contract, id));
        let change = change(&request);
        prop_assert_eq!(change.named_by[0].value.expose(), contract);
        let kept = project(after(&change.action));
        let expected = BlockSlot::ALL.map(|one| {
            let value = if one == slot { code.as_str() } else { "_" };
            (one, RegisterValue(value.into()))
        });
        prop_assert_eq!(kept, expected.to_vec());
    }

    /// Another attempt at the same order is the same message to an idempotent reader; another order is
    /// another message.
    #[test]
    fn a_retry_has_the_same_key_and_content(
        (slot, code) in slot_and_code(),
        id in 0..u128::MAX,
        later_s in 0_i64..100_000,
    ) {
        let order = order(slot, &code, "0003621110000000183", id);
        let access = SecretString::from("another");
        let mut again =
            client().encode(&order, Some(&access), at() + chrono::Duration::seconds(later_s)).unwrap();
        *again.uri_mut() = STATUS_PATH.parse().unwrap();
        let first = change(&sent(&order)).idempotency.unwrap();
        prop_assert_eq!(&first, &change(&again).idempotency.unwrap());
        let other = Order { id: OrderId(id + 1), ..order };
        let other = change(&sent(&other)).idempotency.unwrap();
        prop_assert_ne!(&first.key, &other.key);
        prop_assert_eq!(first.content, other.content);
    }

    /// Every status has a value in both slots, and the value can be sent.
    #[test]
    fn every_status_is_written(
        lifecycle in strategy::status(),
        fraud in proptest::option::of(strategy::status()),
        bank in proptest::option::of(strategy::status()),
    ) {
        let mut state = SubjectState { lifecycle, ..SubjectState::new() };
        for (owner, severity) in [("fraud", fraud), ("bank", bank)] {
            if severity.is_some() {
                let hold = Hold {
                    severity,
                    native: None,
                    reversible: true,
                    reason: None,
                    placed_at: at(),
                };
                state.holds.insert(HoldOwner::new(owner), hold);
            }
        }
        let restricted = lifecycle.max(bank.unwrap_or(Status::Active)) >= Status::Suspended;
        for (slot, value) in project(state) {
            let read = change(&sent(&order(slot, value.as_str(), "1", 1)));
            let blocks = matches!(read.action, Action::PlaceHold { .. });
            prop_assert_eq!(blocks, if slot == BlockSlot::Acc1 { fraud.is_some() } else { restricted });
        }
    }

    /// No bytes make a reader panic.
    #[test]
    fn any_body_is_read_or_refused(body in strategy::body(), status in 100_u16..600) {
        let mut request = http::Request::new(Bytes::from(body.clone()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = STATUS_PATH.parse().unwrap();
        let _ = server().decode(&request);
        *request.uri_mut() = TOKEN_PATH.parse().unwrap();
        let _ = token::decode(&request);
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        prop_assert!(client().decode(&order(BlockSlot::Acc1, "O", "1", 1), &response).is_err());
        prop_assert!(client().login().unwrap().decode(&response).is_err());
    }

    /// Neither does a message in which one value is replaced by anything, and it is always answered.
    #[test]
    fn any_value_anywhere_is_read_or_refused(field in 0_usize..16, text in any::<String>()) {
        let request = sent(&order(BlockSlot::Acc2, "T", "0003621110000000183", 1));
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let values: Vec<&str> = body.split('"').collect();
        let mut values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        let escaped = serde_json::to_string(&text).unwrap();
        let strings = values.len() / 2;
        values[(field * 2 + 1) % (strings * 2)] = escaped[1..escaped.len() - 1].to_owned();
        let request = request.map(|_| Bytes::from(values.join("\"")));
        if let Ok(decoded) = server().decode(&request)
            && let Err(error) = decoded.command
        {
            let answer = Answer::NotActedOn(NotActedOn::Malformed(error));
            let answer = server().encode(&decoded.reply, &answer, at());
            let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            let message = &body["NISrvResponse"]["response_account_status_change"];
            prop_assert_eq!(&message["exception_details"]["status"], "F");
        }
    }

    /// Nothing that can be printed holds a secret or a full account number.
    #[test]
    fn nothing_printed_holds_a_secret_or_an_account_number(contract in "[1-9][0-9]{15,31}") {
        let order = order(BlockSlot::Acc2, "T", &contract, 1);
        let request = sent(&order);
        let decoded = server().decode(&request).unwrap();
        let Credentials::Bearer(token) = &decoded.credentials else { panic!("a token") };
        prop_assert_eq!(token.expose_secret(), SECRET);
        let login = client().login().unwrap().encode();
        let mut asked = login.map(|body| body);
        *asked.uri_mut() = TOKEN_PATH.parse().unwrap();
        let asked: TokenRequest = token::decode(&asked).unwrap();
        prop_assert_eq!(asked.client_secret.expose_secret(), SECRET);
        let misplaced = sent(&order.clone())
            .map(|body| Bytes::from(String::from_utf8_lossy(&body).replace("BNK", &contract)));
        let misplaced = server().decode(&misplaced).unwrap().command.unwrap_err();
        let broken = request.clone().map(|body| body.slice(..body.len() - 2));
        let broken = server().decode(&broken).unwrap_err();
        let printed = format!(
            "{decoded:?} {asked:?} {misplaced:?} {misplaced} {broken:?} {order:?} {:?} {:?}",
            client(),
            request.headers(),
        );
        prop_assert!(!printed.contains(&contract));
        prop_assert!(!printed.contains(SECRET));
    }
}

#[test]
fn two_messages_with_different_scopes_have_different_keys() {
    let body = |bank: &str, src: &str| {
        let request = sent(&order(BlockSlot::Acc2, "T", "1", 1));
        let text = String::from_utf8(request.body().to_vec()).unwrap();
        let text = text.replace("\"NIC\"", bank).replace("\"BNK\"", src);
        let plain = Way4Downstream::new(DownstreamSettings::default()).unwrap();
        let decoded = plain.decode(&request.map(|_| Bytes::from(text))).unwrap();
        let Ok(Command::Change(change)) = decoded.command else { panic!("a change") };
        change.idempotency.unwrap().key
    };
    assert_ne!(body("\"A|B\"", "\"C\""), body("\"A\"", "\"B|C\""));
    assert_ne!(body(r#""A\",\"B""#, "\"C\""), body("\"A\"", r#""B\",\"C""#));
}

#[test]
fn the_slots_derive_from_what_they_show() {
    let derived = |facet: Facet| {
        let names = client().derived_from(&facet);
        names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(derived(Facet::Hold(HoldOwner::new("fraud"))), "ACC1");
    assert_eq!(derived(Facet::Hold(HoldOwner::new("legal"))), "ACC2");
    assert_eq!(derived(Facet::Lifecycle), "ACC2");
    assert_eq!(derived(Facet::EditLock), "");
    assert_eq!(derived(Facet::Profile), "");
}

#[test]
fn an_order_that_cannot_be_written_is_not_sent() {
    let access = SecretString::from("t");
    let good = order(BlockSlot::Acc2, "T", "1", 1);
    assert!(client().encode(&good, Some(&access), at()).is_ok());
    assert!(client().encode(&good, None, at()).is_err());
    assert!(client().encode(&good, Some(&SecretString::from("a\nb")), at()).is_err());
    let nameless = Order { identifiers: Vec::new(), ..good.clone() };
    let masked = order(BlockSlot::Acc2, "T", "0003-62", 1);
    let long = order(BlockSlot::Acc2, &"T".repeat(33), "1", 1);
    let mut twice = good.clone();
    twice.identifiers.extend(order(BlockSlot::Acc2, "T", "2", 1).identifiers);
    for order in [nameless, masked, long, twice] {
        assert!(client().encode(&order, Some(&access), at()).is_err(), "{order:?}");
    }
}

#[test]
fn there_is_no_inquiry() {
    assert!(client().inquiry().is_none());
}
