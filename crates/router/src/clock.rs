//! The one place where the clock is read.

use chrono::{DateTime, SubsecRound as _, Utc};

/// The present, in whole microseconds: that is what every store keeps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
