//! Persons' tokens in Capillary's format.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use status_domain::adapter::{Credentials, Organisation};
use status_domain::principal::Role;

use super::{OTHER_USERS_KEY, RsaKey, USERS_KEY, assert_rejected, authenticate, organisation};
use crate::auth::{Caller, Rejected};
use crate::clock;

/// Claims of a maker of organisation 70420.
fn claims(change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
    let now = clock::now().timestamp();
    let claims = json!({
        "iss": "https://id.bank.example",
        "aud": "gateway",
        "sub": "u-1",
        "exp": now + 600,
        "user_id": 410_077,
        "user_name": "maker@bank.example",
        "org_id": 70420,
        "roles": ["CanMakeRequest"],
    });
    let mut claims = claims.as_object().unwrap().clone();
    change(&mut claims);
    claims
}

/// Such a token, signed with this key.
pub(super) fn token(key: &RsaKey, change: impl FnOnce(&mut Map<String, Value>)) -> SecretString {
    signed(&Header::new(Algorithm::RS256), &claims(change), key)
}

fn signed(header: &Header, claims: &Map<String, Value>, key: &RsaKey) -> SecretString {
    let key = EncodingKey::from_rsa_pem(key.private.as_bytes()).unwrap();
    jsonwebtoken::encode(header, claims, &key).unwrap().into()
}

fn present_to(org: &str, token: SecretString) -> Result<Caller, Rejected> {
    let given = Organisation { user_token: Some(token), ..organisation(org) };
    authenticate("capillary", &Credentials::Organisation(Box::new(given)))
}

fn present(token: SecretString) -> Result<Caller, Rejected> {
    present_to("70420", token)
}

#[test]
fn a_persons_token_tells_who_it_is_and_what_it_may_do() {
    let caller = present(token(&USERS_KEY, |_| {})).unwrap();
    let principal = caller.principal;
    assert_eq!(&*principal.client, "capillary-70420");
    assert_eq!(&*principal.tenant, "tenant-70420");
    assert_eq!(&*principal.person.id, "u-1");
    assert_eq!(principal.person.number, Some(410_077));
    assert_eq!(&*principal.person.name, "maker@bank.example");
    assert_eq!(principal.roles, [Role::Maker].into());
}

#[test]
fn roles_are_those_the_token_lists_and_no_others() {
    let roles = |listed: Value| {
        let token = token(&USERS_KEY, |claims| {
            claims.insert("roles".to_owned(), listed);
        });
        present(token).unwrap().principal.roles
    };
    let both = [Role::Maker, Role::Checker].into();
    assert_eq!(roles(json!(["CanCheckRequest"])), [Role::Checker].into());
    assert_eq!(roles(json!(["CanMakeRequest", "CanCheckRequest", "Admin"])), both);
    assert_eq!(roles(json!([])), [].into());
    assert_eq!(roles(json!("CanMakeRequest")), [].into());
    assert_eq!(roles(json!(["canmakerequest"])), [].into());
}

#[test]
fn a_token_without_number_and_name_names_its_subject() {
    let bare = token(&USERS_KEY, |claims| {
        claims.remove("user_id");
        claims.remove("user_name");
    });
    let person = present(bare).unwrap().principal.person;
    assert_eq!((person.number, &*person.name), (None, "u-1"));
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let header = Header::new(Algorithm::HS256);
    let pem = USERS_KEY.public.as_bytes();
    let der = pem::parse(pem).unwrap();
    for secret in [pem, der.contents()] {
        let key = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &claims(|_| {}), &key).unwrap();
        assert_rejected(present(token.into()), "token is signed by another algorithm");
    }
}

#[test]
fn an_unsigned_token_is_rejected() {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let body = part(&Value::Object(claims(|_| {})));
    for algorithm in ["none", "None", ""] {
        let header = part(&json!({ "alg": algorithm, "typ": "JWT" }));
        let token = format!("{header}.{body}.");
        assert_rejected(present(token.into()), "token cannot be read");
    }
}

#[test]
fn another_algorithm_of_the_same_key_is_rejected() {
    let token = signed(&Header::new(Algorithm::PS256), &claims(|_| {}), &USERS_KEY);
    assert_rejected(present(token), "token is signed by another algorithm");
}

#[test]
fn a_token_is_good_between_its_times_only() {
    let now = clock::now().timestamp();
    let with = |name: &str, value: Value| {
        let name = name.to_owned();
        present(token(&USERS_KEY, |claims| {
            claims.insert(name, value);
        }))
    };
    assert_rejected(with("exp", json!(now - 120)), "token has expired");
    assert_rejected(with("nbf", json!(now + 120)), "token is not valid yet");
    assert!(with("exp", json!(now - 10)).is_ok());
    assert!(with("nbf", json!(now + 10)).is_ok());
    assert_rejected(with("exp", json!("soon")), "token lacks a claim");
    assert_rejected(with("nbf", json!("soon")), "token cannot be read");
}

#[test]
fn issuer_audience_and_subject_must_be_there_and_right() {
    let with = |name: &str, value: Value| {
        let name = name.to_owned();
        present(token(&USERS_KEY, |claims| {
            claims.insert(name, value);
        }))
    };
    assert_rejected(with("iss", json!("https://id.other.example")), "token is of another issuer");
    let listed = json!(["https://id.bank.example", "https://id.other.example"]);
    assert_rejected(with("iss", listed), "token's issuer is not text");
    assert_rejected(with("aud", json!("payments")), "token is for somebody else");
    assert!(with("aud", json!(["payments", "gateway"])).is_ok());
    assert_rejected(with("sub", json!(" ")), "token's subject is empty");
    assert_rejected(with("sub", json!(5)), "token lacks a claim");
    for name in ["exp", "iss", "aud", "sub"] {
        let without = token(&USERS_KEY, |claims| {
            claims.remove(name);
        });
        assert_rejected(present(without), "token lacks a claim");
    }
}

#[test]
fn a_token_that_demands_extensions_is_rejected() {
    let crit = vec!["exp".to_owned()];
    let header = Header { crit: Some(crit), ..Header::new(Algorithm::RS256) };
    let token = signed(&header, &claims(|_| {}), &USERS_KEY);
    assert_rejected(present(token), "token demands extensions");
}

#[test]
fn a_token_is_of_no_use_in_another_organisation() {
    let with_org = |key: &RsaKey, org: Value| {
        token(key, |claims| {
            claims.insert("org_id".to_owned(), org);
        })
    };
    // Signed by this organisation's issuer for another one, and the other way round.
    let elsewhere = "token is of another organisation";
    assert_rejected(present(with_org(&USERS_KEY, json!(70421))), elsewhere);
    let unsigned = "token's signature does not hold";
    assert_rejected(present(with_org(&OTHER_USERS_KEY, json!(70420))), unsigned);
    assert_rejected(present_to("70421", with_org(&USERS_KEY, json!(70421))), unsigned);
    assert!(present_to("70421", with_org(&OTHER_USERS_KEY, json!(70421))).is_ok());
    assert!(present(with_org(&USERS_KEY, json!("70420"))).is_ok());
    assert_rejected(present(with_org(&USERS_KEY, Value::Null)), elsewhere);
}
