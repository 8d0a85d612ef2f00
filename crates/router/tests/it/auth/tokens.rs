//! The two token endpoints.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::refusal::{bench, code_of, header, own_log_lines, received, secrets_are_kept};
use crate::support::{Answer, Bench, Setup};

const NI: &str = "/v1/tokenkc/generate";
const OAUTH: &str = "/v3/oauth/token/generate";
const FORM: &str = "application/x-www-form-urlencoded";

fn form(bench: &Bench, body: &str) -> RequestBuilder {
    bench.calls.request(Method::POST, NI).header("content-type", FORM).body(body.to_owned())
}

/// Sends a request, and checks that the log has one more line, without a canary.
async fn answered(bench: &Bench, request: RequestBuilder) -> Answer {
    let before = own_log_lines(bench).len();
    let answer = bench.calls.send(request).await.unwrap();
    let new = own_log_lines(bench).split_off(before);
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(!new[0].contains("QXCANARY"), "{new:?}");
    answer
}

#[tokio::test]
async fn network_internationals_tokens_are_given_by_both_verbs() {
    let bench = bench(Setup::new()).await;
    let id = bench.calls.variable("NI_CLIENT_ID");
    let secret = bench.calls.variable("NI_CLIENT_SECRET");
    let in_form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let requests = [
        form(&bench, &in_form),
        form(&bench, "grant_type=client_credentials").basic_auth(id, Some(secret)),
        bench.calls.request(Method::GET, NI).basic_auth(id, Some(secret)),
    ];
    for request in requests {
        let answer = answered(&bench, request).await;
        assert_eq!((answer.status, answer.at("/token_type")), (200, json!("Bearer")));
        assert_eq!(answer.at("/expires_in"), 1800);
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        let token = answer.at("/access_token").as_str().unwrap().to_owned();
        assert!(!bench.log().contains(&token));
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn network_internationals_tokens_are_not_given_to_others() {
    let bench = bench(Setup::new()).await;
    let id = bench.calls.variable("NI_CLIENT_ID");
    let secret = bench.calls.variable("NI_CLIENT_SECRET");
    let get = || bench.calls.request(Method::GET, NI);
    let good = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let unknown = "grant_type=client_credentials&client_id=QXCANARY&client_secret=QXCANARY";
    let wrong = format!("grant_type=client_credentials&client_id={id}&client_secret=QXCANARY");
    let rejected = [
        form(&bench, unknown),
        form(&bench, &wrong),
        form(&bench, "grant_type=client_credentials"),
        get(),
        get().basic_auth(id, Some("QXCANARY")),
        get().basic_auth("QXCANARY", Some(secret)),
        get().header("authorization", "Basic QXCANARY"),
        get().bearer_auth(bench.calls.way4_token().await),
    ];
    let mut alike = Vec::new();
    for request in rejected {
        let answer = answered(&bench, request).await;
        assert_eq!((answer.status, &*code_of(&answer)), (401, "invalid_client"));
        assert_eq!(header(&answer, "www-authenticate"), Some("Basic realm=\"token\""));
        alike.push(answer.body);
    }
    alike.dedup();
    assert_eq!(alike.len(), 1);

    let malformed = [
        (form(&bench, ""), 400, "invalid_request"),
        (form(&bench, &good["grant_type=client_credentials&".len()..]), 400, "invalid_request"),
        (form(&bench, &format!("{good}&client_id={id}")), 400, "invalid_request"),
        (form(&bench, &good).basic_auth(id, Some(secret)), 400, "invalid_request"),
        (
            form(&bench, &good.replace("client_credentials", "password")),
            400,
            "unsupported_grant_type",
        ),
        (form(&bench, &good).header("content-encoding", "gzip"), 415, "invalid_request"),
        (
            bench.calls.request(Method::POST, NI).json_text(&json!({ "client_id": id })),
            415,
            "invalid_request",
        ),
        (form(&bench, &format!("{good}&x={}", "x".repeat(64 * 1024))), 413, "invalid_request"),
        (bench.calls.request(Method::PUT, NI).body(good), 405, "invalid_request"),
    ];
    for (request, status, code) in malformed {
        let answer = answered(&bench, request).await;
        assert_eq!((answer.status, &*code_of(&answer)), (status, code));
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        let allow = (status == 405).then_some("GET, POST");
        assert_eq!(header(&answer, "allow"), allow);
    }
    assert_eq!(received(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

/// JSON as a body.
trait JsonText {
    fn json_text(self, value: &Value) -> Self;
}

impl JsonText for RequestBuilder {
    fn json_text(self, value: &Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }
}

/// A gateway that gives access tokens to a client of the quickstart's organisation.
async fn with_oauth() -> Bench {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let pem = pem::encode_config(&pem::Pem::new("PRIVATE KEY", der.as_ref()), unix);
    // Of "correct secret".
    let hash = "0df72713e19063618d00ea51787eaeacf672be410b2312c591e3196bc39bfe06";
    let sections = format!(
        "[[capillary.orgs.oauth_clients]]\nkey = \"connector\"\nsecret_sha256 = \"{hash}\"\n\
         number = 12\nname = \"Connector\"\nroles = [\"maker\"]\n\n\
         [capillary.oauth]\nsigning_key = \"\"\"\n{pem}\"\"\"\n"
    );
    bench(Setup::new().and(&sections)).await
}

#[tokio::test]
async fn capillarys_tokens_are_given_to_clients_only() {
    let bench = with_oauth().await;
    let post = |body: Value| bench.calls.request(Method::POST, OAUTH).json_text(&body);
    let rejected = [
        json!({ "key": "connector", "secret": "QXCANARY" }),
        json!({ "key": "QXCANARY", "secret": "correct secret" }),
        json!({ "key": "CONNECTOR", "secret": "correct secret" }),
    ];
    let mut alike = Vec::new();
    for body in rejected {
        let answer = answered(&bench, post(body)).await;
        assert_eq!((answer.status, &*code_of(&answer)), (401, "2013"));
        alike.push(answer.body);
    }
    alike.dedup();
    assert_eq!(alike.len(), 1);
    let malformed = [
        json!([]),
        json!({}),
        json!({ "key": "connector" }),
        json!({ "key": "connector", "secret": "" }),
        json!({ "key": ["QXCANARY"], "secret": "x" }),
        json!({ "key": "connector", "secret": "x".repeat(257) }),
        json!({ "key": "connector", "secret": "x".repeat(64 * 1024) }),
    ];
    for body in malformed {
        let answer = answered(&bench, post(body)).await;
        assert_eq!((answer.status, &*code_of(&answer)), (400, "2008"));
    }
    for body in ["", "QXCANARY", r#"{"key":"connector","key":"connector","secret":"x"}"#] {
        let request = bench.calls.request(Method::POST, OAUTH).body(body);
        let answer = answered(&bench, request).await;
        assert_eq!((answer.status, &*code_of(&answer)), (400, "2008"), "{body}");
    }
    let answer =
        answered(&bench, post(json!({ "key": "connector", "secret": "correct secret" }))).await;
    assert_eq!((answer.status, answer.at("/data/ttlSeconds")), (200, json!(300)));
    let token = answer.at("/data/accessToken").as_str().unwrap().to_owned();
    let path = "/api_gateway/v2/request-workflow/requests";
    let list = |org: &str| {
        let request = bench.calls.request(Method::GET, path).header("x-cap-api-auth-org-id", org);
        request.header("x-cap-api-oauth-token", &token)
    };
    assert_eq!(bench.calls.send(list("70420")).await.unwrap().status, 200);
    assert_eq!(bench.calls.send(list("70421")).await.unwrap().status, 401);
    assert!(!bench.log().contains(&token));
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn another_method_at_capillarys_token_endpoint_is_refused() {
    let bench = with_oauth().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = answered(&bench, bench.calls.request(method, OAUTH)).await;
        assert_eq!((answer.status, &*code_of(&answer)), (405, "2008"));
        assert_eq!(header(&answer, "allow"), Some("POST"));
    }
}
