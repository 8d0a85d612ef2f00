//! From rows to the domain's words.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use status_domain::approval::Approval;
use status_domain::ids::{ChangeId, Identifier, SubjectId};
use status_domain::principal::Person;
use status_domain::register::{RegisterName, RegisterValue};
use status_domain::subject::Subject;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::text::unescape;
use crate::codec::{self, Stored, word};
use crate::record::{
    AnswerKey, AnswerRow, ApprovalRow, ChangeRow, Digest, Head, HistoryRow, LaneRow, Lease,
    RegisterRow, StoredResponse, SubjectRow,
};
use crate::store::StoreError;

/// An instant as the server takes it, to the microsecond.
pub(super) fn instant(at: DateTime<Utc>) -> SystemTime {
    let us = at.timestamp_micros();
    let distance = Duration::from_micros(us.unsigned_abs());
    if us < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// The instant, if it is one that can be.
fn restore(at: SystemTime) -> Option<DateTime<Utc>> {
    let us = match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_micros()).ok()?,
    };
    DateTime::from_timestamp_micros(us)
}

/// Columns of one row, counted from `from`. Reading what a column does not hold is
/// [`StoreError::Corrupt`].
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    row: &'a Row,
    table: &'static str,
    from: usize,
}

impl<'a> Columns<'a> {
    pub(super) const fn new(row: &'a Row, table: &'static str) -> Self {
        Self { row, table, from: 0 }
    }

    /// The columns from number `from` on.
    pub(super) const fn from(self, from: usize) -> Self {
        Self { from: self.from + from, ..self }
    }

    const fn corrupt(&self) -> StoreError {
        StoreError::Corrupt { table: self.table }
    }

    /// A value of the server's own types, or an optional one.
    pub(super) fn plain<T: FromSql<'a>>(&self, column: usize) -> Result<T, StoreError> {
        self.row.try_get(self.from + column).map_err(|_| self.corrupt())
    }

    fn text(&self, column: usize) -> Result<Cow<'a, str>, StoreError> {
        self.optional_text(column)?.ok_or_else(|| self.corrupt())
    }

    fn optional_text(&self, column: usize) -> Result<Option<Cow<'a, str>>, StoreError> {
        let text: Option<&'a str> = self.plain(column)?;
        text.map(|text| unescape(text).ok_or_else(|| self.corrupt())).transpose()
    }

    fn boxed(&self, column: usize) -> Result<Box<str>, StoreError> {
        self.text(column).map(Cow::into_owned).map(Into::into)
    }

    fn optional_boxed(&self, column: usize) -> Result<Option<Box<str>>, StoreError> {
        Ok(self.optional_text(column)?.map(Cow::into_owned).map(Into::into))
    }

    /// A text that `read` understands.
    fn read<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        read(&self.text(column)?).ok_or_else(|| self.corrupt())
    }

    fn read_optional<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.optional_text(column)? {
            Some(text) => read(&text).map(Some).ok_or_else(|| self.corrupt()),
            None => Ok(None),
        }
    }

    fn json<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: Stored + 'static,
        T::Mirror<'static>: DeserializeOwned,
    {
        codec::decode(&self.text(column)?, self.table)
    }

    fn optional_json<T>(&self, column: usize) -> Result<Option<T>, StoreError>
    where
        T: Stored + 'static,
        T::Mirror<'static>: DeserializeOwned,
    {
        self.optional_text(column)?.map(|text| codec::decode(&text, self.table)).transpose()
    }

    fn optional_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let number = self.plain::<Option<i64>>(column)?;
        number.map(u64::try_from).transpose().map_err(|_| self.corrupt())
    }

    fn number(&self, column: usize) -> Result<u64, StoreError> {
        self.optional_number(column)?.ok_or_else(|| self.corrupt())
    }

    fn digest(&self, column: usize) -> Result<Digest, StoreError> {
        self.plain::<&[u8]>(column)?.try_into().map_err(|_| self.corrupt())
    }

    pub(super) fn subject_id(&self, column: usize) -> Result<SubjectId, StoreError> {
        self.plain(column).map(SubjectId)
    }

    fn change_id(&self, column: usize) -> Result<ChangeId, StoreError> {
        self.plain(column).map(ChangeId)
    }

    pub(super) fn at(&self, column: usize) -> Result<DateTime<Utc>, StoreError> {
        self.optional_at(column)?.ok_or_else(|| self.corrupt())
    }

    pub(super) fn optional_at(&self, column: usize) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = self.plain::<Option<SystemTime>>(column)?;
        at.map(|at| restore(at).ok_or_else(|| self.corrupt())).transpose()
    }
}

/// id, kind, parent, state, `history_length`, `history_hash`; the identifiers are yet to be added.
pub(super) fn subject(columns: Columns<'_>) -> Result<SubjectRow, StoreError> {
    Ok(SubjectRow {
        subject: Subject {
            id: columns.subject_id(0)?,
            kind: columns.read(1, word::read_kind)?,
            parent: columns.plain::<Option<Uuid>>(2)?.map(SubjectId),
            identifiers: Vec::new(),
            state: columns.json(3)?,
        },
        head: Head { length: columns.number(4)?, hash: columns.digest(5)? },
    })
}

/// system, kind, value.
pub(super) fn identifier(columns: Columns<'_>) -> Result<Identifier, StoreError> {
    Ok(Identifier {
        system: columns.read(0, |text| text.parse().ok())?,
        kind: columns.read(1, |text| text.parse().ok())?,
        value: columns.read(2, |text| text.parse().ok())?,
    })
}

