//! Beneath the formats: bodies too large, coded, slow or cut off, heads that are no HTTP, other
//! methods and paths. Every request here would succeed if it were let through.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::raw::{Raw, exchange, in_chunks, taken_apart, whole};
use crate::refusal::{
    Expected, bench, body_of, code_of, header, is_refusal, n4n, own_log_lines, received, refused,
    secrets_are_kept,
};
use crate::support::{
    Answer, Bench, CONTRACT, CUSTOMER, MOBILE, N4N_CUSTOMER, Setup, Way4Change, capillary_request,
};

/// Largest body that is read, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// N4N's.
const N4N_BODY_MAX: usize = 8 * 1024;

/// One change in each format.
async fn changes(bench: &Bench) -> [(&'static str, RequestBuilder); 4] {
    let way4 = Way4Change { msg_id: "TRANSPORT1", contract: CONTRACT, slot: "ACC2", value: "T" };
    let capillary = capillary_request(MOBILE, "Suspended").to_string();
    [
        ("netxd", bench.calls.netxd_status_request(CUSTOMER, "DORMANT")),
        ("way4", bench.calls.way4_request(&way4.body()).await),
        ("capillary", crate::refusal::capillary(bench, capillary)),
        ("n4n", n4n(bench, format!("customer_id={N4N_CUSTOMER}"))),
    ]
}

/// The body with what may follow it, so that it is so long.
fn padded(format: &str, body: &[u8], length: usize) -> Vec<u8> {
    let (start, fill) = if format == "n4n" { (&b"&x="[..], b'x') } else { (&b""[..], b' ') };
    let mut padded = [body, start].concat();
    padded.resize(length, fill);
    padded
}

/// Checks that each format answers so, that nothing has changed, and that the log keeps secrets.
async fn each_is_refused(
    bench: &Bench,
    codes: [(u16, &str); 4],
    says: &str,
    send: impl AsyncFn(&str, &str, &[u8]) -> Option<Answer>,
) {
    for ((format, request), (status, code)) in changes(bench).await.into_iter().zip(codes) {
        let (head, body) = taken_apart(request);
        let answer = send(format, &head, &body).await;
        assert!(answer.is_some(), "{format}: no answer");
        let answer = answer.unwrap();
        is_refusal(bench, format, &answer, Expected { status, code, says });
    }
    assert_eq!(received(bench).await, 0);
    secrets_are_kept(bench).await;
}

#[tokio::test]
async fn a_body_over_64_kib_is_refused_and_one_of_64_kib_is_read() {
    let bench = bench(Setup::new()).await;
    let codes = [(413, "INVALID_REQUEST"), (413, "G413"), (413, "900501"), (413, "error")];
    each_is_refused(&bench, codes, "too large", async |format, head, body| {
        exchange(&bench, &whole(head, &padded(format, body, BODY_MAX + 1))).await
    })
    .await;
    each_is_refused(&bench, codes, "too large", async |format, head, body| {
        exchange(&bench, &in_chunks(head, &padded(format, body, BODY_MAX + 1))).await
    })
    .await;
    each_is_refused(&bench, codes, "too large", async |format, head, body| {
        exchange(&bench, &in_chunks(head, &padded(format, body, 100 * BODY_MAX))).await
    })
    .await;
    for (format, request) in changes(&bench).await {
        let (head, body) = taken_apart(request);
        let max = if format == "n4n" { N4N_BODY_MAX } else { BODY_MAX };
        let answer = exchange(&bench, &in_chunks(&head, &padded(format, &body, max))).await;
        assert_eq!(answer.unwrap().status, 200, "{format}");
    }
}

#[tokio::test]
async fn a_coded_body_is_refused_unread() {
    let bench = bench(Setup::new()).await;
    let codes = [(415, "INVALID_REQUEST"), (415, "G415"), (415, "900501"), (415, "error")];
    let codings = [
        "content-encoding: gzip\r\n",
        "content-encoding: identity, gzip\r\n",
        "content-encoding: identity\r\ncontent-encoding: gzip\r\n",
        "content-encoding: br\r\n",
        "content-encoding: QXCANARY\r\n",
        "content-encoding:\r\n",
    ];
    for coding in codings {
        each_is_refused(&bench, codes, "", async |_, head, body| {
            exchange(&bench, &whole(&format!("{head}{coding}"), body)).await
        })
        .await;
    }
}

#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let bench = bench(Setup::new().under("[server]", "body_timeout_ms = 200")).await;
    let codes = [(408, "INVALID_REQUEST"), (408, "G408"), (408, "900501"), (408, "error")];
    each_is_refused(&bench, codes, "", async |_, head, body| {
        let bytes = whole(head, body);
        exchange(&bench, &bytes[..bytes.len() - 1]).await
    })
    .await;
    each_is_refused(&bench, codes, "", async |_, head, body| {
        let bytes = in_chunks(head, body);
        exchange(&bench, &bytes[..bytes.len() - b"0\r\n\r\n".len()]).await
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_not_taken_for_a_whole_one() {
    let bench = bench(Setup::new()).await;
    let codes = [(200, "PARSE_ERROR"), (400, "G400"), (400, "900501"), (400, "error")];
    // What has arrived is a whole message; only the length says that more was meant to come.
    each_is_refused(&bench, codes, "", async |_, head, body| {
        let mut raw = Raw::connect(&bench).await;
        let bytes = whole(head, &[body, b" "].concat());
        raw.send(&bytes[..bytes.len() - 1]).await;
        raw.half_close().await;
        raw.answer().await
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_within_the_body_changes_nothing() {
    let bench = bench(Setup::new()).await;
    for (_, request) in changes(&bench).await {
        let (head, body) = taken_apart(request);
        let bytes = whole(&head, &[&body, &b" "[..]].concat());
        let mut raw = Raw::connect(&bench).await;
        raw.send(&bytes[..bytes.len() - 1]).await;
        raw.reset();
    }
    // On the same workers, after them.
    for _ in 0..8 {
        let answer = bench.calls.netxd_status(CUSTOMER, "CLOSED").await;
        assert_eq!(answer.netxd(), "INVALID_REQUEST");
    }
    assert_eq!(received(&bench).await, 0);
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_slow_head_is_not_waited_for() {
    let bench = bench(Setup::new().under("[server]", "head_timeout_ms = 200")).await;
    let (_, request) = changes(&bench).await.into_iter().next().unwrap();
    let (head, _) = taken_apart(request);
    for start in ["POST", "POST /jsonrpc HTTP/1.1\r\nhost: x\r\nx-a: QXCANARY", &head] {
        let answer = exchange(&bench, start.as_bytes()).await;
        assert_eq!(answer.unwrap().status, 408, "{start}");
    }
    assert_eq!(received(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_head_that_is_no_http_or_too_large_gets_a_plain_error() {
    let bench = bench(Setup::new()).await;
    let (_, request) = changes(&bench).await.into_iter().next().unwrap();
    let (head, body) = taken_apart(request);
    let with = |lines: &str| whole(&format!("{head}{lines}"), &body);
    let many: String = (0..120).map(|number| format!("x-{number}: QXCANARY\r\n")).collect();
    let chunked = in_chunks(&head, &body);
    let cases: [(&str, Vec<u8>, u16); 15] = [
        ("words", b"QXCANARY\r\n\r\n".to_vec(), 400),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03QXCANARY\r\n\r\n".to_vec(), 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), 400),
        ("version", b"POST /jsonrpc HTTP/9.9\r\n\r\n".to_vec(), 400),
        ("a null byte", with("x-a: QX\0CANARY\r\n"), 400),
        ("a bare carriage return", with("x-a: QX\rCANARY\r\n"), 400),
        ("no colon", with("QXCANARY\r\n"), 400),
        ("a space before the colon", with("x-a : QXCANARY\r\n"), 400),
        ("two lengths", with("content-length: 1\r\n"), 400),
        ("a negative length", whole(&format!("{head}content-length: -1\r\n"), &body), 400),
        ("length and chunks", with("transfer-encoding: chunked\r\n"), 400),
        ("two codings", with("transfer-encoding: gzip, chunked\r\n"), 400),
        ("too many headers", with(&many), 431),
        ("a huge header", with(&format!("x-a: {}\r\n", "QXCANARY".repeat(25_000))), 431),
        ("a huge target", format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000)).into(), 431),
    ];
    for (name, bytes, status) in cases {
        let answer = exchange(&bench, &bytes).await;
        assert!(answer.is_some(), "{name}: no answer");
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (status, ""), "{name}");
        assert_eq!(received(&bench).await, 0, "{name}");
    }
    let broken = String::from_utf8(chunked).unwrap().replace("\r\n\r\n1", "\r\n\r\nQXCANARY1");
    let answer = exchange(&bench, broken.as_bytes()).await.unwrap();
    assert_eq!(code_of(&answer), "PARSE_ERROR");
    assert_eq!(received(&bench).await, 0);
    assert_eq!(bench.calls.netxd_status(CUSTOMER, "ACTIVE").await.netxd(), "ok");
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_head_over_16_kib_is_refused() {
    let bench = bench(Setup::new()).await;
    let header = "x".repeat(16 * 1024);
    for (format, request) in changes(&bench).await {
        let answer = bench.calls.send(request.header("x-a", &header)).await.unwrap();
        assert_eq!(answer.status, 431, "{format}");
    }
    assert_eq!(received(&bench).await, 0);
}

#[tokio::test]
async fn what_follows_a_refused_body_is_not_taken_for_a_request() {
    let bench = bench(Setup::new()).await;
    let (_, smuggled) = changes(&bench).await.into_iter().next().unwrap();
    let (smuggled_head, smuggled_body) = taken_apart(smuggled);
    let smuggled = whole(&smuggled_head, &smuggled_body);
    for (format, request) in changes(&bench).await {
        let (head, _) = taken_apart(request);
        let body = [&vec![b'x'; BODY_MAX + 1][..], &smuggled].concat();
        let mut raw = Raw::connect(&bench).await;
        raw.send(&whole(&head, &body)).await;
        assert_eq!(raw.answer().await.unwrap().status, 413, "{format}");
        raw.half_close().await;
        assert_eq!(raw.rest().await, b"", "{format}");
        let mut raw = Raw::connect(&bench).await;
        let coded = format!("{head}content-encoding: gzip\r\n");
        raw.send(&whole(&coded, &smuggled)).await;
        assert_eq!(raw.answer().await.unwrap().status, 415, "{format}");
        raw.half_close().await;
        assert_eq!(raw.rest().await, b"", "{format}");
    }
    assert_eq!(received(&bench).await, 0);
}

#[tokio::test]
async fn a_refused_request_does_not_spoil_the_next_on_its_connection() {
    let bench = bench(Setup::new()).await;
    for (format, request) in changes(&bench).await {
        let (head, body) = taken_apart(request);
        let mut raw = Raw::connect(&bench).await;
        raw.send(&whole(&head, b"QXCANARY")).await;
        let refused = raw.answer().await.unwrap();
        assert!(!code_of(&refused).starts_with("no error"), "{format} {refused:?}");
        raw.send(&whole(&head, &body)).await;
        let answer = raw.answer().await.unwrap();
        assert_eq!(answer.status, 200, "{format} {answer:?}");
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_the_right_ones_named() {
    let bench = bench(Setup::new()).await;
    let others = ["GET", "PUT", "DELETE", "PATCH", "POST", "OPTIONS", "TRACE", "QXMETHOD"];
    let formats: [(usize, &[&str], &str, &str); 3] = [
        (0, &["POST"], "INVALID_REQUEST", "POST"),
        (1, &["POST"], "G405", "POST"),
        (3, &["PATCH", "OPTIONS"], "error", "PATCH, OPTIONS"),
    ];
    for (index, right, code, allow) in formats {
        for other in others.iter().filter(|other| !right.contains(other)) {
            let (format, request) = changes(&bench).await.into_iter().nth(index).unwrap();
            let mut request = request.build().unwrap();
            *request.method_mut() = Method::from_bytes(other.as_bytes()).unwrap();
            let request = RequestBuilder::from_parts(bench.calls.http().clone(), request);
            let expected = Expected { status: 405, code, says: "" };
            let answer = refused(&bench, &format!("{format} {other}"), request, expected).await;
            assert_eq!(header(&answer, "allow"), Some(allow), "{format} {other}");
        }
    }
    for other in ["DELETE", "PATCH", "OPTIONS", "GET"] {
        let method = Method::from_bytes(other.as_bytes()).unwrap();
        let maker = bench.calls.maker();
        let request = bench.calls.capillary_request(method, "/CUSTOMER-STATUS-CHANGE", &maker);
        let expected = Expected { status: 405, code: "900501", says: "no such method" };
        refused(&bench, other, request, expected).await;
    }
    let request = bench.calls.request(Method::DELETE, "/v1/tokenkc/generate");
    let answer = bench.calls.send(request).await.unwrap();
    assert_eq!((answer.status, header(&answer, "allow")), (405, Some("GET, POST")));
    assert_eq!(answer.at("/error"), "invalid_request");
}

#[tokio::test]
async fn capillary_names_the_right_methods() {
    let bench = bench(Setup::new()).await;
    let cases = [("/CUSTOMER-STATUS-CHANGE", "POST, PUT"), ("/requests/1", "GET")];
    for (path, allow) in cases {
        let maker = bench.calls.maker();
        let request = bench.calls.capillary_request(Method::DELETE, path, &maker);
        let answer = bench.calls.send(request).await.unwrap();
        assert_eq!((answer.status, header(&answer, "allow")), (405, Some(allow)), "{path}");
    }
}

#[tokio::test]
async fn options_tells_what_n4n_takes() {
    let bench = bench(Setup::new()).await;
    for operation in ["lock", "unlock"] {
        let path = format!("/api/customer/{operation}");
        let request = bench.calls.request(Method::OPTIONS, &path);
        let answer = bench.calls.send(request).await.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
        assert_eq!(header(&answer, "allow"), Some("PATCH, OPTIONS"));
        assert_eq!(header(&answer, "accept-patch"), Some("application/x-www-form-urlencoded"));
    }
    assert_eq!(received(&bench).await, 0);
}

/// Paths that no format has.
const NOWHERE: [&str; 9] = [
    "/",
    "/jsonrpc/",
    "//jsonrpc",
    "/JSONRPC",
    "/api/customer/forget",
    "/api/v1/customer/unlock",
    "/a/b/AccountServices/Transaction/V2/AccountStatusChange",
    "/AccountServices/Transaction/V1/AccountStatusChange",
    "/v2/customers/lookup/status",
];

#[tokio::test]
async fn a_path_that_nobody_has_is_not_found() {
    let bench = bench(Setup::new()).await;
    let good = body_of(bench.calls.netxd_status_request(CUSTOMER, "DORMANT"));
    for path in NOWHERE {
        let request = bench.calls.request(Method::POST, path).body(good.clone());
        let answer = bench.calls.send(request).await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json(), json!({ "error": "there is nothing at this path" }), "{path}");
    }
    // Within a format's paths, the format answers.
    let prefix = "/x-y/AccountServices/Transaction/V2/AccountStatusChange";
    let request = bench.calls.request(Method::POST, prefix).body("{}");
    let expected = Expected { status: 404, code: "G404", says: "no such path" };
    refused(&bench, prefix, request, expected).await;
    for tail in ["", "/x/y/z", "/requests/1/2", "/../../../jsonrpc", "/requests/"] {
        let maker = bench.calls.maker();
        let (head, _) = taken_apart(bench.calls.capillary_request(Method::GET, "/X", &maker));
        let head = head.replacen("/X ", &format!("{tail} "), 1);
        let answer = exchange(&bench, &whole(&head, b"")).await.unwrap();
        assert_eq!(answer.status, 404, "{tail}");
    }
    assert_eq!(received(&bench).await, 0);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn a_path_that_nobody_has_is_logged() {
    let bench = bench(Setup::new()).await;
    for path in NOWHERE {
        let before = own_log_lines(&bench).len();
        let answer = bench.calls.send(bench.calls.request(Method::POST, path)).await.unwrap();
        assert_eq!(answer.status, 404);
        assert_eq!(own_log_lines(&bench).len(), before + 1, "{path}");
    }
}
