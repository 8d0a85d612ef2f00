//! Asking for an access token.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use status_domain::adapter::{Grant, Login};
use status_domain::failure::{Again, Failure};

use super::{answer, client};
use crate::json;
use crate::settings::{UpstreamCredentials, UpstreamSettings};
use crate::wire::{JSON, TOKEN_PATH};

/// The token call of one client.
#[derive(Clone, Debug)]
pub(super) struct TokenCall {
    uri: Uri,
    key: Box<str>,
    secret: SecretString,
}

impl TokenCall {
    /// The call that these settings need, if they need one.
    pub(super) fn new(settings: &UpstreamSettings) -> Result<Option<Self>, String> {
        match &settings.credentials {
            UpstreamCredentials::Till { .. } => Ok(None),
            UpstreamCredentials::OAuth { key, secret } => {
                let uri = client::uri(&settings.base_url, TOKEN_PATH)?;
                Ok(Some(Self { uri, key: key.clone(), secret: secret.clone() }))
            }
        }
    }
}

#[derive(Serialize)]
struct KeyAndSecret<'a> {
    key: &'a str,
    secret: &'a str,
}

impl Login for TokenCall {
    fn encode(&self) -> Request<Bytes> {
        let body = KeyAndSecret { key: &self.key, secret: self.secret.expose_secret() };
        let mut request = Request::new(serde_json::to_vec(&body).unwrap_or_default().into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(ACCEPT, JSON);
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        request
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<Grant, Failure> {
        let body = json::read(response.body()).ok();
        if response.status() == StatusCode::OK
            && let Some(grant) = body.as_ref().and_then(grant)
        {
            return Ok(grant);
        }
        // The vendor does not publish how it refuses: these statuses are taken for it.
        let refused = [400, 401, 403].contains(&response.status().as_u16());
        match answer::refusal(response, Again::AfterPerson, &[]) {
            Some(Failure::Refused { refusal, again }) if refused || again == Again::AfterPerson => {
                Err(Failure::Refused { refusal, again: Again::AfterPerson })
            }
            // Nothing was changed, so an answer that is not understood is no unknown outcome.
            Some(_) | None => Err(Failure::NotSent {
                cause: format!("no token in the answer (HTTP {})", response.status().as_u16())
                    .into(),
            }),
        }
    }
}

fn grant(body: &Value) -> Option<Grant> {
    let data = body.get("data")?;
    let token = data.get("accessToken")?.as_str().filter(|token| !token.is_empty())?;
    let lifetime_s = data.get("ttlSeconds")?.as_u64()?;
    Some(Grant { token: token.into(), lifetime_s })
}
