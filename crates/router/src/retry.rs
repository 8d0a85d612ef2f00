//! When to try again.

use std::time::Duration;

use chrono::TimeDelta;

/// How often and how far apart a value is sent.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Most attempts for one value; after that it is a dead letter.
    pub attempts_max: u32,
    /// For how long a value is tried at all; after that it is a dead letter.
    pub age_max: TimeDelta,
    /// The longest wait after the first failure.
    pub backoff_min: Duration,
    /// The longest wait after any failure.
    pub backoff_max: Duration,
    /// The longest wait that an upstream may ask for.
    pub retry_after_max: Duration,
}

impl RetryPolicy {
    /// How long to wait after the `attempts`-th failure (1 for the first): a random part of a span that
    /// doubles with every failure up to [`Self::backoff_max`] (full jitter). `chance` is uniform in 0..1.
    /// What the upstream asked for, `after`, is waited in full, with the random part added so that not
    /// everybody returns at once.
    #[must_use]
    pub fn delay(&self, attempts: u32, after: Option<Duration>, chance: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(30);
        let span = self.backoff_min.saturating_mul(1 << doublings).min(self.backoff_max);
        let jitter = span.mul_f64(chance.clamp(0.0, 1.0));
        match after {
            Some(after) => after.min(self.retry_after_max).saturating_add(jitter.min(after)),
            None => jitter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts_max: 20,
        age_max: TimeDelta::hours(24),
        backoff_min: Duration::from_millis(200),
        backoff_max: Duration::from_secs(60),
        retry_after_max: Duration::from_secs(300),
    };

    #[test]
    fn the_span_doubles_up_to_the_limit() {
        assert_eq!(POLICY.delay(1, None, 1.0), Duration::from_millis(200));
        assert_eq!(POLICY.delay(3, None, 1.0), Duration::from_millis(800));
        assert_eq!(POLICY.delay(30, None, 1.0), Duration::from_secs(60));
        assert_eq!(POLICY.delay(u32::MAX, None, 0.5), Duration::from_secs(30));
    }

    #[test]
    fn any_wait_up_to_the_span_is_possible() {
        assert_eq!(POLICY.delay(5, None, 0.0), Duration::ZERO);
    }

    #[test]
    fn an_upstream_is_left_alone_for_as_long_as_it_asked_within_reason() {
        let asked = Some(Duration::from_secs(7));
        assert!(POLICY.delay(1, asked, 0.0) >= Duration::from_secs(7));
        let absurd = Some(Duration::from_secs(1_000_000));
        assert!(POLICY.delay(1, absurd, 0.0) <= Duration::from_secs(300));
    }
}
