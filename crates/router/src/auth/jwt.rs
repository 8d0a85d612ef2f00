//! Verifying JSON web tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// How far another clock may be off, in seconds.
const LEEWAY_S: u64 = 60;

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Checks tokens of one issuer, signed with one key by one algorithm. What a token says of its own
/// algorithm or key is compared, never followed.
pub(super) struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

/// The claims of a token that holds.
pub(super) struct Claims(Map<String, Value>);

impl Verifier {
    pub(super) fn new(
        algorithm: Algorithm,
        key: DecodingKey,
        issuer: &str,
        audience: &str,
    ) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self { key, validation }
    }

    /// The claims, or why the token does not hold.
    pub(super) fn verify(&self, token: &str) -> Result<Claims, &'static str> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err("token is too long");
        }
        if demands_extensions(token).ok_or("token has no readable header")? {
            return Err("token demands extensions");
        }
        let decoded =
            jsonwebtoken::decode::<Map<String, Value>>(token, &self.key, &self.validation);
        let claims = Claims(decoded.map_err(|error| reason(error.kind()))?.claims);
        // The library also takes a list of issuers, and an empty subject.
        if !claims.0.get("iss").is_some_and(Value::is_string) {
            return Err("token's issuer is not text");
        }
        if claims.subject().trim().is_empty() {
            return Err("token's subject is empty");
        }
        Ok(claims)
    }
}

impl Claims {
    pub(super) fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A number, also where it is written as text of digits only.
    pub(super) fn id(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        value.as_u64().or_else(|| value.as_str().filter(digits)?.parse().ok())
    }

    /// Whether a list has an entry.
    pub(super) fn lists(&self, name: &str, entry: &str) -> bool {
        let entries = self.0.get(name).and_then(Value::as_array);
        entries.is_some_and(|entries| entries.iter().any(|one| one == entry))
    }
}

/// Whether the header has `crit`: what it lists must be understood, and nothing is. `None` if the header
/// cannot be read.
fn demands_extensions(token: &str) -> Option<bool> {
    let (header, _) = token.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    Some(header.contains_key("crit"))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a library's error, not exhaustive; no decision hangs on it but a word in the log"
)]
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => "token's signature does not hold",
        ErrorKind::ExpiredSignature => "token has expired",
        ErrorKind::ImmatureSignature => "token is not valid yet",
        ErrorKind::InvalidIssuer => "token is of another issuer",
        ErrorKind::InvalidAudience => "token is for somebody else",
        ErrorKind::MissingRequiredClaim(_) => "token lacks a claim",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "token is signed by another algorithm"
        }
        _ => "token cannot be read",
    }
}
