//! Keys for checkpoints: Ed25519.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use status_store::audit::{Checkpoint, Draft, Seal, SealError, Verdict};
use status_store::record::Digest;

/// What stands before the 32 bytes of an Ed25519 key in SPKI form.
///
/// # Source
///
/// RFC 8410, section 4.
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The text is no key of the kind that is needed. It is not repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidKey {
    /// As a signing key.
    #[error("is no Ed25519 private key, PKCS#8 in PEM")]
    Private,
    /// As a public key.
    #[error("is no Ed25519 public key, SPKI in PEM")]
    Public,
}

/// Signs checkpoints.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private key, PKCS#8 in PEM.
    ///
    /// # Errors
    ///
    /// [`InvalidKey::Private`] if it is none, or one for another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        let block = pem::parse(text).map_err(|_| InvalidKey::Private)?;
        if block.tag() != "PRIVATE KEY" {
            return Err(InvalidKey::Private);
        }
        let pair = Ed25519KeyPair::from_pkcs8(block.contents()).map_err(|_| InvalidKey::Private)?;
        let raw = pair.public_key().as_ref().try_into().map_err(|_| InvalidKey::Private)?;
        Ok(Self { pair, public: PublicKey { raw } })
    }

    /// The key that its signatures are checked with.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a checkpoint.
    ///
    /// # Errors
    ///
    /// If the library does not sign, which it has no reason for.
    pub fn seal(&self, draft: &Draft) -> Result<Seal, SealError> {
        let key = self.public.id();
        let signature = self.pair.try_sign(&draft.bytes(&key));
        let signature = signature.map_err(|_| SealError::from("the key does not sign"))?;
        Ok(Seal { key, signature: signature.as_ref().into() })
    }
}

/// Checks what its private key has signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey {
    raw: [u8; 32],
}

impl PublicKey {
    /// Reads a public key, SPKI in PEM.
    ///
    /// # Errors
    ///
    /// [`InvalidKey::Public`] if it is none, or one for another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        let block = pem::parse(text).map_err(|_| InvalidKey::Public)?;
        let raw = block.contents().strip_prefix(&SPKI_PREFIX).and_then(|raw| raw.try_into().ok());
        match raw {
            Some(raw) if block.tag() == "PUBLIC KEY" => Ok(Self { raw }),
            Some(_) | None => Err(InvalidKey::Public),
        }
    }

    /// The key, SPKI in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.spki()), unix)
    }

    /// SHA-256 of its SPKI form, by which checkpoints name it.
    #[must_use]
    pub fn id(&self) -> Digest {
        Sha256::digest(self.spki()).into()
    }

    fn spki(&self) -> Vec<u8> {
        [&SPKI_PREFIX[..], &self.raw[..]].concat()
    }
}

/// The keys that checkpoints may be signed with: the present one and those before it.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(BTreeMap<Digest, PublicKey>);

impl PublicKeys {
    /// Adds a key.
    pub fn add(&mut self, key: PublicKey) {
        self.0.insert(key.id(), key);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.values()
    }

    /// Checks a checkpoint's signature.
    #[must_use]
    pub fn check(&self, checkpoint: &Checkpoint) -> Verdict {
        let Some(key) = self.0.get(&checkpoint.key) else { return Verdict::UnknownKey };
        let key = UnparsedPublicKey::new(&ED25519, &key.raw);
        match key.verify(&checkpoint.signed_bytes(), &checkpoint.signature) {
            Ok(()) => Verdict::Holds,
            Err(_) => Verdict::DoesNotHold,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A fresh private key in PEM.
    pub(crate) fn private_pem() -> String {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der = pair.to_pkcs8v1().unwrap();
        pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()))
    }

    fn draft() -> Draft {
        let at = chrono::DateTime::from_timestamp_micros(1_767_225_600_000_007).unwrap();
        Draft { number: 1, at, leaves: 1, root: [1; 32], previous: [0; 32] }
    }

    /// The private key of the example in RFC 8410, section 10.3, and the public key of section 10.1, which
    /// belong together.
    #[test]
    fn the_key_of_the_rfc_is_read_with_its_public_key() {
        let private = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
            -----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
            -----END PUBLIC KEY-----\n";
        let key = SigningKey::from_pem(private).unwrap();
        assert_eq!(key.public(), PublicKey::from_pem(public).unwrap());
        assert_eq!(key.public().to_pem(), public);
    }

    #[test]
    fn a_signature_holds_for_its_checkpoint_and_key_only() {
        let key = SigningKey::from_pem(&private_pem()).unwrap();
        let mut keys = PublicKeys::default();
        keys.add(key.public());
        let sealed = draft().sealed(key.seal(&draft()).unwrap());
        assert_eq!(keys.check(&sealed), Verdict::Holds);
        let other = Draft { number: 2, ..draft() };
        let moved = other.sealed(key.seal(&draft()).unwrap());
        assert_eq!(keys.check(&moved), Verdict::DoesNotHold);
        let stranger = SigningKey::from_pem(&private_pem()).unwrap();
        let forged = draft().sealed(stranger.seal(&draft()).unwrap());
        assert_eq!(keys.check(&forged), Verdict::UnknownKey);
        let seal = Seal { key: key.public().id(), ..stranger.seal(&draft()).unwrap() };
        assert_eq!(keys.check(&draft().sealed(seal)), Verdict::DoesNotHold);
    }

    #[test]
    fn a_key_of_another_kind_is_refused_and_none_is_printed() {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

        let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let der = elliptic.to_pkcs8v1().unwrap();
        let other = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
        for text in [&*other, "", "hunter2"] {
            assert_eq!(SigningKey::from_pem(text).unwrap_err(), InvalidKey::Private);
            assert_eq!(PublicKey::from_pem(text).unwrap_err(), InvalidKey::Public);
        }
        let text = private_pem();
        let secret = text.lines().nth(1).unwrap();
        assert!(!format!("{:?}", SigningKey::from_pem(&text).unwrap()).contains(&secret[20..]));
    }
}
