//! From rows to the domain's words.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use serde::de::DeserializeOwned;
use status_domain::approval::Approval;
use status_domain::ids::{ChangeId, Identifier, SubjectId};
use status_domain::principal::Person;
use status_domain::register::{RegisterName, RegisterValue};
use status_domain::subject::Subject;
use uuid::Uuid;

use crate::audit::{Checkpoint, Draft};
use crate::codec::{self, Stored, word};
use crate::record::{
    AnswerKey, AnswerRow, ApprovalRow, ChangeRow, Digest, Head, HistoryRow, LaneRow, Lease,
    RegisterRow, StoredResponse, SubjectRow,
};
use crate::store::StoreError;

/// The columns of one row. Reading what the column does not hold is [`StoreError::Corrupt`].
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    table: &'static str,
}

impl<'a> Columns<'a> {
    pub(super) const fn new(row: &'a Row<'a>, table: &'static str) -> Self {
        Self { row, table }
    }

    const fn corrupt(&self) -> StoreError {
        StoreError::Corrupt { table: self.table }
    }

    /// A number, a digest, or an optional one.
    fn plain<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        self.row.get(column).map_err(|_| self.corrupt())
    }

    fn text(&self, column: usize) -> Result<&'a str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| self.corrupt())
    }

    fn optional_text(&self, column: usize) -> Result<Option<&'a str>, StoreError> {
        let value: ValueRef<'a> = self.row.get_ref(column).map_err(|_| self.corrupt())?;
        value.as_str_or_null().map_err(|_| self.corrupt())
    }

    /// A text that `read` understands.
    fn read<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        read(self.text(column)?).ok_or_else(|| self.corrupt())
    }

    fn read_optional<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.optional_text(column)? {
            Some(text) => read(text).map(Some).ok_or_else(|| self.corrupt()),
            None => Ok(None),
        }
    }

    fn json<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: Stored + 'static,
        T::Mirror<'static>: DeserializeOwned,
    {
        codec::decode(self.text(column)?, self.table)
    }

    fn optional_json<T>(&self, column: usize) -> Result<Option<T>, StoreError>
    where
        T: Stored + 'static,
        T::Mirror<'static>: DeserializeOwned,
    {
        self.optional_text(column)?.map(|text| codec::decode(text, self.table)).transpose()
    }

    fn optional_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let number = self.plain::<Option<i64>>(column)?;
        number.map(u64::try_from).transpose().map_err(|_| self.corrupt())
    }

    pub(super) fn number(&self, column: usize) -> Result<u64, StoreError> {
        self.optional_number(column)?.ok_or_else(|| self.corrupt())
    }

    fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
        self.plain(column).map(Uuid::from_bytes)
    }

    pub(super) fn subject_id(&self, column: usize) -> Result<SubjectId, StoreError> {
        self.uuid(column).map(SubjectId)
    }

    pub(super) fn optional_subject_id(
        &self,
        column: usize,
    ) -> Result<Option<SubjectId>, StoreError> {
        let bytes = self.plain::<Option<[u8; 16]>>(column)?;
        Ok(bytes.map(|bytes| SubjectId(Uuid::from_bytes(bytes))))
    }

    pub(super) fn digest(&self, column: usize) -> Result<Digest, StoreError> {
        self.plain(column)
    }

    /// Length and hash of the end of a history, from column `from` on.
    pub(super) fn head(&self, from: usize) -> Result<Head, StoreError> {
        Ok(Head { length: self.number(from)?, hash: self.digest(from + 1)? })
    }

    fn change_id(&self, column: usize) -> Result<ChangeId, StoreError> {
        self.uuid(column).map(ChangeId)
    }

    fn at(&self, column: usize) -> Result<DateTime<Utc>, StoreError> {
        self.optional_at(column)?.ok_or_else(|| self.corrupt())
    }

    fn optional_at(&self, column: usize) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self.plain::<Option<i64>>(column)? {
            Some(us) => DateTime::from_timestamp_micros(us).map(Some).ok_or_else(|| self.corrupt()),
            None => Ok(None),
        }
    }
}

/// id, kind, parent, state, `history_length`, `history_hash`; the identifiers are yet to be added.
pub(super) fn subject(columns: &Columns<'_>) -> Result<SubjectRow, StoreError> {
    let parent = columns.plain::<Option<[u8; 16]>>(2)?;
    Ok(SubjectRow {
        subject: Subject {
            id: columns.subject_id(0)?,
            kind: columns.read(1, word::read_kind)?,
            parent: parent.map(|parent| SubjectId(Uuid::from_bytes(parent))),
            identifiers: Vec::new(),
            state: columns.json(3)?,
        },
        head: columns.head(4)?,
    })
}

