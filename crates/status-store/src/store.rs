//! The trait of the record.

use std::collections::HashMap;
use std::future::Future;

use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, Identifier, SubjectId, System};

use crate::record::{
    AnswerKey, AnswerRow, ApprovalRow, AttemptRow, ChangeRow, HistoryRow, LaneRow, RegisterRow,
    SubjectRow,
};

/// The record. Cheap to clone; all clones are the same record.
pub trait Store: Clone + Send + Sync + 'static {
    /// Loads what `needs` names, lets `decide` say what to write, and commits that durably.
    ///
    /// All in one transaction, with the loaded rows kept from everybody else until it ends. Once this
    /// returns `Ok`, the writes survive any crash.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. With [`StoreError::InDoubt`] the writes may have been committed; with any other
    /// error they were not.
    fn write<T: Send + 'static>(
        &self,
        needs: Needs,
        decide: impl FnOnce(Snapshot) -> (Writes, T) + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// One approval.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn approval(
        &self,
        id: ChangeId,
    ) -> impl Future<Output = Result<Option<ApprovalRow>, StoreError>> + Send;

    /// All approvals of one tenant made in `[from, to)`, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    fn approvals(
        &self,
        tenant: &str,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Vec<ApprovalRow>, StoreError>> + Send;

    /// One change.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn change(
        &self,
        id: ChangeId,
    ) -> impl Future<Output = Result<Option<ChangeRow>, StoreError>> + Send;

    /// The history of one subject, first entry first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn history(
        &self,
        subject: SubjectId,
    ) -> impl Future<Output = Result<Vec<HistoryRow>, StoreError>> + Send;

    /// When the next lane of `system` becomes due, leases that run out included; `None` if none will.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn next_due(
        &self,
        system: &System,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, StoreError>> + Send;

    /// Removes the answers whose first request came before `before`, a bounded number at a time, and
    /// returns how many there were. A repeat that comes later is a new request.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if not all could be removed; those that were stay removed.
    fn purge_answers(
        &self,
        before: DateTime<Utc>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Checks that the record can be written to.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot.
    fn check(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What a decision needs to know.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The present, by the caller's clock.
    pub now: DateTime<Utc>,
    /// The families of the subjects that these name.
    pub identifiers: Vec<Identifier>,
    /// The families of these subjects.
    pub subjects: Vec<SubjectId>,
    /// Answers under these keys, with the changes they belong to (final ones too).
    pub answers: Vec<AnswerKey>,
    /// These approvals, with their changes and families.
    pub approvals: Vec<ChangeId>,
    /// Lanes that are due and nobody's, with their families: at most so many for each system, longest due
    /// first.
    pub claims: Vec<(System, u32)>,
}

/// What the record holds of it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The present, by the record's clock if it has one of its own.
    pub now: DateTime<Utc>,
    /// Whom the identifiers name; one that is missing names nobody.
    pub known: HashMap<Identifier, SubjectId>,
    /// The families.
    pub families: Vec<FamilyRecord>,
    /// The answers that exist.
    pub answers: HashMap<AnswerKey, AnswerRow>,
    /// Changes that answers and approvals refer to, whatever their outcome.
    pub changes: HashMap<ChangeId, ChangeRow>,
    /// The approvals that were asked for, and those of every open change of the families.
    pub approvals: HashMap<ChangeId, ApprovalRow>,
    /// The claimed lanes.
    pub due: Vec<(SubjectId, System)>,
}

/// Everything about a customer with its accounts, or about an account that belongs to nobody.
#[derive(Clone, Debug)]
pub struct FamilyRecord {
    /// The customer, or the account.
    pub root: SubjectId,
    /// The root and its accounts.
    pub subjects: Vec<SubjectRow>,
    /// All their registers.
    pub registers: Vec<RegisterRow>,
    /// All their lanes.
    pub lanes: Vec<LaneRow>,
    /// Their changes whose outcome is open.
    pub changes: Vec<ChangeRow>,
}

/// What to write. Rows that exist are replaced whole; history and attempts are only ever added.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// Subjects, new or changed. Their identifiers are added to the crosswalk; none is removed.
    pub subjects: Vec<SubjectRow>,
    /// Changes, new or changed.
    pub changes: Vec<ChangeRow>,
    /// Registers, new or changed.
    pub registers: Vec<RegisterRow>,
    /// Lanes, new or changed.
    pub lanes: Vec<LaneRow>,
    /// New history.
    pub history: Vec<HistoryRow>,
    /// New attempts.
    pub attempts: Vec<AttemptRow>,
    /// Answers, new or changed.
    pub answers: Vec<AnswerRow>,
    /// Approvals, new or changed.
    pub approvals: Vec<ApprovalRow>,
}

impl Writes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
            && self.changes.is_empty()
            && self.registers.is_empty()
            && self.lanes.is_empty()
            && self.history.is_empty()
            && self.attempts.is_empty()
            && self.answers.is_empty()
            && self.approvals.is_empty()
    }
}

/// Why the record could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is locked, or its disk is full. Nothing was written.
    #[error("the record is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The commit was sent and its answer lost. Look the change up.
    #[error("it is not known whether the record was written")]
    InDoubt(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The statement is wrong or contradicts a constraint: our fault. Nothing was written.
    #[error("the record refused the statement")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row cannot be understood.
    #[error("a row of {table} cannot be understood")]
    Corrupt {
        /// Which table.
        table: &'static str,
    },
    /// The record was written by a newer version of the gateway.
    #[error("the record has schema {found}, and this program knows schemas up to {known}")]
    TooNew {
        /// What it has.
        found: u32,
        /// What this program knows.
        known: u32,
    },
}
