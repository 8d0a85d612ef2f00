//! What is asked of the gateway.

use std::cell::Cell;
use std::rc::Rc;

use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::load::{self, Outcome, Plan, Requests};
use crate::options::{Measurement, Options};
use crate::request::{self, SUBJECTS, WAY4_SUCCESS, Way4Template};
use crate::stand::{AnswerWhen, Stand};

/// One kind of load.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scenario {
    /// A fresh message number each, spread over contracts that only WAY4 knows; answered when durable.
    Accept,
    /// A fresh message number each, for contracts of customers that all four systems know; a fraud block
    /// placed and taken off in turn; answered when all four have confirmed.
    Applied,
    /// NetXD calls that were signed beforehand, for customers that only NetXD knows; answered when
    /// durable.
    Signed,
    /// Message numbers that were answered before.
    Repeat,
}

impl Scenario {
    /// In the order they are run.
    pub(crate) const ALL: [Self; 4] = [Self::Accept, Self::Applied, Self::Signed, Self::Repeat];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Applied => "applied",
            Self::Signed => "signed",
            Self::Repeat => "repeat",
        }
    }

    /// Under what name it is chosen.
    pub(crate) const fn measurement(self) -> Measurement {
        match self {
            Self::Accept => Measurement::Accept,
            Self::Applied => Measurement::Applied,
            Self::Signed => Measurement::Signed,
            Self::Repeat => Measurement::Repeat,
        }
    }

    /// Runs it against a fresh gateway.
    pub(crate) fn run(self, options: &Options, connections: usize) -> anyhow::Result<Outcome> {
        let answer_when = match self {
            Self::Applied => AnswerWhen::Applied,
            Self::Accept | Self::Signed | Self::Repeat => AnswerWhen::Recorded,
        };
        let stand = Stand::start(options, &self.crosswalk(), answer_when)?;
        let plan = Plan {
            address: stand.address,
            connections,
            rate: options.rate,
            warm_up: options.warm_up,
            measured: options.seconds,
            expected: self.expected(),
        };
        match self {
            Self::Accept | Self::Applied => {
                let template = Way4Template::new(stand.address, &stand.token()?)?;
                load::run(plan, &stand.meter(), &fresh(&template, connections))
            }
            Self::Signed => {
                let signed = Rc::new(signed(&stand)?);
                load::run(plan, &stand.meter(), &in_turn(&signed, connections))
            }
            Self::Repeat => {
                let known = Rc::new(known(&stand)?);
                load::run(plan, &stand.meter(), &in_turn(&known, connections))
            }
        }
    }

    fn crosswalk(self) -> String {
        match self {
            Self::Accept | Self::Repeat => request::contracts(),
            Self::Applied => request::linked(),
            Self::Signed => request::customers(),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Accept | Self::Applied | Self::Repeat => WAY4_SUCCESS,
            Self::Signed => r#""result":{"#,
        }
    }
}

/// WAY4 changes with fresh message numbers. Each connection has contracts of its own, so that no two
/// requests for one contract are under way at once, and blocks and unblocks them in turn.
pub(crate) fn fresh(
    template: &Way4Template,
    connections: usize,
) -> impl Fn(usize) -> Requests + use<> {
    let template = template.clone();
    let last = Rc::new(Cell::new(0));
    move |connection| {
        let (template, last) = (template.clone(), Rc::clone(&last));
        let mut turns = Turns::new(connection, connections, SUBJECTS as usize);
        Box::new(move |into| {
            last.set(last.get() + 1);
            let (contract, lap) = turns.take();
            let contract = u32::try_from(contract).unwrap_or(0);
            template.write(into, last.get(), contract, lap % 2 == 0);
        })
    }
}

/// Requests that are ready, one after the other. Each connection has its own.
fn in_turn(ready: &Rc<Vec<Vec<u8>>>, connections: usize) -> impl Fn(usize) -> Requests + use<> {
    let ready = Rc::clone(ready);
    move |connection| {
        let ready = Rc::clone(&ready);
        let mut turns = Turns::new(connection, connections, ready.len());
        Box::new(move |into| into.extend_from_slice(&ready[turns.take().0]))
    }
}

/// One connection's share of `count` things, over and over.
#[derive(Debug)]
struct Turns {
    first: usize,
    step: usize,
    count: usize,
    next: usize,
    lap: usize,
}

impl Turns {
    fn new(connection: usize, connections: usize, count: usize) -> Self {
        let first = connection % count;
        Self { first, step: connections, count, next: first, lap: 0 }
    }

    /// The next one, and how often all of them have had their turn.
    fn take(&mut self) -> (usize, usize) {
        let taken = (self.next, self.lap);
        self.next += self.step;
        if self.next >= self.count {
            (self.next, self.lap) = (self.first, self.lap + 1);
        }
        taken
    }
}

/// Signed status calls: all customers suspended, then all of them active again.
fn signed(stand: &Stand) -> anyhow::Result<Vec<Vec<u8>>> {
    let (key, random) = (stand.netxd_key()?, SystemRandom::new());
    let key_id = stand.variable("NETXD_KEY_ID")?;
    let credential = stand.variable("NETXD_CREDENTIAL")?;
    let call = |status: &str, customer: u32| {
        let customer = request::customer_number(customer);
        let payload = json!({ "ID": customer, "status": status, "notes": "Testing Update" });
        let payload = payload.to_string();
        let signature = key.sign(&random, payload.as_bytes());
        let signature = signature.map_err(|_| anyhow::anyhow!("signing failed"))?;
        let signature = STANDARD.encode(signature);
        let api = json!({ "signature": signature, "keyId": key_id, "credential": credential });
        let body = format!(
            r#"{{"method":"CustomerService.UpdateCustomerStatus","id":"1","params":{{"api":{api},"payload":{payload}}}}}"#
        );
        Ok(request::post(stand.address, "/jsonrpc", "", &body).into_bytes())
    };
    let all = ["SUSPENDED", "ACTIVE"];
    let all = all.into_iter().flat_map(|status| (0..SUBJECTS).map(move |one| (status, one)));
    all.map(|(status, customer)| call(status, customer)).collect()
}

/// Requests that have been answered.
fn known(stand: &Stand) -> anyhow::Result<Vec<Vec<u8>>> {
    let template = Way4Template::new(stand.address, &stand.token()?)?;
    let request = |number: u32| {
        let mut request = Vec::new();
        template.write(&mut request, u64::from(number) + 1, number, true);
        request
    };
    let requests: Vec<Vec<u8>> = (0..SUBJECTS).map(request).collect();
    let answered = load::once(stand.address, WAY4_SUCCESS, requests.clone())?;
    anyhow::ensure!(answered == requests.len(), "only {answered} requests were answered");
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_share_everything_and_nothing_twice() {
        let mut taken = Vec::new();
        for connection in 0..3 {
            let mut turns = Turns::new(connection, 3, 10);
            while let (one, 0) = turns.take() {
                taken.push(one);
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..10).collect::<Vec<_>>());
    }
}
