//! Header and body of a request, checked and put into canonical words.
//!
//! # Source
//!
//! Network International, *Account Status Change* V2: members, lengths, which are mandatory. Its
//! contradictions are settled in favour of the caller: both spellings of a thing are accepted.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use status_domain::answer::{DecodeError, Problem};
use status_domain::command::{ChangeRequest, Command};
use status_domain::ids::{IdempotencyKey, Identifier};
use status_domain::subject::SubjectKind;
use status_domain::text::{Native, Reason};

use super::Way4Downstream;
use crate::codes::{BlockSlot, CodeTable};
use crate::json::{self, Json};
use crate::own_codes::OwnCode;
use crate::settings::is_fi_code;
use crate::wire::{self, CustomField, max};
use crate::{CONTRACT_NUMBER, SYSTEM};

impl Way4Downstream {
    pub(super) fn command(
        &self,
        header: &Json,
        body: Option<&Json>,
    ) -> Result<Command, DecodeError> {
        let header = self.read_header(header)?;
        let body = Body::read(body.ok_or(DecodeError::new("body", Problem::Missing))?)?;
        let codes = self.codes_of(body.fi_code, header.bank_id)?;
        let undefined = || {
            let code = OwnCode::UndefinedCode.shipped();
            DecodeError::coded("status.value", Problem::Undefined, code)
        };
        let action = codes.action(body.slot, body.value).ok_or_else(undefined)?;
        let value = body.contract.parse().map_err(|_| not_a_contract())?;
        Ok(Command::Change(Box::new(ChangeRequest {
            named_by: vec![Identifier { system: SYSTEM, kind: CONTRACT_NUMBER, value }],
            kind: SubjectKind::Account,
            action,
            reason: reason(&body.custom_fields),
            native: Some(Native {
                text: json::write(&body.custom_fields).into(),
                attributes: Vec::new(),
            }),
            idempotency: Some(IdempotencyKey { key: header.key(), content: body.digest() }),
            shown_as_request: false,
        })))
    }

    fn read_header<'a>(&self, header: &'a Json) -> Result<HeaderFields<'a>, DecodeError> {
        let msg_id = numeric_or_text(header, "msg_id", max::MSG_ID)?.ok_or(missing("msg_id"))?;
        if !msg_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(DecodeError::new("msg_id", Problem::Form("letters and digits")));
        }
        if mandatory(header, "msg_type", max::MSG_TYPE)? != wire::TRANSACTION {
            return Err(DecodeError::new("msg_type", Problem::Undefined));
        }
        let function = mandatory(header, "msg_function", max::MSG_FUNCTION)?;
        if function != wire::REQ_ACCOUNT && function != wire::REQ_CARD {
            return Err(DecodeError::new("msg_function", Problem::Undefined));
        }
        let src_application = mandatory(header, "src_application", max::APPLICATION)?;
        mandatory(header, "target_application", max::APPLICATION)?;
        // Table and samples contradict each other about its form and real clients about both, so it is
        // not interpreted: nothing may be ordered or refused by it.
        mandatory(header, "timestamp", max::TIMESTAMP)?;
        numeric_or_text(header, "tracking_id", max::TRACKING_ID)?;
        let strict = self.settings.strict_bank_id;
        let bank_id_max = if strict { max::BANK_ID } else { max::BANK_ID_LENIENT };
        let bank_id = mandatory(header, "bank_id", bank_id_max)?;
        Ok(HeaderFields { msg_id, src_application, bank_id })
    }

    /// The block codes of an institution, once FI code and bank id are found to agree.
    fn codes_of(&self, fi_code: &str, bank_id: &str) -> Result<&CodeTable, DecodeError> {
        let general = &self.settings.codes;
        if self.settings.institutions.is_empty() {
            return Ok(general);
        }
        let mismatch = |field| {
            let code = OwnCode::InstitutionMismatch.shipped();
            DecodeError::coded(field, Problem::Mismatch, code)
        };
        let institution = self.settings.institutions.get(fi_code);
        let institution = institution.ok_or_else(|| mismatch("status.type"))?;
        if *institution.bank_id != *bank_id {
            return Err(mismatch("bank_id"));
        }
        Ok(institution.codes.as_ref().unwrap_or(general))
    }
}

