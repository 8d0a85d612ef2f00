//! Requests that nobody should send.

mod capillary;
mod n4n;
mod netxd;
mod transport;
mod way4;
