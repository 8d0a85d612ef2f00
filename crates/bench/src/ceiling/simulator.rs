//! The WAY4 simulator without the gateway: no change can be applied faster.

use secrecy::ExposeSecret as _;

use crate::load::{self, Outcome, Plan};
use crate::machine::Meter;
use crate::options::Options;
use crate::request::{WAY4_SUCCESS, Way4Template};
use crate::scenario;
use crate::stand::{self, AnswerWhen, Simulators};

pub(super) fn run(options: &Options, connections: u16) -> anyhow::Result<Outcome> {
    let setup = stand::prepare(options, AnswerWhen::Recorded)?;
    let running = Simulators::start(&setup.prepared)?;
    let (address, way4) = &setup.prepared.simulators.way4;
    let secret = way4.client_secret.expose_secret();
    let token = stand::token(*address, &way4.client_id, secret)?;
    let connections = usize::from(connections);
    let plan = Plan {
        address: *address,
        connections,
        rate: None,
        warm_up: options.warm_up,
        measured: options.seconds,
        expected: WAY4_SUCCESS,
    };
    let template = Way4Template::new(*address, &token)?;
    let outcome = load::run(plan, &Meter::default(), &scenario::fresh(&template, connections));
    drop(running);
    outcome
}
