//! What handlers see of the gateway: hand in a request, get an answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use status_domain::answer::{Answer, NotActedOn};
use status_domain::approval::{Approval, ApprovalPage, ApprovalState};
use status_domain::command::{
    ApprovalFilter, ApprovalSort, ChangeRequest, DecisionRequest, SortOrder,
};
use status_domain::ids::ChangeId;
use status_domain::principal::Principal;
use status_store::record::ApprovalRow;
use status_store::store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::writer::op::{Accepted, ChangeOp, DecideOp, Op};
use crate::writer::waiters::Waiters;

/// Writes an answer in the caller's format and terms.
pub type Encoder = Arc<dyn Fn(&Answer, DateTime<Utc>) -> http::Response<Bytes> + Send + Sync>;

/// An answer together with what the log says about it.
#[derive(Debug)]
pub struct Answered {
    /// The answer in the caller's format.
    pub response: http::Response<Bytes>,
    /// The change, if one was recorded.
    pub change: Option<ChangeId>,
    /// What the answer says, in one word.
    pub outcome: &'static str,
}

/// Hands requests to the writer and waits for what becomes of them.
///
/// The writer owns a request from the moment it is queued. A handler that is dropped while it waits
/// takes nothing with it.
#[derive(Clone, Debug)]
pub struct Gateway<S> {
    store: S,
    queue: mpsc::Sender<Op>,
    waiters: Arc<Waiters>,
    answer_deadline: Duration,
}

impl<S: Store> Gateway<S> {
    /// A gateway whose callers wait at most `answer_deadline` for the upstreams.
    #[must_use]
    pub const fn new(
        store: S,
        queue: mpsc::Sender<Op>,
        waiters: Arc<Waiters>,
        answer_deadline: Duration,
    ) -> Self {
        Self { store, queue, waiters, answer_deadline }
    }

    /// Records a change and waits for its outcome, or, with `wait` unset, only until it is recorded.
    pub async fn change(
        &self,
        by: Principal,
        request: ChangeRequest,
        wait: bool,
        encode: Encoder,
    ) -> Answered {
        let (accepted, receipt) = oneshot::channel();
        let op = ChangeOp { by, request, wait, encode: Arc::clone(&encode), accepted };
        self.submit(Op::Change(Box::new(op)), receipt, encode).await
    }

    /// Records a decision on an approval and waits for its outcome.
    pub async fn decide(
        &self,
        by: Principal,
        request: DecisionRequest,
        encode: Encoder,
    ) -> Answered {
        let (accepted, receipt) = oneshot::channel();
        let op = DecideOp { by, request, encode: Arc::clone(&encode), accepted };
        self.submit(Op::Decide(Box::new(op)), receipt, encode).await
    }

    async fn submit(
        &self,
        op: Op,
        receipt: oneshot::Receiver<Accepted>,
        encode: Encoder,
    ) -> Answered {
        if self.queue.try_send(op).is_err() {
            return say(&encode, &Answer::NotActedOn(NotActedOn::Overloaded));
        }
        match receipt.await {
            Ok(Accepted::Done(answered)) => answered,
            Ok(Accepted::Waiting { change, done, interim }) => {
                match tokio::time::timeout(self.answer_deadline, done).await {
                    Ok(Ok(answered)) => answered,
                    // The writer has gone, or the time is up: the change is recorded either way.
                    Ok(Err(_)) | Err(_) => {
                        self.waiters.forget_abandoned(change);
                        Answered { change: Some(change), ..say(&encode, &interim) }
                    }
                }
            }
            // The writer drops a request that could not be recorded.
            Err(_) => say(&encode, &Answer::NotActedOn(NotActedOn::Unavailable)),
        }
    }

    /// Shows one approval of the caller's tenant.
    pub async fn show_approval(&self, by: &Principal, id: &str) -> Answer {
        let unknown = Answer::NotActedOn(NotActedOn::UnknownApproval);
        let Ok(id) = id.parse::<ChangeId>() else { return unknown };
        match self.store.approval(id).await {
            Ok(Some(row)) if row.approval.tenant == by.tenant => {
                Answer::Approval(Box::new(row.approval))
            }
            Ok(_) => unknown,
            Err(error) => unavailable(&error),
        }
    }

