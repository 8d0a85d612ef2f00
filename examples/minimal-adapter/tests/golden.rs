//! Golden wire vectors: where each comes from is in `vectors/README.md`.

#![expect(clippy::unwrap_used, reason = "test code")]

use chrono::DateTime;
use http::HeaderValue;
use minimal_adapter::{CUSTOMER, LanternDownstream, LanternUpstream, STATE, SYSTEM};
use status_domain::adapter::{Downstream as _, Upstream as _};
use status_domain::answer::{Answer, Applied};
use status_domain::ids::{ChangeId, Identifier, OrderId};
use status_domain::register::{Order, RegisterValue};
use status_domain::status::Status;
use status_testkit::golden::{Vector, render_command, render_request, render_response};
use uuid::Uuid;

fn vector(name: &str) -> Vector {
    Vector::open(env!("CARGO_MANIFEST_DIR"), name)
}

fn upstream() -> LanternUpstream {
    let mut key = HeaderValue::from_static("Bearer gateway");
    key.set_sensitive(true);
    LanternUpstream("https://lantern.example/lantern/state".parse().unwrap(), key)
}

#[test]
fn a_halt_is_read_and_answered() {
    let vector = vector("downstream/halt");
    let decoded = LanternDownstream.decode(&vector.request("request.http")).unwrap();
    vector.check("command.txt", &render_command(&decoded.command));
    let change = ChangeId(Uuid::nil());
    let answers = [
        (
            "applied",
            Answer::Applied(Applied { change, effective: Status::Suspended, native: None }),
        ),
        ("queued", Answer::Queued { change }),
    ];
    for (name, answer) in answers {
        let answer = LanternDownstream.encode(&decoded.reply, &answer, DateTime::UNIX_EPOCH);
        vector.check(&format!("answer-{name}.http"), &render_response(&answer));
    }
}

#[test]
fn a_halt_is_sent_and_its_answers_are_told_apart() {
    let vector = vector("upstream/halt");
    let value = "100250".parse().unwrap();
    let order = Order {
        id: OrderId(0xa17),
        register: STATE,
        value: RegisterValue("HALTED".into()),
        identifiers: vec![Identifier { system: SYSTEM, kind: CUSTOMER, value }],
        reason: None,
        native: None,
    };
    let request = upstream().encode(&order, None, DateTime::UNIX_EPOCH).unwrap();
    vector.check("request.http", &render_request(&request));
    for name in ["done", "no", "later", "other_reference", "not_a_word"] {
        let outcome = upstream().decode(&order, &vector.response(&format!("response-{name}.http")));
        vector.check(&format!("outcome-{name}.txt"), &format!("{outcome:#?}\n"));
    }
}