/// What of the header says who asks and what number the message has.
struct HeaderFields<'a> {
    msg_id: &'a str,
    src_application: &'a str,
    bank_id: &'a str,
}

impl HeaderFields<'_> {
    /// The message number with what scopes it. A JSON list, so that no two are written alike.
    fn key(&self) -> Box<str> {
        json::write(&[self.bank_id, self.src_application, wire::REQUEST, self.msg_id]).into()
    }
}

struct Body<'a> {
    identifier_type: &'a str,
    contract: &'a str,
    status_type: &'a str,
    slot: BlockSlot,
    fi_code: &'a str,
    value: &'a str,
    custom_fields: Vec<CustomField>,
}

impl<'a> Body<'a> {
    fn read(body: &'a Json) -> Result<Self, DecodeError> {
        object("body", body)?;
        let identifier_type = mandatory(body, "account_identifier_type", max::IDENTIFIER_TYPE)?;
        if identifier_type != wire::CONTRACT_NUMBER {
            return Err(DecodeError::new("account_identifier_type", Problem::Undefined));
        }
        let contract = mandatory(body, "account_identifier_id", max::IDENTIFIER_ID)?;
        check_contract(contract)?;
        let status = body.get("status").ok_or(missing("status"))?;
        object("status", status)?;
        let status_type = text_in(status, "type", "status.type", max::STATUS_TYPE)?;
        let status_type = status_type.map(str::trim).ok_or(missing("status.type"))?;
        let (slot, fi_code) =
            slot_and_fi(status_type).ok_or(DecodeError::new("status.type", Problem::Undefined))?;
        // Not trimmed: a single space is a code.
        let value = text_in(status, "value", "status.value", max::STATUS_VALUE)?;
        let value = value.ok_or(missing("status.value"))?;
        let custom_fields = custom_fields(body.get("custom_fields"))?;
        Ok(Self { identifier_type, contract, status_type, slot, fi_code, value, custom_fields })
    }

    /// Stands for what the message asks for. Hashed, because it is kept and the account number is in it.
    fn digest(&self) -> Box<str> {
        let fields: Vec<_> =
            self.custom_fields.iter().map(|field| (&field.key, &field.value)).collect();
        let asked = (self.identifier_type, self.contract, self.status_type, self.value, fields);
        let mut text = String::new();
        for byte in Sha256::digest(json::write(&asked)) {
            let _ = write!(text, "{byte:02x}");
        }
        text.into()
    }
}

/// Takes `BCC-ACC1-362` apart.
fn slot_and_fi(status_type: &str) -> Option<(BlockSlot, &str)> {
    let (slot, fi_code) = status_type.strip_prefix("BCC-")?.split_once('-')?;
    Some((BlockSlot::named(slot)?, is_fi_code(fi_code).then_some(fi_code)?))
}

fn check_contract(contract: &str) -> Result<(), DecodeError> {
    if !contract.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(not_a_contract());
    }
    // The table shows a masked number. It must not become a subject of its own.
    if contract.to_ascii_uppercase().contains("XXX") {
        let code = OwnCode::UnknownSubject.shipped();
        let problem = Problem::Form("a whole number, not a masked one");
        return Err(DecodeError::coded("account_identifier_id", problem, code));
    }
    Ok(())
}

fn not_a_contract() -> DecodeError {
    DecodeError::new("account_identifier_id", Problem::Form("letters and digits"))
}

fn custom_fields(list: Option<&Json>) -> Result<Vec<CustomField>, DecodeError> {
    match list {
        None => Ok(Vec::new()),
        Some(Json::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Json::List(entries)) => entries.iter().map(custom_field).collect(),
        Some(
            Json::Null
            | Json::Bool(_)
            | Json::Integer(_)
            | Json::Fraction(_)
            | Json::Text(_)
            | Json::Object(_),
        ) => Err(DecodeError::new("custom_fields", Problem::WrongType("a list"))),
    }
}

