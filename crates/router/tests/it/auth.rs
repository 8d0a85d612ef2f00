//! Callers who are not let in: whatever was wrong, they are told the same.

mod capillary;
mod n4n;
mod netxd;
mod tokens;
mod way4;

use reqwest::RequestBuilder;

use crate::refusal::{Expected, log_line, refused};
use crate::support::{Answer, Bench};

/// Checks that every request is refused like every other, to the byte.
async fn all_alike(
    bench: &Bench,
    requests: impl IntoIterator<Item = (String, RequestBuilder)>,
    expected: Expected<'_>,
) {
    let mut first: Option<Answer> = None;
    for (name, request) in requests {
        let answer = refused(bench, &name, request, expected).await;
        let line = log_line(bench, &answer);
        assert_eq!(line["outcome"], "unauthenticated", "{name}: {line}");
        assert_eq!(line["client"], serde_json::Value::Null, "{name}: {line}");
        let answer = without_ids(answer);
        let first = first.get_or_insert_with(|| answer.clone());
        assert_eq!((&answer.headers, &answer), (&first.headers, &*first), "{name}");
    }
}

/// The answer without the headers that differ in every answer.
fn without_ids(mut answer: Answer) -> Answer {
    let differs = ["date", "x-request-id", "x-cap-request-id"];
    answer.headers.retain(|(name, _)| !differs.contains(&name.as_str()));
    answer
}
