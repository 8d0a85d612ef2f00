//! WAY4: a bearer token that the gateway's own token endpoint has made.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::jwt::Verifier;
use super::{Caller, IssuedToken, Rejected, rejected, secret, technical};
use crate::config::values::{FormatName, Sha256Hash};
use crate::config::way4::Way4Config;

/// Claims `iss` and `aud`: the gateway makes these tokens for itself.
const ISSUER: &str = "statusgate";
const AUDIENCE: &str = "statusgate-way4";

/// The OAuth clients.
pub(super) struct Clients {
    clients: HashMap<String, Client>,
    signing_key: EncodingKey,
    verifier: Verifier,
    lifetime_s: u64,
}

struct Client {
    secret: Sha256Hash,
    bank_ids: Vec<String>,
    caller: Caller,
}

impl Clients {
    /// `None` where no token could be made.
    pub(super) fn new(config: &Way4Config) -> Option<Self> {
        let secret = config.token_secret.as_ref()?.expose_secret().as_bytes();
        let client = |config: &crate::config::way4::Way4Client| Client {
            secret: config.client_secret_sha256,
            bank_ids: config.bank_ids.clone(),
            caller: technical(FormatName::Way4, &config.name, &config.tenant, config.answer_when),
        };
        let clients = config.clients.iter();
        let key = DecodingKey::from_secret(secret);
        Some(Self {
            clients: clients.map(|one| (one.client_id.clone(), client(one))).collect(),
            signing_key: EncodingKey::from_secret(secret),
            verifier: Verifier::new(Algorithm::HS256, key, ISSUER, AUDIENCE),
            lifetime_s: config.token_lifetime.as_secs(),
        })
    }

    pub(super) fn issue(
        &self,
        client_id: &str,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, Rejected> {
        let client = self.clients.get(client_id);
        if !secret::matches(secret, client.map(|client| &client.secret)) {
            return Err(rejected("client id or secret does not match"));
        }
        let issued_at = now.timestamp();
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": client_id,
            "iat": issued_at,
            "exp": issued_at.saturating_add_unsigned(self.lifetime_s),
            "jti": Uuid::now_v7().to_string(),
        });
        let header = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims, &self.signing_key)
            .map_err(|_| rejected("token could not be signed"))?;
        Ok(IssuedToken { token: token.into(), lifetime_s: self.lifetime_s })
    }

    pub(super) fn authenticate(&self, token: &SecretString) -> Result<Caller, Rejected> {
        let claims = self.verifier.verify(token.expose_secret()).map_err(rejected)?;
        let client = self.clients.get(claims.subject());
        client.map(|client| client.caller.clone()).ok_or(rejected("client is gone"))
    }

    pub(super) fn permits_bank(&self, client: &str, bank_id: &str) -> bool {
        self.clients.values().any(|one| {
            *one.caller.principal.client == *client
                && one.bank_ids.iter().any(|known| known == bank_id)
        })
    }
}