fn custom_field(entry: &Json) -> Result<CustomField, DecodeError> {
    object("custom_fields", entry)?;
    let member = |lower: &str, upper: &str, field: &'static str, max: usize| {
        if entry.get(lower).is_some() && entry.get(upper).is_some() {
            return Err(DecodeError::new(field, Problem::Repeated));
        }
        let Some(value) = entry.get(lower).or_else(|| entry.get(upper)) else { return Ok(None) };
        let text = value.text().ok_or(DecodeError::new(field, Problem::WrongType("text")))?;
        if text.chars().count() > max {
            return Err(DecodeError::new(field, Problem::TooLong(max)));
        }
        Ok(Some(text.to_owned()))
    };
    Ok(CustomField {
        key: member("key", "Key", "custom_fields.key", max::CUSTOM_KEY)?,
        value: member("value", "Value", "custom_fields.value", max::CUSTOM_VALUE)?,
    })
}

/// The comment, on one line.
fn reason(fields: &[CustomField]) -> Option<Reason> {
    let comments = fields.iter().filter(|field| field.key.as_deref() == Some(wire::COMMENT_TEXT));
    let comment = comments.filter_map(|field| field.value.as_deref()).next()?;
    let line: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.parse().ok()
}

fn missing(field: &'static str) -> DecodeError {
    DecodeError::new(field, Problem::Missing)
}

fn object(field: &'static str, value: &Json) -> Result<(), DecodeError> {
    if matches!(value, Json::Object(_)) {
        return Ok(());
    }
    Err(DecodeError::new(field, Problem::WrongType("an object")))
}

/// A mandatory text without the white space around it. Null and empty count as missing.
fn mandatory<'a>(node: &'a Json, field: &'static str, max: usize) -> Result<&'a str, DecodeError> {
    let text = text_in(node, field, field, max)?.map(str::trim);
    text.filter(|text| !text.is_empty()).ok_or(missing(field))
}

fn text_in<'a>(
    node: &'a Json,
    name: &str,
    field: &'static str,
    max: usize,
) -> Result<Option<&'a str>, DecodeError> {
    let Some(value) = node.get(name) else { return Ok(None) };
    let text = value.text().ok_or(DecodeError::new(field, Problem::WrongType("text")))?;
    bounded(text, field, max)
}

/// A field that a sample of the vendor's writes as a number.
fn numeric_or_text<'a>(
    node: &'a Json,
    field: &'static str,
    max: usize,
) -> Result<Option<&'a str>, DecodeError> {
    let Some(value) = node.get(field) else { return Ok(None) };
    let text = value.text_or_integer();
    let text = text.ok_or(DecodeError::new(field, Problem::WrongType("text")))?;
    bounded(text, field, max)
}

fn bounded<'a>(
    text: &'a str,
    field: &'static str,
    max: usize,
) -> Result<Option<&'a str>, DecodeError> {
    if text.trim().chars().count() > max {
        return Err(DecodeError::new(field, Problem::TooLong(max)));
    }
    if text.chars().any(char::is_control) {
        return Err(DecodeError::new(field, Problem::Form("printable")));
    }
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_type_names_a_slot_and_an_institution() {
        assert_eq!(slot_and_fi("BCC-ACC1-362"), Some((BlockSlot::Acc1, "362")));
        assert_eq!(slot_and_fi("BCC-ACC2-A1"), Some((BlockSlot::Acc2, "A1")));
        let wrong =
            ["BCC-CARD-362", "BCC-ACC3-362", "BCC-ACC1-", "BCC-ACC1-3 2", "ACC1-362", "bcc-ACC1-1"];
        for text in wrong {
            assert_eq!(slot_and_fi(text), None, "{text}");
        }
        assert_eq!(slot_and_fi("BCC-ACC1-01234567890"), None);
    }

    #[test]
    fn a_comment_of_several_lines_becomes_one() {
        let field = |key: &str, value: &str| CustomField {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        };
        let fields = [field("bc_channel", "TIB1"), field("comment_text", "card lost\nat sea")];
        assert_eq!(reason(&fields).unwrap().as_str(), "card lost at sea");
        assert_eq!(reason(&[field("comment_text", "  ")]), None);
    }
}
