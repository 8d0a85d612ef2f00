//! Capillary's format beside persons' tokens.

use chrono::TimeDelta;
use secrecy::SecretString;
use status_domain::adapter::{Credentials, Organisation};
use status_domain::principal::Role;

use super::{
    AUTHENTICATOR, OAUTH_SECRET, PASSWORD_MD5, USERS_KEY, assert_rejected, authenticate,
    organisation, persons,
};
use crate::auth::{Caller, Rejected};
use crate::clock;

fn present(given: Organisation) -> Result<Caller, Rejected> {
    authenticate("capillary", &Credentials::Organisation(Box::new(given)))
}

fn basic(org: &str, till: &str, password: &str) -> Organisation {
    Organisation { basic: Some((till.into(), password.into())), ..organisation(org) }
}

fn access_token(key: &str) -> SecretString {
    let issued = AUTHENTICATOR.issue_capillary_token(key, &OAUTH_SECRET.into(), clock::now());
    issued.unwrap().token
}

fn oauth(org: &str, token: SecretString) -> Organisation {
    Organisation { client_token: Some(token), ..organisation(org) }
}

#[test]
fn a_till_is_known_by_its_password() {
    let caller = present(basic("70420", "till.demo", PASSWORD_MD5)).unwrap();
    assert_eq!(&*caller.principal.person.id, "till-person");
    assert_eq!(caller.principal.person.number, Some(7));
    assert_eq!(&*caller.principal.person.name, "till.demo");
    assert_eq!(caller.principal.roles, [Role::Maker].into());
}

#[test]
fn a_till_with_another_password_or_in_another_organisation_is_rejected() {
    let why = "till or password does not match";
    assert_rejected(present(basic("70420", "till.demo", "another password")), why);
    assert_rejected(present(basic("70420", "till.other", PASSWORD_MD5)), why);
    assert_rejected(present(basic("70421", "till.demo", PASSWORD_MD5)), why);
    assert_rejected(present(basic("70999", "till.demo", PASSWORD_MD5)), why);
    assert!(present(basic("70421", "till.demo", "another password")).is_ok());
}

#[test]
fn an_access_token_names_its_client() {
    let issued =
        AUTHENTICATOR.issue_capillary_token("key-70420", &OAUTH_SECRET.into(), clock::now());
    let issued = issued.unwrap();
    assert_eq!(issued.lifetime_s, 300);
    let principal = present(oauth("70420", issued.token)).unwrap().principal;
    assert_eq!(&*principal.client, "capillary-70420");
    assert_eq!((&*principal.person.name, principal.person.number), ("Connector", Some(12)));
}

#[test]
fn an_access_token_is_of_no_use_in_another_organisation_or_later() {
    let elsewhere = present(oauth("70421", access_token("key-70420")));
    assert_rejected(elsewhere, "token is of another organisation");
    let long_ago = clock::now() - TimeDelta::minutes(10);
    let old =
        AUTHENTICATOR.issue_capillary_token("key-70420", &OAUTH_SECRET.into(), long_ago).unwrap();
    assert_rejected(present(oauth("70420", old.token)), "token has expired");
}

#[test]
fn no_access_token_is_made_for_another_key_or_secret() {
    let issue = |key: &str, secret: &str| {
        let issued = AUTHENTICATOR.issue_capillary_token(key, &secret.into(), clock::now());
        issued.map(|issued| issued.lifetime_s)
    };
    let why = "key or secret does not match";
    assert_rejected(issue("key-70420", "other"), why);
    assert_rejected(issue("key-0", OAUTH_SECRET), why);
}

#[test]
fn a_persons_token_is_no_access_token_and_the_other_way_round() {
    let person = persons::token(&USERS_KEY, |_| {});
    assert_rejected(present(oauth("70420", person)), "token's signature does not hold");
    let client = access_token("key-70420");
    let given = Organisation { user_token: Some(client), ..organisation("70420") };
    assert_rejected(present(given), "token's signature does not hold");
}

#[test]
fn the_person_stands_before_the_client_and_the_client_before_the_till() {
    let mut given = basic("70420", "till.demo", PASSWORD_MD5);
    given.client_token = Some(access_token("key-70420"));
    let caller = present(given).unwrap();
    assert_eq!(&*caller.principal.person.name, "Connector");

    let mut given = basic("70420", "till.demo", PASSWORD_MD5);
    given.user_token = Some(persons::token(&USERS_KEY, |_| {}));
    let caller = present(given).unwrap();
    assert_eq!(&*caller.principal.person.id, "u-1");
}

#[test]
fn one_bad_proof_beside_a_good_one_is_rejected() {
    let mut given = basic("70420", "till.demo", "wrong");
    given.user_token = Some(persons::token(&USERS_KEY, |_| {}));
    assert_rejected(present(given), "till or password does not match");

    let mut given = oauth("70420", access_token("key-70421"));
    given.user_token = Some(persons::token(&USERS_KEY, |_| {}));
    assert_rejected(present(given), "token is of another organisation");

    let mut given = basic("70420", "till.demo", PASSWORD_MD5);
    given.user_token = Some("no.token.here".into());
    assert_rejected(present(given), "token has no readable header");
}

#[test]
fn an_organisation_and_at_least_one_proof_are_needed() {
    assert_rejected(present(organisation("70420")), "no proof");
    let mut nameless = basic("70420", "till.demo", PASSWORD_MD5);
    nameless.org = None;
    assert_rejected(present(nameless), "no organisation");
    for org in ["", "+70420", "70420x", "-1", "99999999999999999999"] {
        let given = basic(org, "till.demo", PASSWORD_MD5);
        assert_rejected(present(given), "organisation is no number");
    }
    let unknown = oauth("70999", access_token("key-70420"));
    assert_rejected(present(unknown), "unknown organisation");
}
