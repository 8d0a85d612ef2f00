//! Where the server is and how to be sure of it.

use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use super::settings::Settings;
use crate::store::StoreError;

/// What is asked of the server's certificate.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verify {
    /// Nothing: whoever sits on the way may be anybody.
    Nothing,
    /// That an authority in this file made it.
    Authority(String),
    /// That, and that it names the host.
    Full(String),
}

/// An address that was understood.
pub(super) struct Address {
    /// The way to the server, without the limits that it enforces.
    pub(super) config: Config,
    /// How to be sure of it.
    pub(super) verify: Verify,
}

/// Reads `postgres://user:password@host:port/database?…`.
///
/// `sslmode` and `sslrootcert` mean what they mean to libpq, with these exceptions: there is no `allow`,
/// certificates of authorities are never looked for where they were not named, and none of the client's own is
/// sent. Everything else is tokio-postgres's.
///
/// # Errors
///
/// [`StoreError::Refused`]; it never quotes the address, which has a password in it.
///
/// # Source
///
/// PostgreSQL, *34.19. SSL Support*, table 34.1.
pub(super) fn read(url: &str, settings: &Settings) -> Result<Address, StoreError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(refused("the store's address does not begin with postgres://"));
    }
    let mut tls = Tls::default();
    // A password may have a question mark in it.
    let host = url.find('@').unwrap_or(0);
    let plain = match url[host..].find('?').map(|at| url.split_at(host + at)) {
        None => url.to_owned(),
        Some((address, query)) => {
            let rest: Vec<&str> = query[1..].split('&').filter(|pair| !tls.take(pair)).collect();
            format!("{address}?{}", rest.join("&"))
        }
    };
    let mut config =
        Config::from_str(&plain).map_err(|_| refused("the store's address is not understood"))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(refused("the store's address names no host"));
    }
    let (mode, verify) = tls.meaning()?;
    config.ssl_mode(mode);
    limit(&mut config, settings);
    Ok(Address { config, verify })
}

fn limit(config: &mut Config, settings: &Settings) {
    if config.get_application_name().is_none() {
        config.application_name("statusgate");
    }
    config
        .connect_timeout(settings.create_timeout)
        .keepalives(true)
        .keepalives_idle(settings.keepalive)
        .keepalives_interval(settings.keepalive)
        .keepalives_retries(settings.keepalive_retries)
        .tcp_user_timeout(settings.tcp_user_timeout)
        // After a failover, the first of several hosts may be the one that only reads.
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
}

/// `config` with the limits that the server enforces.
pub(super) fn limited(config: &Config, settings: &Settings) -> Config {
    let mut config = config.clone();
    let own = config.get_options().unwrap_or_default().to_owned();
    // What comes last counts.
    config.options(format!("{own} {}", settings.options()).trim());
    config
}

/// The parameters that tokio-postgres does not know as users do.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    roots: Option<String>,
}

impl Tls {
    /// Takes a parameter if it is one of these.
    fn take(&mut self, pair: &str) -> bool {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            return false;
        };
        let place = match &*name {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.roots,
            _ => return false,
        };
        *place = Some(value.into_owned());
        true
    }

    fn meaning(self) -> Result<(SslMode, Verify), StoreError> {
        let needs_roots =
            || refused("sslmode verify-ca and verify-full need sslrootcert=FILE in the address");
        Ok(match (self.mode.as_deref(), self.roots) {
            (Some("disable"), _) => (SslMode::Disable, Verify::Nothing),
            (None | Some("prefer"), _) => (SslMode::Prefer, Verify::Nothing),
            (Some("require"), None) => (SslMode::Require, Verify::Nothing),
            (Some("require" | "verify-ca"), Some(file)) => {
                (SslMode::Require, Verify::Authority(file))
            }
            (Some("verify-full"), Some(file)) => (SslMode::Require, Verify::Full(file)),
            (Some("verify-ca" | "verify-full"), None) => return Err(needs_roots()),
            (Some(_), _) => {
                return Err(refused(
                    "sslmode is one of disable, prefer, require, verify-ca and verify-full",
                ));
            }
        })
    }
}

fn refused(why: &'static str) -> StoreError {
    StoreError::Refused(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(query: &str) -> (SslMode, Verify, Config) {
        let url = format!("postgres://u:p%3Fa?ss@db.example:6000/record{query}");
        let address = read(&url, &Settings::default()).unwrap();
        (address.config.get_ssl_mode(), address.verify, address.config)
    }

    #[test]
    fn sslmode_means_what_users_know() {
        let file = || "/etc/my ca.pem".to_owned();
        for (query, mode, verify) in [
            ("", SslMode::Prefer, Verify::Nothing),
            ("?sslmode=disable", SslMode::Disable, Verify::Nothing),
            ("?sslmode=prefer", SslMode::Prefer, Verify::Nothing),
            ("?sslmode=require", SslMode::Require, Verify::Nothing),
            (
                "?sslmode=require&sslrootcert=/etc/my%20ca.pem",
                SslMode::Require,
                Verify::Authority(file()),
            ),
            (
                "?sslrootcert=/etc/my%20ca.pem&sslmode=verify-ca",
                SslMode::Require,
                Verify::Authority(file()),
            ),
            (
                "?sslmode=verify-full&sslrootcert=%2Fetc%2Fmy%20ca.pem",
                SslMode::Require,
                Verify::Full(file()),
            ),
        ] {
            let (found, checked, _) = understood(query);
            assert_eq!((found, checked), (mode, verify), "{query}");
        }
    }

    #[test]
    fn the_rest_of_the_address_stays_as_it_is() {
        let (_, _, config) =
            understood("?application_name=gate&sslmode=require&options=-c%20work_mem%3D1MB");
        assert_eq!(config.get_password(), Some(&b"p?a?ss"[..]));
        assert_eq!(config.get_dbname(), Some("record"));
        assert_eq!(config.get_ports(), [6000]);
        assert_eq!(config.get_application_name(), Some("gate"));
        let limited = limited(&config, &Settings::default());
        let options = limited.get_options().unwrap();
        assert!(options.starts_with("-c work_mem=1MB -c statement_timeout=5000 "), "{options}");
    }

    #[test]
    fn an_address_that_is_not_understood_is_not_quoted() {
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h:port/d",
            "postgres://u:secret@h/d?secret=1",
            "postgres://u:secret@h/d?sslmode=allow",
            "postgres://u:secret@h/d?sslmode=verify-full",
            "postgres:///secret",
        ] {
            let error = read(url, &Settings::default()).err().unwrap();
            assert!(matches!(error, StoreError::Refused(_)), "{url}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_limit_of_nothing_is_not_no_limit() {
        let settings =
            Settings { statement_timeout: std::time::Duration::ZERO, ..Settings::default() };
        assert!(settings.options().contains("statement_timeout=1 "));
    }
}
