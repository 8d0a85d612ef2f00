//! Reading the filters of a list.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone as _, Utc};
use status_domain::answer::{DecodeError, Problem};
use status_domain::approval::ApprovalState;
use status_domain::command::{ApprovalFilter, ApprovalSort, Command, SortOrder};

use super::field::PAYLOAD;
use crate::identifier::digits;
use crate::settings::{DownstreamSettings, OrgSettings};

/// Parameters as the vendor spells them, and the spellings that are read beside those.
const PARAMETERS: [(&str, Option<&str>); 13] = [
    ("userId", None),
    ("sortBy", None),
    ("sortOrder", None),
    ("conceptId", None),
    ("zoneId", None),
    ("storeId", None),
    ("tillId", None),
    ("startDate", None),
    ("endDate", None),
    ("states", None),
    ("limit", None),
    ("PageNo", Some("pageNo")),
    ("requestType", None),
];

/// States by their names on the wire. The vendor lists the four that are not [`ApprovalState::Executing`].
pub(super) const STATES: [(&str, ApprovalState); 5] = [
    ("AdminTask", ApprovalState::Waiting),
    ("IntouchAPITask", ApprovalState::Executing),
    ("approved", ApprovalState::Approved),
    ("rejected", ApprovalState::Rejected),
    ("failed", ApprovalState::Failed),
];

pub(super) fn command(
    query: Option<&str>,
    org: &OrgSettings,
    settings: &DownstreamSettings,
) -> Result<Command, DecodeError> {
    let mut filter = ApprovalFilter { limit: settings.page_limit_default, ..Default::default() };
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let known =
            PARAMETERS.iter().find(|(field, alias)| name == *field || *alias == Some(&*name));
        // A misspelt filter would show more than was asked for.
        let Some((field, _)) = known else {
            return Err(DecodeError::coded("a parameter", Problem::NotAllowed, PAYLOAD));
        };
        if seen.contains(field) {
            return Err(DecodeError::coded(field, Problem::Repeated, PAYLOAD));
        }
        seen.push(*field);
        // The vendor's sample sends several parameters empty.
        let value = value.trim();
        if !value.is_empty() {
            apply(&mut filter, field, value, org.zone, settings)?;
        }
    }
    Ok(Command::ListApprovals(filter))
}

fn apply(
    filter: &mut ApprovalFilter,
    field: &'static str,
    value: &str,
    zone: FixedOffset,
    settings: &DownstreamSettings,
) -> Result<(), DecodeError> {
    let wrong = |problem| DecodeError::coded(field, problem, PAYLOAD);
    match field {
        "userId" => {
            let number = value.parse().map_err(|_| wrong(Problem::Form("an integer")))?;
            filter.maker_number = Some(number);
        }
        "sortBy" => filter.sort = sort(value)?,
        "sortOrder" => filter.order = order(value)?,
        "startDate" => filter.from = Some(day(value, 0, zone).ok_or_else(|| wrong(DATE))?),
        "endDate" => filter.to = Some(day(value, 1, zone).ok_or_else(|| wrong(DATE))?),
        "states" => filter.states = states(value)?,
        "limit" => {
            let limit = value.parse().ok().filter(|n| (1..=settings.page_limit_max).contains(n));
            filter.limit = limit.ok_or_else(|| wrong(Problem::Form("a permitted page size")))?;
        }
        "PageNo" => {
            filter.page =
                value.parse().map_err(|_| wrong(Problem::Form("a page number from 0")))?;
        }
        "requestType" => super::served(value)?,
        _ => {
            if !digits(value, 1, 19) {
                return Err(wrong(Problem::Form("1 to 19 digits")));
            }
            filter.attributes.push((field.into(), value.into()));
        }
    }
    Ok(())
}

const DATE: Problem = Problem::Form("a date, YYYY-MM-DD");

/// The start of a day, or of a day after it, in the organisation's zone.
fn day(text: &str, later: u64, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
    let midnight = date.checked_add_days(Days::new(later))?.and_time(NaiveTime::MIN);
    Some(zone.from_local_datetime(&midnight).single()?.to_utc())
}

fn sort(value: &str) -> Result<ApprovalSort, DecodeError> {
    match value {
        "startDate" | "startTime" => Ok(ApprovalSort::Started),
        "endDate" | "endTime" => Ok(ApprovalSort::Ended),
        _ => Err(DecodeError::coded("sortBy", Problem::Undefined, "2011")),
    }
}

fn order(value: &str) -> Result<SortOrder, DecodeError> {
    if value.eq_ignore_ascii_case("asc") {
        Ok(SortOrder::Ascending)
    } else if value.eq_ignore_ascii_case("desc") {
        Ok(SortOrder::Descending)
    } else {
        Err(DecodeError::coded("sortOrder", Problem::Undefined, "2012"))
    }
}

fn states(value: &str) -> Result<Vec<ApprovalState>, DecodeError> {
    let mut found = Vec::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let known = STATES.iter().find(|(state, _)| state.eq_ignore_ascii_case(name));
        let undefined = || DecodeError::coded("states", Problem::Undefined, PAYLOAD);
        let (_, state) = known.ok_or_else(undefined)?;
        if !found.contains(state) {
            found.push(*state);
        }
    }
    Ok(found)
}
