//! The durable record of the gateway: one trait, SQLite behind it.
//!
//! Nothing here decides anything. [`store::Store::write`] loads what a decision needs, lets the caller
//! decide, and commits what it says, all in one transaction. SQL stands in this crate and nowhere else.

mod codec;
pub mod history;
pub mod record;
pub mod sqlite;
pub mod store;
