//! What holds of every request that is refused: a clear answer in the caller's own format, nothing
//! changed, one line in the log, and in neither anything that was sent.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::{Answer, Bench, Setup};

/// Stand in wrong values. Neither may be seen again, be it in an answer or in the log.
pub(crate) const CANARIES: [&str; 2] = ["QXCANARY", "4111111111111111"];

/// Variables of the quickstart that are secret.
const SECRETS: [&str; 8] = [
    "NETXD_CREDENTIAL",
    "NETXD_API_KEY",
    "NI_CLIENT_SECRET",
    "CAPILLARY_MAKER_TOKEN",
    "CAPILLARY_CHECKER_TOKEN",
    "CAPILLARY_MAKER_BASIC",
    "CAPILLARY_CHECKER_BASIC",
    "N4N_API_KEY",
];

/// The inner credential of the vendor's Capillary sample.
const INNER_CREDENTIAL: &str = "cHVuLjAxOjIwMmNiOTYyYWM1OTA3NWI5NjRiMDcxNTJkMjM0Yjcw";

/// How a request must be refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// The error code in the format's own envelope; `error` where the format has no codes.
    pub(crate) code: &'a str,
    /// What the message says among other things.
    pub(crate) says: &'a str,
}

/// A gateway whose log can be read by a program.
pub(crate) async fn bench(setup: Setup) -> Bench {
    setup.and("[log]\nformat = \"json\"\n").start().await
}

/// Sends a request and checks all that holds of one that is refused.
pub(crate) async fn refused(
    bench: &Bench,
    name: &str,
    request: RequestBuilder,
    expected: Expected<'_>,
) -> Answer {
    let before = received(bench).await;
    let answer = bench.calls.send(request).await;
    assert!(answer.is_some(), "{name}: no answer");
    let answer = answer.unwrap();
    is_refusal(bench, name, &answer, expected);
    assert_eq!(received(bench).await, before, "{name}: an upstream was called");
    answer
}

/// Checks an answer, and the line that the log has about it.
pub(crate) fn is_refusal(bench: &Bench, name: &str, answer: &Answer, expected: Expected<'_>) {
    let Expected { status, code, says } = expected;
    assert_eq!((answer.status, &*code_of(answer)), (status, code), "{name}: {answer:?}");
    assert!(answer.text().contains(says), "{name}: {answer:?}");
    let line = log_line(bench, answer);
    assert_eq!(line["status"], status, "{name}: {line}");
    let outcome = line["outcome"].as_str().unwrap_or_default();
    assert!(!outcome.is_empty() && outcome != "applied", "{name}: {line}");
    for canary in CANARIES {
        assert!(!answer.text().contains(canary), "{name}: {answer:?}");
        assert!(!line.to_string().contains(canary), "{name}: {line}");
    }
}

/// The one line that the log has about the request with this answer.
pub(crate) fn log_line(bench: &Bench, answer: &Answer) -> Value {
    let id = header(answer, "x-request-id").unwrap();
    let log = bench.log();
    let mut lines = log.lines().filter(|line| line.contains(id));
    let line = lines.next();
    assert!(line.is_some(), "nothing logged about {answer:?}");
    assert_eq!(lines.next(), None, "logged twice");
    serde_json::from_str(line.unwrap()).unwrap()
}

/// What the gateway itself has logged; the HTTP server under it may say more at any time.
pub(crate) fn own_log_lines(bench: &Bench) -> Vec<String> {
    let log = bench.log();
    let own = log.lines().filter(|line| line.contains(r#""target":"router"#));
    own.map(str::to_owned).collect()
}

/// The error code of whichever format the answer is in, which must say nothing but the error.
pub(crate) fn code_of(answer: &Answer) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let body = answer.json();
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    match names[..] {
        ["id", "error", "jsonrpc"] => text(&body["error"]["code"]),
        ["error_code", "error_description"] => text(&body["error_code"]),
        ["NISrvResponse"] => {
            let answered = answer.way4();
            assert!(answered.starts_with("F "), "{answered}");
            answered["F ".len()..].to_owned()
        }
        ["data", "errors", "warnings"] => {
            assert_eq!(body["data"], Value::Null);
            text(&body["errors"][0]["code"])
        }
        ["result", "message"] => text(&body["result"]),
        ["error", "error_description"] => text(&body["error"]),
        _ => format!("no error of any format: {answer:?}"),
    }
}

/// The value of a header.
pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut headers = answer.headers.iter();
    headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// How many status-changing requests the four upstreams have seen.
pub(crate) async fn received(bench: &Bench) -> u64 {
    bench.received().await.iter().sum()
}

/// Checks that nothing secret and no canary is in the log or in the record.
pub(crate) async fn secrets_are_kept(bench: &Bench) {
    let file = |name: &str| std::fs::read(bench.directory().join(name)).unwrap_or_default();
    let record = [file("statusgate.db"), file("statusgate.db-wal")].concat();
    let (log, record) = (bench.log(), String::from_utf8_lossy(&record));
    let secrets = SECRETS.into_iter().map(|name| bench.calls.variable(name));
    let token = bench.calls.way4_token().await;
    for secret in secrets.chain([token, INNER_CREDENTIAL]).chain(CANARIES) {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!record.contains(secret), "{secret} is in the record");
    }
    assert!(!log.contains("panicked"), "{log}");
}

/// A call of `/jsonrpc` with this body.
pub(crate) fn netxd(bench: &Bench, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = bench.calls.request(Method::POST, "/jsonrpc");
    request.header("content-type", "application/json").body(body)
}

/// A WAY4 call with this body.
pub(crate) async fn way4(bench: &Bench, body: impl Into<reqwest::Body>) -> RequestBuilder {
    bench.calls.way4_request(&Value::Null).await.body(body)
}

/// A Capillary call of the maker with this body.
pub(crate) fn capillary(bench: &Bench, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let maker = bench.calls.maker();
    bench.calls.capillary_request(Method::POST, "/CUSTOMER-STATUS-CHANGE", &maker).body(body)
}

/// An N4N call with this form.
pub(crate) fn n4n(bench: &Bench, body: impl Into<reqwest::Body>) -> RequestBuilder {
    bench.calls.n4n_request("unlock", "").body(body)
}

/// The text that a request carries.
pub(crate) fn body_of(request: RequestBuilder) -> String {
    let request = request.build().unwrap();
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}
