//! What callers are told, and what is kept for repeats.

use serde_json::Value;
use status_domain::answer::{Answer, Applied, NotActedOn};
use status_domain::ids::{ChangeId, System};
use status_store::record::{AnswerRow, ChangeOutcome, ChangeRow, StoredResponse};
use tokio::sync::oneshot;

use crate::gateway::{Answered, Encoder, outcome};
use crate::writer::effect::{Effect, Finished};
use crate::writer::op::Accepted;
use crate::writer::unit::Unit;
use crate::writer::waiters::Waiter;

/// A caller who has not heard anything yet.
pub(super) struct Caller {
    pub(super) encode: Encoder,
    pub(super) accepted: oneshot::Sender<Accepted>,
}

/// Tells a caller the last word after the commit.
pub(super) fn say(unit: &mut Unit<'_>, caller: Caller, answer: &Answer) {
    let answered = answered(unit, &caller.encode, None, answer);
    unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
}

/// As [`say`], about a recorded change.
pub(super) fn say_about(unit: &mut Unit<'_>, caller: Caller, change: ChangeId, answer: &Answer) {
    let answered = answered(unit, &caller.encode, Some(change), answer);
    unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
}

/// As [`say`]; a repeat of the request gets the same answer, byte for byte.
pub(super) fn say_and_keep(
    unit: &mut Unit<'_>,
    row: Option<AnswerRow>,
    caller: Caller,
    answer: &Answer,
) {
    let answered = answered(unit, &caller.encode, None, answer);
    if let Some(row) = row {
        unit.put_answer(AnswerRow { response: Some(stored(&answered.response)), ..row });
    }
    unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
}

/// Tells a caller that its change is recorded, and lets it wait for the rest if it wants to.
pub(super) fn begun(
    unit: &mut Unit<'_>,
    id: ChangeId,
    wait: bool,
    row: Option<AnswerRow>,
    caller: Caller,
) {
    let row = row.map(|row| AnswerRow { change: Some(id), ..row });
    let Some(change) = unit.change(id) else { return };
    let early = !wait && change.outcome == ChangeOutcome::Open;
    if !early && change.outcome == ChangeOutcome::Open {
        if let Some(row) = row.clone() {
            unit.put_answer(row);
        }
        return attach(unit, id, row, caller);
    }
    // A client that does not wait is told that it is recorded, in the success shape.
    let shown = unit.approvals.get(&id).is_some_and(|row| row.request.shown_as_request);
    let answer = if early && !shown {
        Answer::Applied(Applied { change: id, effective: change.effective, native: None })
    } else {
        of_change(unit, change, None)
    };
    let answered = answered(unit, &caller.encode, Some(id), &answer);
    if let Some(row) = row {
        unit.put_answer(AnswerRow { response: Some(stored(&answered.response)), ..row });
    }
    unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
}

/// Lets a caller wait for a change that is under way.
pub(super) fn attach(unit: &mut Unit<'_>, id: ChangeId, row: Option<AnswerRow>, caller: Caller) {
    wait(unit, id, row, caller, false);
}

/// Lets a checker wait for what becomes of the request.
pub(super) fn attach_checker(unit: &mut Unit<'_>, id: ChangeId, caller: Caller) {
    wait(unit, id, None, caller, true);
}

fn wait(
    unit: &mut Unit<'_>,
    id: ChangeId,
    answer: Option<AnswerRow>,
    caller: Caller,
    sees_request: bool,
) {
    let interim = Box::new(interim(unit, id, sees_request));
    let (done, rest) = oneshot::channel();
    // The change may come to its end in this very batch, before the caller is seen to wait.
    let known = unit.waiting.entry(id).or_default();
    if known.is_none() {
        *known = answer.clone().map(|row| (Encoder::clone(&caller.encode), row));
    }
    let waiter = Waiter { encode: caller.encode, done, answer, sees_request };
    unit.effects.push(Effect::Wait(id, waiter));
    let waiting = Accepted::Waiting { change: id, done: rest, interim };
    unit.effects.push(Effect::Accept(caller.accepted, waiting));
}

