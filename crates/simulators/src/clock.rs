//! The vendor's own clock.

use chrono::{DateTime, Utc};

/// Now, as the simulated company's machine sees it, to the millisecond.
#[expect(clippy::disallowed_methods, reason = "plays a foreign machine, which has its own clock")]
pub(crate) fn now() -> DateTime<Utc> {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    i64::try_from(since_epoch).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
}
