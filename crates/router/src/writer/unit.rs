//! The batch's view of the record: what was loaded, what has been changed since, what follows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use status_domain::family::Family;
use status_domain::ids::{ChangeId, Identifier, SubjectId, System};
use status_domain::register::RegisterName;
use status_domain::subject::Subject;
use status_store::history;
use status_store::record::{
    AnswerKey, AnswerRow, ApprovalRow, AttemptRow, ChangeRow, Head, HistoryRow, LaneRow,
    RegisterRow, SubjectRow,
};
use status_store::store::{FamilyRecord, Snapshot, Writes};

use crate::gateway::Encoder;
use crate::upstreams::UpstreamEntry;
use crate::writer::Rules;
use crate::writer::effect::Effect;
use crate::writer::waiters::Waiters;

/// Names a register.
pub(super) type RegisterKey = (SubjectId, System, RegisterName);
/// Names a lane.
pub(super) type LaneKey = (SubjectId, System);

/// One batch at work.
pub(super) struct Unit<'r> {
    pub(super) now: DateTime<Utc>,
    pub(super) rules: &'r Rules,
    pub(super) waiters: &'r Waiters,
    pub(super) known: HashMap<Identifier, SubjectId>,
    pub(super) answers: HashMap<AnswerKey, AnswerRow>,
    pub(super) approvals: HashMap<ChangeId, ApprovalRow>,
    pub(super) due: Vec<LaneKey>,
    pub(super) effects: Vec<Effect>,
    /// Callers of this batch who will wait: how to answer them, and where the answer is kept.
    pub(super) waiting: HashMap<ChangeId, Option<(Encoder, AnswerRow)>>,
    families: Vec<FamilyUnit>,
    family_of: HashMap<SubjectId, usize>,
    /// Changes that are final, for answering repeats.
    finished: HashMap<ChangeId, ChangeRow>,
    history: Vec<HistoryRow>,
    attempts: Vec<AttemptRow>,
    dirty_answers: BTreeSet<AnswerKey>,
    dirty_approvals: BTreeSet<ChangeId>,
}

/// One family at work.
#[derive(Default)]
pub(super) struct FamilyUnit {
    pub(super) root: Option<SubjectId>,
    pub(super) family: Family,
    pub(super) heads: HashMap<SubjectId, Head>,
    pub(super) registers: BTreeMap<RegisterKey, RegisterRow>,
    pub(super) lanes: BTreeMap<LaneKey, LaneRow>,
    pub(super) changes: BTreeMap<ChangeId, ChangeRow>,
    pub(super) dirty_subjects: BTreeSet<SubjectId>,
    pub(super) dirty_registers: BTreeSet<RegisterKey>,
    pub(super) dirty_lanes: BTreeSet<LaneKey>,
    pub(super) dirty_changes: BTreeSet<ChangeId>,
}

impl<'r> Unit<'r> {
    pub(super) fn new(snapshot: Snapshot, rules: &'r Rules, waiters: &'r Waiters) -> Self {
        let mut unit = Self {
            now: snapshot.now,
            rules,
            waiters,
            known: snapshot.known,
            answers: snapshot.answers,
            approvals: snapshot.approvals,
            due: snapshot.due,
            effects: Vec::new(),
            waiting: HashMap::new(),
            families: Vec::with_capacity(snapshot.families.len()),
            family_of: HashMap::new(),
            finished: snapshot.changes,
            history: Vec::new(),
            attempts: Vec::new(),
            dirty_answers: BTreeSet::new(),
            dirty_approvals: BTreeSet::new(),
        };
        for record in snapshot.families {
            let index = unit.families.len();
            for row in &record.subjects {
                unit.family_of.insert(row.subject.id, index);
            }
            unit.families.push(FamilyUnit::new(record));
        }
        unit
    }

