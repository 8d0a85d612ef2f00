//! The decision on one change: pure, total, and the only place where it is made.

use chrono::{DateTime, Utc};

use crate::answer::{PolicyRefusal, Standing};
use crate::command::{Action, ChangeRequest, Scope, SlotShows};
use crate::facet::{EditLock, Facet};
use crate::family::Family;
use crate::hold::{Hold, HoldOwner};
use crate::ids::SubjectId;
use crate::policy::{Effect, Move, Policy};
use crate::principal::Principal;
use crate::status::Status;
use crate::subject::SubjectView;

/// What becomes of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// No; nothing changes.
    Refuse(PolicyRefusal),
    /// A second person must agree first; nothing changes until then.
    NeedsApproval,
    /// Yes.
    Accept(Accepted),
}

/// An accepted change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// The family as it is after the change.
    pub after: Family,
    /// Which members were addressed, and in which facet. Every register that derives from that facet is
    /// asserted, for each member and for everyone [reached](Family::reach) from it.
    pub touched: Vec<(SubjectId, Facet)>,
    /// The effective status of the named subject after the change.
    pub effective: Status,
}

/// What is known when a change is decided.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Who asks.
    pub by: &'a Principal,
    /// The rules.
    pub policy: &'a Policy,
    /// Whether a second person has agreed already.
    pub approved: bool,
    /// The present.
    pub now: DateTime<Utc>,
}

/// Decides one change to `target`, which must be a member of `family`.
///
/// Deciding the same accepted change again leaves the same state.
#[must_use]
pub fn decide(
    family: &Family,
    target: SubjectId,
    request: &ChangeRequest,
    context: &Context<'_>,
) -> Decision {
    let Some(view) = family.view(target) else {
        return Decision::Refuse(PolicyRefusal::Denied {
            from: Status::Active,
            to: Status::Active,
            why: "the subject is not a member of the family".into(),
            allowed: Vec::new(),
        });
    };
    if let Some(refused) = check_policy(view, request, context) {
        return refused;
    }
    let (after, touched) = apply(family, view, request, context.now);
    let Some(view) = after.view(target) else { return Decision::NeedsApproval };
    if !context.policy.allow_ineffective {
        let standing = in_the_way(view, &request.action);
        if !standing.is_empty() {
            return Decision::Refuse(PolicyRefusal::Ineffective { standing });
        }
    }
    if needs_approval(family, target, request, context) {
        return Decision::NeedsApproval;
    }
    let effective = view.effective();
    Decision::Accept(Accepted { after, touched, effective })
}

/// The step the action takes, in statuses.
fn step(view: SubjectView<'_>, action: &Action) -> (Status, Status) {
    match action {
        Action::SetLifecycle(to) => (view.subject.state.lifecycle, *to),
        Action::PlaceHold { owner, severity, .. } => {
            (hold_severity(view, owner), severity.unwrap_or(Status::Active))
        }
        Action::ReleaseHold { owner, .. } => (hold_severity(view, owner), Status::Active),
        Action::SetResting { .. } | Action::SetEditLock { .. } | Action::UpdateProfile(_) => {
            (Status::Active, Status::Active)
        }
    }
}

fn hold_severity(view: SubjectView<'_>, owner: &HoldOwner) -> Status {
    let of_owner = view.holds().filter(|(who, _)| *who == owner);
    of_owner.filter_map(|(_, hold)| hold.severity).fold(Status::Active, Status::max)
}

fn check_policy(
    view: SubjectView<'_>,
    request: &ChangeRequest,
    context: &Context<'_>,
) -> Option<Decision> {
    let facet = request.action.facet();
    let (from, to) = step(view, &request.action);
    let effect = context.policy.effect(context.by, &Move { facet: &facet, from, to });
    if let Effect::Deny(why) = effect {
        let allowed = context.policy.allowed(context.by, &facet, from);
        let why = why.clone();
        return Some(Decision::Refuse(PolicyRefusal::Denied { from, to, why, allowed }));
    }
    if context.policy.allow_leaving_irreversible {
        return None;
    }
    leaves_irreversible(view, &request.action).map(Decision::Refuse)
}

fn leaves_irreversible(view: SubjectView<'_>, action: &Action) -> Option<PolicyRefusal> {
    let (owner, again) = match action {
        Action::PlaceHold { owner, native, severity, reversible, .. } => {
            (owner, (!reversible).then_some((native, severity)))
        }
        Action::ReleaseHold { owner, .. } => (owner, None),
        Action::SetLifecycle(_)
        | Action::SetResting { .. }
        | Action::SetEditLock { .. }
        | Action::UpdateProfile(_) => return None,
    };
    // The very same hold again leaves nothing.
    let is_left = |hold: &Hold| {
        !again.is_some_and(|(native, severity)| {
            hold.native.as_ref() == Some(native) && hold.severity == *severity
        })
    };
    let of_owner = view.holds().filter(|(who, _)| *who == owner).map(|(_, hold)| hold);
    let left = of_owner.filter(|hold| !hold.reversible).find(|hold| is_left(hold))?;
    let code = left.native.as_ref().map(|native| native.code.clone()).unwrap_or_default();
    Some(PolicyRefusal::Irreversible { owner: owner.clone(), code })
}

fn needs_approval(
    family: &Family,
    target: SubjectId,
    request: &ChangeRequest,
    context: &Context<'_>,
) -> bool {
    if context.approved {
        return false;
    }
    let Some(view) = family.view(target) else { return true };
    let facet = request.action.facet();
    let (from, to) = step(view, &request.action);
    let effect = context.policy.effect(context.by, &Move { facet: &facet, from, to });
    matches!(effect, Effect::Approve)
}

