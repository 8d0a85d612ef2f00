//! N4N: a form that two readers would read differently is refused.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::refusal::{Expected, bench, header, n4n, received, refused, secrets_are_kept};
use crate::support::{Bench, Setup, System};

fn bad(says: &str) -> Expected<'_> {
    Expected { status: 400, code: "error", says }
}

const NOBODY: Expected<'_> = Expected { status: 404, code: "error", says: "" };

#[tokio::test]
async fn a_form_without_a_usable_key_is_refused() {
    let bench = bench(Setup::new()).await;
    let none = "customer_id, subscription_id or orderid: missing";
    let escapes = "must be written with complete percent escapes";
    let long = format!("orderid={}", "4111111111111111".repeat(9));
    let forms: [(&[u8], Expected<'_>); 34] = [
        (b"", bad(none)),
        (b"customer_id=", bad(none)),
        (b"customer_id", bad(none)),
        (b"customer_id=&subscription_id=&orderid=", bad(none)),
        (b"QXCANARY=1", bad(none)),
        (b"=191", bad(none)),
        (b"&&&", bad(none)),
        (b"CUSTOMER_ID=191", bad(none)),
        (b"customer_id=191&customer_id=70413", bad("customer_id: given more than once")),
        (b"customer_id=191&customer_id=191", bad("customer_id: given more than once")),
        (b"customer_id=191&customer_id=", bad("customer_id: given more than once")),
        (b"customer_id=191&%63ustomer_id=191", bad("customer_id: given more than once")),
        (b"customer_id[]=191", bad("customer_id: must be written exactly so")),
        (b"customer_id%5B%5D=191", bad("customer_id: must be written exactly so")),
        (b"customer.id=191", bad("customer_id: must be written exactly so")),
        (b"customer+id=191", bad("customer_id: must be written exactly so")),
        (b"+customer_id=191", bad("customer_id: must be written exactly so")),
        (b"customer_id=191&customer_id[]=70413", bad("customer_id: must be written exactly so")),
        (b"%EF%BB%BFcustomer_id=191", bad("customer_id: must be written exactly so")),
        (b"\xef\xbb\xbfcustomer_id=191", bad("customer_id: must be written exactly so")),
        (b"orderid=%zz", bad(escapes)),
        (b"orderid=QXCANARY%4", bad(escapes)),
        (b"orderid=1&x=%", bad(escapes)),
        (b"orderid=QXCANARY%C3%28", bad("orderid: must be UTF-8")),
        (b"orderid=QXCANARY\xff", bad("orderid: must be UTF-8")),
        (b"orderid=QXCANARY%00", bad("orderid: must be free of control characters")),
        (b"orderid=QXCANARY\0", bad("orderid: must be free of control characters")),
        (b"orderid=QXCANARY%0d%0aHost:+x", bad("orderid: must be free of control characters")),
        (b"customer_id=191;orderid=Q1", NOBODY),
        (b"customer_id=QXCANARY", NOBODY),
        (b"customer_id=+191", NOBODY),
        (b"customer_id=411111111111111111111", NOBODY),
        (b"orderid=+++", NOBODY),
        (long.as_bytes(), NOBODY),
    ];
    for (form, expected) in forms {
        let name = String::from_utf8_lossy(form).into_owned();
        refused(&bench, &name, n4n(&bench, form.to_vec()), expected).await;
    }
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn keys_that_name_different_customers_are_refused() {
    let bench = bench(Setup::new()).await;
    for form in [
        "customer_id=191&subscription_id=another-customer",
        "customer_id=191&customer_id=&orderid=another-order",
        "customer_id=191&orderid=another-order",
        "customer_id=70413&subscription_id=SUB-191",
    ] {
        let expected = if form.contains("=&") { bad("customer_id: given") } else { NOBODY };
        refused(&bench, form, n4n(&bench, form), expected).await;
    }
}

#[tokio::test]
async fn what_the_standard_reads_as_the_same_is_the_same() {
    let bench = bench(Setup::new()).await;
    let forms = [
        ("customer_id=191", "191"),
        ("%63ustomer_id=%3191", "191"),
        ("&&customer_id=191&", "191"),
        ("unknown=1&customer_id=191", "191"),
        ("customer_id=&subscription_id=SUB-191", "191"),
        ("orderid=N4N%3A20001112223334440191", "191"),
        ("orderid=N4N%3a20001112223334440191", "191"),
        ("orderid=N4N:20001112223334440191", "191"),
        ("customer_id=191&subscription_id=SUB-191&orderid=N4N:20001112223334440191", "191"),
    ];
    for (form, _) in forms {
        let answer = bench.calls.send(n4n(&bench, form)).await.unwrap();
        assert_eq!((answer.status, answer.text()), (200, "true".to_owned()), "{form}");
    }
    let state = bench.state(System::N4n).await;
    assert_eq!(state["received"], forms.len());
    assert_eq!(state["by_subject"].as_object().unwrap().len(), 1, "{state}");

    let answer = bench.calls.send(n4n(&bench, "orderid=A+B%2BC")).await.unwrap();
    assert_eq!(answer.text(), "true");
    let customers = bench.state(System::N4n).await["customers"].to_string();
    assert!(customers.contains("A B+C"), "{customers}");
}

#[tokio::test]
async fn only_a_form_in_the_body_is_read() {
    let bench = bench(Setup::new()).await;
    let typed = |media: &str| {
        let request = bench.calls.n4n_request("unlock", "").build().unwrap();
        let mut request = RequestBuilder::from_parts(bench.calls.http().clone(), request)
            .body("customer_id=191")
            .build()
            .unwrap();
        request.headers_mut().remove("content-type");
        if !media.is_empty() {
            request.headers_mut().insert("content-type", media.parse().unwrap());
        }
        RequestBuilder::from_parts(bench.calls.http().clone(), request)
    };
    for media in [
        "",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=ISO-8859-1",
        "application/x-www-form-urlencoded, application/json",
        "QXCANARY",
    ] {
        let expected = Expected { status: 415, code: "error", says: "media type" };
        let answer = refused(&bench, media, typed(media), expected).await;
        assert_eq!(header(&answer, "accept-patch"), Some("application/x-www-form-urlencoded"));
    }
    for query in ["?customer_id=191", "?orderid=QXCANARY", "?customer_id[]=1", "?x=%zz"] {
        let path = format!("unlock{query}");
        let request = bench.calls.n4n_request(&path, "customer_id=191");
        refused(&bench, query, request, bad("")).await;
    }
    let large = format!("customer_id=191&x={}", "4".repeat(8 * 1024));
    let expected = Expected { status: 413, code: "error", says: "too large" };
    refused(&bench, "over 8 KiB", n4n(&bench, large), expected).await;
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn json_is_read_as_strictly_where_it_is_read_at_all() {
    let bench = bench(Setup::new().under("[n4n]", "accept_json = true")).await;
    let json = |bench: &Bench, body: String| {
        let request = n4n(bench, body).build().unwrap();
        let mut request = request;
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        RequestBuilder::from_parts(bench.calls.http().clone(), request)
    };
    let lists = format!("{}{}", "[".repeat(32), "]".repeat(32));
    let shape = "body: must be one JSON object, no name twice";
    let number = "customer_id: must be a text or a whole number";
    let bodies = [
        (String::new(), shape),
        ("customer_id=QXCANARY".to_owned(), shape),
        (r#"[{"customer_id":"191"}]"#.to_owned(), shape),
        (r#"{"customer_id":"191","customer_id":"191"}"#.to_owned(), shape),
        (r#"{"customer_id":"191","x":{"a":1,"a":2}}"#.to_owned(), shape),
        (format!(r#"{{"customer_id":"191","x":{lists}}}"#), shape),
        (json!({ "customer_id": ["QXCANARY"] }).to_string(), number),
        (json!({ "customer_id": 1.5 }).to_string(), number),
        (json!({ "customer_id": true }).to_string(), number),
        (json!({ "customer_id": -191 }).to_string(), number),
        (json!({ "customer_id": 9_007_199_254_740_992_u64 }).to_string(), number),
        (json!({ "customer_id": Value::Null }).to_string(), number),
        (json!({ "orderid": "QXCANARY\u{0}" }).to_string(), "orderid: must be free of"),
        (json!({ "QXCANARY": 1 }).to_string(), "or orderid: missing"),
    ];
    for (body, says) in bodies {
        refused(&bench, &body.clone(), json(&bench, body), bad(says)).await;
    }
    let answer = bench.calls.send(json(&bench, r#"{"customer_id":191}"#.to_owned())).await.unwrap();
    assert_eq!(answer.text(), "true");
    assert_eq!(received(&bench).await, 1);
    secrets_are_kept(&bench).await;
}
