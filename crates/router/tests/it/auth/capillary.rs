//! Capillary: an organisation, a till's password and a person's token, each of which must hold where
//! it is given.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::auth::all_alike;
use crate::refusal::{Expected, bench, received, refused, secrets_are_kept};
use crate::support::{Bench, MOBILE, Setup, capillary_request};

const UNAUTHENTICATED: Expected<'_> =
    Expected { status: 401, code: "2013", says: r#""message":"not authenticated""# };

const ORG: &str = "70420";
const OTHER_ORG: &str = "70421";

/// Somebody whose tokens a gateway takes.
struct Issuer {
    key: EcdsaKeyPair,
    name: &'static str,
}

impl Issuer {
    fn new(name: &'static str) -> Self {
        Self { key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(), name }
    }

    fn public_key(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.key.public_key().as_der().unwrap();
        let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", der.as_ref()), unix)
    }

    /// The section that makes it known to the organisation above it.
    fn section(&self) -> String {
        let (name, key) = (self.name, self.public_key());
        format!(
            "[[capillary.orgs.user_issuers]]\nissuer = \"{name}\"\naudience = \"statusgate\"\n\
             algorithm = \"ES256\"\npublic_key = \"\"\"\n{key}\"\"\"\n"
        )
    }

    fn claims(&self, org: &str) -> Value {
        let now = router::clock::now().timestamp();
        json!({
            "iss": self.name, "aud": "statusgate", "sub": "person-1", "user_id": 5,
            "user_name": "A Person", "org_id": org, "roles": ["CanMakeRequest"],
            "iat": now, "exp": now + 600,
        })
    }

    fn token(&self, claims: &Value) -> String {
        let der = self.key.to_pkcs8v1().unwrap();
        let key = EncodingKey::from_ec_der(der.as_ref());
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &key).unwrap()
    }
}

/// Two organisations, each with an issuer of its own.
struct Two {
    bench: Bench,
    issuer: Issuer,
    others: Issuer,
}

async fn two() -> Two {
    let (issuer, others) = (Issuer::new("https://id.bank.example"), Issuer::new("https://other"));
    let other_org = format!(
        "[[capillary.orgs]]\norg_id = {OTHER_ORG}\ntenant = \"other\"\n\
         accepted_origins = [\"https://eu.api.capillarytech.com\"]\n\
         labels = {{ Suspended = \"SUSPENDED\" }}\nlabel_for = {{ SUSPENDED = \"Suspended\" }}\n"
    );
    let setup = Setup::new().and(&issuer.section()).and(&other_org).and(&others.section());
    Two { bench: bench(setup).await, issuer, others }
}

/// The vendor's sample with exactly these headers beside its media type.
fn with(bench: &Bench, headers: &[(&str, &str)]) -> RequestBuilder {
    let path = "/api_gateway/v2/request-workflow/CUSTOMER-STATUS-CHANGE";
    let body = capillary_request(MOBILE, "Suspended").to_string();
    let request =
        bench.calls.request(Method::POST, path).header("content-type", "application/json");
    headers.iter().fold(request.body(body), |request, (name, value)| request.header(*name, *value))
}

fn by_token(bench: &Bench, org: &str, token: &str) -> RequestBuilder {
    with(bench, &[("x-cap-api-auth-org-id", org), ("x-cap-ui-auth-token", token)])
}

