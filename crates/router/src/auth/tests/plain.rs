//! WAY4 and N4N.

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::Credentials;

use super::{
    AUTHENTICATOR, N4N_KEY, NI_SECRET, USERS_KEY, assert_rejected, authenticate, authenticate_from,
};
use crate::auth::{AnswerWhen, Authenticator};
use crate::clock;
use crate::config::Config;

fn ni_token() -> SecretString {
    AUTHENTICATOR.issue_ni_token("gw-demo", &NI_SECRET.into(), clock::now()).unwrap().token
}

#[test]
fn a_token_from_the_token_endpoint_names_its_client() {
    let issued = AUTHENTICATOR.issue_ni_token("gw-demo", &NI_SECRET.into(), clock::now()).unwrap();
    assert_eq!(issued.lifetime_s, 1800);
    let caller = authenticate("way4", &Credentials::Bearer(issued.token)).unwrap();
    assert_eq!(&*caller.principal.client, "ssp");
    assert_eq!(caller.answer_when, AnswerWhen::Recorded);
    assert!(AUTHENTICATOR.permits_bank(&caller.principal, "NIC"));
    assert!(!AUTHENTICATOR.permits_bank(&caller.principal, "NICX"));
}

#[test]
fn no_token_is_made_for_another_secret_or_client() {
    let issue = |id: &str, secret: &str| {
        AUTHENTICATOR
            .issue_ni_token(id, &secret.into(), clock::now())
            .map(|issued| issued.lifetime_s)
    };
    let why = "client id or secret does not match";
    assert_rejected(issue("gw-demo", "other"), why);
    assert_rejected(issue("other", NI_SECRET), why);
    assert_rejected(issue("", ""), why);
}

#[test]
fn a_token_that_has_expired_is_rejected() {
    let long_ago = clock::now() - TimeDelta::hours(1);
    let issued = AUTHENTICATOR.issue_ni_token("gw-demo", &NI_SECRET.into(), long_ago).unwrap();
    let result = authenticate("way4", &Credentials::Bearer(issued.token));
    assert_rejected(result, "token has expired");
}

#[test]
fn a_token_that_was_altered_or_is_none_is_rejected() {
    let token = ni_token();
    let (head, signature) = token.expose_secret().rsplit_once('.').unwrap();
    let flipped: String = signature.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    let result = authenticate("way4", &Credentials::Bearer(format!("{head}.{flipped}").into()));
    assert_rejected(result, "token's signature does not hold");
    for text in ["", "a.b", "a.b.c", "...."] {
        let result = authenticate("way4", &Credentials::Bearer(text.into()));
        assert_rejected(result, "token has no readable header");
    }
    let long = Credentials::Bearer("x".repeat(9000).into());
    assert_rejected(authenticate("way4", &long), "token is too long");
}

#[test]
fn a_token_outlives_neither_its_client_nor_the_signing_secret() {
    let text = super::config_text();
    let token = Credentials::Bearer(ni_token());
    let check = |text: &str| {
        let config = Config::read(text, []).unwrap();
        let authenticator = Authenticator::new(&config).unwrap();
        let peer = "192.0.2.1".parse().unwrap();
        let format = status_domain::ids::System::new("way4");
        authenticator.authenticate(&format, &token, peer, clock::now())
    };
    assert!(check(&text).is_ok());
    let renamed = text.replace("gw-demo", "gw-other");
    assert_rejected(check(&renamed), "client is gone");
    let rekeyed =
        text.replace("thirty-two bytes of token secret", "thirty-two other bytes in secret");
    assert_rejected(check(&rekeyed), "token's signature does not hold");
}

#[test]
fn a_persons_token_is_no_client_token() {
    let token = super::persons::token(&USERS_KEY, |_| {});
    let result = authenticate("way4", &Credentials::Bearer(token));
    assert_rejected(result, "token is signed by another algorithm");
}

fn pair(username: &str, key: &str) -> Credentials {
    Credentials::KeyPair { username: username.into(), key: key.into() }
}

#[test]
fn a_pair_from_a_listed_address_is_accepted() {
    for peer in ["192.0.2.77", "::ffff:192.0.2.1", "::1"] {
        let caller = authenticate_from("n4n", &pair("gw_ops", N4N_KEY), peer).unwrap();
        assert_eq!(&*caller.principal.client, "platform");
        assert_eq!(&*caller.principal.tenant, "retail");
    }
}

#[test]
fn a_pair_from_elsewhere_or_with_another_half_is_rejected() {
    let right = pair("gw_ops", N4N_KEY);
    assert_rejected(authenticate_from("n4n", &right, "192.0.3.1"), "address is not listed");
    let wrong_key = pair("gw_ops", "00112233445566778899aabbccddeefe");
    assert_rejected(authenticate("n4n", &wrong_key), "key does not match");
    let elsewhere = authenticate_from("n4n", &wrong_key, "192.0.3.1");
    assert_rejected(elsewhere, "address is not listed");
    assert_rejected(authenticate("n4n", &pair("GW_OPS", N4N_KEY)), "unknown user name");
}
