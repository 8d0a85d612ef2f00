//! Generators for property tests.

use proptest::prelude::*;
use status_domain::status::Status;

/// Any status.
pub fn status() -> impl Strategy<Value = Status> {
    proptest::sample::select(Status::ALL.to_vec())
}

/// Bytes that no honest client sends: any bytes, and JSON-like text.
pub fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..512),
        "[\\[\\]{}\",:a-z0-9 \\\\]{0,256}".prop_map(String::into_bytes),
    ]
}
