//! The gateway as its callers and the upstream systems see it: the real program, a real record, and
//! simulators in place of the vendors' systems.
#![expect(clippy::unwrap_used, reason = "test code")]

mod support;

mod delivery;
mod flows;

mod bad_input;
mod raw;
mod refusal;
