//! The wire formats on the listener: from HTTP to an adapter and back.

mod body;
mod exchange;
mod format;
mod operations;
mod tokens;

pub use crate::wire::exchange::Door;
pub(crate) use crate::wire::exchange::exchange;
pub use crate::wire::format::{Format, Served};
pub use crate::wire::operations::routes as operations_routes;
pub use crate::wire::tokens::routes as token_routes;
