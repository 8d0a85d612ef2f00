//! The durable record of the gateway: one trait, SQLite and PostgreSQL behind it.
//!
//! Nothing here decides anything. [`store::Store::write`] loads what a decision needs, lets the caller
//! decide, and commits what it says, all in one transaction. SQL stands in this crate and nowhere else.

pub mod audit;
mod codec;
pub mod history;
pub mod postgres;
pub mod record;
pub mod sqlite;
pub mod store;
