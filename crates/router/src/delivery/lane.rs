//! Working on one lane: one request after the other, never two at once.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use secrecy::SecretString;
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};
use status_domain::register::{RegisterName, RegisterValue};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::breaker::Health;
use crate::clock;
use crate::delivery::client;
use crate::delivery::login::Token;
use crate::upstreams::UpstreamEntry;
use crate::writer::op::{LaneOrder, LaneWork, Op, OrderResult, Report};

/// The way to one upstream.
#[derive(Debug)]
pub(super) struct Channel {
    upstream: Arc<UpstreamEntry>,
    http: reqwest::Client,
    token: Token,
}

impl Channel {
    pub(super) fn new(upstream: Arc<UpstreamEntry>, http: reqwest::Client) -> Self {
        Self { upstream, http, token: Token::default() }
    }
}

/// Carries out a lane's orders and hands the results to the writer.
pub(super) async fn work(channel: Arc<Channel>, work: LaneWork, writer: mpsc::Sender<Op>) {
    let LaneWork { subject, system, token, orders, deadline, permit } = work;
    let deadline = Instant::from_std(deadline);
    let mut results = Vec::with_capacity(orders.len());
    for order in orders {
        let (started_at, began) = (clock::now(), Instant::now());
        // Once the lease has ended somebody else may talk, so nothing may be under way any more.
        let work = tokio::time::timeout_at(deadline, carry_out(&channel, &order)).await;
        let result = work.unwrap_or_else(|_| {
            Err(Failure::Unknown { cause: "it took longer than its lease".into(), after: None })
        });
        let learn = |health| channel.upstream.learn(health, Instant::now().into_std());
        let counts = health(&result).is_none_or(learn);
        if let Err(failure) = &result {
            let register = order.order.register.as_str();
            let word = failure.word();
            tracing::warn!(%system, register, change = %order.change, outcome = word, %failure, "not delivered");
        }
        // A final refusal says nothing about the next register; anything else does.
        let go_on = matches!(result, Ok(_) | Err(Failure::Refused { again: Again::Never, .. }));
        let duration = began.elapsed();
        results.push(OrderResult { order, started_at, duration, counts, result });
        if !go_on {
            break;
        }
    }
    let permit = Mutex::new(Some(permit));
    let chance = rand::random();
    let report = Report { subject, system, token, results, permit, chance };
    // The writer goes last, so it is there; if it is not, the lease ends and the lane is taken again.
    drop(writer.send(Op::Record(Arc::new(report))).await);
}

/// What a result tells about the upstream; nothing, if it was never asked.
const fn health(result: &Result<Confirmation, Failure>) -> Option<Health> {
    match result {
        Err(Failure::Refused { refusal, .. }) if refusal.http_status == NOT_ASKED => None,
        Ok(_) | Err(Failure::Refused { again: Again::Never | Again::Later(_), .. }) => {
            Some(Health::Well)
        }
        Err(Failure::NotSent { .. } | Failure::Unknown { .. }) => Some(Health::Failing),
        Err(Failure::Refused { again: Again::AfterLogin | Again::AfterPerson, .. }) => {
            Some(Health::Rejecting)
        }
    }
}

/// Stands for the HTTP status of a refusal that is our own.
const NOT_ASKED: u16 = 0;

/// An order that the upstream's format has no way to say: trying again will not help.
fn unsayable(failure: Failure) -> Failure {
    match failure {
        Failure::NotSent { cause } => Failure::Refused {
            refusal: UpstreamRefusal::new(NOT_ASKED, "NOT_SENDABLE", &cause),
            again: Again::Never,
        },
        Failure::Refused { .. } | Failure::Unknown { .. } => failure,
    }
}

async fn carry_out(channel: &Channel, order: &LaneOrder) -> Result<Confirmation, Failure> {
    if order.in_doubt && holds_already(channel, order).await? {
        return Ok(Confirmation::default());
    }
    match attempt(channel, order).await {
        Err(Failure::Refused { again: Again::AfterLogin, .. }) => {
            channel.token.forget().await;
            attempt(channel, order).await
        }
        result => result,
    }
}

async fn attempt(channel: &Channel, order: &LaneOrder) -> Result<Confirmation, Failure> {
    let adapter = channel.upstream.adapter.as_ref();
    let access = channel.token.current(adapter, &channel.http).await?;
    let request = adapter.encode(&order.order, access.as_ref(), clock::now()).map_err(unsayable)?;
    let response = client::send(&channel.http, request).await?;
    adapter.decode(&order.order, &response)
}

/// Reads back whether the upstream holds the value. `false` also where it cannot be asked: every value
/// is set, not added to, so it may be sent again.
async fn holds_already(channel: &Channel, order: &LaneOrder) -> Result<bool, Failure> {
    let adapter = channel.upstream.adapter.as_ref();
    let Some(inquiry) = adapter.inquiry() else { return Ok(false) };
    let access = channel.token.current(adapter, &channel.http).await?;
    let Some(request) = request(inquiry, order, access.as_ref()) else { return Ok(false) };
    // It may come back; until then nothing is sent that could overtake what is in doubt.
    let unreadable = || Failure::Unknown { cause: "it cannot be read back".into(), after: None };
    let response = client::send(&channel.http, request).await.map_err(|_| unreadable())?;
    match inquiry.decode(&response) {
        Ok(observed) => {
            let is_held = |(register, value): &(RegisterName, RegisterValue)| {
                *register == order.order.register && *value == order.order.value
            };
            Ok(observed.iter().any(is_held))
        }
        // It knows no such subject, for instance: the value itself will be answered likewise.
        Err(Failure::Refused { again: Again::Never, .. }) => Ok(false),
        Err(Failure::Refused { again: Again::AfterLogin, .. }) => {
            channel.token.forget().await;
            Err(unreadable())
        }
        Err(Failure::Refused { again: Again::AfterPerson, refusal }) => {
            Err(Failure::Refused { again: Again::AfterPerson, refusal })
        }
        Err(
            Failure::NotSent { .. }
            | Failure::Unknown { .. }
            | Failure::Refused { again: Again::Later(_), .. },
        ) => Err(unreadable()),
    }
}

fn request(
    inquiry: &dyn status_domain::adapter::Inquiry,
    order: &LaneOrder,
    access: Option<&SecretString>,
) -> Option<http::Request<Bytes>> {
    inquiry.encode(&order.order.identifiers, access, clock::now())
}
