//! The rows of an accepted change, as the gateway's writer makes them, and copies of them.

use std::collections::HashMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, SubjectId};
use status_store::history;
use status_store::record::{AnswerRow, ChangeRow, Head, LaneRow, RegisterRow, SubjectRow};
use status_store::store::Writes;
use uuid::Uuid;

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
    /// Takes apart what the writer wrote for one change of each contract.
    pub(super) fn of(seen: Vec<Writes>) -> anyhow::Result<Self> {
        let mut subjects = HashMap::new();
        let mut registers = HashMap::new();
        let mut lanes: HashMap<SubjectId, LaneRow> = HashMap::new();
        let (mut history, mut answers) = (HashMap::new(), HashMap::new());
        let mut changes = Vec::new();
        for writes in seen {
            subjects.extend(writes.subjects.into_iter().map(|row| (row.subject.id, row)));
            registers.extend(writes.registers.into_iter().map(|row| (row.change, row)));
            lanes.extend(writes.lanes.into_iter().map(|row| (row.subject, row)));
            history.extend(writes.history.into_iter().map(|row| (row.change, row)));
            answers.extend(writes.answers.into_iter().map(|row| (row.change, row)));
            changes.extend(writes.changes);
        }
        let at = changes.first().map(|change| change.created_at).context("nothing was written")?;
        let mut one = |change: ChangeRow| {
            let entry = history.remove(&change.id)?;
            Some(Accepted {
                subject: subjects.remove(&change.subject)?,
                register: registers.remove(&change.id)?,
                lane: lanes.remove(&change.subject)?,
                answer: answers.remove(&Some(change.id))?,
                kind: entry.kind,
                body: entry.body,
                change,
            })
        };
        let accepted = changes.into_iter().map(&mut one).collect::<Option<Vec<_>>>();
        let accepted =
            accepted.context("an accepted change no longer writes one row of each kind")?;
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

impl Accepted {
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
