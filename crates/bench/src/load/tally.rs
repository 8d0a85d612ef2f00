//! What the answers were like.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;

/// Longest time that is told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(60);

/// Times in microseconds, with three digits.
#[derive(Debug)]
pub(crate) struct Tally {
    times: Histogram<u64>,
    failures: u64,
    first_failure: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let longest = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
        let times = Histogram::new_with_bounds(1, longest, 3).context("making a histogram")?;
        Ok(Self { times, failures: 0, first_failure: None })
    }

    /// Something succeeded after this time.
    pub(crate) fn success(&mut self, after: Duration) {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        self.times.saturating_record(micros);
    }

    /// Something else happened.
    pub(crate) fn failure(&mut self, what: &str) {
        self.failures += 1;
        self.first_failure.get_or_insert_with(|| what.to_owned());
    }

    /// How often something succeeded.
    pub(crate) fn successes(&self) -> u64 {
        self.times.len()
    }

    /// How often it did not, and what came the first time.
    pub(crate) fn failures(&self) -> (u64, Option<&str>) {
        (self.failures, self.first_failure.as_deref())
    }

    /// The time, in milliseconds, within which this share of all succeeded.
    pub(crate) fn within_ms(&self, share: f64) -> f64 {
        self.times.value_at_quantile(share) as f64 / 1000.0
    }

    /// The longest time, in milliseconds.
    pub(crate) fn max_ms(&self) -> f64 {
        self.times.max() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_milliseconds() {
        let mut tally = Tally::new().unwrap();
        for millis in 1..=100 {
            tally.success(Duration::from_millis(millis));
        }
        tally.failure("first");
        tally.failure("second");
        assert_eq!(tally.successes(), 100);
        assert_eq!(tally.failures(), (2, Some("first")));
        assert!((tally.within_ms(0.5) - 50.0).abs() < 0.1, "{}", tally.within_ms(0.5));
        assert!((tally.max_ms() - 100.0).abs() < 0.1, "{}", tally.max_ms());
    }
}
