//! Reading a request for a status change.
//!
//! The payload says where a server is to send what, and with which credential. Here these are
//! assertions: they must agree with the configuration and are then dropped. What is kept is the echo
//! that [`Native`] carries, without the credential.

use serde_json::{Value, json};
use status_domain::answer::{DecodeError, Problem};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::ids::Identifier;
use status_domain::subject::SubjectKind;
use status_domain::text::{Native, Reason};

use super::credentials;
use super::field::{self, Object, PAYLOAD};
use crate::identifier::{self, digits};
use crate::settings::{
    AuthorizationEcho, DownstreamSettings, EntityIds, MULTI_ACCOUNT_SOURCES, OrgSettings,
    REASON_CHARS_MAX,
};
use crate::wire::STATUS_PATH;

/// Code of a target that is not ours.
const TARGET: &str = "2022";
/// Code of headers that are not accepted.
const HEADERS: &str = "2023";
/// What stands in place of a credential.
pub(super) const REDACTED: &str = "[redacted]";

/// The ids of `entityInfo`, by which lists can be filtered.
const ENTITY_IDS: [(&str, &str); 4] = [
    ("tillId", "entityInfo.tillId"),
    ("storeId", "entityInfo.storeId"),
    ("zoneId", "entityInfo.zoneId"),
    ("conceptId", "entityInfo.conceptId"),
];

pub(super) fn command(
    message: &Object,
    org: &OrgSettings,
    settings: &DownstreamSettings,
) -> Result<Command, DecodeError> {
    let attributes = entity(message, org.entity_ids)?;
    let payload = field::object(message, "payload", PAYLOAD)?;
    let task = field::object(payload, "payload.IntouchAPITask-Payload", PAYLOAD)?;
    let members = ["hostname", "path", "method", "pathParams", "queryParams", "body", "headers"];
    field::only(task, &members, "IntouchAPITask-Payload")?;
    let origin = target(task, &org.origins)?;
    let headers = headers(task, org, settings.authorization_echo)?;
    let query = query(field::object(task, "queryParams", PAYLOAD)?, &org.sources)?;
    let (body, action, reason) = body(field::object(task, "body", PAYLOAD)?, org)?;
    let echo = json!({
        "hostname": origin,
        "path": STATUS_PATH,
        "method": "PUT",
        "pathParams": {},
        "queryParams": query.echo,
        "body": body,
        "headers": headers,
    });
    Ok(Command::Change(Box::new(ChangeRequest {
        named_by: vec![query.identifier],
        kind: SubjectKind::Customer,
        action,
        reason: Some(reason),
        native: Some(Native { text: echo.to_string().into(), attributes }),
        idempotency: None,
        shown_as_request: true,
    })))
}

type Attributes = Vec<(Box<str>, Box<str>)>;

fn entity(message: &Object, ids: EntityIds) -> Result<Attributes, DecodeError> {
    let empty = Object::new();
    let info = match (ids, field::present(message, "entityInfo")) {
        (EntityIds::Optional, None) => &empty,
        (EntityIds::Optional, Some(_)) | (EntityIds::Required, _) => {
            field::object(message, "entityInfo", PAYLOAD)?
        }
    };
    let mut attributes = Vec::new();
    for (name, place) in ENTITY_IDS {
        let wrong = |problem| DecodeError::coded(place, problem, PAYLOAD);
        let id = match field::present(info, name) {
            None => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(wrong(Problem::WrongType("a string")));
            }
        };
        if id.is_empty() {
            if ids == EntityIds::Required {
                return Err(wrong(Problem::Missing));
            }
        } else if digits(&id, 1, 19) {
            attributes.push((name.into(), id.into()));
        } else {
            return Err(wrong(Problem::Form("1 to 19 digits")));
        }
    }
    Ok(attributes)
}

/// Checks where the payload wants to go; returns the configured origin that it named.
fn target<'a>(task: &Object, origins: &'a [Box<str>]) -> Result<&'a str, DecodeError> {
    let asserted = field::text(task, "hostname", TARGET)?;
    let origin = origins.iter().find(|origin| is_named(origin, asserted));
    let origin = origin.ok_or_else(|| DecodeError::coded("hostname", Problem::Mismatch, TARGET))?;
    if field::text(task, "path", TARGET)? != STATUS_PATH {
        return Err(DecodeError::coded("path", Problem::Mismatch, TARGET));
    }
    // The vendor's text says PUT and its sample POST; what is meant is the PUT.
    if !matches!(field::text(task, "method", PAYLOAD)?, "PUT" | "POST") {
        return Err(DecodeError::coded("method", Problem::Undefined, PAYLOAD));
    }
    match field::present(task, "pathParams") {
        None => {}
        Some(Value::Object(map)) if map.is_empty() => {}
        Some(
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_),
        ) => return Err(DecodeError::coded("pathParams", Problem::NotAllowed, TARGET)),
    }
    Ok(origin.strip_suffix('/').unwrap_or(origin))
}

