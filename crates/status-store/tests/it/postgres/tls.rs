//! Who is at the other end.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use pem::Pem;
use secrecy::SecretString;
use status_store::postgres::{PostgresStore, Settings};
use status_store::store::{Store as _, StoreError};
use status_testkit::postgres::Cluster;

use super::{cluster, database, raw, unavailable};

/// One element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut element = match content.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    element.extend(content);
    element
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;

/// A certificate for 127.0.0.1 that its own key made, and the key, both in PEM.
///
/// # Source
///
/// RFC 5280, section 4.1.
fn certificate(name: &str) -> (String, String) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let key = pair.to_pkcs8v1().unwrap();
    let public = pair.public_key().as_der().unwrap();
    let ecdsa_with_sha256 = der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]]);
    let algorithm = der(SEQUENCE, &[&ecdsa_with_sha256]);
    let common_name = der(0x06, &[&[0x55, 0x04, 0x03]]);
    let common_name = der(SEQUENCE, &[&common_name, &der(0x0c, &[name.as_bytes()])]);
    let name = der(SEQUENCE, &[&der(SET, &[&common_name])]);
    let utc = |time: &str| der(0x17, &[time.as_bytes()]);
    let validity = der(SEQUENCE, &[&utc("250101000000Z"), &utc("491231235959Z")]);
    let address = der(SEQUENCE, &[&der(0x87, &[&[127, 0, 0, 1]])]);
    let alternative = der(0x06, &[&[0x55, 0x1d, 0x11]]);
    let alternative = der(SEQUENCE, &[&alternative, &der(OCTETS, &[&address])]);
    let extensions = der(0xa3, &[&der(SEQUENCE, &[&alternative])]);
    let version = der(0xa0, &[&[0x02, 0x01, 0x02]]);
    let content = der(
        SEQUENCE,
        &[
            &version,
            &[0x02, 0x01, 0x01],
            &algorithm,
            &name,
            &validity,
            &name,
            public.as_ref(),
            &extensions,
        ],
    );
    let signature = pair.sign(&SystemRandom::new(), &content).unwrap();
    let signature = der(0x03, &[&[0], signature.as_ref()]);
    let whole = der(SEQUENCE, &[&content, &algorithm, &signature]);
    let key = Pem::new("PRIVATE KEY", key.as_ref());
    (pem::encode(&Pem::new("CERTIFICATE", whole)), pem::encode(&key))
}

/// A server with such a certificate.
async fn secured() -> (Cluster, String) {
    let cluster = Cluster::start().unwrap();
    let (certificate, key) = certificate("server");
    cluster.write_file("server.crt", &certificate);
    cluster.write_file("server.key", &key);
    let admin = raw(&cluster.url("postgres")).await;
    admin.client.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    admin.client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    cluster.create_database("secured");
    (cluster, certificate)
}

async fn connect(url: String) -> Result<PostgresStore, StoreError> {
    PostgresStore::connect(&SecretString::from(url), Settings::default()).await
}

#[tokio::test]
async fn the_server_is_verified_as_sslmode_says() {
    let (cluster, own) = secured().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let own = file("own.pem", &own);
    let other = file("other.pem", &certificate("server").0);
    let empty = file("empty.pem", "");
    let by_number = cluster.url("secured");
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let cases = [
        (&by_number, "disable", None, true),
        (&by_number, "prefer", None, true),
        (&by_number, "require", None, true),
        (&by_number, "require", Some(&other), false),
        (&by_number, "verify-ca", Some(&own), true),
        (&by_number, "verify-ca", Some(&other), false),
        (&by_number, "verify-full", Some(&own), true),
        (&by_number, "verify-full", Some(&other), false),
        (&by_number, "verify-full", Some(&empty), false),
        (&by_name, "verify-ca", Some(&own), true),
        (&by_name, "verify-full", Some(&own), false),
    ];
    let admin = raw(&cluster.url("secured")).await;
    for (number, (url, mode, root, is_taken)) in cases.into_iter().enumerate() {
        let root = root.map(|root| format!("&sslrootcert={root}")).unwrap_or_default();
        let name = format!("case-{number}");
        let result = connect(format!("{url}?sslmode={mode}{root}&application_name={name}")).await;
        if !is_taken {
            unavailable(&result);
            continue;
        }
        let store = result.unwrap();
        store.check().await.unwrap();
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
            WHERE application_name = $1 HAVING count(*) > 0";
        let encrypted = admin.client.query_one(encrypted, &[&name]).await.unwrap();
        assert_eq!(encrypted.get::<_, bool>(0), mode != "disable", "{mode}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_talked_to_where_it_is_required() {
    let url = cluster().url(&database().await);
    unavailable(&connect(format!("{url}?sslmode=require")).await);
    connect(format!("{url}?sslmode=prefer")).await.unwrap().check().await.unwrap();
}
