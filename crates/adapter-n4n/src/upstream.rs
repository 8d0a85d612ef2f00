//! Calling an N4N system.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, Uri};
use secrecy::{ExposeSecret, SecretString};
use status_domain::adapter::{Inquiry, Login, Upstream};
use status_domain::facet::{EditLock, Facet};
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};
use status_domain::ids::{Identifier, System};
use status_domain::register::{Order, Projected, Projection, RegisterName, RegisterValue};
use status_domain::status::Status;
use status_domain::subject::SubjectView;

use crate::wire::{self, Said};
use crate::{SYSTEM, codes};

/// The one register: whether the record is guarded against edits, `locked` or `unlocked`.
pub const LOCK: RegisterName = RegisterName::new("lock");

/// How an N4N system is called.
#[derive(Clone, Debug)]
pub struct N4nUpstreamSettings {
    /// Scheme and host, and a path if the installation has one: `https://n4n.example.net`. The call's
    /// path is appended.
    pub base_url: Box<str>,
    /// The calling account's key.
    pub api_key: SecretString,
    /// The calling account's user name.
    pub api_username: SecretString,
    /// Effective statuses under which a customer is locked as well. Empty: the lock follows lock and
    /// unlock only, and no status touches it.
    pub lock_when: Vec<Status>,
}

/// Settings that no call could be made with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSettings {
    /// The base URL is not `http` or `https` with a host, or has a user, a query or a fragment.
    #[error("the base URL must be http or https with a host, without user, query or fragment")]
    BaseUrl,
    /// The key is empty or cannot stand in a header.
    #[error("the API key must be text that can stand in a header")]
    ApiKey,
    /// The user name is empty or cannot stand in a header.
    #[error("the API user name must be text that can stand in a header")]
    ApiUsername,
    /// ACTIVE is among the statuses that lock, so that nothing could ever be unlocked.
    #[error("ACTIVE cannot be a status that locks")]
    LockWhenActive,
}

/// The client side of N4N's lock and unlock.
#[derive(Clone, Debug)]
pub struct N4nUpstream {
    settings: N4nUpstreamSettings,
}

impl N4nUpstream {
    /// A client with these settings.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if no call could be made with them.
    pub fn new(settings: N4nUpstreamSettings) -> Result<Self, InvalidSettings> {
        if !is_base_url(&settings.base_url) {
            return Err(InvalidSettings::BaseUrl);
        }
        header(&settings.api_key).ok_or(InvalidSettings::ApiKey)?;
        header(&settings.api_username).ok_or(InvalidSettings::ApiUsername)?;
        if settings.lock_when.contains(&Status::Active) {
            return Err(InvalidSettings::LockWhenActive);
        }
        Ok(Self { settings })
    }

    fn refused(&self, order: &Order, http_status: u16, said: &Said, again: Again) -> Failure {
        let refusal = match said {
            Said::Error { result, message } => {
                UpstreamRefusal::new(http_status, result, &self.masked(order, message))
            }
            Said::Success | Said::No | Said::Other(_) | Said::Unreadable => {
                UpstreamRefusal::new(http_status, "", "")
            }
        };
        Failure::Refused { refusal, again }
    }

    /// The vendor's text without what it should not repeat: our credentials and long identifiers.
    fn masked(&self, order: &Order, message: &str) -> String {
        let mut text = message.to_owned();
        for secret in [&self.settings.api_key, &self.settings.api_username] {
            text = text.replace(secret.expose_secret(), "***");
        }
        for identifier in &order.identifiers {
            let value = identifier.value.expose();
            if value.chars().count() >= 8 {
                text = text.replace(value, &format!("{:?}", identifier.value));
            }
        }
        text
    }
}

