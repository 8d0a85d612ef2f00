//! Consumer details: the payload of `UpdateCustomer`, both ways.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use status_domain::answer::{DecodeError, Problem};
use status_domain::profile::{Gender, Profile, Title};
use status_domain::status::Status;

use crate::codes;
use crate::json::{Members, Node};
use crate::settings::UnknownDetails;
use crate::wire::{Address, Contact, ContactResult, CustomerResult, DetailsPayload};

/// The one type of customer that is served.
const INDIVIDUAL: &str = "INDIVIDUAL";

/// Longest detail that is read, in characters. The vendor states no limits.
const DETAIL_MAX: usize = 256;

/// Reads the payload after its `ID` has been taken out.
///
/// # Source
///
/// NetXD, *Update Customer - Consumer*, 1.0.2.
pub(crate) fn read(mut payload: Members, unknown: UnknownDetails) -> Result<Profile, DecodeError> {
    let kind = choice(&mut payload, "type", "payload.type")?;
    if kind.is_some_and(|kind| kind != INDIVIDUAL) {
        return Err(DecodeError::new("payload.type", Problem::Undefined));
    }
    let mut address = inner(&mut payload, "address", "payload.address")?;
    let mut contact = inner(&mut payload, "contact", "payload.contact")?;
    let profile = Profile {
        first_name: Some(name(&mut payload, "firstName", "payload.firstName")?),
        last_name: Some(name(&mut payload, "lastName", "payload.lastName")?),
        date_of_birth: date(&mut payload)?,
        title: title(&mut payload)?,
        gender: gender(&mut payload)?,
        address_line: detail(&mut address, "addressLine1", "payload.address.addressLine1")?,
        city: detail(&mut address, "city", "payload.address.city")?,
        state: detail(&mut address, "state", "payload.address.state")?,
        country: detail(&mut address, "country", "payload.address.country")?,
        postal_code: detail(&mut address, "zip", "payload.address.zip")?,
        phone_number: detail(&mut contact, "phoneNumber", "payload.contact.phoneNumber")?,
        email: detail(&mut contact, "email", "payload.contact.email")?,
        institution_name: detail(&mut payload, "institutionName", "payload.institutionName")?,
        institution_id: detail(&mut payload, "institutionId", "payload.institutionId")?,
    };
    if unknown == UnknownDetails::Refuse {
        nothing_left(&payload, "payload")?;
        nothing_left(&address, "payload.address")?;
        nothing_left(&contact, "payload.contact")?;
    }
    Ok(profile)
}

/// The payload without its `ID`, compact; `None` if the details lack a name, which is mandatory here.
pub(crate) fn payload(profile: &Profile) -> Option<String> {
    let payload = DetailsPayload {
        kind: INDIVIDUAL,
        date_of_birth: profile.date_of_birth.as_deref(),
        title: profile.title.map(title_word),
        address: address(profile),
        contact: Contact {
            phone_number: profile.phone_number.as_deref(),
            email: profile.email.as_deref(),
        },
        gender: profile.gender.map(gender_word),
        first_name: profile.first_name.as_deref()?,
        last_name: profile.last_name.as_deref()?,
        institution_name: profile.institution_name.as_deref(),
        institution_id: profile.institution_id.as_deref(),
    };
    serde_json::to_string(&payload).ok()
}

/// The result of a change of details, made from the request because no ledger's own is at hand.
pub(crate) fn result<'a>(
    customer: &'a str,
    profile: &'a Profile,
    effective: Status,
    at: DateTime<Utc>,
) -> CustomerResult<'a> {
    CustomerResult {
        id: customer,
        kind: INDIVIDUAL,
        contact: ContactResult {
            email: profile.email.as_deref(),
            phone_number: profile.phone_number.as_deref(),
        },
        address: address(profile),
        date_of_birth: profile.date_of_birth.as_deref(),
        title: profile.title.map(title_word),
        first_name: profile.first_name.as_deref(),
        last_name: profile.last_name.as_deref(),
        updated_date: instant(at),
        status: codes::shown_status(effective),
    }
}

/// Writes an instant as the vendor does: milliseconds, without trailing zeros.
fn instant(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    // The fraction ends at its point, so zeros of the seconds stay.
    let text = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    format!("{text}Z")
}

fn address(profile: &Profile) -> Address<'_> {
    Address {
        line: profile.address_line.as_deref(),
        city: profile.city.as_deref(),
        state: profile.state.as_deref(),
        country: profile.country.as_deref(),
        zip: profile.postal_code.as_deref(),
    }
}

const fn title_word(title: Title) -> &'static str {
    match title {
        Title::Mr => "Mr",
        Title::Ms => "Ms",
        Title::Mrs => "Mrs",
    }
}

const fn gender_word(gender: Gender) -> &'static str {
    match gender {
        Gender::Male => "MALE",
        Gender::Female => "FEMALE",
    }
}