/// What keeps the action from taking effect, in the state after it.
fn in_the_way(after: SubjectView<'_>, action: &Action) -> Vec<Standing> {
    match action {
        Action::SetLifecycle(to) => above(after, *to),
        Action::ReleaseHold { shows: SlotShows::AllBut(owners), .. }
        | Action::SetResting { shows: SlotShows::AllBut(owners), .. } => {
            let mut shown = in_slot(after, |owner| !owners.contains(owner));
            if after.lifecycle() > Status::Active {
                shown.push(Standing::Lifecycle(after.lifecycle()));
            }
            shown
        }
        Action::SetResting { owner, shows: SlotShows::OwnerOnly, .. } => {
            in_slot(after, |who| who == owner)
        }
        Action::SetEditLock { lock: EditLock::Unlocked, kept_while }
            if kept_while.contains(&after.effective()) =>
        {
            above(after, Status::Active)
        }
        Action::SetEditLock { .. }
        | Action::PlaceHold { .. }
        | Action::ReleaseHold { shows: SlotShows::OwnerOnly, .. }
        | Action::UpdateProfile(_) => Vec::new(),
    }
}

/// Whatever is more restrictive than `asked`.
fn above(view: SubjectView<'_>, asked: Status) -> Vec<Standing> {
    let mut found = Vec::new();
    for (owner, hold) in view.holds() {
        if let Some(severity) = hold.severity
            && severity > asked
        {
            found.push(Standing::Hold { owner: owner.clone(), severity });
        }
    }
    if view.lifecycle() > asked {
        found.push(Standing::Lifecycle(view.lifecycle()));
    }
    found
}

/// Holds that a slot shows, those that restrict nothing included: they fill it all the same.
fn in_slot(view: SubjectView<'_>, shows: impl Fn(&HoldOwner) -> bool) -> Vec<Standing> {
    let standing = |(owner, hold): (&HoldOwner, &Hold)| Standing::Hold {
        owner: owner.clone(),
        severity: hold.severity.unwrap_or(Status::Active),
    };
    view.holds().filter(|(owner, _)| shows(owner)).map(standing).collect()
}

fn apply(
    family: &Family,
    view: SubjectView<'_>,
    request: &ChangeRequest,
    now: DateTime<Utc>,
) -> (Family, Vec<(SubjectId, Facet)>) {
    let mut after = family.clone();
    let target = view.subject.id;
    let facet = request.action.facet();
    let mut touched = vec![target];
    match &request.action {
        Action::SetLifecycle(status) => {
            // A lifecycle belongs to whoever was named: a customer, or an account of its own.
            if let Some(member) = after.member_mut(target) {
                member.state.lifecycle = *status;
            }
        }
        Action::PlaceHold { owner, severity, native, reversible, scope } => {
            let hold = Hold {
                severity: *severity,
                native: Some(native.clone()),
                reversible: *reversible,
                reason: request.reason.clone(),
                placed_at: now,
            };
            touched = place(&mut after, view, owner, hold, *scope);
        }
        Action::ReleaseHold { owner, .. } => {
            // A marker stays: a repeat of the release must not wipe it.
            touched = release(&mut after, view, owner);
            if !touched.contains(&target) {
                touched.push(target);
            }
        }
        Action::SetResting { owner, native, .. } => {
            if let Some(member) = after.member_mut(target) {
                member.state.resting.insert(owner.clone(), native.clone());
            }
        }
        Action::SetEditLock { lock, .. } => {
            if let Some(member) = after.member_mut(target) {
                member.state.edit_lock = *lock;
            }
        }
        Action::UpdateProfile(profile) => {
            if let Some(member) = after.member_mut(target) {
                let pending = member.state.pending_profile.take().unwrap_or_default();
                member.state.pending_profile = Some(pending.merged_with(profile.clone()));
            }
        }
    }
    (after, touched.into_iter().map(|id| (id, facet.clone())).collect())
}

/// Places a hold on the target or its customer, in place of the owner's hold on either.
fn place(
    after: &mut Family,
    view: SubjectView<'_>,
    owner: &HoldOwner,
    hold: Hold,
    scope: Scope,
) -> Vec<SubjectId> {
    let target = view.subject.id;
    let holder = match (scope, view.parent) {
        (Scope::Customer, Some(parent)) => parent.id,
        (Scope::Customer, None) | (Scope::Account, _) => target,
    };
    let known = view.holds().find(|(who, _)| *who == owner).map(|(_, hold)| hold.clone());
    let mut touched = release(after, view, owner);
    if let Some(member) = after.member_mut(holder) {
        // The same code again changes nothing, so it keeps its date and reason.
        let same =
            known.filter(|known| known.native == hold.native && known.severity == hold.severity);
        member.state.holds.insert(owner.clone(), same.unwrap_or(hold));
    }
    for id in [holder, target] {
        if !touched.contains(&id) {
            touched.push(id);
        }
    }
    if view.parent.is_some_and(|parent| touched.contains(&parent.id)) {
        // The customer's reach includes the account.
        touched.retain(|id| *id != target);
    }
    touched
}

/// Releases the owner's hold on the target and on its customer; says on whom one stood.
fn release(after: &mut Family, view: SubjectView<'_>, owner: &HoldOwner) -> Vec<SubjectId> {
    let members = [Some(view.subject.id), view.parent.map(|parent| parent.id)];
    let mut released = Vec::new();
    for id in members.into_iter().flatten() {
        if let Some(member) = after.member_mut(id)
            && member.state.holds.remove(owner).is_some()
        {
            released.push(id);
        }
    }
    released
}
