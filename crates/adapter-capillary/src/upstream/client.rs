//! What all calls share: address, organisation, credentials.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use status_domain::failure::{Again, Failure};

use crate::settings::{UpstreamCredentials, UpstreamSettings};
use crate::wire::{ACCESS_TOKEN, JSON, ORG};

#[derive(Clone, Debug)]
pub(super) struct Client {
    settings: Arc<UpstreamSettings>,
}

impl Client {
    pub(super) const fn new(settings: Arc<UpstreamSettings>) -> Self {
        Self { settings }
    }

    /// What may be done when the credentials were not accepted.
    pub(super) fn on_unauthorized(&self) -> Again {
        match &self.settings.credentials {
            UpstreamCredentials::Till { .. } => Again::AfterPerson,
            UpstreamCredentials::OAuth { .. } => Again::AfterLogin,
        }
    }

    /// A request to a path (and query) below the base address.
    pub(super) fn request(
        &self,
        method: Method,
        target: &str,
        body: Bytes,
        access: Option<&SecretString>,
    ) -> Result<Request<Bytes>, Failure> {
        let uri = uri(&self.settings.base_url, target).map_err(not_sent)?;
        let (name, credential) = self.credential(access)?;
        let org = HeaderValue::from_str(&self.settings.org)
            .map_err(|_| not_sent("the organisation's id cannot be a header"))?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, JSON);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(HeaderName::from_static(ORG), org);
        headers.insert(name, credential);
        Ok(request)
    }

    fn credential(
        &self,
        access: Option<&SecretString>,
    ) -> Result<(HeaderName, HeaderValue), Failure> {
        let (name, text) = match &self.settings.credentials {
            UpstreamCredentials::Till { till, password_md5 } => {
                let pair = STANDARD.encode(format!("{till}:{}", password_md5.expose_secret()));
                (AUTHORIZATION, format!("Basic {pair}"))
            }
            UpstreamCredentials::OAuth { .. } => {
                let access = access.ok_or_else(|| not_sent("there is no access token"))?;
                (HeaderName::from_static(ACCESS_TOKEN), access.expose_secret().to_owned())
            }
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| not_sent("the credential cannot be a header"))?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

fn not_sent(cause: &str) -> Failure {
    Failure::NotSent { cause: cause.into() }
}

/// An address below a base address.
pub(super) fn uri(base: &str, target: &str) -> Result<Uri, &'static str> {
    let base = base.strip_suffix('/').unwrap_or(base);
    format!("{base}{target}").parse().map_err(|_| "the address cannot be built")
}

/// Percent-encodes a query value. A space becomes `%20`: `+` is not a space to every reader.
pub(super) fn percent(text: &str) -> String {
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
}
