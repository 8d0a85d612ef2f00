//! NetXD: a key id, a shared credential, and a signature over the payload.
//!
//! # Source
//!
//! NetXD, *Digital Signature*: ECDSA on P-256 with SHA-256 over `params.payload`, ASN.1 DER in base64.

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use status_domain::adapter::SignedPayload;

use super::{Caller, Rejected, rejected, secret, technical};
use crate::config::Finding;
use crate::config::netxd::{NetxdClient, NetxdConfig};
use crate::config::values::{FormatName, Sha256Hash};

/// The registered keys.
pub(super) struct Keys {
    clients: HashMap<String, Client>,
    /// A public key that nobody can sign for, checked in place of an unknown one.
    nobodys: ParsedPublicKey,
}

struct Client {
    public_key: ParsedPublicKey,
    credential: Sha256Hash,
    api_key: Option<Sha256Hash>,
    caller: Caller,
}

impl Keys {
    pub(super) fn new(config: Option<&NetxdConfig>) -> Result<Self, Finding> {
        let mut clients = HashMap::new();
        for (index, client) in config.iter().flat_map(|config| &config.clients).enumerate() {
            let key = format!("netxd.clients[{index}].public_key");
            clients.insert(client.key_id.clone(), Client::new(&key, client)?);
        }
        let nobodys = throwaway_key().ok_or_else(|| {
            Finding::error("netxd", "the system has no random numbers to make a key from")
        })?;
        Ok(Self { clients, nobodys })
    }

    pub(super) fn authenticate(&self, signed: &SignedPayload) -> Result<Caller, Rejected> {
        let client = self.clients.get(&*signed.key_id);
        // Everything is checked before anything is judged, so that the time taken does not tell a known
        // key id, or a good credential, from another.
        let key = client.map_or(&self.nobodys, |client| &client.public_key);
        let is_signed = is_signed(key, signed);
        let has_credential =
            secret::matches(&signed.credential, client.map(|client| &client.credential));
        let has_api_key = signed.api_key.as_ref().is_none_or(|given| {
            secret::matches(given, client.and_then(|client| client.api_key.as_ref()))
        });
        let client = client.ok_or(rejected("unknown key id"))?;
        if !has_credential {
            return Err(rejected("credential does not match"));
        }
        if !has_api_key {
            return Err(rejected("api key does not match"));
        }
        if !is_signed {
            return Err(rejected("signature does not hold"));
        }
        Ok(client.caller.clone())
    }
}

impl Client {
    fn new(key: &str, config: &NetxdClient) -> Result<Self, Finding> {
        let text = config.public_key.as_deref();
        let text = text.ok_or_else(|| Finding::error(key, "is missing"))?;
        let public_key = pem::parse(text)
            .ok()
            .and_then(|pem| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pem.contents()).ok())
            .ok_or_else(|| Finding::error(key, "is no P-256 public key in PEM (SPKI)"))?;
        let (format, tenant) = (FormatName::Netxd, &config.tenant);
        Ok(Self {
            public_key,
            credential: config.credential_sha256,
            api_key: config.api_key_sha256,
            caller: technical(format, &config.name, tenant, config.answer_when),
        })
    }
}

fn is_signed(key: &ParsedPublicKey, signed: &SignedPayload) -> bool {
    let signature = STANDARD.decode(signed.signature.as_bytes()).unwrap_or_default();
    signed.signed.iter().any(|text| key.verify_sig(text, &signature).is_ok())
}

fn throwaway_key() -> Option<ParsedPublicKey> {
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref()).ok()?;
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref()).ok()
}
