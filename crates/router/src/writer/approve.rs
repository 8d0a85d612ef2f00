//! A checker decides.

use serde_json::json;
use status_domain::answer::{Answer, NotActedOn};
use status_domain::approval::ApprovalState;
use status_domain::command::{DecisionRequest, Verdict};
use status_domain::decide::{Context, Decision, decide as judge};
use status_domain::failure::UpstreamRefusal;
use status_domain::ids::{ChangeId, System};
use status_domain::principal::{Principal, Role};
use status_store::record::{ApprovalRow, ChangeOutcome};

use crate::writer::accept;
use crate::writer::answer::{self, Caller};
use crate::writer::op::DecideOp;
use crate::writer::settle;
use crate::writer::unit::Unit;

/// Records a decision; an approval is carried out as the very request that was recorded.
pub(super) fn decide(unit: &mut Unit<'_>, op: DecideOp) {
    let DecideOp { by, request, encode, accepted } = op;
    let caller = Caller { encode, accepted };
    let row = match entitled(unit, &by, &request) {
        Ok(row) => row,
        Err(why) => return answer::say(unit, caller, &Answer::NotActedOn(why)),
    };
    let id = row.approval.id;
    let checked = checked(row, by, &request);
    let body = json!({
        "checker": checked.approval.checker.as_ref().map_or("", |checker| &*checker.id),
        "comment": request.comment.as_ref().map(|comment| comment.as_str()),
    });
    match request.verdict {
        Verdict::Reject => {
            unit.tell(checked.subject, id, "checked", &body);
            let subject = checked.subject;
            unit.put_approval(checked);
            settle::close(unit, subject, id, ChangeOutcome::Rejected);
        }
        Verdict::Approve => {
            unit.tell(checked.subject, id, "checked", &body);
            unit.put_approval(checked.clone());
            execute(unit, &checked);
        }
    }
    tell(unit, id, caller);
}

fn entitled(
    unit: &Unit<'_>,
    by: &Principal,
    request: &DecisionRequest,
) -> Result<ApprovalRow, NotActedOn> {
    if !by.roles.contains(&Role::Checker) {
        return Err(NotActedOn::Forbidden("deciding requests"));
    }
    let id: ChangeId = request.id.parse().map_err(|_| NotActedOn::UnknownApproval)?;
    let row = unit.approvals.get(&id).filter(|row| row.approval.tenant == by.tenant);
    let row = row.ok_or(NotActedOn::UnknownApproval)?;
    if row.approval.state != ApprovalState::Waiting {
        return Err(NotActedOn::AlreadyDecided);
    }
    if row.approval.maker.id == by.person.id {
        return Err(NotActedOn::OwnRequest);
    }
    Ok(row.clone())
}

fn checked(mut row: ApprovalRow, by: Principal, request: &DecisionRequest) -> ApprovalRow {
    row.approval.checker = Some(by.person);
    row.approval.comment.clone_from(&request.comment);
    row.approval.state = match request.verdict {
        Verdict::Approve => ApprovalState::Executing,
        Verdict::Reject => ApprovalState::Rejected,
    };
    row
}

fn execute(unit: &mut Unit<'_>, row: &ApprovalRow) {
    let id = row.approval.id;
    let Some(family) = unit.family(row.subject) else { return };
    let Some(change) = family.changes.get(&id).cloned() else { return };
    let context =
        Context { by: &row.by, policy: &unit.rules.policy, approved: true, now: unit.now };
    let refused = match judge(&family.family, row.subject, &row.request, &context) {
        Decision::Accept(decided) => accept::accept(unit, change, decided).err(),
        Decision::Refuse(refusal) => Some(refusal),
        // Not with `approved` set.
        Decision::NeedsApproval => return,
    };
    if let Some(refusal) = refused {
        // The state has moved on since it was asked for.
        let refusal = UpstreamRefusal::new(409, "POLICY", &refusal.to_string());
        let outcome = ChangeOutcome::Refused(System::new("policy"), refusal);
        settle::close(unit, row.subject, id, outcome);
    }
}

fn tell(unit: &mut Unit<'_>, id: ChangeId, caller: Caller) {
    let Some(change) = unit.change(id).cloned() else { return };
    if change.outcome == ChangeOutcome::Open {
        return answer::attach_checker(unit, id, caller);
    }
    // The checker is always shown the request, whatever format it was made in.
    let answer = match unit.approvals.get(&id) {
        Some(row) => Answer::Approval(Box::new(row.approval.clone())),
        None => answer::of_change(unit, &change, None),
    };
    answer::say_about(unit, caller, id, &answer);
}
