//! The record, as its callers see it.
//!
//! `suite` holds what every implementation of the store must do; the other modules hold what is
//! particular to one of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod audit;
mod chain;
#[cfg(unix)]
mod postgres;
mod sqlite;
mod suite;
mod support;
