//! The simulators, spoken to over HTTP in the vendors' own words.

mod capillary;
mod faults;
mod n4n;
mod netxd;
mod support;
mod way4;
