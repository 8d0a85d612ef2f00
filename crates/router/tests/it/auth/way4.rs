//! WAY4: a token of the gateway's own, and the institutions that its client may speak for.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::auth::all_alike;
use crate::refusal::{Expected, bench, header, received, refused, secrets_are_kept};
use crate::support::{Bench, CONTRACT, Setup, Way4Change};

const UNAUTHENTICATED: Expected<'_> =
    Expected { status: 401, code: "G401", says: r#""error_description":"not authenticated""# };

const FORBIDDEN: Expected<'_> =
    Expected { status: 403, code: "G403", says: "speaking for this institution is not permitted" };

fn message() -> Value {
    Way4Change { msg_id: "AUTH00000001", contract: CONTRACT, slot: "ACC2", value: "T" }.body()
}

/// The call with these values of `Authorization`.
fn with(bench: &Bench, authorization: &[&str]) -> RequestBuilder {
    let path = "/AccountServices/Transaction/V2/AccountStatusChange";
    let request = bench.calls.request(reqwest::Method::POST, path);
    let request = request.header("content-type", "application/json").body(message().to_string());
    authorization.iter().fold(request, |request, value| request.header("authorization", *value))
}

/// The key that the gateway signs its tokens with.
fn token_secret(bench: &Bench) -> String {
    let config = std::fs::read_to_string(bench.directory().join("serve.toml")).unwrap();
    let (_, rest) = config.split_once("token_secret = \"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn claims() -> Value {
    let now = router::clock::now().timestamp();
    json!({
        "iss": "statusgate", "aud": "statusgate-way4", "sub": "ssp",
        "iat": now, "exp": now + 600, "jti": "1",
    })
}

fn token(algorithm: Algorithm, claims: &Value, secret: &[u8]) -> String {
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

#[tokio::test]
async fn whatever_is_wrong_with_the_token_the_answer_is_the_same() {
    let bench = bench(Setup::new()).await;
    let secret = token_secret(&bench);
    let now = router::clock::now().timestamp();
    let made = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        token(Algorithm::HS256, &claims, secret.as_bytes())
    };
    let good = made(&|_| {});
    let (start, signature) = good.rsplit_once('.').unwrap();
    let (_, middle) = start.split_once('.').unwrap();
    let named_none = jsonwebtoken_none(middle);
    let tokens = [
        ("garbage", "QXCANARY".to_owned()),
        ("dots", "..".to_owned()),
        ("not signed", format!("{start}.")),
        ("algorithm none", format!("{named_none}.")),
        ("algorithm none with a signature", format!("{named_none}.{signature}")),
        ("another key", token(Algorithm::HS256, &claims(), b"another key of thirty-two bytes.")),
        ("another algorithm", token(Algorithm::HS512, &claims(), secret.as_bytes())),
        ("expired", made(&|claims| claims["exp"] = json!(now - 120))),
        ("never expires", made(&|claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("not valid yet", made(&|claims| claims["nbf"] = json!(now + 600))),
        ("another issuer", made(&|claims| claims["iss"] = json!("QXCANARY"))),
        ("another audience", made(&|claims| claims["aud"] = json!("statusgate"))),
        ("another client", made(&|claims| claims["sub"] = json!("QXCANARY"))),
        ("no client", made(&|claims| claims["sub"] = json!(""))),
        ("of another format", bench.calls.variable("CAPILLARY_MAKER_TOKEN").to_owned()),
        ("the client's secret", bench.calls.variable("NI_CLIENT_SECRET").to_owned()),
        ("very long", "x".repeat(9_000)),
    ];
    let mut requests: Vec<_> = tokens
        .iter()
        .map(|(name, token)| ((*name).to_owned(), with(&bench, &[&format!("Bearer {token}")])))
        .collect();
    let bearer = format!("Bearer {good}");
    let secret_pair = "Basic c3NwOlFYQ0FOQVJZ";
    let others: [&[&str]; 6] =
        [&[], &[""], &["Bearer"], &[&good], &[secret_pair], &[&bearer, &bearer]];
    requests.extend(others.map(|values| (format!("{values:?}"), with(&bench, values))));
    all_alike(&bench, requests, UNAUTHENTICATED).await;
    assert_eq!(received(&bench).await, 0);
    let answer = bench.calls.send(with(&bench, &[])).await.unwrap();
    assert_eq!(header(&answer, "www-authenticate"), Some("Bearer"));

    // None of them was refused for how it was made here.
    assert_eq!(bench.calls.send(with(&bench, &[&bearer])).await.unwrap().way4(), "S 000");
    let log = bench.log();
    assert!(!log.contains(&good) && !log.contains(&secret));
    secrets_are_kept(&bench).await;
}

/// Head and body of a token that says it needs no signature.
fn jsonwebtoken_none(body: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    format!("{}.{body}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
}

#[tokio::test]
async fn a_message_is_not_looked_at_before_its_sender_is_known() {
    let bench = bench(Setup::new()).await;
    let mut broken = message();
    broken["NISrvRequest"]["request_account_status_change"]["body"] = json!("QXCANARY");
    let request = with(&bench, &["Bearer QXCANARY"]).body(broken.to_string());
    refused(&bench, "both wrong", request, UNAUTHENTICATED).await;
}

#[tokio::test]
async fn a_client_speaks_only_for_its_own_institutions() {
    let secret = "quite another secret";
    let hash: String = Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    let client = format!(
        "[[way4.clients]]\nname = \"other\"\nclient_id = \"other\"\n\
         client_secret_sha256 = \"{hash}\"\nbank_ids = [\"ADCB\"]\n"
    );
    let banks = r#""362" = "NIC", "982" = "ADCB""#;
    let bench = bench(Setup::new().replacing(r#""362" = "NIC""#, banks).and(&client)).await;
    let ask = bench.calls.request(reqwest::Method::GET, "/v1/tokenkc/generate");
    let granted = bench.calls.send(ask.basic_auth("other", Some(secret))).await.unwrap();
    let others = format!("Bearer {}", granted.at("/access_token").as_str().unwrap());
    let own = format!("Bearer {}", bench.calls.way4_token().await);

    let bank = |bank: Value, fi_code: &str| {
        let mut message = message();
        let operation = &mut message["NISrvRequest"]["request_account_status_change"];
        operation["header"]["bank_id"] = bank;
        operation["body"]["status"]["type"] = json!(format!("BCC-ACC2-{fi_code}"));
        message.to_string()
    };
    let cases = [
        (&others, json!("NIC"), "362"),
        (&others, json!("NIC"), "982"),
        (&others, json!("nic"), "362"),
        (&own, json!("ADCB"), "982"),
        (&own, json!("ADCB"), "362"),
        (&own, json!("NIC,ADCB"), "362"),
        (&own, json!("*"), "362"),
    ];
    for (token, bank_id, fi_code) in cases {
        let name = format!("{bank_id} {fi_code}");
        let request = with(&bench, &[token]).body(bank(bank_id, fi_code));
        refused(&bench, &name, request, FORBIDDEN).await;
    }
    let request = with(&bench, &[&own]).body(bank(json!("NIC"), "982"));
    let expected = Expected { status: 200, code: "G006", says: "bank_id: does not agree" };
    refused(&bench, "the institution's code is another's", request, expected).await;
    let request = with(&bench, &[&own]).body(bank(json!("NIC"), "362"));
    assert_eq!(bench.calls.send(request).await.unwrap().way4(), "S 000");
    secrets_are_kept(&bench).await;
}
