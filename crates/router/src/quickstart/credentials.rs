//! The development credentials: made once, then kept.

use std::io;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Days, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{CREDENTIALS_FILE, PrepareError, files};

/// The client's private key for NetXD, in the data directory.
pub(super) const CLIENT_KEY_FILE: &str = "quickstart.netxd-client.pem";

/// The gateway's private key for the ledger, in the data directory.
pub(super) const GATEWAY_KEY_FILE: &str = "quickstart.netxd-gateway.pem";

/// The key that signs checkpoints, in the data directory.
pub(super) const AUDIT_KEY_FILE: &str = "quickstart.audit.pem";

/// The organisation that calls, and is called, in Capillary's format.
pub(super) const ORG_ID: u32 = 70_420;

/// Claims `iss` and `aud` of persons' tokens.
pub(super) const USER_ISSUER: &str = "statusgate-quickstart";
pub(super) const USER_AUDIENCE: &str = "statusgate";

/// How long persons' tokens are good for.
const USER_TOKEN_DAYS: Days = Days::new(365);

/// Version of the file. Another one is refused.
const VERSION: u32 = 1;

/// All credentials. Those of clients are never those of the gateway itself.
///
/// Not `Debug`: everything in it is secret.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    version: u32,
    pub(super) netxd_client: NetxdAccount,
    pub(super) netxd_gateway: NetxdAccount,
    pub(super) ni_client: Pair,
    pub(super) ni_gateway: Pair,
    pub(super) ni_token_secret: String,
    pub(super) users_public_key: String,
    pub(super) maker: User,
    pub(super) checker: User,
    pub(super) capillary_gateway: Till,
    pub(super) n4n_client: Pair,
    pub(super) n4n_gateway: Pair,
}

/// An account in NetXD's format. Its private key is in a file of its own.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetxdAccount {
    pub(super) key_id: String,
    pub(super) username: String,
    pub(super) api_key: String,
    pub(super) public_key: String,
}

/// A name and what proves it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) secret: String,
}

/// A till of the organisation.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Till {
    pub(super) code: String,
    pub(super) password_md5: String,
}

/// A person of the organisation, with a token and a till.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) token: String,
    pub(super) till: Till,
}

impl NetxdAccount {
    /// User name and key, as they stand behind `Basic ` before base64.
    pub(super) fn username_and_key(&self) -> String {
        format!("{}:{}", self.username, self.api_key)
    }

    /// The whole credential as it is sent.
    pub(super) fn credential(&self) -> String {
        format!("Basic {}", STANDARD.encode(self.username_and_key()))
    }
}

impl Till {
    /// What follows `Basic ` in the header `Authorization`.
    pub(super) fn basic(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.code, self.password_md5))
    }
}

/// The credentials in the directory; fresh ones where there are none.
pub(super) fn keep_or_make(
    directory: &Path,
    now: DateTime<Utc>,
) -> Result<Credentials, PrepareError> {
    let path = directory.join(CREDENTIALS_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(directory, now),
        Err(source) => return Err(PrepareError::Read { path, source }),
    };
    // The parser's own message would quote the file.
    match serde_json::from_str::<Credentials>(&text) {
        Ok(credentials) if credentials.version == VERSION => Ok(credentials),
        Ok(_) | Err(_) => Err(PrepareError::Damaged { path }),
    }
}

/// Makes the key that signs checkpoints, unless there is one. Apart from the other credentials: a directory
/// of a time before there were checkpoints has those and lacks this.
pub(super) fn keep_or_make_audit_key(directory: &Path) -> Result<(), PrepareError> {
    let path = directory.join(AUDIT_KEY_FILE);
    match std::fs::exists(&path) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(source) => return Err(PrepareError::Read { path, source }),
    }
    let no_randomness = |_| PrepareError::NoRandomness;
    let pair = Ed25519KeyPair::generate().map_err(no_randomness)?;
    let private = pair.to_pkcs8v1().map_err(no_randomness)?;
    files::write_private(&path, &pem_text("PRIVATE KEY", private.as_ref()))
}

