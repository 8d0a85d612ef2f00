//! Comparing secrets without telling how far they agree.

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::config::values::Sha256Hash;

/// The hash of nothing that anybody has. Compared with where there is nothing to compare with, so that
/// an unknown name takes as long as a known one.
const NOBODYS: [u8; 32] = [0; 32];

/// Whether `given` has the hash `expected`; never if there is none. Takes the same time either way.
pub(super) fn matches(given: &SecretString, expected: Option<&Sha256Hash>) -> bool {
    let hash = Sha256Hash::of(given.expose_secret().as_bytes());
    let expected_bytes = expected.map_or(&NOBODYS, Sha256Hash::bytes);
    let equal = hash.bytes().ct_eq(expected_bytes.as_slice());
    bool::from(equal) && expected.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_matches_and_only_where_there_is_one() {
        let expected = Sha256Hash::of(b"secret");
        assert!(matches(&"secret".into(), Some(&expected)));
        assert!(!matches(&"Secret".into(), Some(&expected)));
        assert!(!matches(&"".into(), Some(&expected)));
        assert!(!matches(&"secret".into(), None));
    }
}
