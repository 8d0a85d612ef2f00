//! What a ledger's answer says: a result, or a failure and what may be done next.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};
use serde_json::value::RawValue;
use status_domain::failure::{Again, Failure, UpstreamRefusal};

use crate::codes::{self, CodeClass};
use crate::json::{self, Members, Node};

/// A reply that carries a result and no error.
pub(crate) struct Done {
    /// The echoed id, without its JSON type.
    pub(crate) id: Option<String>,
    /// The result as it stands.
    pub(crate) raw: Box<RawValue>,
    /// Its members.
    pub(crate) result: Members,
}

enum Reply {
    Done(Done),
    Error { code: String, message: String },
}

/// Reads an answer to a call that was made.
///
/// # Errors
///
/// A refusal in the ledger's own words, or that the outcome cannot be told.
///
/// # Source
///
/// That application errors come with HTTP 200 is observed, not documented. Other statuses are therefore
/// read by their general meaning: 4xx did not act, 5xx cannot be told.
pub(crate) fn read(
    response: &Response<Bytes>,
    classes: &BTreeMap<String, CodeClass>,
) -> Result<Done, Failure> {
    let status = response.status();
    let after = retry_after(response.headers());
    let bare = |message: &str| UpstreamRefusal::new(status.as_u16(), "", message);
    let refused = |refusal, again| Err(Failure::Refused { refusal, again });
    let unknown = |cause: String| Err(Failure::Unknown { cause: cause.into(), after });
    if status.is_redirection() {
        return refused(bare("redirects are not followed"), Again::Never);
    }
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        return refused(bare("the gateway's credentials were rejected"), Again::AfterPerson);
    }
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    if later.contains(&status) {
        return refused(bare("try again later"), Again::Later(after));
    }
    let reply = reply(response.body());
    let answered = status.is_success() || status.is_client_error();
    match reply {
        Some(Reply::Done(done)) if status.is_success() => Ok(done),
        Some(Reply::Error { code, message }) => {
            let refusal = UpstreamRefusal::new(status.as_u16(), &code, &message);
            match codes::classify(&code, classes) {
                CodeClass::Later => refused(refusal, Again::Later(after)),
                CodeClass::Final if answered => refused(refusal, Again::Never),
                CodeClass::Credentials if answered => refused(refusal, Again::AfterPerson),
                CodeClass::Final | CodeClass::Credentials | CodeClass::Unknown => {
                    unknown(format!("HTTP {} with code {}", status.as_u16(), refusal.code))
                }
            }
        }
        Some(Reply::Done(_)) | None if status.is_client_error() => {
            refused(bare("the request was not accepted"), Again::Never)
        }
        Some(Reply::Done(_)) | None => {
            unknown(format!("HTTP {} without a readable answer", status.as_u16()))
        }
    }
}

/// Reads a body that is unmistakably a reply. An error that is not null is one even beside a result.
fn reply(body: &[u8]) -> Option<Reply> {
    let members = json::raw_members(body).ok()?;
    let text = std::str::from_utf8(body).ok()?;
    let Ok(Node::Object(mut reply)) = json::parse(text, 0) else { return None };
    let id = match reply.take("id") {
        Some(Node::Text(id) | Node::Integer(id)) => Some(id),
        Some(Node::Null | Node::Bool | Node::Fraction | Node::List | Node::Object(_)) | None => {
            None
        }
    };
    if let Some(error) = reply.take("error") {
        return read_error(error);
    }
    let Some(Node::Object(result)) = reply.take("result") else { return None };
    let (_, raw) = members.into_iter().find(|(key, _)| json::is_named(key, "result"))?;
    Some(Reply::Done(Done { id, raw, result }))
}

fn read_error(error: Node) -> Option<Reply> {
    let Node::Object(mut error) = error else { return None };
    let code = match error.take("code")? {
        Node::Text(code) | Node::Integer(code) if !code.is_empty() => code,
        Node::Text(_)
        | Node::Integer(_)
        | Node::Null
        | Node::Bool
        | Node::Fraction
        | Node::List
        | Node::Object(_) => return None,
    };
    let message = match error.take("message") {
        Some(Node::Text(message)) => message,
        Some(
            Node::Integer(_)
            | Node::Null
            | Node::Bool
            | Node::Fraction
            | Node::List
            | Node::Object(_),
        )
        | None => String::new(),
    };
    Some(Reply::Error { code, message })
}

/// The seconds form of the header; the date form would need a clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
