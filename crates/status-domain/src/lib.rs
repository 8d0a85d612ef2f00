//! Vocabulary, rules and adapter traits of the status-change gateway.
//!
//! Everything here is pure and total: no I/O, no clock, no logging, no runtime. Time and ids are
//! arguments. An adapter crate implements [`adapter::Downstream`] and [`adapter::Upstream`] for one
//! wire format; the router calls [`decide::decide`] and makes its verdict durable.

pub mod adapter;
pub mod answer;
pub mod approval;
pub mod command;
pub mod decide;
pub mod facet;
pub mod failure;
pub mod family;
pub mod hold;
pub mod ids;
pub mod policy;
pub mod principal;
pub mod profile;
pub mod register;
pub mod settle;
pub mod status;
pub mod subject;
pub mod text;
