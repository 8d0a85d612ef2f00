//! Settings of the tamper-evident history.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::Finding;
use super::values::seconds;
use crate::audit::keys::{PublicKey, PublicKeys, SigningKey};

/// How checkpoints are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Ed25519 private key that signs checkpoints, PKCS#8 in PEM. Without one there are no checkpoints.
    pub signing_key: Option<SecretString>,
    /// A file with it instead.
    pub signing_key_file: Option<PathBuf>,
    /// How often checkpoints are made, if there is anything new. In seconds, default 60.
    #[serde(rename = "checkpoint_every_s", deserialize_with = "seconds")]
    pub checkpoint_every: Duration,
    /// Public keys that earlier checkpoints were signed with, SPKI in PEM. The present one need not be
    /// among them.
    pub public_keys: Vec<String>,
    /// Files with such keys, besides.
    pub public_key_files: Vec<PathBuf>,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            signing_key: None,
            signing_key_file: None,
            checkpoint_every: Duration::from_secs(60),
            public_keys: Vec::new(),
            public_key_files: Vec::new(),
        }
    }
}

impl AuditConfig {
    /// The key that signs checkpoints; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be used.
    pub fn signing_key(&self) -> Result<Option<SigningKey>, Finding> {
        let Some(text) = &self.signing_key else { return Ok(None) };
        SigningKey::from_pem(text.expose_secret())
            .map(Some)
            .map_err(|error| Finding::error("audit.signing_key", &error.to_string()))
    }

    /// Every key that a checkpoint may be signed with.
    ///
    /// # Errors
    ///
    /// The first key that cannot be used.
    pub fn public_keys(&self) -> Result<PublicKeys, Finding> {
        let mut keys = PublicKeys::default();
        for (index, text) in self.public_keys.iter().enumerate() {
            let key = PublicKey::from_pem(text).map_err(|error| {
                Finding::error(&format!("audit.public_keys[{index}]"), &error.to_string())
            })?;
            keys.add(key);
        }
        if let Some(key) = self.signing_key()? {
            keys.add(key.public());
        }
        Ok(keys)
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.signing_key.is_none() {
            let message = "is not given: no checkpoints are made, and history that is written anew as \
                           a whole cannot be told from the true one";
            findings.push(Finding::warning("audit.signing_key", message));
        }
        findings.extend(self.public_keys().err());
    }
}
