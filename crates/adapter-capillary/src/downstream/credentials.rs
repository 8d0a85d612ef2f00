//! Who the caller says it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use status_domain::adapter::{Credentials, Organisation};
use status_domain::answer::{DecodeError, Problem};

use crate::identifier::digits;
use crate::settings::{DownstreamSettings, OrgSettings};
use crate::wire::{ACCESS_TOKEN, ACCESS_TOKEN_ALIAS, ORG, USER_TOKEN};

/// A header that is there and cannot be one credential: given twice, or not readable.
struct Refused;

/// Reads the headers, and looks up the organisation that they name.
///
/// A header that is there and cannot be read makes the credentials [`Credentials::Missing`]: it must
/// not count as absent, because each proof that is given must hold.
pub(super) fn read<'a>(
    headers: &HeaderMap,
    settings: &'a DownstreamSettings,
) -> (Credentials, Result<&'a OrgSettings, DecodeError>) {
    let org = one(headers, ORG);
    let found = match &org {
        Err(Refused) => Err(organisation(Problem::Repeated, "2005")),
        Ok(None) => Err(organisation(Problem::Missing, "2026")),
        Ok(Some(id)) if !digits(id, 1, 19) => {
            Err(organisation(Problem::Form("1 to 19 digits"), "2005"))
        }
        Ok(Some(id)) => {
            settings.orgs.get(*id).ok_or_else(|| organisation(Problem::Mismatch, "2005"))
        }
    };
    let credentials = org.and_then(|org| proofs(headers, org, settings));
    (credentials.unwrap_or(Credentials::Missing), found)
}

fn organisation(problem: Problem, code: &'static str) -> DecodeError {
    DecodeError::coded("X-CAP-API-AUTH-ORG-ID", problem, code)
}

fn proofs(
    headers: &HeaderMap,
    org: Option<&str>,
    settings: &DownstreamSettings,
) -> Result<Credentials, Refused> {
    let basic = one(headers, AUTHORIZATION.as_str())?.map(basic).transpose()?;
    let mut client_token = one(headers, ACCESS_TOKEN)?;
    if settings.accept_access_token_alias
        && let Some(alias) = one(headers, ACCESS_TOKEN_ALIAS)?
        && client_token.replace(alias).is_some()
    {
        return Err(Refused);
    }
    let user_token = one(headers, USER_TOKEN)?;
    if org.is_none() && basic.is_none() && client_token.is_none() && user_token.is_none() {
        return Ok(Credentials::Missing);
    }
    Ok(Credentials::Organisation(Box::new(Organisation {
        org: org.map(Into::into),
        basic,
        client_token: client_token.map(SecretString::from),
        user_token: user_token.map(SecretString::from),
    })))
}

/// The value of a header that may be given once. The vendor's own sample sends an empty token beside
/// Basic, so an empty value counts as absent.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refused> {
    let Ok(name) = HeaderName::try_from(name) else { return Ok(None) };
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refused);
    }
    let text = value.to_str().map_err(|_| Refused)?.trim();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn basic(value: &str) -> Result<(Box<str>, SecretString), Refused> {
    let (scheme, encoded) = value.split_once(' ').ok_or(Refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refused);
    }
    let (till, password) = pair(encoded.trim()).ok_or(Refused)?;
    Ok((till.into(), SecretString::from(password)))
}

/// User and password of an encoded pair.
pub(super) fn pair(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
