//! The HTTP client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use status_domain::failure::Failure;

/// Largest answer of an upstream that is read, in bytes.
const ANSWER_MAX: usize = 256 * 1024;

/// How long an idle connection is kept. Shorter than servers keep theirs, so that a request is seldom
/// written into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct ClientError(#[source] reqwest::Error);

/// Makes a client that does exactly one request per call: no redirect, no retry of its own, no proxy
/// from the environment, no inflating.
///
/// # Errors
///
/// [`ClientError`] if the TLS library cannot be set up.
pub fn client(
    timeout: Duration,
    connect_timeout: Duration,
) -> Result<reqwest::Client, ClientError> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(connect_timeout)
        .read_timeout(timeout)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("statusgate/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(ClientError)
}

/// Sends one request and reads the answer whole.
///
/// # Errors
///
/// [`Failure::NotSent`] only if no connection came about; anything later is [`Failure::Unknown`].
pub(super) async fn send(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, Failure> {
    let request = reqwest::Request::try_from(request).map_err(|error| failure(&error))?;
    let mut response = client.execute(request).await.map_err(|error| failure(&error))?;
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(unknown("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = http::Response::new(body.freeze());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// What an error of the client means. Its text is not used: it may hold the address with its query.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        return Failure::NotSent { cause: "the request cannot be written".into() };
    }
    if error.is_connect() {
        return Failure::NotSent { cause: "no connection".into() };
    }
    if error.is_timeout() {
        return unknown("no answer in time");
    }
    unknown("the connection broke")
}

fn unknown(cause: &str) -> Failure {
    Failure::Unknown { cause: cause.into(), after: None }
}