/// subject, system, name, desired, version, change, confirmed, `confirmed_version`, state, attempts,
/// `last_error`.
pub(super) fn register(columns: Columns<'_>) -> Result<RegisterRow, StoreError> {
    let confirmed = match (columns.optional_boxed(6)?, columns.optional_number(7)?) {
        (Some(value), Some(version)) => Some((RegisterValue(value), version)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(RegisterRow {
        subject: columns.subject_id(0)?,
        system: columns.read(1, |text| text.parse().ok())?,
        register: RegisterName::recorded(&columns.text(2)?),
        desired: RegisterValue(columns.boxed(3)?),
        version: columns.number(4)?,
        change: columns.change_id(5)?,
        confirmed,
        state: columns.read(8, word::read_register_state)?,
        attempts: u32::try_from(columns.number(9)?).map_err(|_| columns.corrupt())?,
        last_error: columns.optional_boxed(10)?,
    })
}

/// subject, system, `due_at`, `lease_token`, `lease_until`.
pub(super) fn lane(columns: Columns<'_>) -> Result<LaneRow, StoreError> {
    let lease = match (columns.plain::<Option<Uuid>>(3)?, columns.optional_at(4)?) {
        (Some(token), Some(until)) => Some(Lease { token, until }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(LaneRow {
        subject: columns.subject_id(0)?,
        system: columns.read(1, |text| text.parse().ok())?,
        due_at: columns.optional_at(2)?,
        lease,
    })
}

/// id, family, subject, principal, facet, summary, reason, native, outcome, effective, assertions,
/// `before_states`, `answer_client`, `answer_key`, `created_at`, `settled_at`.
pub(super) fn change(columns: Columns<'_>) -> Result<ChangeRow, StoreError> {
    let answer_key = match (columns.optional_boxed(12)?, columns.optional_boxed(13)?) {
        (Some(client), Some(key)) => Some(AnswerKey { client, key }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(ChangeRow {
        id: columns.change_id(0)?,
        family: columns.subject_id(1)?,
        subject: columns.subject_id(2)?,
        by: columns.json(3)?,
        facet: columns.read(4, word::read_facet)?,
        summary: columns.boxed(5)?,
        reason: columns.read_optional(6, |text| text.parse().ok())?,
        native: columns.optional_json(7)?,
        outcome: columns.json(8)?,
        effective: columns.read(9, |text| text.parse().ok())?,
        assertions: columns.json(10)?,
        before: columns.json(11)?,
        answer_key,
        created_at: columns.at(14)?,
        settled_at: columns.optional_at(15)?,
    })
}

/// subject, number, change, `written_at`, kind, body, previous, hash.
pub(super) fn history(columns: Columns<'_>) -> Result<HistoryRow, StoreError> {
    Ok(HistoryRow {
        subject: columns.subject_id(0)?,
        number: columns.number(1)?,
        change: columns.change_id(2)?,
        at: columns.at(3)?,
        kind: columns.boxed(4)?,
        body: columns.boxed(5)?,
        previous: columns.digest(6)?,
        hash: columns.digest(7)?,
    })
}

/// client, key, content, change, status, headers, body, `created_at`.
pub(super) fn answer(columns: Columns<'_>) -> Result<AnswerRow, StoreError> {
    let headers = columns.optional_json(5)?;
    let response = match (columns.optional_number(4)?, headers) {
        (Some(status), Some(headers)) => {
            let status = u16::try_from(status).map_err(|_| columns.corrupt())?;
            let body = columns.plain::<Vec<u8>>(6)?.into_boxed_slice();
            Some(StoredResponse { status, headers, body })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(AnswerRow {
        key: AnswerKey { client: columns.boxed(0)?, key: columns.boxed(1)? },
        content: columns.digest(2)?,
        change: columns.plain::<Option<Uuid>>(3)?.map(ChangeId),
        response,
        created_at: columns.at(7)?,
    })
}

/// id, format, tenant, state, `maker_id`, `maker_number`, `maker_name`, `checker_id`,
/// `checker_number`, `checker_name`, comment, native, `started_at`, `ended_at`, refusal, principal,
/// family, subject, request.
pub(super) fn approval(columns: Columns<'_>) -> Result<ApprovalRow, StoreError> {
    let checker = match (columns.optional_boxed(7)?, columns.optional_boxed(9)?) {
        (Some(id), Some(name)) => Some(Person { id, number: columns.plain(8)?, name }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    let approval = Approval {
        id: columns.change_id(0)?,
        format: columns.read(1, |text| text.parse().ok())?,
        tenant: columns.boxed(2)?,
        state: columns.read(3, word::read_approval_state)?,
        maker: Person { id: columns.boxed(4)?, number: columns.plain(5)?, name: columns.boxed(6)? },
        checker,
        comment: columns.read_optional(10, |text| text.parse().ok())?,
        native: columns.optional_json(11)?,
        started_at: columns.at(12)?,
        ended_at: columns.optional_at(13)?,
        refusal: columns.optional_json(14)?,
    };
    Ok(ApprovalRow {
        approval,
        by: columns.json(15)?,
        family: columns.subject_id(16)?,
        subject: columns.subject_id(17)?,
        request: columns.json(18)?,
    })
}
