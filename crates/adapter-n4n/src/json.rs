//! JSON read strictly: no repeated members, bounded depth.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest nesting that is read.
pub(crate) const DEPTH_MAX: usize = 32;

/// A JSON value, as far as this format needs it. No `Debug`: it may hold personal data.
pub(crate) enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that is not negative.
    Integer(u64),
    /// Any other number.
    OtherNumber,
    /// A text.
    Text(String),
    /// A list, whose elements nothing here needs.
    List,
    /// An object. No name occurs twice.
    Object(BTreeMap<String, Self>),
}

/// The bytes are no JSON, repeat a member, or are nested too deeply. Never says what stood there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotJson;

impl Json {
    /// Reads one JSON value; nothing but white space may surround it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NotJson> {
        let mut source = serde_json::Deserializer::from_slice(bytes);
        let value = Nested(DEPTH_MAX).deserialize(&mut source).map_err(|_| NotJson)?;
        source.end().map_err(|_| NotJson)?;
        Ok(value)
    }
}

/// Reads a value that may hold this many further levels.
#[derive(Clone, Copy)]
struct Nested(usize);

impl Nested {
    fn inner<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Json, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
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
        Ok(Json::Integer(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(u64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        while list.next_element_seed(inner)?.is_some() {}
        Ok(Json::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut members = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            let value = object.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(text: &str) -> bool {
        Json::read(text.as_bytes()).is_ok()
    }

    #[test]
    fn a_member_may_not_occur_twice_at_any_depth() {
        assert!(is_read(r#"{"a":1,"b":{"a":1}}"#));
        assert!(!is_read(r#"{"a":1,"a":1}"#));
        assert!(!is_read(r#"[{"b":[{"a":1,"\u0061":2}]}]"#));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_read(&nested(DEPTH_MAX)));
        assert!(!is_read(&nested(DEPTH_MAX + 1)));
        assert!(!is_read(&nested(100_000)));
    }

    #[test]
    fn only_white_space_may_surround_a_value() {
        assert!(is_read(" true\r\n"));
        assert!(!is_read("true true"));
        assert!(!is_read(""));
        assert!(!is_read("\u{feff}true"));
    }
}
