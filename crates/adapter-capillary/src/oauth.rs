//! The token call: a client's key and secret for an access token.
//!
//! Pure: whoever serves it checks the secret and makes the token.
//!
//! # Source
//!
//! Capillary, *OAuth*. The body of a failure is not published; the errors envelope is our choice.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use status_domain::answer::{DecodeError, Problem};

use crate::codes::{PAYLOAD, VERIFICATION};
use crate::{json, wire};

/// The path of the call; its method is POST.
pub const PATH: &str = wire::TOKEN_PATH;

/// What a client proves itself with. Nothing here has been verified.
#[derive(Debug)]
pub struct TokenRequest {
    /// The client's key.
    pub key: Box<str>,
    /// Its secret.
    pub secret: SecretString,
}

/// Why no token is given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenRefusal {
    /// The message is not understood.
    Malformed(DecodeError),
    /// Key or secret are wrong; it is not said which.
    Unauthenticated,
}

/// Reads a request for a token.
///
/// # Errors
///
/// If the body is not `{"key": …, "secret": …}` with texts of 1-256 characters.
pub fn decode(request: &Request<Bytes>) -> Result<TokenRequest, DecodeError> {
    let body = json::read(request.body())
        .map_err(|_| DecodeError::coded("body", Problem::Form("JSON"), "2008"))?;
    Ok(TokenRequest { key: text(&body, "key")?.into(), secret: text(&body, "secret")?.into() })
}

fn text<'a>(body: &'a Value, field: &'static str) -> Result<&'a str, DecodeError> {
    let wrong = |problem| DecodeError::coded(field, problem, "2008");
    let value = body.get(field).ok_or_else(|| wrong(Problem::Missing))?;
    let text = value.as_str().ok_or_else(|| wrong(Problem::WrongType("a string")))?;
    match text.chars().count() {
        0 => Err(wrong(Problem::Missing)),
        1..=256 => Ok(text),
        _ => Err(wrong(Problem::TooLong(256))),
    }
}

/// Answers with a token that may be used for so many seconds.
#[must_use]
pub fn encode_granted(token: &SecretString, ttl_s: u64) -> Response<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Granted<'a> {
        access_token: &'a str,
        ttl_seconds: u64,
    }
    #[derive(Serialize)]
    struct Success<'a> {
        data: Granted<'a>,
        errors: (),
    }
    let data = Granted { access_token: token.expose_secret(), ttl_seconds: ttl_s };
    wire::json(StatusCode::OK, &Success { data, errors: () })
}

/// Answers that there is no token.
#[must_use]
pub fn encode_refused(refusal: &TokenRefusal) -> Response<Bytes> {
    match refusal {
        TokenRefusal::Malformed(error) => {
            wire::error(StatusCode::BAD_REQUEST, PAYLOAD, &error.to_string())
        }
        TokenRefusal::Unauthenticated => {
            wire::error(StatusCode::UNAUTHORIZED, VERIFICATION, "not authenticated")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static str) -> Result<TokenRequest, DecodeError> {
        decode(&Request::new(Bytes::from_static(body.as_bytes())))
    }

    #[test]
    fn key_and_secret_are_read_and_the_secret_is_not_printed() {
        let request = read(r#"{"key":"k-1","secret":"s3cret-text"}"#).unwrap();
        assert_eq!(&*request.key, "k-1");
        assert_eq!(request.secret.expose_secret(), "s3cret-text");
        assert!(!format!("{request:?}").contains("s3cret"));
    }

    #[test]
    fn anything_else_is_malformed() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"key":"k"}"#,
            r#"{"key":"","secret":"x"}"#,
            r#"{"key":1,"secret":"x"}"#,
            r#"{"key":"k","key":"k","secret":"x"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn answers_have_the_documented_shape() {
        let granted = encode_granted(&"t.o.k".into(), 300);
        assert_eq!(
            &granted.body()[..],
            br#"{"data":{"accessToken":"t.o.k","ttlSeconds":300},"errors":null}"#
        );
        let refused = encode_refused(&TokenRefusal::Unauthenticated);
        assert_eq!(refused.status(), 401);
        assert_eq!(
            &refused.body()[..],
            br#"{"data":null,"errors":[{"status":false,"code":2013,"message":"not authenticated","reference":null}],"warnings":[]}"#
        );
    }
}
