//! The gateway as its callers and the upstream systems see it: the real program, a real record, and
//! simulators in place of the vendors' systems.
#![expect(clippy::unwrap_used, reason = "test code")]

mod support;

mod approvals;
mod crash;
mod delivery;
mod flows;
mod idempotency;
mod privacy;

mod auth;
mod bad_input;
mod limits;
mod raw;
mod refusal;
