//! JSON that is read without losing anything silently: repeated members and deep nesting are errors.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of lists and objects that is read. The format itself needs six.
const DEPTH_MAX: u8 = 32;

/// A JSON value. It has no `Debug`: it may hold account numbers and tokens.
#[derive(PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A whole number, in decimal.
    Integer(String),
    Fraction(f64),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Json {
    /// The member of an object; a member that is null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.get(name).filter(|value| **value != Self::Null)
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The text of a string, or the digits of a whole number.
    pub(crate) fn text_or_integer(&self) -> Option<&str> {
        if let Self::Text(text) | Self::Integer(text) = self { Some(text) } else { None }
    }
}

/// Reads one JSON document.
///
/// # Errors
///
/// Where it went wrong: category, line and column, never what stood there.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, Box<str>> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Node { levels_left: DEPTH_MAX }.deserialize(&mut deserializer);
    read.and_then(|json| deserializer.end().map(|()| json)).map_err(|error| {
        let (category, line, column) = (error.classify(), error.line(), error.column());
        format!("{category:?} error at {line}:{column}").into()
    })
}

/// Writes a value of this crate's own wire types.
pub(crate) fn write(value: &impl serde::Serialize) -> String {
    // Text, lists and structs of text always serialize; there is nothing else in the wire types.
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Node {
    levels_left: u8,
}

impl Node {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { levels_left })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Fraction(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(inner)? {
            entries.push(entry);
        }
        Ok(Json::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut members = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            let value = object.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("repeated member"));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_member_is_refused_at_every_depth() {
        assert!(parse(br#"{"a":1,"b":1}"#).is_ok());
        assert!(parse(br#"{"a":1,"a":1}"#).is_err());
        assert!(parse(br#"[{"x":{"a":1,"\u0061":2}}]"#).is_err());
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert!(parse(nested(33).as_bytes()).is_err());
    }

    #[test]
    fn an_error_says_where_and_not_what() {
        let error = parse(br#"{"card":"4111111111111111" x"#).err().unwrap();
        assert_eq!(&*error, "Syntax error at 1:28");
    }

    #[test]
    fn null_counts_as_absent() {
        let json = parse(br#"{"a":null,"b":""}"#).ok().unwrap();
        assert!(json.get("a").is_none() && json.get("b").is_some() && json.get("c").is_none());
    }
}
