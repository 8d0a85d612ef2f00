//! The simulators, as far as tests look into them.

use std::net::SocketAddr;

use router::quickstart::SimulatorPlan;
use simulators::Simulator;

/// One of the four upstream systems.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum System {
    Netxd,
    Way4,
    Capillary,
    N4n,
}

impl System {
    pub(crate) const ALL: [Self; 4] = [Self::Netxd, Self::Way4, Self::Capillary, Self::N4n];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Netxd => 0,
            Self::Way4 => 1,
            Self::Capillary => 2,
            Self::N4n => 3,
        }
    }

    pub(super) fn address(self, plan: &SimulatorPlan) -> SocketAddr {
        match self {
            Self::Netxd => plan.netxd.0,
            Self::Way4 => plan.way4.0,
            Self::Capillary => plan.capillary.0,
            Self::N4n => plan.n4n.0,
        }
    }

    pub(super) async fn start(self, plan: &SimulatorPlan) -> Simulator {
        let plan = plan.clone();
        let started = match self {
            Self::Netxd => simulators::start_netxd(plan.netxd.0, plan.netxd.1).await,
            Self::Way4 => simulators::start_way4(plan.way4.0, plan.way4.1).await,
            Self::Capillary => {
                simulators::start_capillary(plan.capillary.0, plan.capillary.1).await
            }
            Self::N4n => simulators::start_n4n(plan.n4n.0, plan.n4n.1).await,
        };
        started.unwrap()
    }
}
