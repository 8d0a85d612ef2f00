//! What the machine can do at most, one part at a time.

mod disk;
pub(crate) mod echo;
mod es256;
mod rows;
mod simulator;
mod store;

use std::time::{Duration, Instant};

use crate::load::{Outcome, Tally};
use crate::options::{Measurement, Options};

/// One ceiling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ceiling {
    /// A bare HTTP server that returns the body of a WAY4 request.
    Echo(u16),
    /// The WAY4 simulator without the gateway.
    Simulator(u16),
    /// The rows of so many accepted changes in each commit, written by the store.
    Store(usize),
    /// Signatures checked on one core.
    Es256,
    /// 4 KiB appended to a file and flushed to the disk, one after the other.
    Disk,
}

impl Ceiling {
    /// The ones to measure.
    pub(crate) fn chosen(options: &Options) -> Vec<Self> {
        let over_http = options.connections.iter();
        let all = over_http
            .clone()
            .map(|connections| (Measurement::Echo, Self::Echo(*connections)))
            .chain(over_http.map(|count| (Measurement::Simulator, Self::Simulator(*count))))
            .chain([
                (Measurement::Store, Self::Store(rows::BATCH)),
                (Measurement::Store, Self::Store(1)),
                (Measurement::Es256, Self::Es256),
                (Measurement::Disk, Self::Disk),
            ]);
        all.filter(|(measurement, _)| options.wants(*measurement)).map(|(_, one)| one).collect()
    }

    /// Its name in the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Echo(_) => "echo".to_owned(),
            Self::Simulator(_) => "simulator".to_owned(),
            Self::Store(batch) => format!("store, {batch} per commit"),
            Self::Es256 => "es256".to_owned(),
            Self::Disk => "disk".to_owned(),
        }
    }

    /// Connections, or what stands for them.
    pub(crate) const fn connections(self) -> Option<u16> {
        match self {
            Self::Echo(connections) | Self::Simulator(connections) => Some(connections),
            Self::Store(_) | Self::Es256 | Self::Disk => None,
        }
    }

    /// Measures it.
    pub(crate) fn run(self, options: &Options) -> anyhow::Result<Outcome> {
        match self {
            Self::Echo(connections) => echo::run(options, connections),
            Self::Simulator(connections) => simulator::run(options, connections),
            Self::Store(batch) => store::run(options, batch),
            Self::Es256 => es256::run(options),
            Self::Disk => disk::run(options),
        }
    }
}

/// Does something over and over for a while, one after the other. `work` returns how long the part of it
/// took that counts, and for how many it counts.
fn repeat(
    measured: Duration,
    mut work: impl FnMut() -> anyhow::Result<(Duration, usize)>,
) -> anyhow::Result<Outcome> {
    let mut tally = Tally::new()?;
    let mut counted = Duration::ZERO;
    let begin = Instant::now();
    while counted < measured && begin.elapsed() < 4 * measured {
        let (took, count) = work()?;
        counted += took;
        for _ in 0..count {
            tally.success(took);
        }
    }
    Ok(Outcome { tally, used: crate::machine::Reading::default(), measured: counted })
}
