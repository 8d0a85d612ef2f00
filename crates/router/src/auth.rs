//! Who calls: from credentials as the wire gave them to a principal.
//!
//! Each format keeps its vendor's scheme. Whatever is wrong with a request's credentials, its caller is
//! told the same; the reason goes to the log only.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use status_domain::adapter::Credentials;
use status_domain::ids::System;
use status_domain::principal::{Person, Principal, Role};

use crate::config::values::FormatName;
use crate::config::{Config, Finding};

pub use crate::config::AnswerWhen;

mod capillary;
mod jwt;
mod n4n;
mod netxd;
mod secret;
#[cfg(test)]
mod tests;
mod way4;

/// Checks credentials against what is configured.
pub struct Authenticator {
    netxd: netxd::Keys,
    way4: Option<way4::Clients>,
    capillary: capillary::Orgs,
    n4n: n4n::Accounts,
}

/// An authenticated caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// Who it is.
    pub principal: Principal,
    /// When it is told of success.
    pub answer_when: AnswerWhen,
}

/// Credentials that do not hold. All are alike to the caller.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Rejected {
    /// Why, for the log only: an answer that told it would help whoever guesses.
    pub log_reason: &'static str,
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rejected")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the credentials were not accepted")
    }
}

impl std::error::Error for Rejected {}

/// A token the gateway has made, and how long it is good for.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: SecretString,
    /// Its lifetime from now, in seconds.
    pub lifetime_s: u64,
}

impl Authenticator {
    /// Reads the keys of the configuration, whose files must have been [loaded](Config::load_files).
    ///
    /// # Errors
    ///
    /// The first key that cannot be used.
    pub fn new(config: &Config) -> Result<Self, Finding> {
        Ok(Self {
            netxd: netxd::Keys::new(config.netxd.as_ref())?,
            way4: config.way4.as_ref().and_then(way4::Clients::new),
            capillary: capillary::Orgs::new(config.capillary.as_ref())?,
            n4n: n4n::Accounts::new(config.n4n.as_ref()),
        })
    }

    /// Tells who calls in `format` from `peer`.
    ///
    /// `now` is not used to judge tokens, whose expiry is checked by the clock at the time of the call.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if the credentials are missing, of another format's kind, or do not hold.
    pub fn authenticate(
        &self,
        format: &System,
        credentials: &Credentials,
        peer: IpAddr,
        _now: DateTime<Utc>,
    ) -> Result<Caller, Rejected> {
        let Some(format) = FormatName::of(format) else { return Err(rejected("unknown format")) };
        match (format, credentials) {
            (FormatName::Netxd, Credentials::SignedPayload(signed)) => {
                self.netxd.authenticate(signed)
            }
            (FormatName::Way4, Credentials::Bearer(token)) => {
                let way4 = self.way4.as_ref().ok_or(rejected("format is not configured"))?;
                way4.authenticate(token)
            }
            (FormatName::Capillary, Credentials::Organisation(organisation)) => {
                self.capillary.authenticate(organisation)
            }
            (FormatName::N4n, Credentials::KeyPair { username, key }) => {
                self.n4n.authenticate(username, key, peer)
            }
            (_, Credentials::Missing) => Err(rejected("no credentials")),
            (
                FormatName::Netxd | FormatName::Way4 | FormatName::Capillary | FormatName::N4n,
                Credentials::SignedPayload(_)
                | Credentials::Bearer(_)
                | Credentials::Organisation(_)
                | Credentials::KeyPair { .. },
            ) => Err(rejected("credentials of another format")),
        }
    }

    /// Makes a token for a WAY4 client.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if id and secret are not those of one client.
    pub fn issue_ni_token(
        &self,
        client_id: &str,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, Rejected> {
        let way4 = self.way4.as_ref().ok_or(rejected("format is not configured"))?;
        way4.issue(client_id, secret, now)
    }

    /// Whether a WAY4 client may speak for a bank. Callers of other formats may not.
    #[must_use]
    pub fn permits_bank(&self, by: &Principal, bank_id: &str) -> bool {
        by.format == FormatName::Way4.system()
            && self.way4.as_ref().is_some_and(|way4| way4.permits_bank(&by.client, bank_id))
    }

    /// Makes an access token for a Capillary OAuth client.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if key and secret are not those of one client.
    pub fn issue_capillary_token(
        &self,
        key: &str,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, Rejected> {
        self.capillary.issue(key, secret, now)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

const fn rejected(log_reason: &'static str) -> Rejected {
    Rejected { log_reason }
}

/// A configured client that stands for itself: a technical account that asks for changes.
fn technical(format: FormatName, client: &str, tenant: &str, answer_when: AnswerWhen) -> Caller {
    let format = format.system();
    let person =
        Person { id: format!("{format}:{client}").into(), number: None, name: client.into() };
    let principal = Principal {
        format,
        client: client.into(),
        tenant: tenant.into(),
        person,
        roles: [Role::Maker].into(),
    };
    Caller { principal, answer_when }
}
