//! One fixture for all formats; the cases are grouped by format.

use std::net::IpAddr;
use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::KeyPair as _;
use status_domain::adapter::{Credentials, Organisation};
use status_domain::ids::System;

use super::{Authenticator, Caller, Rejected};
use crate::clock;
use crate::config::Config;
use crate::config::values::Sha256Hash;

mod capillary;
mod netxd;
mod persons;
mod plain;

/// An RSA key in PEM, made once: making one takes a while.
struct RsaKey {
    private: String,
    public: String,
}

impl RsaKey {
    fn make() -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let text = |tag: &str, der: &[u8]| pem::encode(&pem::Pem::new(tag, der));
        Self {
            private: text("PRIVATE KEY", private.as_ref()),
            public: text("PUBLIC KEY", public.as_ref()),
        }
    }
}

/// Signs access tokens.
static OAUTH_KEY: LazyLock<RsaKey> = LazyLock::new(RsaKey::make);

/// Signs persons' tokens of organisation 70420.
static USERS_KEY: LazyLock<RsaKey> = LazyLock::new(RsaKey::make);

/// Signs persons' tokens of organisation 70421.
static OTHER_USERS_KEY: LazyLock<RsaKey> = LazyLock::new(RsaKey::make);

/// The public key of the vector in `netxd`.
const NETXD_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3I9hVa9q3jBQYyrsd/LcGwsOUxyY\n\
    DTIz3P9E8fu64Xo2OThH636XG0FaH01DmdDDosKPQtD985vEGBxQYpm8Ng==\n\
    -----END PUBLIC KEY-----\n";

const CREDENTIAL: &str = "Basic b3BzQGV4YW1wbGViYW5rLnRlc3Q6MDEyMzQ1Njc4OWFiY2RlZg==";
const API_KEY: &str = "0123456789abcdef";
const NI_SECRET: &str = "ni-client-secret";
const OAUTH_SECRET: &str = "oauth-client-secret";
const N4N_KEY: &str = "00112233445566778899aabbccddeeff";
const PASSWORD_MD5: &str = "52f05e21ccf703bc95476e8ea5b5a442";

/// Two organisations that know the same till with different passwords, and clients of the other formats.
fn config() -> Config {
    Config::read(&config_text(), []).unwrap()
}

fn config_text() -> String {
    let hash = |secret: &str| Sha256Hash::of(secret.as_bytes()).to_hex();
    format!(
        r#"
        [store]
        url = "sqlite:unused.db"

        [[netxd.clients]]
        name = "core"
        key_id = "700431"
        public_key = """{NETXD_PUBLIC_KEY}"""
        credential_sha256 = "{credential}"
        api_key_sha256 = "{api_key}"

        [[netxd.clients]]
        name = "keyless"
        key_id = "700432"
        public_key = """{NETXD_PUBLIC_KEY}"""
        credential_sha256 = "{credential}"

        [way4]
        token_secret = "thirty-two bytes of token secret"
        [[way4.clients]]
        name = "ssp"
        client_id = "gw-demo"
        client_secret_sha256 = "{ni_secret}"
        bank_ids = ["NIC"]
        answer_when = "recorded"

        [capillary.oauth]
        signing_key = """{oauth_key}"""

        {first_org}
        {second_org}

        [[n4n.clients]]
        name = "platform"
        tenant = "retail"
        username = "gw_ops"
        key_sha256 = "{n4n_key}"
        addresses = ["192.0.2.0/24", "::1"]
        "#,
        credential = hash(CREDENTIAL),
        api_key = hash(API_KEY),
        ni_secret = hash(NI_SECRET),
        oauth_key = OAUTH_KEY.private,
        first_org = org_text(70420, &hash(PASSWORD_MD5), &USERS_KEY.public),
        second_org = org_text(70421, &hash("another password"), &OTHER_USERS_KEY.public),
        n4n_key = hash(N4N_KEY),
    )
}

fn org_text(id: u64, password: &str, users_key: &str) -> String {
    let secret = Sha256Hash::of(OAUTH_SECRET.as_bytes()).to_hex();
    format!(
        r#"
        [[capillary.orgs]]
        org_id = {id}
        tenant = "tenant-{id}"
        accepted_origins = ["https://eu.api.capillarytech.com"]
        labels = {{ Active = "ACTIVE" }}
        label_for = {{ ACTIVE = "Active" }}
        [[capillary.orgs.tills]]
        till = "till.demo"
        password_md5_sha256 = "{password}"
        person_id = "till-person"
        person_number = 7
        roles = ["maker"]
        [[capillary.orgs.oauth_clients]]
        key = "key-{id}"
        secret_sha256 = "{secret}"
        number = 12
        name = "Connector"
        roles = ["maker"]
        [[capillary.orgs.user_issuers]]
        issuer = "https://id.bank.example"
        audience = "gateway"
        algorithm = "RS256"
        public_key = """{users_key}"""
        "#
    )
}

static AUTHENTICATOR: LazyLock<Authenticator> =
    LazyLock::new(|| Authenticator::new(&config()).unwrap());

fn authenticate(format: &'static str, credentials: &Credentials) -> Result<Caller, Rejected> {
    authenticate_from(format, credentials, "192.0.2.1")
}

fn authenticate_from(
    format: &'static str,
    credentials: &Credentials,
    peer: &str,
) -> Result<Caller, Rejected> {
    let peer: IpAddr = peer.parse().unwrap();
    AUTHENTICATOR.authenticate(&System::new(format), credentials, peer, clock::now())
}

/// Asserts that a caller is told nothing but that it is not let in, and the log why.
#[track_caller]
fn assert_rejected<T: std::fmt::Debug>(result: Result<T, Rejected>, log_reason: &str) {
    let rejected = result.unwrap_err();
    assert_eq!(rejected.to_string(), "the credentials were not accepted");
    assert_eq!(format!("{rejected:?}"), "Rejected");
    assert_eq!(rejected.log_reason, log_reason);
}

fn organisation(org: &str) -> Organisation {
    Organisation { org: Some(org.into()), basic: None, client_token: None, user_token: None }
}

#[test]
fn the_fixture_is_a_configuration_without_faults() {
    let mut found = config().check();
    // It is about callers and leaves the history's key out.
    found.retain(|one| one.key != "audit.signing_key");
    assert_eq!(found, []);
}

#[test]
fn credentials_of_another_format_are_rejected() {
    let token = Credentials::Bearer("token".into());
    for format in ["netxd", "capillary", "n4n"] {
        assert_rejected(authenticate(format, &token), "credentials of another format");
    }
    assert_rejected(authenticate("way5", &token), "unknown format");
    assert_rejected(authenticate("way4", &Credentials::Missing), "no credentials");
}

#[test]
fn nothing_secret_is_printed_with_configuration_or_authenticator() {
    let text = config_text();
    let printed = format!("{:?} {:?}", config(), *AUTHENTICATOR);
    let key_line = OAUTH_KEY.private.lines().nth(1).unwrap();
    let token_secret = "thirty-two bytes of token secret";
    for secret in [key_line, token_secret, &Sha256Hash::of(N4N_KEY.as_bytes()).to_hex()] {
        assert!(text.contains(secret));
        assert!(!printed.contains(secret), "{secret}");
    }
}
