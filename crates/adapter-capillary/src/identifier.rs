//! By what Capillary knows a customer, and how it spells that.

use status_domain::ids::{Identifier, IdentifierKind, IdentifierValue};

use crate::SYSTEM;

/// Mobile number with country code, digits only.
pub const MOBILE: IdentifierKind = IdentifierKind::new("mobile");
/// E-mail address.
pub const EMAIL: IdentifierKind = IdentifierKind::new("email");
/// The brand's own number of the customer.
pub const EXTERNAL_ID: IdentifierKind = IdentifierKind::new("external_id");
/// Loyalty card number.
pub const CARD_NUMBER: IdentifierKind = IdentifierKind::new("card_number");
/// The brand's own number of a loyalty card.
pub const CARD_EXTERNAL_ID: IdentifierKind = IdentifierKind::new("card_external_id");
/// `WeChat` id.
pub const WECHAT: IdentifierKind = IdentifierKind::new("wechat");
/// Facebook id.
pub const FBID: IdentifierKind = IdentifierKind::new("fbid");
/// Martjack id.
pub const MARTJACK_ID: IdentifierKind = IdentifierKind::new("martjack_id");
/// Capillary's own number of the customer. The status log is read by it.
pub const ID: IdentifierKind = IdentifierKind::new("id");

/// Kinds by which a customer can be looked up, with the spelling of `identifierName`, in the order in
/// which one is chosen for a call.
///
/// # Source
///
/// Capillary, *Change customer status request*, `identifierName`.
pub const LOOKUP: [(IdentifierKind, &str); 8] = [
    (MOBILE, "mobile"),
    (EMAIL, "email"),
    (EXTERNAL_ID, "externalId"),
    (CARD_NUMBER, "cardnumber"),
    (CARD_EXTERNAL_ID, "cardExternalId"),
    (WECHAT, "wechat"),
    (FBID, "fbid"),
    (MARTJACK_ID, "martjackId"),
];

/// The spelling of `identifierName` for a kind; `None` for a kind that is not Capillary's.
#[must_use]
pub fn spelling(kind: &IdentifierKind) -> Option<&'static str> {
    let (_, name) = LOOKUP.into_iter().chain([(ID, "id")]).find(|(known, _)| known == kind)?;
    Some(name)
}

/// The kind that `identifierName` says, in any letter case (the vendor's pages differ in it).
#[must_use]
pub fn kind(name: &str) -> Option<IdentifierKind> {
    let mut known = LOOKUP.into_iter().chain([(ID, "id")]);
    known.find(|(_, spelling)| spelling.eq_ignore_ascii_case(name)).map(|(kind, _)| kind)
}

/// An identifier of this system; or the form that a value of this kind must have.
pub(crate) fn parse(kind: IdentifierKind, text: &str) -> Result<Identifier, &'static str> {
    if kind == MOBILE && !digits(text, 5, 20) {
        return Err("5 to 20 digits");
    }
    if kind == ID && !digits(text, 1, 19) {
        return Err("1 to 19 digits");
    }
    if kind == EMAIL && !is_email(text) {
        return Err("an e-mail address");
    }
    if text.trim() != text {
        return Err("text without surrounding white space");
    }
    let value: IdentifierValue =
        text.parse().map_err(|_| "1 to 128 characters without control characters")?;
    Ok(Identifier { system: SYSTEM, kind, value })
}

/// Whether the text is between `min` and `max` ASCII digits.
pub(crate) fn digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && !host.is_empty()
        && !host.contains('@')
        && !text.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_spelling_in_any_case() {
        for (known, name) in LOOKUP.into_iter().chain([(ID, "id")]) {
            assert_eq!(spelling(&known), Some(name));
            assert_eq!(kind(name), Some(known.clone()));
            assert_eq!(kind(&name.to_ascii_uppercase()), Some(known));
        }
        assert_eq!(kind("cuid"), None);
        assert_eq!(spelling(&IdentifierKind::new("contract_number")), None);
    }

    #[test]
    fn a_value_must_have_the_form_of_its_kind() {
        for good in [(MOBILE, "447700900123"), (EMAIL, "a@b.example"), (ID, "1"), (WECHAT, "o-x_1")]
        {
            assert!(parse(good.0, good.1).is_ok(), "{}", good.1);
        }
        let bad = [
            (MOBILE, "+447700900123"),
            (MOBILE, "1234"),
            (EMAIL, "a.example"),
            (EMAIL, "a@b@c"),
            (EMAIL, "a b@c"),
            (ID, "x1"),
            (CARD_NUMBER, " 1"),
            (CARD_NUMBER, ""),
            (CARD_NUMBER, "1\u{0}2"),
        ];
        for (kind, text) in bad {
            assert!(parse(kind, text).is_err(), "{text}");
        }
    }
}
