//! The rows of an accepted change, as the gateway writes them, and copies of them.

use std::collections::HashMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, Identifier, IdentifierKind, System};
use status_store::history;
use status_store::record::{
    AnswerKey, AnswerRow, ChangeRow, Head, LaneRow, RegisterRow, RegisterState, SubjectRow,
};
use status_store::sqlite::SqliteStore;
use status_store::store::{FamilyRecord, Needs, Snapshot, Store as _, Writes};
use uuid::Uuid;

use crate::request::{self, SUBJECTS};

/// Changes in one full commit.
pub(super) const BATCH: usize = 64;

/// Everything that one accepted change writes.
#[derive(Debug)]
struct Accepted {
    subject: SubjectRow,
    change: ChangeRow,
    register: RegisterRow,
    lane: LaneRow,
    answer: AnswerRow,
    /// Kind and body of the entry in the history.
    kind: Box<str>,
    body: Box<str>,
}

/// Accepted changes of as many contracts, to be written again and again under new ids.
#[derive(Debug)]
pub(super) struct Rows {
    accepted: Vec<Accepted>,
    next: usize,
    written: u64,
    at: DateTime<Utc>,
}

impl Rows {
    /// Reads what the gateway has written for one change of each contract.
    pub(super) async fn read(store: &SqliteStore) -> anyhow::Result<Self> {
        let contract = |number| {
            let value = request::contract_number(number).parse().context("no identifier")?;
            let kind = IdentifierKind::new("contract_number");
            anyhow::Ok(Identifier { system: System::new("way4"), kind, value })
        };
        let identifiers = (0..SUBJECTS).map(contract).collect::<Result<_, _>>()?;
        let snapshot = look(store, Needs { identifiers, ..Needs::default() }).await?;
        let keys = snapshot.families.iter().flat_map(|family| &family.changes);
        let answers = keys.filter_map(|change| change.answer_key.clone()).collect();
        let mut answers = look(store, Needs { answers, ..Needs::default() }).await?.answers;
        let mut accepted = Vec::new();
        for family in snapshot.families {
            let one = Accepted::read(store, family, &mut answers).await?;
            accepted.push(one.context("an accepted change does not write one row of each kind")?);
        }
        let at = accepted.first().map(|one| one.change.created_at).context("nothing is there")?;
        Ok(Self { accepted, next: 0, written: 0, at })
    }

    /// The subjects alone, for the record to begin with.
    pub(super) fn subjects(&self) -> Writes {
        let fresh = |one: &Accepted| SubjectRow { head: Head::default(), ..one.subject.clone() };
        Writes { subjects: self.accepted.iter().map(fresh).collect(), ..Writes::default() }
    }

    /// The rows of the next so many changes.
    pub(super) fn batch(&mut self, size: usize) -> Writes {
        let mut writes = Writes::default();
        for _ in 0..size {
            self.written += 1;
            let (at, number) = (self.at, self.written);
            if let Some(one) = self.accepted.get_mut(self.next) {
                one.again(number, at, &mut writes);
            }
            self.next = (self.next + 1) % self.accepted.len();
        }
        writes
    }
}

async fn look(store: &SqliteStore, needs: Needs) -> anyhow::Result<Snapshot> {
    let seen = store.write(needs, |snapshot| (Writes::default(), snapshot)).await;
    seen.context("reading the record")
}

impl Accepted {
    async fn read(
        store: &SqliteStore,
        mut family: FamilyRecord,
        answers: &mut HashMap<AnswerKey, AnswerRow>,
    ) -> anyhow::Result<Option<Self>> {
        let history = store.history(family.root).await.context("reading the history")?;
        let entry = history.into_iter().next();
        let rows = (family.subjects.pop(), family.changes.pop(), family.registers.pop());
        let (Some(subject), Some(change), Some(register)) = rows else { return Ok(None) };
        let answer = change.answer_key.as_ref().and_then(|key| answers.remove(key));
        let (Some(entry), Some(lane), Some(answer)) = (entry, family.lanes.pop(), answer) else {
            return Ok(None);
        };
        let register = RegisterRow { state: RegisterState::Pending, last_error: None, ..register };
        let (kind, body) = (entry.kind, entry.body);
        Ok(Some(Self { subject, change, register, lane, answer, kind, body }))
    }

    /// Writes a change like this one.
    fn again(&mut self, number: u64, at: DateTime<Utc>, into: &mut Writes) {
        let id = ChangeId(Uuid::now_v7());
        self.register.version += 1;
        self.register.change = id;
        self.change.id = id;
        for assertion in &mut self.change.assertions {
            assertion.version = self.register.version;
        }
        // The same length as what the writer makes of a message number.
        let key = &self.answer.key.key;
        let kept = key.len().saturating_sub(12);
        self.answer.key.key = format!("{}{number:012}", key.get(..kept).unwrap_or("")).into();
        self.answer.change = Some(id);
        self.change.answer_key = Some(self.answer.key.clone());
        let (subject, body) = (self.subject.subject.id, self.body.to_string());
        let head = &mut self.subject.head;
        into.history.push(history::append(head, subject, id, at, &self.kind, body));
        into.subjects.push(self.subject.clone());
        into.changes.push(self.change.clone());
        into.registers.push(self.register.clone());
        into.lanes.push(self.lane.clone());
        into.answers.push(self.answer.clone());
    }
}
