//! Obtaining an access token.
//!
//! # Source
//!
//! Network International, developer portal, *Debit Solutions*, Account Status Change: the endpoint. Fields
//! are those of public clients of it: only `access_token` can be relied on.

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{StatusCode, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::adapter::{Grant, Login};
use status_domain::failure::{Again, Failure, UpstreamRefusal};

use super::{not_sent, post};
use crate::json::{self, Json};
use crate::token::LIFETIME_S;

/// Longest lifetime that is believed, in seconds: a day.
const LIFETIME_MAX_S: u64 = 24 * 3600;

/// Asks for a token by form.
#[derive(Clone, Debug)]
pub(super) struct TokenClient {
    pub(super) uri: Uri,
    pub(super) client_id: Box<str>,
    pub(super) client_secret: SecretString,
}

impl Login for TokenClient {
    fn encode(&self) -> http::Request<Bytes> {
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.expose_secret())
            .finish();
        post(&self.uri, "application/x-www-form-urlencoded", body)
    }

    fn decode(&self, response: &http::Response<Bytes>) -> Result<Grant, Failure> {
        let status = response.status();
        let body = json::parse(response.body()).ok();
        let text = |name| body.as_ref().and_then(|body| body.get(name)).and_then(Json::text);
        let error = text("error").unwrap_or_default();
        let rejected = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::BAD_REQUEST => {
                ["invalid_client", "unauthorized_client", "invalid_grant"].contains(&error)
            }
            _ => false,
        };
        if rejected {
            // Its text may repeat the credentials, so only the code is kept.
            let refusal = UpstreamRefusal::new(status.as_u16(), error, "");
            return Err(Failure::Refused { refusal, again: Again::AfterPerson });
        }
        match text("access_token") {
            Some(token) if status.is_success() && is_token(token) => Ok(Grant {
                token: SecretString::from(token),
                lifetime_s: lifetime_s(body.as_ref()),
            }),
            Some(_) | None => {
                Err(not_sent(&format!("no token was given (HTTP {})", status.as_u16())))
            }
        }
    }
}

/// Whether the text can stand in an `Authorization` header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// `expires_in`, which some write as a number and some as text.
fn lifetime_s(body: Option<&Json>) -> u64 {
    let given = body.and_then(|body| body.get("expires_in")).and_then(Json::text_or_integer);
    let given = given.and_then(|seconds| seconds.trim().parse().ok());
    given.unwrap_or(LIFETIME_S).min(LIFETIME_MAX_S)
}