/// Answers a request whose number was seen before.
pub(super) fn repeat(unit: &mut Unit<'_>, known: &AnswerRow, content: [u8; 32], caller: Caller) {
    if known.content != content {
        return say(unit, caller, &Answer::NotActedOn(NotActedOn::KeyReused));
    }
    if let Some(response) = &known.response {
        let answered =
            Answered { response: replay(response), change: known.change, outcome: "repeated" };
        unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
        return;
    }
    let Some(change) = known.change.and_then(|id| unit.change(id)).cloned() else {
        return say(unit, caller, &Answer::NotActedOn(NotActedOn::InProgress));
    };
    match change.outcome {
        ChangeOutcome::Open => attach(unit, change.id, Some(known.clone()), caller),
        ChangeOutcome::Waiting => {
            say_about(unit, caller, change.id, &Answer::PendingApproval { change: change.id });
        }
        // It came to its end while nobody was there to be told.
        ChangeOutcome::Applied
        | ChangeOutcome::Partly(_)
        | ChangeOutcome::Refused(..)
        | ChangeOutcome::Rejected
        | ChangeOutcome::Unknown
        | ChangeOutcome::Superseded => {
            let answer = of_change(unit, &change, None);
            let answered = answered(unit, &caller.encode, Some(change.id), &answer);
            let response = Some(stored(&answered.response));
            unit.put_answer(AnswerRow { response, ..known.clone() });
            unit.effects.push(Effect::Accept(caller.accepted, Accepted::Done(answered)));
        }
    }
}

/// Tells everybody who waits for a change that has come to its end.
pub(super) fn finish(unit: &mut Unit<'_>, change: &ChangeRow) {
    let in_this_batch = unit.waiting.get(&change.id);
    if !unit.waiters.has(change.id) && in_this_batch.is_none() {
        return;
    }
    let kept_here = in_this_batch.cloned().flatten();
    let native = unit.waiters.native(change.id);
    let answer = of_change(unit, change, native);
    let mut kept = None;
    if let Some((encode, row)) = unit.waiters.kept_answer(change.id).or(kept_here) {
        let response = encode(&answer, unit.now);
        unit.put_answer(AnswerRow { response: Some(stored(&response)), ..row });
        kept = Some(response);
    }
    let request = unit.approvals.get(&change.id);
    let request = request.map(|row| Answer::Approval(Box::new(row.approval.clone())));
    let at = unit.now;
    unit.effects.push(Effect::Finish(Box::new(Finished {
        change: change.id,
        at,
        answer,
        request,
        kept,
    })));
}

fn interim(unit: &Unit<'_>, id: ChangeId, sees_request: bool) -> Answer {
    match unit.approvals.get(&id) {
        Some(row) if sees_request || row.request.shown_as_request => {
            Answer::Approval(Box::new(row.approval.clone()))
        }
        Some(_) | None => Answer::Queued { change: id },
    }
}

/// What there is to say of a change as it stands.
pub(super) fn of_change(unit: &Unit<'_>, row: &ChangeRow, native: Option<Box<str>>) -> Answer {
    if let Some(approval) = unit.approvals.get(&row.id)
        && approval.request.shown_as_request
    {
        return Answer::Approval(Box::new(approval.approval.clone()));
    }
    let change = row.id;
    match &row.outcome {
        ChangeOutcome::Waiting => Answer::PendingApproval { change },
        ChangeOutcome::Open => Answer::Queued { change },
        ChangeOutcome::Applied => {
            Answer::Applied(Applied { change, effective: row.effective, native })
        }
        ChangeOutcome::Partly(missing) => {
            Answer::PartlyApplied { change, missing: missing.clone() }
        }
        ChangeOutcome::Refused(system, refusal) => {
            Answer::RefusedUpstream { change, system: system.clone(), refusal: refusal.clone() }
        }
        ChangeOutcome::Rejected => Answer::RefusedUpstream {
            change,
            system: System::new("checker"),
            refusal: status_domain::failure::UpstreamRefusal::new(
                409,
                "REJECTED",
                "rejected by a checker",
            ),
        },
        ChangeOutcome::Unknown => Answer::Unknown { change },
        ChangeOutcome::Superseded => Answer::Superseded { change },
    }
}

fn answered(
    unit: &Unit<'_>,
    encode: &Encoder,
    change: Option<ChangeId>,
    answer: &Answer,
) -> Answered {
    Answered { response: encode(answer, unit.now), change, outcome: outcome(answer) }
}

fn stored(response: &http::Response<bytes::Bytes>) -> StoredResponse {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().into(), String::from_utf8_lossy(value.as_bytes()).into())
    };
    StoredResponse {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(header).collect(),
        body: response.body().to_vec().into_boxed_slice(),
    }
}

fn replay(stored: &StoredResponse) -> http::Response<bytes::Bytes> {
    let mut response = http::Response::new(bytes::Bytes::copy_from_slice(&stored.body));
    if let Ok(status) = http::StatusCode::from_u16(stored.status) {
        *response.status_mut() = status;
    }
    for (name, value) in &stored.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let value = http::HeaderValue::from_str(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A JSON text for the history: what a list of systems is.
pub(super) fn names(systems: &[System]) -> Value {
    systems.iter().map(System::as_str).collect()
}
