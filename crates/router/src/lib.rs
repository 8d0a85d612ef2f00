//! The gateway: configuration, authentication, HTTP, writer, delivery, command line.
//!
//! The only crate with a clock and a network. Business rules are in `status-domain`; this crate makes
//! their verdicts durable and carries them out.

pub mod audit;
pub mod auth;
pub mod breaker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crosswalk;
pub mod delivery;
pub mod formats;
pub mod gateway;
pub mod logging;
pub mod quickstart;
pub mod retry;
pub mod serve;
pub mod upstreams;
pub mod wire;
pub mod writer;
