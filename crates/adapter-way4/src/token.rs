//! The token endpoint: reading the request and writing the answer. Making the token is the router's.
//!
//! # Source
//!
//! Network International, developer portal, *Debit Solutions*, Account Status Change: the path, and that
//! it takes GET and POST. Field names are those of public clients of the same endpoint. The shape of
//! errors is not publicly known; it is that of RFC 6749, section 5.2.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use status_domain::adapter::UnreadableKind;

use crate::downstream::{basic, check_media_type, response, unreadable_status};
use crate::{TOKEN_PATH, json};

/// The lifetime that clients assume when none is given, in seconds.
///
/// # Source
///
/// Network International's own mobile SDK.
pub const LIFETIME_S: u64 = 1800;

/// A client that asks for a token. Nothing here has been verified.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Client id as sent.
    pub client_id: Box<str>,
    /// Client secret as sent.
    pub client_secret: SecretString,
}

/// How `expires_in` is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ExpiresIn {
    /// As a number.
    #[default]
    Number,
    /// As text, which at least one client's tests expect.
    Text,
}

/// Why no token is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// The request is incomplete or contradicts itself.
    #[error("the request is incomplete or contradicts itself")]
    InvalidRequest,
    /// Another grant type than `client_credentials`.
    #[error("only client_credentials is supported")]
    UnsupportedGrantType,
    /// No such client, or another secret. Says nothing about which.
    #[error("client authentication failed")]
    InvalidClient,
    /// The request could not be read at all.
    #[error("the request could not be read")]
    Unreadable(UnreadableKind),
    /// Try later.
    #[error("not available, try again later")]
    Unavailable {
        /// When, in seconds.
        retry_after_s: u32,
    },
    /// The gateway's own fault.
    #[error("internal error")]
    Internal,
}

/// Reads a request for a token: a form by POST, or HTTP Basic by GET. A form may leave client and secret
/// to HTTP Basic.
///
/// # Errors
///
/// [`TokenError::Unreadable`] for another path, method or media type, [`TokenError::InvalidRequest`] for a
/// form that lacks something or has it twice, [`TokenError::UnsupportedGrantType`], and
/// [`TokenError::InvalidClient`] where there are no credentials at all.
pub fn decode(request: &http::Request<Bytes>) -> Result<TokenRequest, TokenError> {
    if request.uri().path() != TOKEN_PATH {
        return Err(TokenError::Unreadable(UnreadableKind::Path));
    }
    let from_header = basic(request.headers())
        .map(|(client_id, client_secret)| TokenRequest { client_id, client_secret });
    if request.method() == Method::GET {
        return from_header.ok_or(TokenError::InvalidClient);
    }
    if request.method() != Method::POST {
        return Err(TokenError::Unreadable(UnreadableKind::Method("GET, POST")));
    }
    check_media_type(request.headers(), "application/x-www-form-urlencoded")
        .map_err(|error| TokenError::Unreadable(error.kind))?;
    let form = Form::read(request.body())?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
        None => return Err(TokenError::InvalidRequest),
    }
    match (form.client_id, form.client_secret, from_header) {
        (Some(client_id), Some(client_secret), None) => Ok(TokenRequest {
            client_id: client_id.into(),
            client_secret: SecretString::from(client_secret),
        }),
        (None, None, Some(request)) => Ok(request),
        (None, None, None) => Err(TokenError::InvalidClient),
        (Some(_), _, _) | (_, Some(_), _) => Err(TokenError::InvalidRequest),
    }
}

/// Answers with a token.
#[must_use]
pub fn encode(
    token: &SecretString,
    lifetime_s: u64,
    expires_in: ExpiresIn,
) -> http::Response<Bytes> {
    let access_token = token.expose_secret();
    let token_type = "Bearer";
    let body = match expires_in {
        ExpiresIn::Number => {
            json::write(&Granted { access_token, token_type, expires_in: lifetime_s })
        }
        ExpiresIn::Text => {
            let expires_in = lifetime_s.to_string();
            json::write(&Granted { access_token, token_type, expires_in })
        }
    };
    not_stored(response(StatusCode::OK, body))
}

/// Answers that no token is given.
#[must_use]
pub fn encode_error(error: &TokenError) -> http::Response<Bytes> {
    let (status, name) = match error {
        TokenError::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
        TokenError::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        TokenError::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
        TokenError::Unreadable(kind) => (unreadable_status(*kind), "invalid_request"),
        TokenError::Unavailable { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        TokenError::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    };
    let description = error.to_string();
    let body = json::write(&Refused { error: name, error_description: &description });
    let mut answer = not_stored(response(status, body));
    let header = match error {
        TokenError::InvalidClient => {
            Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\"")))
        }
        TokenError::Unreadable(UnreadableKind::Method(_)) => {
            Some((ALLOW, HeaderValue::from_static("GET, POST")))
        }
        TokenError::Unavailable { retry_after_s } => Some((RETRY_AFTER, (*retry_after_s).into())),
        TokenError::InvalidRequest
        | TokenError::UnsupportedGrantType
        | TokenError::Unreadable(_)
        | TokenError::Internal => None,
    };
    if let Some((name, value)) = header {
        answer.headers_mut().insert(name, value);
    }
    answer
}

#[derive(Serialize)]
struct Granted<'a, T> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: T,
}

#[derive(Serialize)]
struct Refused<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// The fields of a form that matter here.
#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

impl Form {
    fn read(body: &[u8]) -> Result<Self, TokenError> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match &*name {
                "grant_type" => &mut form.grant_type,
                "client_id" => &mut form.client_id,
                "client_secret" => &mut form.client_secret,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(TokenError::InvalidRequest);
            }
        }
        Ok(form)
    }
}

fn not_stored(mut response: http::Response<Bytes>) -> http::Response<Bytes> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
