//! N4N: a key, the user name it belongs to, and the address it comes from.

use crate::auth::all_alike;
use crate::refusal::{Expected, bench, header, n4n, received, secrets_are_kept};
use crate::support::{Bench, Setup};

const UNAUTHENTICATED: Expected<'_> = Expected {
    status: 401,
    code: "error",
    says: r#"{"result":"error","message":"not authenticated"}"#,
};

/// A request with exactly these headers beside its media type.
fn with(bench: &Bench, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let request = n4n(bench, "customer_id=191").build().unwrap();
    let client = bench.calls.http().clone();
    let mut bare = reqwest::RequestBuilder::from_parts(client.clone(), request).build().unwrap();
    bare.headers_mut().remove("api-key");
    bare.headers_mut().remove("api-username");
    let request = reqwest::RequestBuilder::from_parts(client, bare);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

#[tokio::test]
async fn whatever_is_wrong_with_the_pair_the_answer_is_the_same() {
    let second = "[[n4n.clients]]\nname = \"second\"\nusername = \"n4n_second\"\n\
        key_sha256 = \"2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\"\n\
        addresses = [\"127.0.0.0/8\"]\n";
    let bench = bench(Setup::new().and(second)).await;
    let key = bench.calls.variable("N4N_API_KEY");
    let name = bench.calls.variable("N4N_API_USERNAME");
    let capital = name.to_uppercase();
    let wrong: [&[(&str, &str)]; 15] = [
        &[],
        &[("api-key", key)],
        &[("api-username", name)],
        &[("api-key", ""), ("api-username", name)],
        &[("api-key", key), ("api-username", "")],
        &[("api-key", "QXCANARY"), ("api-username", name)],
        &[("api-key", key), ("api-username", "QXCANARY")],
        &[("api-key", key), ("api-username", "n4n_second")],
        &[("api-key", key), ("api-username", &capital)],
        &[("api-key", name), ("api-username", key)],
        &[("api-key", key), ("api-key", key), ("api-username", name)],
        &[("api-key", key), ("api-username", name), ("api-username", "n4n_second")],
        &[("api_key", key), ("api_username", name)],
        &[("authorization", "Basic UVhDQU5BUlk="), ("api-username", name)],
        &[("x-api-key", key), ("api-username", name)],
    ];
    let requests = wrong.map(|headers| (format!("{headers:?}"), with(&bench, headers)));
    all_alike(&bench, requests, UNAUTHENTICATED).await;
    // Names of headers do not differ by their case.
    let right = with(&bench, &[("API-Key", key), ("Api-UserName", name)]);
    assert_eq!(bench.calls.send(right).await.unwrap().text(), "true");
    assert_eq!(received(&bench).await, 1);
    secrets_are_kept(&bench).await;
}

#[tokio::test]
async fn from_an_address_that_is_not_listed_the_right_pair_is_as_wrong_as_any() {
    let listed = r#"addresses = ["127.0.0.0/8", "::1"]"#;
    let elsewhere = r#"addresses = ["192.0.2.0/24", "::1"]"#;
    let bench = bench(Setup::new().replacing(listed, elsewhere)).await;
    let name = bench.calls.variable("N4N_API_USERNAME");
    let forwarded = n4n(&bench, "customer_id=191").header("x-forwarded-for", "192.0.2.1");
    let requests = [
        ("the right pair".to_owned(), n4n(&bench, "customer_id=191")),
        ("says to come from elsewhere".to_owned(), forwarded),
        (
            "a wrong key".to_owned(),
            with(&bench, &[("api-key", "QXCANARY"), ("api-username", name)]),
        ),
    ];
    all_alike(&bench, requests, UNAUTHENTICATED).await;
    let answer = bench.calls.send(n4n(&bench, "customer_id=191")).await.unwrap();
    assert_eq!(header(&answer, "www-authenticate"), Some("ApiKey realm=\"api\""));
    assert_eq!(received(&bench).await, 0);
    secrets_are_kept(&bench).await;
}