/// Whether a payload's `hostname` is this origin. The vendor's samples put it in angle brackets, and its
/// name suggests a bare host.
fn is_named(origin: &str, asserted: &str) -> bool {
    let inner = asserted.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let asserted = inner.unwrap_or(asserted);
    let asserted = asserted.strip_suffix('/').unwrap_or(asserted);
    let origin = origin.strip_suffix('/').unwrap_or(origin);
    if asserted.eq_ignore_ascii_case(origin) {
        return true;
    }
    fn host(text: &str) -> &str {
        text.strip_suffix(":443").unwrap_or(text)
    }
    let Some(secure) = origin.strip_prefix("https://") else { return false };
    let bare = match asserted.split_at_checked(8) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https://") => rest,
        Some(_) | None => asserted,
    };
    host(bare).eq_ignore_ascii_case(host(secure))
}

/// Checks the inner headers and returns what is shown of them.
fn headers(
    task: &Object,
    org: &OrgSettings,
    echo: AuthorizationEcho,
) -> Result<Object, DecodeError> {
    let given = field::object(task, "headers", HEADERS)?;
    let mut shown = Object::new();
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        let (place, kept) = match lower.as_str() {
            "authorization" => ("headers.Authorization", "Authorization"),
            "content-type" => ("headers.content-type", "content-type"),
            "x-cap-client-signature" => {
                ("headers.X-CAP-CLIENT-SIGNATURE", "X-CAP-CLIENT-SIGNATURE")
            }
            _ => {
                return Err(DecodeError::coded(
                    "a member of headers",
                    Problem::NotAllowed,
                    HEADERS,
                ));
            }
        };
        let wrong = |problem| DecodeError::coded(place, problem, HEADERS);
        let text = value.as_str().ok_or_else(|| wrong(Problem::WrongType("a string")))?;
        if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(wrong(Problem::Form("visible ASCII characters")));
        }
        let is_credential = kept != "content-type";
        if kept == "Authorization" {
            till(text, &org.tills).map_err(wrong)?;
        } else if !is_credential && !is_json(text) {
            return Err(wrong(Problem::Form("application/json")));
        }
        let value = match (is_credential, echo) {
            (false, _) => text,
            (true, AuthorizationEcho::Redacted) => REDACTED,
            (true, AuthorizationEcho::Omitted) => "",
        };
        // Header names do not differ by letter case, so this also finds a header given in two cases.
        if shown.insert(kept.to_owned(), value.into()).is_some() {
            return Err(wrong(Problem::Repeated));
        }
    }
    shown.retain(|_, value| value.as_str() != Some(""));
    Ok(shown)
}

/// The till that an inner credential names must be a configured one, if any are configured.
fn till(value: &str, tills: &[Box<str>]) -> Result<(), Problem> {
    if tills.is_empty() || value.is_empty() {
        return Ok(());
    }
    let encoded = value.split_once(' ').filter(|(name, _)| name.eq_ignore_ascii_case("basic"));
    let pair = encoded.and_then(|(_, encoded)| credentials::pair(encoded.trim()));
    let (till, _) = pair.ok_or(Problem::Form("Basic credentials"))?;
    if tills.iter().any(|known| **known == *till) { Ok(()) } else { Err(Problem::Mismatch) }
}

fn is_json(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

struct Query {
    identifier: Identifier,
    echo: Object,
}

fn query(given: &Object, sources: &[Box<str>]) -> Result<Query, DecodeError> {
    let known = ["source", "accountId", "use_async", "identifierName", "identifierValue"];
    field::only(given, &known, "queryParams")?;
    let source = field::text(given, "queryParams.source", "8003")?;
    if !sources.iter().any(|known| **known == *source) {
        return Err(DecodeError::coded("queryParams.source", Problem::Undefined, "8003"));
    }
    let name = field::text(given, "queryParams.identifierName", "8013")?;
    let undefined = || DecodeError::coded("queryParams.identifierName", Problem::Undefined, "8013");
    let kind = identifier::kind(name).ok_or_else(undefined)?;
    let spelling = identifier::spelling(&kind).unwrap_or_default();
    let place = "queryParams.identifierValue";
    let value = field::text(given, place, PAYLOAD)?;
    if value.is_empty() {
        return Err(DecodeError::coded(place, Problem::Missing, PAYLOAD));
    }
    let identifier = identifier::parse(kind, value)
        .map_err(|form| DecodeError::coded(place, Problem::Form(form), PAYLOAD))?;
    let account = account(given, source)?;
    let mut echo = Object::new();
    echo.insert("source".to_owned(), source.into());
    if let Some(account) = account {
        echo.insert("accountId".to_owned(), account.into());
    }
    if let Some(flag) = flag(given)? {
        echo.insert("use_async".to_owned(), flag.into());
    }
    echo.insert("identifierName".to_owned(), spelling.into());
    echo.insert("identifierValue".to_owned(), value.into());
    Ok(Query { identifier, echo })
}

fn account<'a>(given: &'a Object, source: &str) -> Result<Option<&'a str>, DecodeError> {
    let place = "queryParams.accountId";
    let account = field::optional_text(given, place, PAYLOAD)?;
    if MULTI_ACCOUNT_SOURCES.contains(&source) && account.unwrap_or_default().is_empty() {
        return Err(DecodeError::coded(place, Problem::Missing, "8045"));
    }
    let is_plain = |text: &str| text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic());
    if account.is_some_and(|account| !is_plain(account)) {
        let form = Problem::Form("at most 128 visible ASCII characters");
        return Err(DecodeError::coded(place, form, PAYLOAD));
    }
    Ok(account)
}