/// Text as it stands; empty text is passed on too, for only the ledger knows what it means by it.
pub(crate) fn detail(
    members: &mut Members,
    name: &str,
    field: &'static str,
) -> Result<Option<Box<str>>, DecodeError> {
    let text = match members.take(name) {
        None => return Ok(None),
        Some(Node::Text(text)) => text,
        Some(
            Node::Null
            | Node::Bool
            | Node::Integer(_)
            | Node::Fraction
            | Node::List
            | Node::Object(_),
        ) => return Err(DecodeError::new(field, Problem::WrongType("text"))),
    };
    if text.chars().count() > DETAIL_MAX {
        return Err(DecodeError::new(field, Problem::TooLong(DETAIL_MAX)));
    }
    if text.chars().any(char::is_control) {
        return Err(DecodeError::new(field, Problem::Form("text without control characters")));
    }
    Ok(Some(text.into()))
}

fn name(members: &mut Members, name: &str, field: &'static str) -> Result<Box<str>, DecodeError> {
    let text = detail(members, name, field)?.filter(|text| !text.trim().is_empty());
    text.ok_or(DecodeError::new(field, Problem::Missing))
}

/// Text that is one of few; samples write "not given" as empty text.
fn choice(
    members: &mut Members,
    name: &str,
    field: &'static str,
) -> Result<Option<String>, DecodeError> {
    let text = detail(members, name, field)?;
    Ok(text.filter(|text| !text.is_empty()).map(String::from))
}

fn title(payload: &mut Members) -> Result<Option<Title>, DecodeError> {
    match choice(payload, "title", "payload.title")?.as_deref() {
        None => Ok(None),
        Some("Mr") => Ok(Some(Title::Mr)),
        Some("Ms") => Ok(Some(Title::Ms)),
        Some("Mrs") => Ok(Some(Title::Mrs)),
        Some(_) => Err(DecodeError::new("payload.title", Problem::Undefined)),
    }
}

fn gender(payload: &mut Members) -> Result<Option<Gender>, DecodeError> {
    match choice(payload, "gender", "payload.gender")?.as_deref() {
        None => Ok(None),
        Some("MALE") => Ok(Some(Gender::Male)),
        Some("FEMALE") => Ok(Some(Gender::Female)),
        Some(_) => Err(DecodeError::new("payload.gender", Problem::Undefined)),
    }
}

fn date(payload: &mut Members) -> Result<Option<Box<str>>, DecodeError> {
    let Some(text) = choice(payload, "DOB", "payload.DOB")? else { return Ok(None) };
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || NaiveDate::parse_from_str(&text, "%Y%m%d").is_err() {
        return Err(DecodeError::new("payload.DOB", Problem::Form("a date as YYYYMMDD")));
    }
    Ok(Some(text.into()))
}

fn inner(payload: &mut Members, name: &str, field: &'static str) -> Result<Members, DecodeError> {
    match payload.take(name) {
        None => Ok(Members::default()),
        Some(Node::Object(members)) => Ok(members),
        Some(
            Node::Null
            | Node::Bool
            | Node::Integer(_)
            | Node::Fraction
            | Node::Text(_)
            | Node::List,
        ) => Err(DecodeError::new(field, Problem::WrongType("an object"))),
    }
}

fn nothing_left(members: &Members, within: &'static str) -> Result<(), DecodeError> {
    let Some(key) = members.left_over() else { return Ok(()) };
    let field = if is_plain_name(key) {
        Cow::Owned(format!("{within}.{key}"))
    } else {
        Cow::Borrowed(within)
    };
    Err(DecodeError { field, problem: Problem::NotAllowed, code: "" })
}

/// Whether a key that a caller chose can be shown: a word, and no number in disguise.
fn is_plain_name(key: &str) -> bool {
    key.len() <= 32
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && key.bytes().filter(u8::is_ascii_digit).count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_without_trailing_zeros() {
        for (millis, written) in [
            (1_716_362_701_610, "2024-05-22T07:25:01.61Z"),
            (1_716_362_676_881, "2024-05-22T07:24:36.881Z"),
            (1_716_362_700_000, "2024-05-22T07:25:00Z"),
            (1_716_362_701_000, "2024-05-22T07:25:01Z"),
        ] {
            let at = DateTime::from_timestamp_millis(millis).unwrap();
            assert_eq!(instant(at), written);
        }
    }

    #[test]
    fn a_key_that_could_be_a_number_is_not_shown() {
        assert!(is_plain_name("addressLine2"));
        assert!(!is_plain_name("a4111111111111111"));
        assert!(!is_plain_name("<script>"));
    }

    #[test]
    fn details_without_a_name_cannot_be_written() {
        let profile = Profile { first_name: Some("Mark".into()), ..Profile::default() };
        assert_eq!(payload(&profile), None);
    }
}
