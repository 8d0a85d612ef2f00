//! Checkpoints, and what verifying finds.

mod model;
mod properties;
mod sqlite;
mod store;