    /// Lists approvals of the caller's tenant.
    pub async fn list_approvals(&self, by: &Principal, filter: &ApprovalFilter) -> Answer {
        match self.store.approvals(&by.tenant, filter.from, filter.to).await {
            Ok(rows) => Answer::Approvals(page(rows, filter)),
            Err(error) => unavailable(&error),
        }
    }

    /// Whether the record can be written to.
    pub async fn is_ready(&self) -> bool {
        !self.queue.is_closed() && self.store.check().await.is_ok()
    }
}

fn say(encode: &Encoder, answer: &Answer) -> Answered {
    Answered { response: encode(answer, clock::now()), change: None, outcome: outcome(answer) }
}

fn unavailable(error: &StoreError) -> Answer {
    tracing::error!(%error, source = ?std::error::Error::source(error), "the record cannot be read");
    Answer::NotActedOn(NotActedOn::Unavailable)
}

fn page(rows: Vec<ApprovalRow>, filter: &ApprovalFilter) -> ApprovalPage {
    let mut entries: Vec<Approval> =
        rows.into_iter().filter(|row| matches(row, filter)).map(|row| row.approval).collect();
    entries.sort_by_key(|one| match filter.sort {
        ApprovalSort::Started => (false, Some(one.started_at), one.id),
        ApprovalSort::Ended => (one.ended_at.is_none(), one.ended_at, one.id),
    });
    if filter.order == SortOrder::Descending {
        entries.reverse();
    }
    let total = entries.len() as u64;
    let limit = filter.limit.max(1);
    let start = usize::try_from(u64::from(filter.page) * u64::from(limit)).unwrap_or(usize::MAX);
    let entries = entries.into_iter().skip(start).take(limit as usize).collect();
    ApprovalPage { entries, page: filter.page, limit, total }
}

fn matches(row: &ApprovalRow, filter: &ApprovalFilter) -> bool {
    let approval = &row.approval;
    let attributes = approval.native.as_ref().map(|native| &native.attributes);
    let has = |wanted: &(Box<str>, Box<str>)| attributes.is_some_and(|all| all.contains(wanted));
    approval.format == row.by.format
        && filter.maker_number.is_none_or(|number| approval.maker.number == Some(number))
        && (filter.states.is_empty() || filter.states.contains(&approval.state))
        && filter.attributes.iter().all(has)
}

/// What an answer says, in one word for logs and metrics.
#[must_use]
pub const fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Answer::Applied(_) => "applied",
        Answer::PartlyApplied { .. } => "partly_applied",
        Answer::PendingApproval { .. } => "pending_approval",
        Answer::Queued { .. } => "queued",
        Answer::RefusedUpstream { .. } => "refused_upstream",
        Answer::Unknown { .. } => "unknown",
        Answer::Superseded { .. } => "superseded",
        Answer::RefusedByPolicy(_) => "refused_by_policy",
        Answer::Approval(approval) => match approval.state {
            ApprovalState::Waiting => "pending_approval",
            ApprovalState::Executing => "queued",
            ApprovalState::Approved => "applied",
            ApprovalState::Rejected => "rejected",
            ApprovalState::Failed => "failed",
        },
        Answer::Approvals(_) => "listed",
        Answer::NotActedOn(why) => not_acted_on(why),
    }
}

const fn not_acted_on(why: &NotActedOn) -> &'static str {
    match why {
        NotActedOn::Malformed(_) => "malformed",
        NotActedOn::Unauthenticated => "unauthenticated",
        NotActedOn::Forbidden(_) => "forbidden",
        NotActedOn::UnknownSubject => "unknown_subject",
        NotActedOn::Ambiguous(_) => "ambiguous",
        NotActedOn::UnknownApproval => "unknown_approval",
        NotActedOn::AlreadyDecided => "already_decided",
        NotActedOn::OwnRequest => "own_request",
        NotActedOn::KeyReused => "key_reused",
        NotActedOn::InProgress => "in_progress",
        NotActedOn::Overloaded => "overloaded",
        NotActedOn::Unavailable => "unavailable",
        NotActedOn::Internal => "internal",
    }
}
