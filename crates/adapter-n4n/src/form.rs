//! Form bodies, checked byte by byte before anything is decoded.
//!
//! The standard's parser cannot fail: it repairs broken escapes and invalid UTF-8 silently and
//! leaves repeated names to the caller. Readers disagree about such bodies, PHP's in particular, so
//! that a chain of two of them can be made to see different customers. Here they are refused.
//!
//! # Source
//!
//! WHATWG, *URL Standard*, section "application/x-www-form-urlencoded parsing".

use std::borrow::Cow;

use status_domain::answer::{DecodeError, Problem};

use crate::wire::KEYS;

/// A name and a value, both decoded once.
pub(crate) type Pair = (String, String);

/// Splits and decodes a form. `place` says where it stood, for faults that no key can be named for.
///
/// # Errors
///
/// A broken escape, text that is not UTF-8, a control character, or a name that some readers would
/// take for a look-up key and others would not.
pub(crate) fn pairs(form: &[u8], place: &'static str) -> Result<Vec<Pair>, DecodeError> {
    let pieces = form.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    pieces.map(|piece| pair(piece, place)).collect()
}

fn pair(piece: &[u8], place: &'static str) -> Result<Pair, DecodeError> {
    let mut halves = piece.splitn(2, |byte| *byte == b'=');
    let name = decoded(halves.next().unwrap_or_default(), place)?;
    let key = KEYS.into_iter().find(|key| *key == name);
    let value = decoded(halves.next().unwrap_or_default(), key.unwrap_or(place))?;
    if key.is_none()
        && let Some(key) = resembled(&name)
    {
        return Err(DecodeError::new(key, Problem::Form("written exactly so")));
    }
    Ok((name, value))
}

fn decoded(bytes: &[u8], field: &'static str) -> Result<String, DecodeError> {
    let fault = |form| DecodeError::new(field, Problem::Form(form));
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match *first {
            b'+' => out.push(b' '),
            b'%' => {
                let [high, low, after @ ..] = tail else { return Err(fault(ESCAPES)) };
                let (Some(high), Some(low)) = (hex(*high), hex(*low)) else {
                    return Err(fault(ESCAPES));
                };
                out.push(high * 16 + low);
                rest = after;
            }
            byte => out.push(byte),
        }
    }
    let text = String::from_utf8(out).map_err(|_| fault("UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(fault("free of control characters"));
    }
    Ok(text)
}

const ESCAPES: &str = "written with complete percent escapes";

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The look-up key that PHP's parser would make of a name: it cuts at a bracket and turns dots,
/// spaces and lone brackets into underscores. A byte order mark hides a name in the same way.
fn resembled(name: &str) -> Option<&'static str> {
    let name = name.trim_start_matches(['\u{feff}', ' ']);
    let (before_bracket, _) = name.split_once('[').unwrap_or((name, ""));
    let mangled = |text: &str| text.replace(['.', ' ', '['], "_");
    let candidates = [Cow::from(mangled(before_bracket)), Cow::from(mangled(name))];
    KEYS.into_iter().find(|key| candidates.iter().any(|candidate| candidate == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<Pair>, DecodeError> {
        pairs(body.as_bytes(), "body")
    }

    fn one(name: &str, value: &str) -> Result<Vec<Pair>, DecodeError> {
        Ok(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn only_the_first_equals_sign_splits() {
        assert_eq!(read("a=b=c"), one("a", "b=c"));
        assert_eq!(read("=x"), one("", "x"));
    }

    #[test]
    fn empty_pieces_are_skipped() {
        assert_eq!(read("&&a=1&"), one("a", "1"));
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn escapes_are_decoded_exactly_once() {
        assert_eq!(read("a=%2541"), one("a", "%41"));
        assert_eq!(read("a=%3a%3A"), one("a", "::"));
    }

    #[test]
    fn a_broken_escape_is_refused_anywhere() {
        for body in ["a=%", "a=%4", "a=%zz", "%=1", "a=1&b=%4g"] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_name_that_php_would_read_as_a_key_is_refused() {
        for name in ["customer_id[]", "customer.id", "customer+id", "customer%5Bid", "+orderid"] {
            assert!(read(&format!("{name}=1")).is_err(), "{name}");
        }
        assert!(read("%EF%BB%BFcustomer_id=1").is_err());
        assert!(read("customer=1&id=2&order_id=3").is_ok());
    }
}
