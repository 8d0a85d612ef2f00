//! A change comes in.

use std::collections::BTreeSet;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use status_domain::answer::{Answer, NotActedOn, PolicyRefusal};
use status_domain::approval::{Approval, ApprovalState};
use status_domain::command::ChangeRequest;
use status_domain::decide::{Context, Decision, decide};
use status_domain::ids::{ChangeId, SubjectId};
use status_domain::policy::UnknownSubject;
use status_domain::principal::Principal;
use status_domain::subject::{Subject, SubjectState};
use status_store::record::{AnswerRow, ApprovalRow, ChangeOutcome, ChangeRow};
use uuid::Uuid;

use crate::writer::answer::{self, Caller};
use crate::writer::op::ChangeOp;
use crate::writer::unit::Unit;
use crate::writer::{accept, answer_key};

/// Decides a change and records it.
pub(super) fn change(unit: &mut Unit<'_>, op: ChangeOp) {
    let key = answer_key(&op);
    let content = op.request.idempotency.as_ref().map(|key| digest(&key.content));
    let ChangeOp { by, request, wait, encode, accepted } = op;
    let caller = Caller { encode, accepted };
    let mut answer_row = None;
    if let (Some(key), Some(content)) = (key, content) {
        if let Some(known) = unit.answers.get(&key).cloned() {
            return answer::repeat(unit, &known, content, caller);
        }
        let created_at = unit.now;
        answer_row = Some(AnswerRow { key, content, change: None, response: None, created_at });
    }
    let (target, is_new) = match resolve(unit, &request) {
        Ok(resolved) => resolved,
        Err(why) => return answer::say(unit, caller, &Answer::NotActedOn(why)),
    };
    let decision = match unit.family(target) {
        Some(family) => {
            let context =
                Context { by: &by, policy: &unit.rules.policy, approved: false, now: unit.now };
            decide(&family.family, target, &request, &context)
        }
        None => return answer::say(unit, caller, &Answer::NotActedOn(NotActedOn::Internal)),
    };
    let id = ChangeId(Uuid::now_v7());
    match decision {
        Decision::Refuse(refusal) => {
            if is_new {
                unit.remove_subject(target);
            }
            refuse(unit, answer_row, caller, refusal);
        }
        Decision::NeedsApproval => {
            ask(unit, id, target, by, request, answer_row, caller);
        }
        Decision::Accept(decided) => {
            let shown = request.shown_as_request;
            let row = new_change(unit, id, target, &by, &request, answer_row.as_ref());
            if shown {
                // First, because a change that nobody need be told of ends as it is accepted.
                put_approval(unit, id, target, by, request, ApprovalState::Executing);
            }
            if let Err(refusal) = accept::accept(unit, row, decided) {
                unit.approvals.remove(&id);
                if is_new {
                    unit.remove_subject(target);
                }
                return refuse(unit, answer_row, caller, refusal);
            }
            answer::begun(unit, id, wait, answer_row, caller);
        }
    }
}

/// Finds the subject that all the identifiers name, or makes one that they will name; says whether it
/// is new.
fn resolve(unit: &mut Unit<'_>, request: &ChangeRequest) -> Result<(SubjectId, bool), NotActedOn> {
    let named: BTreeSet<SubjectId> =
        request.named_by.iter().filter_map(|name| unit.known.get(name)).copied().collect();
    let has_unknown = request.named_by.iter().any(|name| !unit.known.contains_key(name));
    match (named.first(), named.len(), has_unknown) {
        (Some(only), 1, false) => Ok((*only, false)),
        (None, _, _) => match unit.rules.policy.unknown_subject {
            UnknownSubject::Refuse => Err(NotActedOn::UnknownSubject),
            UnknownSubject::Register => Ok((register(unit, request), true)),
        },
        // A name that nobody knows beside one that somebody knows may be another's: never guessed.
        (Some(_), count, true) => Err(NotActedOn::Ambiguous(count + 1)),
        (Some(_), count, false) => Err(NotActedOn::Ambiguous(count)),
    }
}

fn register(unit: &mut Unit<'_>, request: &ChangeRequest) -> SubjectId {
    let id = SubjectId(Uuid::now_v7());
    unit.add_subject(Subject {
        id,
        kind: request.kind,
        parent: None,
        identifiers: request.named_by.clone(),
        state: SubjectState::new(),
    });
    id
}

fn refuse(
    unit: &mut Unit<'_>,
    answer_row: Option<AnswerRow>,
    caller: Caller,
    refusal: PolicyRefusal,
) {
    answer::say_and_keep(unit, answer_row, caller, &Answer::RefusedByPolicy(refusal));
}

/// Records a change that waits for a checker.
fn ask(
    unit: &mut Unit<'_>,
    id: ChangeId,
    target: SubjectId,
    by: Principal,
    request: ChangeRequest,
    answer_row: Option<AnswerRow>,
    caller: Caller,
) {
    let shown = request.shown_as_request;
    let row = new_change(unit, id, target, &by, &request, answer_row.as_ref());
    let body = json!({
        "facet": row.facet.to_string(),
        "asked": &*row.summary,
        "maker": { "client": &*by.client, "person": &*by.person.id },
        "format": by.format.as_str(),
    });
    unit.tell(target, id, "approval_requested", &body);
    if let Some(family) = unit.family_mut(target) {
        family.dirty_changes.insert(id);
        family.changes.insert(id, ChangeRow { outcome: ChangeOutcome::Waiting, ..row });
    }
    put_approval(unit, id, target, by, request, ApprovalState::Waiting);
    if let Some(row) = answer_row {
        unit.put_answer(AnswerRow { change: Some(id), ..row });
    }
    let answer = match unit.approvals.get(&id) {
        Some(row) if shown => Answer::Approval(Box::new(row.approval.clone())),
        Some(_) | None => Answer::PendingApproval { change: id },
    };
    answer::say_about(unit, caller, id, &answer);
}

fn new_change(
    unit: &Unit<'_>,
    id: ChangeId,
    target: SubjectId,
    by: &Principal,
    request: &ChangeRequest,
    answer_row: Option<&AnswerRow>,
) -> ChangeRow {
    let family = unit.family(target);
    let view = family.and_then(|family| family.family.view(target));
    ChangeRow {
        id,
        family: family.map_or(target, |family| family.root_or(target)),
        subject: target,
        by: by.clone(),
        facet: request.action.facet(),
        summary: accept::summary(&request.action),
        reason: request.reason.clone(),
        native: request.native.clone(),
        outcome: ChangeOutcome::Open,
        effective: view.map_or(status_domain::status::Status::Active, |view| view.effective()),
        assertions: Vec::new(),
        before: Vec::new(),
        answer_key: answer_row.map(|row| row.key.clone()),
        created_at: unit.now,
        settled_at: None,
    }
}

fn put_approval(
    unit: &mut Unit<'_>,
    id: ChangeId,
    target: SubjectId,
    by: Principal,
    request: ChangeRequest,
    state: ApprovalState,
) {
    let family = unit.family(target).map_or(target, |family| family.root_or(target));
    let approval = Approval {
        id,
        format: by.format.clone(),
        tenant: by.tenant.clone(),
        state,
        maker: by.person.clone(),
        checker: None,
        comment: None,
        native: request.native.clone(),
        started_at: unit.now,
        ended_at: None,
        refusal: None,
    };
    unit.put_approval(ApprovalRow { approval, by, family, subject: target, request });
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
