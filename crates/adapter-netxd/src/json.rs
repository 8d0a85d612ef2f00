//! A strict reader of JSON: no repeated members, bounded depth, and the raw text where it is needed.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting that is read, the outermost value counted.
pub(crate) const DEPTH_MAX: usize = 32;

/// Why a text was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// It is not JSON. Where, not what.
    Syntax(Box<str>),
    /// It is JSON, but not an object.
    NotAnObject,
    /// An object has a member twice.
    Repeated,
    /// It is nested more than [`DEPTH_MAX`] deep.
    TooDeep,
}

/// A value, as far as the wire format has a use for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool,
    Integer(String),
    Fraction,
    Text(String),
    List,
    Object(Members),
}

/// The members of an object; no two of their names are equal when case is ignored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Members(Vec<(String, Node)>);

impl Members {
    /// Takes out the member of this name, in whatever case it is written. A null counts as not given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.0.iter().position(|(key, _)| is_named(key, name))?;
        let (_, node) = self.0.swap_remove(at);
        if node == Node::Null { None } else { Some(node) }
    }

    /// The name of a member that nobody has taken.
    pub(crate) fn left_over(&self) -> Option<&str> {
        self.0.iter().find(|(_, node)| *node != Node::Null).map(|(key, _)| key.as_str())
    }
}

/// Whether a key names the member, without regard to case.
///
/// The vendor's pages and samples spell members in differing case, which their server does not mind.
pub(crate) fn is_named(key: &str, name: &str) -> bool {
    fold(key) == fold(name)
}

/// Upper case first: some letters (long s, the Kelvin sign) only meet their plain form that way.
fn fold(key: &str) -> String {
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Reads one value. `outer` is how many values it is nested in.
pub(crate) fn parse(text: &str, outer: usize) -> Result<Node, Fault> {
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Strict { depth: outer + 1, fault: &fault }.deserialize(&mut reader);
    let parsed = parsed.and_then(|node| reader.end().map(|()| node));
    parsed.map_err(|error| fault.take().unwrap_or_else(|| syntax(&error)))
}

/// The members of an object with their raw texts, in the order they stand. Repeated ones are all there:
/// see [`repeats`].
pub(crate) fn raw_members(text: &[u8]) -> Result<Vec<(String, Box<RawValue>)>, Fault> {
    let value: Box<RawValue> = serde_json::from_slice(text).map_err(|error| syntax(&error))?;
    if !value.get().starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    let members: RawMembers = serde_json::from_str(value.get()).map_err(|error| syntax(&error))?;
    Ok(members.0)
}

/// Whether two names are equal when case is ignored.
pub(crate) fn repeats(members: &[(String, Box<RawValue>)]) -> bool {
    let mut seen = BTreeSet::new();
    members.iter().any(|(key, _)| !seen.insert(fold(key)))
}

/// The same JSON without the white space between its tokens; everything else is left as it stands.
pub(crate) fn compact(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out.push(byte);
    }
    out.into()
}

/// Says where the text went wrong, not what stood there: the parser's own message quotes it.
fn syntax(error: &serde_json::Error) -> Fault {
    let (category, line, column) = (error.classify(), error.line(), error.column());
    Fault::Syntax(format!("{category:?} error at {line}:{column}").into())
}

struct RawMembers(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for RawMembers {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMembers, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        input.deserialize_map(Members)
    }
}

#[derive(Clone, Copy)]
struct Strict<'f> {
    depth: usize,
    fault: &'f Cell<Option<Fault>>,
}

impl Strict<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth > DEPTH_MAX {
            return Err(self.fail(Fault::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn fail<E: Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Node, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Integer(number.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Fraction)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        while list.next_element_seed(inner)?.is_some() {}
        Ok(Node::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut members = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(fold(&key)) {
                return Err(self.fail(Fault::Repeated));
            }
            members.push((key, map.next_value_seed(inner)?));
        }
        Ok(Node::Object(Members(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_given_twice_is_refused_at_every_depth_and_in_any_case() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"Status":"ACTIVE","status":"ACTIVE"}"#,
            r#"{"a":[{"b":{"c":1,"\u0063":2}}]}"#,
            "{\"status\":1,\"\u{17f}tatus\":2}",
        ] {
            assert_eq!(parse(text, 0), Err(Fault::Repeated), "{text}");
        }
    }

    #[test]
    fn nesting_is_read_to_the_limit_and_no_deeper() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(parse(&nested(DEPTH_MAX), 0), Ok(Node::List));
        assert_eq!(parse(&nested(DEPTH_MAX + 1), 0), Err(Fault::TooDeep));
        assert_eq!(parse(&nested(DEPTH_MAX), 1), Err(Fault::TooDeep));
    }

    #[test]
    fn faults_say_where_and_not_what() {
        let secret = r#"{"ID":4111111111111111 x"#;
        for fault in [parse(secret, 0).unwrap_err(), raw_members(secret.as_bytes()).unwrap_err()] {
            assert!(matches!(&fault, Fault::Syntax(place) if !place.contains("4111")), "{fault:?}");
        }
    }

    #[test]
    fn only_white_space_between_tokens_is_removed() {
        let text = "{ \"a b\" : \"c \\\" d\\\\\" ,\r\n\t\"e\" : 1.50 , \"f\":\"\\u0026 &\" }";
        let compacted = r#"{"a b":"c \" d\\","e":1.50,"f":"\u0026 &"}"#;
        assert_eq!(compact(text), compacted);
        assert_eq!(compact(compacted), compacted);
    }

    #[test]
    fn a_half_surrogate_is_no_text() {
        assert!(matches!(parse(r#"{"a":"\ud800"}"#, 0), Err(Fault::Syntax(_))));
    }
}