/// system, kind, value, from column `from` on.
pub(super) fn identifier(columns: &Columns<'_>, from: usize) -> Result<Identifier, StoreError> {
    Ok(Identifier {
        system: columns.read(from, |text| text.parse().ok())?,
        kind: columns.read(from + 1, |text| text.parse().ok())?,
        value: columns.read(from + 2, |text| text.parse().ok())?,
    })
}

/// subject, system, name, desired, version, change, confirmed, `confirmed_version`, state, attempts,
/// `last_error`.
pub(super) fn register(columns: &Columns<'_>) -> Result<RegisterRow, StoreError> {
    let confirmed = match (columns.optional_text(6)?, columns.optional_number(7)?) {
        (Some(value), Some(version)) => Some((RegisterValue(value.into()), version)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(RegisterRow {
        subject: columns.subject_id(0)?,
        system: columns.read(1, |text| text.parse().ok())?,
        register: RegisterName::recorded(columns.text(2)?),
        desired: RegisterValue(columns.text(3)?.into()),
        version: columns.number(4)?,
        change: columns.change_id(5)?,
        confirmed,
        state: columns.read(8, word::read_register_state)?,
        attempts: columns.plain(9)?,
        last_error: columns.optional_text(10)?.map(Into::into),
    })
}

/// subject, system, `due_at`, `lease_token`, `lease_until`.
pub(super) fn lane(columns: &Columns<'_>) -> Result<LaneRow, StoreError> {
    let lease = match (columns.plain::<Option<[u8; 16]>>(3)?, columns.optional_at(4)?) {
        (Some(token), Some(until)) => Some(Lease { token: Uuid::from_bytes(token), until }),
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
pub(super) fn change(columns: &Columns<'_>) -> Result<ChangeRow, StoreError> {
    let answer_key = match (columns.optional_text(12)?, columns.optional_text(13)?) {
        (Some(client), Some(key)) => Some(AnswerKey { client: client.into(), key: key.into() }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    Ok(ChangeRow {
        id: columns.change_id(0)?,
        family: columns.subject_id(1)?,
        subject: columns.subject_id(2)?,
        by: columns.json(3)?,
        facet: columns.read(4, word::read_facet)?,
        summary: columns.text(5)?.into(),
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
pub(super) fn history(columns: &Columns<'_>) -> Result<HistoryRow, StoreError> {
    Ok(HistoryRow {
        subject: columns.subject_id(0)?,
        number: columns.number(1)?,
        change: columns.change_id(2)?,
        at: columns.at(3)?,
        kind: columns.text(4)?.into(),
        body: columns.text(5)?.into(),
        previous: columns.plain::<Digest>(6)?,
        hash: columns.plain::<Digest>(7)?,
    })
}

/// number, `made_at`, leaves, root, previous, key, signature, hash.
pub(super) fn checkpoint(columns: &Columns<'_>) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        draft: Draft {
            number: columns.number(0)?,
            at: columns.at(1)?,
            leaves: columns.number(2)?,
            root: columns.digest(3)?,
            previous: columns.digest(4)?,
        },
        key: columns.digest(5)?,
        signature: columns.plain::<Vec<u8>>(6)?.into_boxed_slice(),
        hash: columns.digest(7)?,
    })
}

/// client, key, content, change, status, headers, body, `created_at`.
pub(super) fn answer(columns: &Columns<'_>) -> Result<AnswerRow, StoreError> {
    let headers = columns.optional_json(5)?;
    let response = match (columns.plain::<Option<u16>>(4)?, headers) {
        (Some(status), Some(headers)) => {
            let body = columns.plain::<Vec<u8>>(6)?.into_boxed_slice();
            Some(StoredResponse { status, headers, body })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    let change = columns.plain::<Option<[u8; 16]>>(3)?;
    Ok(AnswerRow {
        key: AnswerKey { client: columns.text(0)?.into(), key: columns.text(1)?.into() },
        content: columns.plain(2)?,
        change: change.map(|change| ChangeId(Uuid::from_bytes(change))),
        response,
        created_at: columns.at(7)?,
    })
}

/// id, format, tenant, state, `maker_id`, `maker_number`, `maker_name`, `checker_id`,
/// `checker_number`, `checker_name`, comment, native, `started_at`, `ended_at`, refusal, principal,
/// family, subject, request.
pub(super) fn approval(columns: &Columns<'_>) -> Result<ApprovalRow, StoreError> {
    let checker = match (columns.optional_text(7)?, columns.optional_text(9)?) {
        (Some(id), Some(name)) => {
            Some(Person { id: id.into(), number: columns.plain(8)?, name: name.into() })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(columns.corrupt()),
    };
    let approval = Approval {
        id: columns.change_id(0)?,
        format: columns.read(1, |text| text.parse().ok())?,
        tenant: columns.text(2)?.into(),
        state: columns.read(3, word::read_approval_state)?,
        maker: Person {
            id: columns.text(4)?.into(),
            number: columns.plain(5)?,
            name: columns.text(6)?.into(),
        },
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
