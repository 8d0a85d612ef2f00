//! Golden vectors, generators and helpers for the tests of every crate.

#![expect(clippy::panic, reason = "a test helper fails the test it is called from")]

pub mod golden;
#[cfg(unix)]
pub mod postgres;
pub mod strategy;
