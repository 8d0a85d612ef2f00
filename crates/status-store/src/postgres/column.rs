//! Rows turned into columns, as `unnest` takes them.

use std::borrow::Cow;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::row::instant;
use super::text::escape;
use crate::codec::{self, Stored};
use crate::store::StoreError;

/// A column of ids.
pub(super) fn uuids<R>(rows: &[&R], value: impl Fn(&R) -> Uuid) -> Vec<Uuid> {
    rows.iter().map(|row| value(row)).collect()
}

/// A column of ids of which some are missing.
pub(super) fn optional_uuids<R>(
    rows: &[&R],
    value: impl Fn(&R) -> Option<Uuid>,
) -> Vec<Option<Uuid>> {
    rows.iter().map(|row| value(row)).collect()
}

/// A column of text.
pub(super) fn texts<'a, R>(rows: &[&'a R], value: impl Fn(&'a R) -> &'a str) -> Vec<Cow<'a, str>> {
    rows.iter().map(|row| escape(value(row))).collect()
}

/// A column of text of which some is missing.
pub(super) fn optional_texts<'a, R>(
    rows: &[&'a R],
    value: impl Fn(&'a R) -> Option<&'a str>,
) -> Vec<Option<Cow<'a, str>>> {
    rows.iter().map(|row| value(row).map(escape)).collect()
}

/// A column of JSON.
pub(super) fn json<'a, R, T: Stored + 'a>(
    rows: &[&'a R],
    value: impl Fn(&'a R) -> &'a T,
) -> Result<Vec<String>, StoreError> {
    rows.iter().map(|row| codec::encode(value(row))).collect()
}

/// A column of JSON of which some is missing.
pub(super) fn optional_json<'a, R, T: Stored + 'a>(
    rows: &[&'a R],
    value: impl Fn(&'a R) -> Option<&'a T>,
) -> Result<Vec<Option<String>>, StoreError> {
    rows.iter().map(|row| value(row).map(codec::encode).transpose()).collect()
}

/// A column of numbers. Ours count things and never come near the end.
pub(super) fn numbers<R>(rows: &[&R], value: impl Fn(&R) -> u64) -> Result<Vec<i64>, StoreError> {
    rows.iter().map(|row| number(value(row))).collect()
}

/// A column of numbers of which some are missing.
pub(super) fn optional_numbers<R>(
    rows: &[&R],
    value: impl Fn(&R) -> Option<u64>,
) -> Result<Vec<Option<i64>>, StoreError> {
    rows.iter().map(|row| value(row).map(number).transpose()).collect()
}

fn number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| StoreError::Refused(Box::new(error)))
}

/// A column of instants.
pub(super) fn instants<R>(rows: &[&R], value: impl Fn(&R) -> DateTime<Utc>) -> Vec<SystemTime> {
    rows.iter().map(|row| instant(value(row))).collect()
}

/// A column of instants of which some are missing.
pub(super) fn optional_instants<R>(
    rows: &[&R],
    value: impl Fn(&R) -> Option<DateTime<Utc>>,
) -> Vec<Option<SystemTime>> {
    rows.iter().map(|row| value(row).map(instant)).collect()
}

/// A column of bytes.
pub(super) fn bytes<'a, R>(rows: &[&'a R], value: impl Fn(&'a R) -> &'a [u8]) -> Vec<&'a [u8]> {
    rows.iter().map(|row| value(row)).collect()
}
