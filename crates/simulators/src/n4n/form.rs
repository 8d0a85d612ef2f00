//! The form body with its three look-up keys, read strictly.

use bytes::Bytes;

/// The longest body that is read.
const BODY_MAX: usize = 8 * 1_024;

/// Whom a request is about. At least one key is given.
#[derive(Clone, Default)]
pub(super) struct Lookup {
    pub(super) customer_id: Option<String>,
    pub(super) subscription_id: Option<String>,
    pub(super) orderid: Option<String>,
}

/// Why a form cannot be used.
#[derive(Clone, Copy)]
pub(super) enum BadForm {
    TooLong,
    Malformed,
    NoKey,
}

impl Lookup {
    /// Reads the form. A repeated or disguised key, a broken percent sequence and a control
    /// character are refused; an empty value counts as not given; other keys are ignored.
    pub(super) fn read(body: &Bytes) -> Result<Self, BadForm> {
        if body.len() > BODY_MAX {
            return Err(BadForm::TooLong);
        }
        if !has_sound_escapes(body) {
            return Err(BadForm::Malformed);
        }
        let mut slots: [(&str, Option<String>); 3] =
            [("customer_id", None), ("subscription_id", None), ("orderid", None)];
        for (name, value) in form_urlencoded::parse(body) {
            // The parser writes U+FFFD where bytes are not UTF-8.
            if value.contains('\u{fffd}') || value.chars().any(char::is_control) {
                return Err(BadForm::Malformed);
            }
            if let Some((_, slot)) = slots.iter_mut().find(|(key, _)| *key == name) {
                if slot.replace(value.into_owned()).is_some() {
                    return Err(BadForm::Malformed);
                }
            } else if is_disguised(&name) {
                return Err(BadForm::Malformed);
            }
        }
        let [customer_id, subscription_id, orderid] =
            slots.map(|(_, value)| value.filter(|text| !text.is_empty()));
        if customer_id.is_none() && subscription_id.is_none() && orderid.is_none() {
            return Err(BadForm::NoKey);
        }
        Ok(Self { customer_id, subscription_id, orderid })
    }

    /// The first key given, to name the request by when the customer is unknown.
    pub(super) fn first_value(&self) -> String {
        [&self.customer_id, &self.subscription_id, &self.orderid]
            .into_iter()
            .flatten()
            .next()
            .cloned()
            .unwrap_or_default()
    }
}

/// Whether the query names a look-up key, which belongs in the body.
pub(super) fn names_a_key(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .any(|(name, _)| matches!(name.as_ref(), "customer_id" | "subscription_id" | "orderid"))
}

/// A name that a PHP back end would take for one of the keys.
fn is_disguised(name: &str) -> bool {
    let plain = name.trim_start_matches('\u{feff}').trim_start();
    let plain = plain.split('[').next().unwrap_or_default().replace(['.', ' '], "_");
    matches!(plain.as_str(), "customer_id" | "subscription_id" | "orderid")
}

fn has_sound_escapes(body: &[u8]) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    body.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| is_hex(body.get(at + 1)) && is_hex(body.get(at + 2)))
}

#[cfg(test)]
mod tests {
    use super::{BadForm, Bytes, Lookup};

    fn read(body: &'static str) -> Result<Lookup, BadForm> {
        Lookup::read(&Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn look_up_keys_are_decoded_once() {
        let lookup = read("orderid=A+B%2BC&%63ustomer_id=70413&foo=1").unwrap_or_default();
        assert_eq!(lookup.orderid.as_deref(), Some("A B+C"));
        assert_eq!(lookup.customer_id.as_deref(), Some("70413"));
    }

    #[test]
    fn an_empty_value_counts_as_not_given() {
        let lookup = read("customer_id=&orderid=Q1").unwrap_or_default();
        assert_eq!((lookup.customer_id, lookup.orderid.as_deref()), (None, Some("Q1")));
        for body in ["customer_id=", "customer_id", "", "foo=1"] {
            assert!(matches!(read(body), Err(BadForm::NoKey)), "{body}");
        }
    }

    #[test]
    fn a_form_two_readers_could_take_differently_is_refused() {
        for body in [
            "customer_id=1&customer_id=2",
            "customer_id=1&customer_id=1",
            "customer_id[]=1",
            "customer.id=1",
            "orderid=%zz",
            "orderid=%C3%28",
            "orderid=%00",
        ] {
            assert!(matches!(read(body), Err(BadForm::Malformed)), "{body}");
        }
    }
}