fn make(directory: &Path, now: DateTime<Utc>) -> Result<Credentials, PrepareError> {
    let client_key = KeyTexts::make()?;
    let gateway_key = KeyTexts::make()?;
    // Signs two tokens and is forgotten.
    let users_key = KeyTexts::make()?;
    let credentials = Credentials {
        version: VERSION,
        netxd_client: netxd_account("channel@quickstart.example", &client_key)?,
        netxd_gateway: netxd_account("gateway@quickstart.example", &gateway_key)?,
        ni_client: pair("ssp", 16)?,
        ni_gateway: pair("statusgate", 16)?,
        ni_token_secret: random_hex(32)?,
        maker: user("maker", 410_077, "CanMakeRequest", &users_key, now)?,
        checker: user("checker", 410_078, "CanCheckRequest", &users_key, now)?,
        users_public_key: users_key.public,
        capillary_gateway: till("statusgate.till")?,
        n4n_client: pair("n4n_channel", 16)?,
        n4n_gateway: pair("n4n_statusgate", 16)?,
    };
    files::write_private(&directory.join(CLIENT_KEY_FILE), &client_key.private)?;
    files::write_private(&directory.join(GATEWAY_KEY_FILE), &gateway_key.private)?;
    let text = serde_json::to_string_pretty(&credentials);
    // Last: it says that all of the rest is there.
    let path = directory.join(CREDENTIALS_FILE);
    files::write_private(&path, &text.map_err(|_| PrepareError::NoRandomness)?)?;
    Ok(credentials)
}

fn netxd_account(username: &str, key: &KeyTexts) -> Result<NetxdAccount, PrepareError> {
    let mut bytes = [0; 4];
    rand::fill(&mut bytes).map_err(|_| PrepareError::NoRandomness)?;
    Ok(NetxdAccount {
        key_id: (100_000 + u32::from_be_bytes(bytes) % 900_000).to_string(),
        username: username.to_owned(),
        api_key: random_hex(16)?,
        public_key: key.public.clone(),
    })
}

fn pair(name: &str, secret_bytes: usize) -> Result<Pair, PrepareError> {
    Ok(Pair { name: name.to_owned(), secret: random_hex(secret_bytes)? })
}

fn till(code: &str) -> Result<Till, PrepareError> {
    // The vendor's scheme: the MD5 of a password takes the place of the password.
    let digest = Md5::digest(random_hex(16)?);
    Ok(Till { code: code.to_owned(), password_md5: hex(&digest) })
}

fn user(
    id: &str,
    number: i64,
    role: &str,
    key: &KeyTexts,
    now: DateTime<Utc>,
) -> Result<User, PrepareError> {
    let name = format!("{id}@quickstart.example");
    let claims = json!({
        "iss": USER_ISSUER,
        "aud": USER_AUDIENCE,
        "sub": id,
        "user_id": number,
        "user_name": name,
        "org_id": ORG_ID,
        "roles": [role],
        "iat": now.timestamp(),
        "exp": now.checked_add_days(USER_TOKEN_DAYS).unwrap_or(now).timestamp(),
        "jti": Uuid::now_v7().to_string(),
    });
    let signing_key = EncodingKey::from_ec_pem(key.private.as_bytes());
    let token = signing_key
        .and_then(|key| jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key))
        .map_err(|_| PrepareError::NoRandomness)?;
    let till = till(&format!("{id}.till"))?;
    Ok(User { id: id.to_owned(), number, name, token, till })
}

/// A fresh P-256 key.
struct KeyTexts {
    /// PKCS#8 in PEM.
    private: String,
    /// SPKI in PEM.
    public: String,
}

impl KeyTexts {
    fn make() -> Result<Self, PrepareError> {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let no_randomness = |_| PrepareError::NoRandomness;
        let pair = EcdsaKeyPair::generate(algorithm).map_err(no_randomness)?;
        let private = pair.to_pkcs8v1().map_err(no_randomness)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(no_randomness)?;
        Ok(Self {
            private: pem_text("PRIVATE KEY", private.as_ref()),
            public: pem_text("PUBLIC KEY", public.as_ref()),
        })
    }
}

fn pem_text(tag: &str, der: &[u8]) -> String {
    let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, der), unix)
}

/// So many random bytes in lower-case hexadecimal digits.
fn random_hex(count: usize) -> Result<String, PrepareError> {
    let mut bytes = vec![0; count];
    rand::fill(&mut bytes).map_err(|_| PrepareError::NoRandomness)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
