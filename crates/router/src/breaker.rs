//! A circuit breaker: an upstream that fails again and again is left alone for a while.
//!
//! Time is an argument. After the pause exactly one request is let through; whether it succeeds decides
//! for all that wait. (The `failsafe` crate lets everybody through at that moment.)

use std::time::{Duration, Instant};

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerPolicy {
    /// Failures in a row after which it opens.
    pub failures_max: u32,
    /// The first pause; doubled each time the trial fails.
    pub pause_min: Duration,
    /// The longest pause.
    pub pause_max: Duration,
}

impl Default for BreakerPolicy {
    /// Opens after 5 failures in a row, for 500 ms to 5 s.
    fn default() -> Self {
        Self {
            failures_max: 5,
            pause_min: Duration::from_millis(500),
            pause_max: Duration::from_secs(5),
        }
    }
}

/// The breaker of one upstream.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Requests go through; so many of the last ones failed in a row.
    Closed { failures: u32 },
    /// No request goes through before the instant. The pause is what the next one is doubled from.
    Open { until: Instant, pause: Duration },
    /// One request is on trial, until the instant at the latest: one that is never heard of again must
    /// not keep the breaker shut.
    Trial { until: Instant, pause: Duration },
}

/// What a request told about its upstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Health {
    /// It answers; a refusal is an answer too.
    Well,
    /// It does not, or not sensibly.
    Failing,
    /// It rejects the gateway's credentials, so there is no use in asking again soon.
    Rejecting,
}

impl Breaker {
    /// A breaker that lets requests through.
    #[must_use]
    pub const fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: State::Closed { failures: 0 } }
    }

    /// Whether a request may be begun now. After a pause the first one to ask is the trial.
    ///
    /// # Errors
    ///
    /// When to ask again.
    pub fn admit(&mut self, now: Instant) -> Result<(), Instant> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } | State::Trial { until, .. } if now < until => Err(until),
            State::Open { pause, .. } | State::Trial { pause, .. } => {
                self.state = State::Trial { until: now + self.policy.pause_max, pause };
                Ok(())
            }
        }
    }

    /// When a request may be begun next, if not now. Unlike [`Self::admit`] it starts no trial.
    #[must_use]
    pub fn closed_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } | State::Trial { until, .. } => {
                (now < until).then_some(until)
            }
        }
    }

    /// Whether the system is taken to be well.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// Takes in what a request told. Says whether the breaker has just opened or closed.
    pub fn learn(&mut self, health: Health, now: Instant) -> Option<Turn> {
        let was_closed = matches!(self.state, State::Closed { .. });
        self.state = match (health, self.state) {
            (Health::Well, _) => State::Closed { failures: 0 },
            (Health::Rejecting, _) => {
                let pause = self.policy.pause_max;
                State::Open { until: now + pause, pause }
            }
            (Health::Failing, State::Closed { failures }) => {
                if failures + 1 < self.policy.failures_max {
                    State::Closed { failures: failures + 1 }
                } else {
                    let pause = self.policy.pause_min;
                    State::Open { until: now + pause, pause }
                }
            }
            // A request that was begun before it opened tells nothing new.
            (Health::Failing, open @ State::Open { .. }) => open,
            (Health::Failing, State::Trial { pause, .. }) => {
                let pause = pause.saturating_mul(2).min(self.policy.pause_max);
                State::Open { until: now + pause, pause }
            }
        };
        match (was_closed, matches!(self.state, State::Closed { .. })) {
            (true, false) => Some(Turn::Opened),
            (false, true) => Some(Turn::Closed),
            (true, true) | (false, false) => None,
        }
    }
}

/// A breaker has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn {
    /// Requests are held back from now on.
    Opened,
    /// Requests go through again.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        failures_max: 3,
        pause_min: Duration::from_secs(1),
        pause_max: Duration::from_secs(4),
    };

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(POLICY);
        let turns: Vec<_> = (0..3).map(|_| breaker.learn(Health::Failing, now)).collect();
        assert_eq!(turns, [None, None, Some(Turn::Opened)]);
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        for health in [Health::Failing, Health::Failing, Health::Well, Health::Failing] {
            assert_eq!(breaker.learn(health, now), None);
        }
        assert_eq!(breaker.admit(now), Ok(()));
    }

    #[test]
    fn after_the_pause_exactly_one_request_is_let_through() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.admit(now), Err(now + Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        assert_eq!(breaker.admit(later), Ok(()));
        assert!(breaker.admit(later).is_err());
        assert_eq!(breaker.learn(Health::Well, later), Some(Turn::Closed));
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn a_failed_trial_doubles_the_pause_up_to_the_limit() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for pause_s in [1, 2, 4, 4] {
            let until = now + Duration::from_secs(pause_s);
            assert_eq!(breaker.closed_until(now), Some(until));
            now = until;
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.learn(Health::Failing, now);
        }
    }

    #[test]
    fn a_trial_that_is_never_heard_of_again_is_followed_by_another() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let trial = now + Duration::from_secs(1);
        assert_eq!(breaker.admit(trial), Ok(()));
        assert_eq!(breaker.admit(trial + Duration::from_secs(4)), Ok(()));
    }

    #[test]
    fn rejected_credentials_open_it_at_once_for_the_longest_pause() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        assert_eq!(breaker.learn(Health::Rejecting, now), Some(Turn::Opened));
        assert_eq!(breaker.closed_until(now), Some(now + Duration::from_secs(4)));
    }
}
