//! Taking members out of JSON objects.

use serde_json::{Map, Value};
use status_domain::answer::{DecodeError, Problem};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Code of a payload that is wrong.
pub(super) const PAYLOAD: &str = "2008";

/// A member that must be an object. Null counts as missing.
pub(super) fn object<'a>(
    parent: &'a Object,
    field: &'static str,
    code: &'static str,
) -> Result<&'a Object, DecodeError> {
    match present(parent, field) {
        None => Err(DecodeError::coded(field, Problem::Missing, code)),
        Some(Value::Object(map)) => Ok(map),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_))
        | Some(Value::Null) => {
            Err(DecodeError::coded(field, Problem::WrongType("an object"), code))
        }
    }
}

/// A member that must be text. Null counts as missing, empty text does not.
pub(super) fn text<'a>(
    parent: &'a Object,
    field: &'static str,
    code: &'static str,
) -> Result<&'a str, DecodeError> {
    optional_text(parent, field, code)?
        .ok_or_else(|| DecodeError::coded(field, Problem::Missing, code))
}

/// A member that may be absent and otherwise must be text.
pub(super) fn optional_text<'a>(
    parent: &'a Object,
    field: &'static str,
    code: &'static str,
) -> Result<Option<&'a str>, DecodeError> {
    let Some(value) = present(parent, field) else { return Ok(None) };
    let wrong = || DecodeError::coded(field, Problem::WrongType("a string"), code);
    value.as_str().map(Some).ok_or_else(wrong)
}

/// A member by the last part of its dotted name; null counts as absent.
pub(super) fn present<'a>(parent: &'a Object, field: &str) -> Option<&'a Value> {
    let name = field.rsplit('.').next().unwrap_or(field);
    parent.get(name).filter(|value| !value.is_null())
}

/// Refuses members that are not among `known`. What a checker is shown must be all there is.
pub(super) fn only(
    object: &Object,
    known: &[&str],
    field: &'static str,
) -> Result<(), DecodeError> {
    if object.keys().all(|name| known.contains(&name.as_str())) {
        return Ok(());
    }
    // The member's name is the caller's, so it is not repeated.
    Err(DecodeError {
        field: format!("a member of {field}").into(),
        problem: Problem::NotAllowed,
        code: PAYLOAD,
    })
}
