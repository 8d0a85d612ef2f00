//! The record, in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use status_domain::ids::{ChangeId, Identifier, SubjectId, System};
use status_domain::register::RegisterName;
use status_store::record::{
    AnswerKey, AnswerRow, ApprovalRow, ChangeRow, HistoryRow, LaneRow, RegisterRow, SubjectRow,
};
use status_store::store::{FamilyRecord, Needs, Snapshot, Writes};

/// Everything that was committed.
#[derive(Clone, Default)]
pub(super) struct Memory {
    pub(super) subjects: BTreeMap<SubjectId, SubjectRow>,
    pub(super) crosswalk: HashMap<Identifier, SubjectId>,
    pub(super) changes: BTreeMap<ChangeId, ChangeRow>,
    pub(super) registers: BTreeMap<(SubjectId, System, RegisterName), RegisterRow>,
    pub(super) lanes: BTreeMap<(SubjectId, System), LaneRow>,
    pub(super) history: BTreeMap<SubjectId, Vec<HistoryRow>>,
    pub(super) answers: HashMap<AnswerKey, AnswerRow>,
    pub(super) approvals: BTreeMap<ChangeId, ApprovalRow>,
}

impl Memory {
    pub(super) fn load(&self, needs: &Needs) -> Snapshot {
        let mut snapshot = Snapshot { now: needs.now, ..Snapshot::default() };
        let mut roots = BTreeSet::new();
        for identifier in &needs.identifiers {
            if let Some(subject) = self.crosswalk.get(identifier) {
                snapshot.known.insert(identifier.clone(), *subject);
                roots.insert(self.root(*subject));
            }
        }
        roots.extend(needs.subjects.iter().map(|subject| self.root(*subject)));
        for key in &needs.answers {
            if let Some(row) = self.answers.get(key) {
                if let Some(change) = row.change.and_then(|id| self.changes.get(&id)) {
                    snapshot.changes.insert(change.id, change.clone());
                }
                snapshot.answers.insert(key.clone(), row.clone());
            }
        }
        for id in &needs.approvals {
            if let Some(row) = self.approvals.get(id) {
                roots.insert(self.root(row.subject));
                snapshot.changes.insert(*id, self.changes[id].clone());
                snapshot.approvals.insert(*id, row.clone());
            }
        }
        for (system, limit) in &needs.claims {
            let is_due = |row: &&LaneRow| {
                row.system == *system
                    && row.due_at.is_some_and(|at| at <= needs.now)
                    && row.lease.is_none_or(|lease| lease.until <= needs.now)
            };
            for lane in self.lanes.values().filter(is_due).take(*limit as usize) {
                roots.insert(self.root(lane.subject));
                snapshot.due.push((lane.subject, lane.system.clone()));
            }
        }
        for root in roots {
            let family = self.family(root);
            for change in &family.changes {
                if let Some(row) = self.approvals.get(&change.id) {
                    snapshot.approvals.insert(change.id, row.clone());
                }
            }
            snapshot.families.push(family);
        }
        snapshot
    }

    fn root(&self, subject: SubjectId) -> SubjectId {
        self.subjects[&subject].subject.parent.unwrap_or(subject)
    }

    fn family(&self, root: SubjectId) -> FamilyRecord {
        let in_family = |id: SubjectId| self.root(id) == root;
        let open = |row: &&ChangeRow| in_family(row.subject) && row.outcome.is_open();
        FamilyRecord {
            root,
            subjects: self
                .subjects
                .values()
                .filter(|row| in_family(row.subject.id))
                .cloned()
                .collect(),
            registers: self
                .registers
                .values()
                .filter(|row| in_family(row.subject))
                .cloned()
                .collect(),
            lanes: self.lanes.values().filter(|row| in_family(row.subject)).cloned().collect(),
            changes: self.changes.values().filter(open).cloned().collect(),
        }
    }

    pub(super) fn apply(&mut self, writes: Writes) {
        for row in writes.subjects {
            for identifier in &row.subject.identifiers {
                let owner = *self.crosswalk.entry(identifier.clone()).or_insert(row.subject.id);
                assert_eq!(owner, row.subject.id, "an identifier has one subject");
            }
            self.subjects.insert(row.subject.id, row);
        }
        self.changes.extend(writes.changes.into_iter().map(|row| (row.id, row)));
        for row in writes.registers {
            let key = (row.subject, row.system.clone(), row.register.clone());
            let before = self.registers.insert(key, row.clone());
            assert!(before.is_none_or(|before| before.version <= row.version));
        }
        for row in writes.lanes {
            self.lanes.insert((row.subject, row.system.clone()), row);
        }
        for row in writes.history {
            self.history.entry(row.subject).or_default().push(row);
        }
        self.answers.extend(writes.answers.into_iter().map(|row| (row.key.clone(), row)));
        for row in writes.approvals {
            self.approvals.insert(row.approval.id, row);
        }
    }
}