/// A truth value, which the workflow writes as text and the status API as a boolean.
fn flag(given: &Object) -> Result<Option<&'static str>, DecodeError> {
    let place = "queryParams.use_async";
    let wrong = || DecodeError::coded(place, Problem::Form("true or false"), PAYLOAD);
    match field::present(given, place) {
        None => Ok(None),
        Some(Value::Bool(true)) => Ok(Some("true")),
        Some(Value::Bool(false)) => Ok(Some("false")),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some("true")),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some("false")),
        Some(
            Value::Null | Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Err(wrong()),
    }
}

fn body(given: &Object, org: &OrgSettings) -> Result<(Value, Action, Reason), DecodeError> {
    field::only(given, &["reason", "label"], "body")?;
    let label = field::text(given, "body.label", PAYLOAD)?;
    if label.is_empty() {
        return Err(DecodeError::coded("body.label", Problem::Missing, PAYLOAD));
    }
    let unknown = || DecodeError::coded("body.label", Problem::Undefined, "3017");
    let (label, status) = org.labels.status(label).ok_or_else(unknown)?;
    let reason = reason(field::text(given, "body.reason", PAYLOAD)?)?;
    let echo = json!({ "reason": reason.as_str(), "label": label });
    Ok((echo, Action::SetLifecycle(status), reason))
}

fn reason(text: &str) -> Result<Reason, DecodeError> {
    let wrong = |problem| DecodeError::coded("body.reason", problem, PAYLOAD);
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong(Problem::Missing));
    }
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(wrong(Problem::TooLong(REASON_CHARS_MAX)));
    }
    text.parse().map_err(|_| wrong(Problem::Form("text without control characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostname_is_the_configured_origin_in_one_of_its_documented_forms() {
        let origin = "https://eu.api.capillarytech.com";
        for good in [
            "https://eu.api.capillarytech.com",
            "<https://eu.api.capillarytech.com>",
            "<https://eu.api.capillarytech.com/>",
            "https://eu.api.capillarytech.com:443/",
            "HTTPS://EU.api.capillarytech.com",
            "eu.api.capillarytech.com",
            "eu.api.capillarytech.com:443",
        ] {
            assert!(is_named(origin, good), "{good}");
        }
        for bad in [
            "http://eu.api.capillarytech.com",
            "https://eu.api.capillarytech.com:8443",
            "https://eu.api.capillarytech.com.evil.example",
            "https://user@eu.api.capillarytech.com",
            "https://eu.api.capillarytech.com/x",
            "https://eu.api.capillarytech.com//",
            "<<https://eu.api.capillarytech.com>>",
            "<https://eu.api.capillarytech.com",
            "https://169.254.169.254",
            "https://eu.api.capillarytech.com.",
            " https://eu.api.capillarytech.com",
            "https://https://eu.api.capillarytech.com",
            "",
        ] {
            assert!(!is_named(origin, bad), "{bad}");
        }
    }

    #[test]
    fn a_plain_origin_is_named_only_in_full() {
        let origin = "http://127.0.0.1:9103";
        assert!(is_named(origin, "http://127.0.0.1:9103/"));
        assert!(!is_named(origin, "127.0.0.1:9103"));
        assert!(!is_named(origin, "https://127.0.0.1:9103"));
    }

    #[test]
    fn an_inner_credential_must_name_a_configured_till_if_there_are_any() {
        let tills: Vec<Box<str>> = vec!["till.demo".into()];
        // till.demo:x and till.other:x
        assert_eq!(till("Basic dGlsbC5kZW1vOng=", &tills), Ok(()));
        assert_eq!(till("Basic dGlsbC5vdGhlcjp4", &tills), Err(Problem::Mismatch));
        assert!(till("Bearer abc", &tills).is_err());
        assert_eq!(till("Bearer abc", &[]), Ok(()));
    }
}
