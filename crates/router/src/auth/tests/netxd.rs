use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use status_domain::adapter::{Credentials, SignedPayload};
use status_domain::principal::Role;

use super::{API_KEY, CREDENTIAL, assert_rejected, authenticate};

/// A throwaway key's signature over [`PAYLOAD`], with a high `s`, as the vendor's signers make them.
const SIGNATURE: &str = "MEUCIB2r3s6ACJgEJcJ/qegTLxmjlzwTeHwla0PQHaBK7tjAAiEA++/AedrC+4RioFApQpi/\
                         9uWMs+K8v6Txvk33Y3YlnzQ=";
const PAYLOAD: &str =
    r#"{"ID":"200000000000417","status":"SUSPENDED","notes":"case 8841 & review"}"#;

fn signed(texts: &[&str]) -> SignedPayload {
    SignedPayload {
        key_id: "700431".into(),
        credential: CREDENTIAL.into(),
        api_key: None,
        signature: SIGNATURE.into(),
        signed: texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect(),
    }
}

fn credentials(change: impl FnOnce(&mut SignedPayload)) -> Credentials {
    let mut payload = signed(&[PAYLOAD]);
    change(&mut payload);
    Credentials::SignedPayload(Box::new(payload))
}

#[test]
fn a_signature_over_the_payload_is_accepted() {
    let caller = authenticate("netxd", &credentials(|_| {})).unwrap();
    assert_eq!(&*caller.principal.client, "core");
    assert_eq!(&*caller.principal.tenant, "default");
    assert_eq!(caller.principal.roles, [Role::Maker].into());
}

#[test]
fn a_signature_over_any_of_the_candidates_is_accepted() {
    let pretty = "{ \"ID\": 1 }";
    let raw_first = credentials(|one| *one = signed(&[PAYLOAD, pretty]));
    let compact_second = credentials(|one| *one = signed(&[pretty, PAYLOAD]));
    assert!(authenticate("netxd", &raw_first).is_ok());
    assert!(authenticate("netxd", &compact_second).is_ok());
}

#[test]
fn an_altered_payload_is_rejected() {
    let why = "signature does not hold";
    let escaped = PAYLOAD.replace('&', r"\u0026");
    let altered = PAYLOAD.replace("SUSPENDED", "ACTIVE");
    for text in [&*escaped, &altered, ""] {
        let credentials = credentials(|one| *one = signed(&[text]));
        assert_rejected(authenticate("netxd", &credentials), why);
    }
    assert_rejected(authenticate("netxd", &credentials(|one| one.signed.clear())), why);
}

#[test]
fn a_signature_of_another_key_or_none_at_all_is_rejected() {
    let why = "signature does not hold";
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let signature = other.sign(&SystemRandom::new(), PAYLOAD.as_bytes()).unwrap();
    for text in [STANDARD.encode(signature.as_ref()), String::new(), "no base64!".to_owned()] {
        let credentials = credentials(|one| one.signature = text.as_str().into());
        assert_rejected(authenticate("netxd", &credentials), why);
    }
}

#[test]
fn key_id_credential_and_api_key_must_all_be_right() {
    let unknown = credentials(|one| one.key_id = "1".into());
    assert_rejected(authenticate("netxd", &unknown), "unknown key id");
    let other = credentials(|one| one.credential = "Basic b3RoZXI6MQ==".into());
    assert_rejected(authenticate("netxd", &other), "credential does not match");
    let other = credentials(|one| one.api_key = Some("0123456789abcdee".into()));
    assert_rejected(authenticate("netxd", &other), "api key does not match");
    assert!(authenticate("netxd", &credentials(|one| one.api_key = Some(API_KEY.into()))).is_ok());
}

#[test]
fn a_client_without_a_configured_api_key_must_not_send_one() {
    let keyless = |api_key: Option<&str>| {
        let credentials = credentials(|one| {
            one.key_id = "700432".into();
            one.api_key = api_key.map(Into::into);
        });
        authenticate("netxd", &credentials)
    };
    assert!(keyless(None).is_ok());
    assert_rejected(keyless(Some("")), "api key does not match");
    assert_rejected(keyless(Some(API_KEY)), "api key does not match");
}
