//! The table.

use std::io::Write as _;

use anyhow::Context as _;

use crate::load::Outcome;

/// A measurement's result.
#[derive(Debug)]
pub(crate) struct Line {
    /// What was measured.
    pub(crate) name: String,
    /// Over how many connections.
    pub(crate) connections: Option<u16>,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// The gateway under load, one line for each scenario and number of connections.
pub(crate) fn scenarios(lines: &[Line]) -> String {
    let head = [
        "scenario",
        "connections",
        "requests/s",
        "applied/s",
        "p50 ms",
        "p99 ms",
        "max ms",
        "errors",
        "CPU s",
        "CPU µs each",
        "writer busy",
        "load CPU s",
        "RSS MiB",
        "peak MiB",
        "upstream calls/s",
    ];
    let row = |line: &Line| {
        let Outcome { tally, used, measured } = &line.outcome;
        let rate = line.outcome.per_second();
        let each = used.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / tally.successes().max(1) as f64);
        let busy = used.writer_cpu.map(|cpu| cpu.as_secs_f64() / measured.as_secs_f64());
        let mib = |kib: Option<u64>| or_dash(kib.map(|kib| (kib as f64 / 1024.0).round()), 0);
        let delivered = used.delivered.map(|count| count as f64 / measured.as_secs_f64());
        vec![
            line.name.clone(),
            or_dash(line.connections.map(f64::from), 0),
            format!("{rate:.0}"),
            if line.name == "applied" { format!("{rate:.0}") } else { "–".to_owned() },
            format!("{:.2}", tally.within_ms(0.5)),
            format!("{:.2}", tally.within_ms(0.99)),
            format!("{:.1}", tally.max_ms()),
            tally.failures().0.to_string(),
            or_dash(used.cpu.map(|cpu| cpu.as_secs_f64()), 2),
            or_dash(each, 0),
            busy.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0)),
            format!("{:.2}", used.own_cpu.as_secs_f64()),
            mib(used.resident_kib),
            mib(used.peak_kib),
            or_dash(delivered, 0),
        ]
    };
    table(&head, lines.iter().map(row))
}

/// The ceilings.
pub(crate) fn ceilings(lines: &[Line]) -> String {
    let head = ["ceiling", "connections", "per second", "p50 ms", "p99 ms", "max ms", "errors"];
    let row = |line: &Line| {
        let tally = &line.outcome.tally;
        vec![
            line.name.clone(),
            or_dash(line.connections.map(f64::from), 0),
            format!("{:.0}", line.outcome.per_second()),
            format!("{:.3}", tally.within_ms(0.5)),
            format!("{:.3}", tally.within_ms(0.99)),
            format!("{:.1}", tally.max_ms()),
            tally.failures().0.to_string(),
        ]
    };
    table(&head, lines.iter().map(row))
}

/// Every scenario's rate as a share of the ceilings that it is under.
pub(crate) fn ratios(scenarios: &[Line], ceilings: &[Line]) -> String {
    let head = ["scenario", "connections", "ceiling", "share"];
    let mut rows = Vec::new();
    for scenario in scenarios {
        for ceiling in ceilings {
            let same = ceiling.connections.is_none_or(|count| scenario.connections == Some(count));
            let rate = ceiling.outcome.per_second();
            if same && rate > 0.0 && is_under(&scenario.name, &ceiling.name) {
                rows.push(vec![
                    scenario.name.clone(),
                    or_dash(scenario.connections.map(f64::from), 0),
                    ceiling.name.clone(),
                    format!("{:.3}", scenario.outcome.per_second() / rate),
                ]);
            }
        }
    }
    table(&head, rows.into_iter())
}

fn is_under(scenario: &str, ceiling: &str) -> bool {
    match ceiling {
        "echo" => true,
        "simulator" => scenario == "applied",
        "es256" => scenario == "signed",
        "disk" => false,
        // The store's rows are those of an acceptance. Confirmations write others, repeats none.
        _ => scenario == "accept" || scenario == "signed",
    }
}

/// The line with the median rate.
pub(crate) fn median(mut lines: Vec<Line>) -> Option<Line> {
    lines.sort_by(|one, other| one.outcome.per_second().total_cmp(&other.outcome.per_second()));
    let middle = lines.len().checked_sub(1)? / 2;
    Some(lines.swap_remove(middle))
}

/// Says something to whoever started the program.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("writing to standard output")
}

/// Says how far it is, apart from the results.
pub(crate) fn progress(text: &str) {
    // Nobody reading it is no reason to stop.
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// A table in Markdown with columns as wide as what stands in them.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!(" {cell:<width$} ") } else { format!(" {cell:>width$} ") }
        });
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        let end = if column == 0 { "-" } else { ":" };
        format!("{}{end}", "-".repeat(width + 1))
    });
    let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
    let body: String = rows.iter().map(line).collect();
    format!("{}{rule}{body}", line(&head))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Tally;
    use crate::machine::Reading;

    fn line(name: &str, connections: Option<u16>, count: u64) -> Line {
        let mut tally = Tally::new().unwrap();
        for _ in 0..count {
            tally.success(Duration::from_millis(1));
        }
        let measured = Duration::from_secs(1);
        let outcome = Outcome { tally, used: Reading::default(), measured };
        Line { name: name.to_owned(), connections, outcome }
    }

    #[test]
    fn the_median_of_three_is_the_one_in_the_middle() {
        let lines = vec![line("a", None, 30), line("b", None, 10), line("c", None, 20)];
        assert_eq!(median(lines).unwrap().name, "c");
        assert!(median(Vec::new()).is_none());
    }

    #[test]
    fn a_scenario_is_compared_with_ceilings_of_as_many_connections() {
        let scenarios = [line("accept", Some(64), 25)];
        let echoes = [line("echo", Some(64), 100), line("echo", Some(256), 50)];
        let text = ratios(&scenarios, &echoes);
        assert_eq!(
            text,
            "| scenario | connections | ceiling | share |\n\
             |----------|------------:|--------:|------:|\n\
             | accept   |          64 |    echo | 0.250 |\n"
        );
    }
}
