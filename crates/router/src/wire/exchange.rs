//! One exchange with a caller.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use status_domain::adapter::Unreadable;
use status_domain::answer::{Answer, NotActedOn};
use status_domain::command::Command;
use status_domain::principal::{Principal, Role};
use status_store::store::Store;
use uuid::Uuid;

use crate::auth::{AnswerWhen, Authenticator, Caller};
use crate::clock;
use crate::gateway::{Answered, Encoder, Gateway, outcome};
use crate::wire::body;
use crate::wire::format::{Format, Read};

/// Where callers of one format come in.
pub struct Door<S> {
    /// The format.
    pub format: Arc<dyn Format>,
    /// Who may come in.
    pub authenticator: Arc<Authenticator>,
    /// What they come for.
    pub gateway: Gateway<S>,
    /// How long a body may take.
    pub body_deadline: Duration,
    /// A header of the vendor's own that repeats the request id.
    pub request_id_header: Option<HeaderName>,
}

/// Answers one request.
pub(crate) async fn exchange<S: Store>(
    door: web::Data<Door<S>>,
    head: HttpRequest,
    mut payload: web::Payload,
) -> HttpResponse {
    let began = Instant::now();
    let id = Uuid::now_v7().simple().to_string();
    if head.method() == actix_web::http::Method::OPTIONS
        && let Some(options) = door.format.options()
    {
        return body::response(options);
    }
    let work = async {
        match read(&door, &head, &mut payload).await {
            Ok(read) => serve(&door, &head, read).await,
            Err(error) => Done::unreadable(&door, &error),
        }
    };
    // Nothing here should panic; if it does, the caller is told and other callers do not notice.
    let done = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Done::broken());
    let format = door.format.system();
    tracing::info!(
        request_id = id,
        %format,
        client = done.client,
        outcome = done.answered.outcome,
        change = done.answered.change.map(tracing::field::display),
        status = done.answered.response.status().as_u16(),
        duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        detail = done.detail,
        "answered"
    );
    let mut response = body::response(done.answered.response);
    if let Ok(value) = HeaderValue::from_str(&id) {
        if let Some(name) = &door.request_id_header {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// An exchange with what the log says about it.
struct Done {
    answered: Answered,
    client: Option<Box<str>>,
    detail: Option<Box<str>>,
}

impl Done {
    fn unreadable<S>(door: &Door<S>, error: &Unreadable) -> Self {
        let response = door.format.encode_unreadable(error);
        let answered = Answered { response, change: None, outcome: "unreadable" };
        let detail = format!("{:?}: {}", error.kind, error.detail);
        Self { answered, client: None, detail: Some(detail.into()) }
    }
}

impl Done {
    fn broken() -> Self {
        let mut response = http::Response::new(bytes::Bytes::from_static(b"internal error\n"));
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        let answered = Answered { response, change: None, outcome: "panicked" };
        Self { answered, client: None, detail: None }
    }
}

async fn read<S>(
    door: &Door<S>,
    head: &HttpRequest,
    payload: &mut web::Payload,
) -> Result<Read, Unreadable> {
    let bytes = body::read(head, payload, door.body_deadline).await?;
    door.format.decode(&body::request(head, bytes)?)
}

async fn serve<S: Store>(door: &Door<S>, head: &HttpRequest, read: Read) -> Done {
    let peer = head.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let Read { credentials, on_behalf_of, command, encode } = read;
    let format = door.format.system();
    let caller = door.authenticator.authenticate(format, &credentials, peer, clock::now());
    let caller = match caller {
        Ok(caller) => caller,
        Err(rejected) => {
            let answered = say(&encode, &Answer::NotActedOn(NotActedOn::Unauthenticated));
            return Done { answered, client: None, detail: Some(rejected.log_reason.into()) };
        }
    };
    let client = Some(caller.principal.client.clone());
    if let Some(bank) = on_behalf_of
        && !door.authenticator.permits_bank(&caller.principal, &bank)
    {
        let why = NotActedOn::Forbidden("speaking for this institution");
        return Done { answered: say(&encode, &Answer::NotActedOn(why)), client, detail: None };
    }
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            let detail = Some(error.to_string().into());
            let answered = say(&encode, &Answer::NotActedOn(NotActedOn::Malformed(error)));
            return Done { answered, client, detail };
        }
    };
    let answered = act(door, caller, command, encode).await;
    Done { answered, client, detail: None }
}

async fn act<S: Store>(
    door: &Door<S>,
    caller: Caller,
    command: Command,
    encode: Encoder,
) -> Answered {
    let Caller { principal: by, answer_when } = caller;
    match command {
        Command::Change(request) => {
            if let Some(refused) = without_role(&by, Role::Maker, "asking for changes", &encode) {
                return refused;
            }
            let wait = match answer_when {
                AnswerWhen::Applied => true,
                AnswerWhen::Recorded => false,
            };
            door.gateway.change(by, *request, wait, encode).await
        }
        Command::Decide(request) => {
            if let Some(refused) = without_role(&by, Role::Checker, "deciding requests", &encode) {
                return refused;
            }
            door.gateway.decide(by, request, encode).await
        }
        Command::ShowApproval(id) => say(&encode, &door.gateway.show_approval(&by, &id).await),
        Command::ListApprovals(filter) => {
            say(&encode, &door.gateway.list_approvals(&by, &filter).await)
        }
    }
}

fn without_role(
    by: &Principal,
    role: Role,
    what: &'static str,
    encode: &Encoder,
) -> Option<Answered> {
    let missing = !by.roles.contains(&role);
    missing.then(|| say(encode, &Answer::NotActedOn(NotActedOn::Forbidden(what))))
}

fn say(encode: &Encoder, answer: &Answer) -> Answered {
    Answered { response: encode(answer, clock::now()), change: None, outcome: outcome(answer) }
}

impl<S> std::fmt::Debug for Door<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("format", self.format.system()).finish_non_exhaustive()
    }
}
