//! A gateway of one's own for every test.
//!
//! Each [`Bench`] has a loopback address that no other has, so that tests run side by side on the
//! ports of the quickstart. The simulators run in the test, the gateway is the built program: it can be
//! killed while they live.

mod answer;
mod bench;
mod calls;
mod gateway;
mod setup;
mod simulated;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::answer::Answer;
pub(crate) use self::bench::Bench;
pub(crate) use self::calls::{Calls, Proof, Way4Change, capillary_request};
pub(crate) use self::setup::Setup;
pub(crate) use self::simulated::System;

/// NetXD id of the customer that the sample crosswalk links to the three below.
pub(crate) const CUSTOMER: &str = "100000000025001";
/// Its WAY4 contract.
pub(crate) const CONTRACT: &str = "0003621110000000183";
/// Its mobile number in the CRM.
pub(crate) const MOBILE: &str = "919780375690";
/// Its number at N4N.
pub(crate) const N4N_CUSTOMER: &str = "191";

/// How long to wait for what must come to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until there is something to be seen, and returns it.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "never came to pass: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
