//! Reading JSON without surprises: no member twice, no more than [`DEPTH_MAX`] levels.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting of arrays and objects that is read.
pub(crate) const DEPTH_MAX: usize = 32;

/// Why a text is not read, and where. Never what stood there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unread {
    pub(crate) trouble: Trouble,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    Syntax,
    Repeated,
    TooDeep,
}

/// Reads one JSON value.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Unread> {
    let trouble = Cell::new(Trouble::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { level: 0, trouble: &trouble }.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| Unread {
        trouble: trouble.get(),
        line: error.line(),
        column: error.column(),
    })
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    level: usize,
    trouble: &'a Cell<Trouble>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.level == DEPTH_MAX {
            self.trouble.set(Trouble::TooDeep);
            return Err(E::custom("too deep"));
        }
        Ok(Self { level: self.level + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                self.trouble.set(Trouble::Repeated);
                return Err(A::Error::custom("repeated"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(text: &str) -> Trouble {
        read(text.as_bytes()).unwrap_err().trouble
    }

    #[test]
    fn a_member_given_twice_is_refused_at_every_level() {
        assert_eq!(trouble(r#"{"a":1,"a":1}"#), Trouble::Repeated);
        assert_eq!(trouble(r#"{"x":[{"a":1,"\u0061":2}]}"#), Trouble::Repeated);
    }

    #[test]
    fn thirty_two_levels_are_read_and_no_more() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(read(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(trouble(&nested(DEPTH_MAX + 1)), Trouble::TooDeep);
        assert_eq!(trouble(&nested(5000)), Trouble::TooDeep);
    }

    #[test]
    fn what_follows_the_value_is_a_syntax_error() {
        assert_eq!(trouble("{} x"), Trouble::Syntax);
        assert_eq!(trouble(""), Trouble::Syntax);
        assert_eq!(trouble("{\"a\":\"\u{1}\"}"), Trouble::Syntax);
    }

    #[test]
    fn values_and_the_order_of_members_are_kept() {
        let text = r#"{"z":1,"a":[null,true,-2,1.5,"x\n"]}"#;
        assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
    }
}
