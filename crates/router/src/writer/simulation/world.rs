//! The upstream systems: two formats that exist only here.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rand::Rng as _;
use rand::rngs::StdRng;
use secrecy::SecretString;
use status_domain::adapter::{Inquiry, Login, Upstream};
use status_domain::facet::Facet;
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};
use status_domain::hold::HoldOwner;
use status_domain::ids::{SubjectId, System};
use status_domain::register::{Order, Projected, Projection, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::SubjectView;

use crate::writer::op::LaneOrder;

pub(super) const LEDGER: System = System::new("ledger");
pub(super) const CARDS: System = System::new("cards");
const FRAUD: HoldOwner = HoldOwner::new("fraud");

/// One register with the effective status.
pub(super) struct Ledger;
/// Two registers: the fraud hold, and the rest.
pub(super) struct Cards;

fn exact(name: &'static str, status: Status) -> (RegisterName, Projected) {
    let value = RegisterValue(status.as_str().into());
    (RegisterName::new(name), Projected::Exact(value))
}

impl Upstream for Ledger {
    fn system(&self) -> &System {
        static SYSTEM: System = LEDGER;
        &SYSTEM
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Lifecycle | Facet::Hold(_) => vec![RegisterName::new("status")],
            Facet::EditLock | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        vec![exact("status", view.effective())]
    }

    fn encode(
        &self,
        _: &Order,
        _: Option<&SecretString>,
        _: DateTime<Utc>,
    ) -> Result<http::Request<Bytes>, Failure> {
        Err(Failure::NotSent { cause: "there is no wire here".into() })
    }

    fn decode(&self, _: &Order, _: &http::Response<Bytes>) -> Result<Confirmation, Failure> {
        Err(Failure::NotSent { cause: "there is no wire here".into() })
    }

    fn login(&self) -> Option<&dyn Login> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        None
    }
}

impl Upstream for Cards {
    fn system(&self) -> &System {
        static SYSTEM: System = CARDS;
        &SYSTEM
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Hold(owner) if *owner == FRAUD => vec![RegisterName::new("fraud")],
            Facet::Lifecycle | Facet::Hold(_) => vec![RegisterName::new("rest")],
            Facet::EditLock | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        let holds = |is_fraud: bool| {
            let mine = view.holds().filter(move |(owner, _)| (**owner == FRAUD) == is_fraud);
            mine.filter_map(|(_, hold)| hold.severity).fold(Status::Active, Status::max)
        };
        vec![exact("fraud", holds(true)), exact("rest", holds(false).max(view.lifecycle()))]
    }

    fn encode(
        &self,
        order: &Order,
        access: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<http::Request<Bytes>, Failure> {
        Ledger.encode(order, access, now)
    }

    fn decode(
        &self,
        order: &Order,
        response: &http::Response<Bytes>,
    ) -> Result<Confirmation, Failure> {
        Ledger.decode(order, response)
    }

    fn login(&self) -> Option<&dyn Login> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        None
    }
}

type Key = (SubjectId, System, RegisterName);

/// What the upstreams hold, and what they were sent.
#[derive(Default)]
pub(super) struct World {
    pub(super) held: BTreeMap<Key, RegisterValue>,
    sent: BTreeMap<Key, u64>,
    took_effect: Vec<(Key, u64)>,
}

impl World {
    /// One request, with whatever the dice say comes of it.
    pub(super) fn call(
        &mut self,
        dice: &mut StdRng,
        lane: &(SubjectId, System),
        order: &LaneOrder,
        is_kind: bool,
    ) -> Result<Confirmation, Failure> {
        let key = (lane.0, lane.1.clone(), order.order.register.clone());
        let last = self.sent.entry(key.clone()).or_default();
        assert!(*last <= order.version, "version {} was sent after {last}", order.version);
        *last = order.version;
        if is_kind || dice.random_bool(0.55) {
            self.effect(key, order);
            return Ok(Confirmation::default());
        }
        let unknown = || Err(Failure::Unknown { cause: "simulated".into(), after: None });
        let refused = |again| {
            let refusal = UpstreamRefusal::new(422, "NO", "simulated");
            Err(Failure::Refused { refusal, again })
        };
        match dice.random_range(0..6) {
            0 => Err(Failure::NotSent { cause: "simulated".into() }),
            1 => unknown(),
            2 | 3 => {
                self.effect(key, order);
                unknown()
            }
            4 => refused(Again::Never),
            _ => refused(Again::Later(None)),
        }
    }

    /// The request arrived, whoever hears of it.
    pub(super) fn effect(&mut self, key: Key, order: &LaneOrder) {
        self.took_effect.push((key.clone(), order.version));
        self.held.insert(key, order.order.value.clone());
    }

    pub(super) fn has_taken(&self, key: &Key, version: u64) -> bool {
        self.took_effect.iter().any(|(one, taken)| one == key && *taken == version)
    }
}