#[tokio::test]
async fn whatever_is_wrong_with_a_persons_token_the_answer_is_the_same() {
    let Two { bench, issuer, others } = two().await;
    let now = router::clock::now().timestamp();
    let made = |change: &dyn Fn(&mut Value)| {
        let mut claims = issuer.claims(ORG);
        change(&mut claims);
        issuer.token(&claims)
    };
    let good = made(&|_| {});
    let parts: Vec<&str> = good.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let public = issuer.public_key();
    let keyed_with_the_public_key = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &issuer.claims(ORG),
        &EncodingKey::from_secret(public.as_bytes()),
    );
    let extended =
        Header { jku: Some("http://127.0.0.1:9101/".into()), ..Header::new(Algorithm::ES256) };
    let strangers = Issuer::new(issuer.name);
    let stranger_key = EncodingKey::from_ec_der(strangers.key.to_pkcs8v1().unwrap().as_ref());
    let tokens = [
        ("garbage", "QXCANARY".to_owned()),
        ("algorithm none", format!("{none}.{}.", parts[1])),
        ("algorithm none, signed", format!("{none}.{}.{}", parts[1], parts[2])),
        ("not signed", format!("{}.{}.", parts[0], parts[1])),
        ("keyed with the public key", keyed_with_the_public_key.unwrap()),
        ("a stranger's key", strangers.token(&strangers.claims(ORG))),
        (
            "a stranger's key and where to find it",
            jsonwebtoken::encode(&extended, &issuer.claims(ORG), &stranger_key).unwrap(),
        ),
        ("another audience", made(&|claims| claims["aud"] = json!("QXCANARY"))),
        ("no audience", made(&|claims| drop(claims.as_object_mut().unwrap().remove("aud")))),
        ("another issuer", made(&|claims| claims["iss"] = json!("https://QXCANARY"))),
        ("expired", made(&|claims| claims["exp"] = json!(now - 120))),
        ("never expires", made(&|claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("not valid yet", made(&|claims| claims["nbf"] = json!(now + 600))),
        ("nobody", made(&|claims| claims["sub"] = json!(" "))),
        ("of another organisation", made(&|claims| claims["org_id"] = json!(OTHER_ORG))),
        (
            "of no organisation",
            made(&|claims| drop(claims.as_object_mut().unwrap().remove("org_id"))),
        ),
        ("of the other organisation's issuer", others.token(&others.claims(ORG))),
        ("of a token endpoint", bench.calls.way4_token().await.to_owned()),
        ("very long", "x".repeat(9_000)),
    ];
    let mut requests: Vec<_> = tokens
        .iter()
        .map(|(name, token)| ((*name).to_owned(), by_token(&bench, ORG, token)))
        .collect();
    requests.push(("of A in B".into(), by_token(&bench, OTHER_ORG, &good)));
    let of_b = others.token(&others.claims(OTHER_ORG));
    requests.push(("of B in A".into(), by_token(&bench, ORG, &of_b)));
    for org in ["", "0", "70422", "QXCANARY", "70420x", "+70420", "99999999999999999999", "7e4"] {
        requests.push((format!("organisation {org}"), by_token(&bench, org, &good)));
    }
    all_alike(&bench, requests, UNAUTHENTICATED).await;
    assert_eq!(received(&bench).await, 0);

    // None of them was refused for how it was made here.
    for (org, token) in [(ORG, &good), (OTHER_ORG, &of_b)] {
        let answer = bench.calls.send(by_token(&bench, org, token)).await.unwrap();
        assert_eq!(answer.state(), "AdminTask", "{org} {answer:?}");
    }
    let log = bench.log();
    assert!(!log.contains(&good) && !log.contains(&of_b));
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn every_proof_that_is_given_must_hold() {
    let bench = bench(Setup::new()).await;
    let token = bench.calls.variable("CAPILLARY_MAKER_TOKEN");
    let basic = format!("Basic {}", bench.calls.variable("CAPILLARY_MAKER_BASIC"));
    let wrong = format!("Basic {}", STANDARD.encode("maker.till:QXCANARY"));
    let unknown = format!("Basic {}", STANDARD.encode("QXCANARY:QXCANARY"));
    let (org, person, till) = ("x-cap-api-auth-org-id", "x-cap-ui-auth-token", "authorization");
    let client = "x-cap-api-oauth-token";
    let cases: [&[(&str, &str)]; 16] = [
        &[],
        &[(org, ORG)],
        &[(person, token)],
        &[(till, &basic)],
        &[(org, ORG), (till, &wrong)],
        &[(org, ORG), (till, &unknown)],
        &[(org, ORG), (till, "Basic QXCANARY")],
        &[(org, ORG), (till, &basic["Basic ".len()..])],
        &[(org, OTHER_ORG), (till, &basic)],
        &[(org, ORG), (person, token), (till, &wrong)],
        &[(org, ORG), (person, token), (till, "Bearer QXCANARY")],
        &[(org, ORG), (person, "QXCANARY"), (till, &basic)],
        &[(org, ORG), (person, token), (person, token)],
        &[(org, ORG), (org, ORG), (person, token)],
        &[(org, ORG), (org, OTHER_ORG), (person, token)],
        &[(org, ORG), (person, token), (client, "QXCANARY")],
    ];
    let requests = cases.map(|headers| {
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        (names.join(", "), with(&bench, headers))
    });
    all_alike(&bench, requests, UNAUTHENTICATED).await;
    // The vendor's own sample sends an empty token beside the till's password.
    let sample = with(&bench, &[(org, ORG), (person, ""), (till, &basic)]);
    assert_eq!(bench.calls.send(sample).await.unwrap().state(), "AdminTask");
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_person_without_the_permission_is_known_and_refused() {
    let Two { bench, issuer, .. } = two().await;
    let forbidden = Expected { status: 403, code: "2001", says: "is not permitted" };
    for roles in [json!([]), json!(["CanCheckRequest"]), json!("CanMakeRequest"), json!({})] {
        let mut claims = issuer.claims(ORG);
        claims["roles"] = roles.clone();
        let request = by_token(&bench, ORG, &issuer.token(&claims));
        refused(&bench, &format!("making as {roles}"), request, forbidden).await;
    }
    let id = bench.calls.capillary_ask("Suspended").await.request_id();
    let answer = bench.calls.capillary_decide(&bench.calls.maker(), &id, "approved").await;
    assert_eq!((answer.status, answer.at("/errors/0/code")), (403, json!(2001)));
    assert_eq!(received(&bench).await, 0);
    let shown = bench.calls.capillary_show(&bench.calls.maker(), &id).await;
    assert_eq!(shown.state(), "AdminTask");
}

#[tokio::test]
async fn an_organisation_sees_nothing_of_another() {
    let Two { bench, others, .. } = two().await;
    let id = bench.calls.capillary_ask("Suspended").await.request_id();
    let mut claims = others.claims(OTHER_ORG);
    claims["roles"] = json!(["CanMakeRequest", "CanCheckRequest"]);
    let token = others.token(&claims);
    let by = |method: Method, path: &str| {
        let path = format!("/api_gateway/v2/request-workflow{path}");
        let request = bench.calls.request(method, &path).header("content-type", "application/json");
        request.header("x-cap-api-auth-org-id", OTHER_ORG).header("x-cap-ui-auth-token", &token)
    };
    let nothing = Expected { status: 404, code: "2007", says: "there is no such request" };
    refused(&bench, "show", by(Method::GET, &format!("/requests/{id}")), nothing).await;
    let decision = json!({
        "requestId": id, "actionName": "AdminTask",
        "payload": { "AdminTask-Payload": { "actionDecision": "approved", "actionMessage": "" } },
    });
    let decide = by(Method::PUT, "/CUSTOMER-STATUS-CHANGE").body(decision.to_string());
    refused(&bench, "decide", decide, nothing).await;
    let list = bench.calls.send(by(Method::GET, "/requests")).await.unwrap();
    assert_eq!(list.at("/pagination/totalElements"), 0);
    assert_eq!(received(&bench).await, 0);
}