    /// The upstream of this name. Borrowed from the rules, so that the unit stays free to be changed.
    pub(super) fn upstream(&self, system: &System) -> Option<&'r Arc<UpstreamEntry>> {
        self.rules.upstreams.named(system)
    }

    pub(super) fn family(&self, member: SubjectId) -> Option<&FamilyUnit> {
        self.families.get(*self.family_of.get(&member)?)
    }

    pub(super) fn family_mut(&mut self, member: SubjectId) -> Option<&mut FamilyUnit> {
        self.families.get_mut(*self.family_of.get(&member)?)
    }

    /// Adds a subject; as an account of its parent if that is known here.
    pub(super) fn add_subject(&mut self, subject: Subject) {
        let id = subject.id;
        for identifier in &subject.identifiers {
            self.known.insert(identifier.clone(), id);
        }
        let with_parent = subject.parent.and_then(|parent| self.family_of.get(&parent).copied());
        let index = with_parent.unwrap_or_else(|| {
            self.families.push(FamilyUnit { root: Some(id), ..FamilyUnit::default() });
            self.families.len() - 1
        });
        self.family_of.insert(id, index);
        if let Some(family) = self.families.get_mut(index) {
            family.heads.insert(id, Head::default());
            family.family.members.push(subject);
            family.dirty_subjects.insert(id);
        }
    }

    /// Takes back a subject that was added in this batch and about which nothing was recorded.
    pub(super) fn remove_subject(&mut self, id: SubjectId) {
        let Some(index) = self.family_of.remove(&id) else { return };
        self.known.retain(|_, subject| *subject != id);
        if let Some(family) = self.families.get_mut(index) {
            family.family.members.retain(|member| member.id != id);
            family.heads.remove(&id);
            family.dirty_subjects.remove(&id);
        }
    }

    /// A change, whether open or final.
    pub(super) fn change(&self, id: ChangeId) -> Option<&ChangeRow> {
        let open = self.families.iter().find_map(|family| family.changes.get(&id));
        open.or_else(|| self.finished.get(&id))
    }

    /// Adds an entry to a subject's history.
    pub(super) fn tell(
        &mut self,
        subject: SubjectId,
        change: ChangeId,
        kind: &str,
        body: &serde_json::Value,
    ) {
        let now = self.now;
        let Some(family) = self.family_mut(subject) else { return };
        let Some(head) = family.heads.get_mut(&subject) else { return };
        let row = history::append(head, subject, change, now, kind, body.to_string());
        family.dirty_subjects.insert(subject);
        self.history.push(row);
    }

    pub(super) fn attempt(&mut self, row: AttemptRow) {
        self.attempts.push(row);
    }

    pub(super) fn put_answer(&mut self, row: AnswerRow) {
        self.dirty_answers.insert(row.key.clone());
        self.answers.insert(row.key.clone(), row);
    }

    pub(super) fn put_approval(&mut self, row: ApprovalRow) {
        self.dirty_approvals.insert(row.approval.id);
        self.approvals.insert(row.approval.id, row);
    }

    /// Everything that was changed, and what follows.
    pub(super) fn finish(self) -> (Writes, Vec<Effect>) {
        let mut writes =
            Writes { history: self.history, attempts: self.attempts, ..Writes::default() };
        for family in self.families {
            family.finish(&mut writes);
        }
        let mut answers = self.answers;
        writes.answers = self.dirty_answers.iter().filter_map(|key| answers.remove(key)).collect();
        let mut approvals = self.approvals;
        writes.approvals =
            self.dirty_approvals.iter().filter_map(|id| approvals.remove(id)).collect();
        (writes, self.effects)
    }
}

impl FamilyUnit {
    fn new(record: FamilyRecord) -> Self {
        let mut unit = Self { root: Some(record.root), ..Self::default() };
        for row in record.subjects {
            unit.heads.insert(row.subject.id, row.head);
            unit.family.members.push(row.subject);
        }
        for row in record.registers {
            unit.registers.insert((row.subject, row.system.clone(), row.register.clone()), row);
        }
        for row in record.lanes {
            unit.lanes.insert((row.subject, row.system.clone()), row);
        }
        for row in record.changes {
            unit.changes.insert(row.id, row);
        }
        unit
    }

    fn finish(mut self, writes: &mut Writes) {
        for subject in self.family.members {
            if self.dirty_subjects.contains(&subject.id) {
                let head = self.heads.get(&subject.id).copied().unwrap_or_default();
                writes.subjects.push(SubjectRow { subject, head });
            }
        }
        let registers = self.dirty_registers.iter().filter_map(|key| self.registers.remove(key));
        writes.registers.extend(registers);
        let lanes = self.dirty_lanes.iter().filter_map(|key| self.lanes.remove(key));
        writes.lanes.extend(lanes);
        let changes = self.dirty_changes.iter().filter_map(|id| self.changes.remove(id));
        writes.changes.extend(changes);
    }

    /// The customer, or the account that belongs to nobody.
    pub(super) fn root_or(&self, member: SubjectId) -> SubjectId {
        self.root.unwrap_or(member)
    }

    /// A member's lane to a system, made if there is none.
    pub(super) fn lane_mut(&mut self, key: &LaneKey) -> &mut LaneRow {
        self.dirty_lanes.insert(key.clone());
        self.lanes.entry(key.clone()).or_insert_with(|| LaneRow {
            subject: key.0,
            system: key.1.clone(),
            due_at: None,
            lease: None,
        })
    }

    /// The registers of one lane.
    pub(super) fn registers_of(&self, key: &LaneKey) -> impl Iterator<Item = &RegisterRow> {
        self.registers.values().filter(move |row| row.subject == key.0 && row.system == key.1)
    }
}
