//! Everything, in order.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::ceiling::Ceiling;
use crate::load::Outcome;
use crate::options::Options;
use crate::report::{self, Line};
use crate::{machine, scenario::Scenario};

/// Something to be measured, as a step of a round.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ceiling(Ceiling),
    Scenario(Scenario, u16),
}

impl Step {
    fn all(options: &Options) -> Vec<Self> {
        let mut steps: Vec<Self> =
            Ceiling::chosen(options).into_iter().map(Self::Ceiling).collect();
        for scenario in options.scenarios() {
            steps.extend(options.connections.iter().map(|count| Self::Scenario(scenario, *count)));
        }
        steps
    }

    fn name(self) -> String {
        match self {
            Self::Ceiling(ceiling) => ceiling.name(),
            Self::Scenario(scenario, _) => scenario.name().to_owned(),
        }
    }

    const fn connections(self) -> Option<u16> {
        match self {
            Self::Ceiling(ceiling) => ceiling.connections(),
            Self::Scenario(_, connections) => Some(connections),
        }
    }

    fn run(self, options: &Options) -> anyhow::Result<Outcome> {
        match self {
            Self::Ceiling(ceiling) => ceiling.run(options),
            Self::Scenario(scenario, connections) => scenario.run(options, connections.into()),
        }
    }
}

/// Measures what is asked for and prints it. Fails if a request was not answered with success.
pub(crate) fn all(options: &Options) -> anyhow::Result<ExitCode> {
    let steps = Step::all(options);
    let mut measured: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
    let mut failures = 0;
    for round in 1..=options.rounds {
        for (number, step) in steps.iter().enumerate() {
            let line = measure(*step, options, round)?;
            failures += line.outcome.tally.failures().0;
            measured.entry(number).or_default().push(line);
        }
    }
    let (mut ceilings, mut scenarios) = (Vec::new(), Vec::new());
    for (number, lines) in measured {
        let line = report::median(lines).context("nothing was measured")?;
        match steps.get(number) {
            Some(Step::Ceiling(_)) => ceilings.push(line),
            Some(Step::Scenario(..)) | None => scenarios.push(line),
        }
    }
    report::say(&text(options, &ceilings, &scenarios))?;
    if failures > 0 && !options.allow_errors {
        report::progress(&format!("{failures} requests were not answered with success"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(step: Step, options: &Options, round: u16) -> anyhow::Result<Line> {
    let (name, connections) = (step.name(), step.connections());
    let over = connections.map(|count| format!(", {count} connections")).unwrap_or_default();
    let outcome = step.run(options).with_context(|| format!("measuring {name}{over}"))?;
    let rate = outcome.per_second();
    report::progress(&format!("round {round}: {name}{over}: {rate:.0} per second"));
    if let (count, Some(first)) = outcome.tally.failures() {
        report::progress(&format!("  {count} times no success, at first: {first}"));
    }
    Ok(Line { name, connections, outcome })
}

fn text(options: &Options, ceilings: &[Line], scenarios: &[Line]) -> String {
    let (seconds, warm_up) = (options.seconds.as_secs_f64(), options.warm_up.as_secs_f64());
    let pace = match options.rate {
        Some(rate) => format!("{rate} requests per second"),
        None => "as fast as answers come".to_owned(),
    };
    let mut text = format!(
        "{}\n{seconds} s each after {warm_up} s, {pace}, {} round(s); \
         load and simulators on the same machine\n",
        machine::facts(&options.parent_directory()),
        options.rounds,
    );
    if !scenarios.is_empty() {
        text.push_str(&format!("\n{}", report::scenarios(scenarios)));
    }
    if !ceilings.is_empty() {
        text.push_str(&format!("\n{}", report::ceilings(ceilings)));
    }
    if !ceilings.is_empty() && !scenarios.is_empty() {
        text.push_str(&format!("\n{}", report::ratios(scenarios, ceilings)));
    }
    text
}
