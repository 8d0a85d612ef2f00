//! Signatures.

use std::time::Instant;

use anyhow::anyhow;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};

use super::repeat;
use crate::load::Outcome;
use crate::options::Options;

/// A payload as the signed calls carry it.
const PAYLOAD: &[u8] = br#"{"ID":"100000000000001","status":"SUSPENDED","notes":"Testing Update"}"#;

pub(super) fn run(options: &Options) -> anyhow::Result<Outcome> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let pair = pair.map_err(|_| anyhow!("making a key failed"))?;
    let signature = pair.sign(&SystemRandom::new(), PAYLOAD);
    let signature = signature.map_err(|_| anyhow!("signing failed"))?;
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
    let key = key.map_err(|_| anyhow!("reading a key failed"))?;
    repeat(options.seconds, || {
        let begin = Instant::now();
        key.verify_sig(PAYLOAD, signature.as_ref()).map_err(|_| anyhow!("a signature is bad"))?;
        Ok((begin.elapsed(), 1))
    })
}