impl Upstream for N4nUpstream {
    fn system(&self) -> &System {
        const { &SYSTEM }
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::EditLock => vec![LOCK],
            Facet::Lifecycle | Facet::Hold(_) if !self.settings.lock_when.is_empty() => vec![LOCK],
            Facet::Lifecycle | Facet::Hold(_) | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        let is_guarded = self.settings.lock_when.contains(&view.effective());
        let lock = if is_guarded { EditLock::Locked } else { view.subject.state.edit_lock };
        vec![(LOCK, Projected::Exact(RegisterValue(codes::word(lock).into())))]
    }

    fn encode(
        &self,
        order: &Order,
        _: Option<&SecretString>,
        _: DateTime<Utc>,
    ) -> Result<Request<Bytes>, Failure> {
        if order.register != LOCK {
            return Err(not_sent("there is no such register"));
        }
        let lock = codes::lock(order.value.as_str());
        let lock = lock.ok_or_else(|| not_sent("the register has no such value"))?;
        let key = look_up_key(&order.identifiers);
        let key = key.ok_or_else(|| not_sent("no look-up key is known for the customer"))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair(key.kind.as_str(), key.value.expose())
            .finish();
        let base = self.settings.base_url.trim_end_matches('/');
        let api_key = header(&self.settings.api_key).ok_or_else(|| not_sent("the API key"))?;
        let username = header(&self.settings.api_username);
        let username = username.ok_or_else(|| not_sent("the API user name"))?;
        Request::builder()
            .method(Method::PATCH)
            .uri(format!("{base}{}", wire::path(lock)))
            .header(wire::API_KEY, api_key)
            .header(wire::API_USERNAME, username)
            .header(ACCEPT, HeaderValue::from_static(wire::JSON))
            .header(CONTENT_TYPE, HeaderValue::from_static(wire::FORM))
            .body(Bytes::from(form))
            .map_err(|_| not_sent("the request cannot be written"))
    }

    fn decode(&self, order: &Order, response: &Response<Bytes>) -> Result<Confirmation, Failure> {
        let status = response.status();
        let said = wire::said(response.body());
        let after = retry_after(response);
        let unknown = |cause: String| Failure::Unknown { cause: cause.into(), after };
        let refused = |again| self.refused(order, status.as_u16(), &said, again);
        match status.as_u16() {
            200 => match &said {
                Said::Success => Ok(Confirmation {
                    native: std::str::from_utf8(response.body()).ok().map(Into::into),
                }),
                Said::No | Said::Error { .. } => Err(refused(Again::Never)),
                Said::Other(what) => Err(unknown(format!("HTTP status 200 with {what}"))),
                Said::Unreadable => {
                    let length = response.body().len();
                    Err(unknown(format!("HTTP status 200 with {length} bytes that are no JSON")))
                }
            },
            401 | 403 | 407 => Err(refused(Again::AfterPerson)),
            408 | 429 => Err(unknown(format!("HTTP status {}", status.as_u16()))),
            300..=499 => Err(refused(Again::Never)),
            number => Err(unknown(format!("HTTP status {number}"))),
        }
    }

    fn login(&self) -> Option<&dyn Login> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        // No public document shows the lock in an answer.
        None
    }
}

/// The key a customer is looked up by: exactly one, because nothing is known of how several are
/// weighed. The platform's own id comes first; it is the only one that cannot be ambiguous.
fn look_up_key(identifiers: &[Identifier]) -> Option<&Identifier> {
    let of_kind = |kind: &str| {
        identifiers.iter().find(|one| one.system == SYSTEM && one.kind.as_str() == kind)
    };
    wire::KEYS.into_iter().find_map(of_kind)
}

fn is_base_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().filter(|host| !host.as_str().contains('@'));
    is_web && host.is_some() && uri.query().is_none() && !text.contains(['?', '#'])
}

fn header(secret: &SecretString) -> Option<HeaderValue> {
    let text = secret.expose_secret();
    let mut value = HeaderValue::from_str(text).ok().filter(|value| !value.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

/// Seconds of `Retry-After`. Its other form, a date, would need a clock.
fn retry_after(response: &Response<Bytes>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

fn not_sent(cause: &str) -> Failure {
    Failure::NotSent { cause: cause.into() }
}
