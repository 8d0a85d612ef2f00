#![doc = include_str!("../README.md")]

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use secrecy::SecretString;
use status_domain::adapter::{self as seam, Credentials, Decoded, Unreadable, UnreadableKind};
use status_domain::answer::{Answer, DecodeError, NotActedOn, Problem};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::failure::{Again, Confirmation, Failure, UpstreamRefusal};
use status_domain::ids::{Identifier, IdentifierKind, System};
use status_domain::register::{Order, Projected, Projection, RegisterName, RegisterValue};
use status_domain::{facet::Facet, status::Status, subject::SubjectKind, subject::SubjectView};

/// The system and its wire format.
pub const SYSTEM: System = System::new("lantern");
/// The one kind of identifier: Lantern's number of a customer.
pub const CUSTOMER: IdentifierKind = IdentifierKind::new("customer");
/// The one register.
pub const STATE: RegisterName = RegisterName::new("state");

/// The server side of the format.
#[derive(Debug)]
pub struct LanternDownstream;
/// The client side: where Lantern is, and the gateway's `Authorization` there, marked as sensitive.
#[derive(Debug)]
pub struct LanternUpstream(pub http::Uri, pub HeaderValue);

/// The word for a status. No wildcard arm: whoever adds a status decides here what Lantern is told.
fn word(status: Status) -> Projected {
    let value = |word: &str| RegisterValue(word.into());
    match status {
        Status::Active => Projected::Exact(value("RUNNING")),
        Status::Suspended => Projected::Exact(value("HALTED")),
        Status::Closed => Projected::Exact(value("ENDED")),
        Status::Dormant | Status::Inactive | Status::Blocked | Status::Blacklisted => {
            Projected::Narrowed { value: value("HALTED"), why: "there is no word for it".into() }
        }
    }
}

fn change(customer: &str, state: &str) -> Result<Command, DecodeError> {
    let says = |one: &Status| word(*one) == Projected::Exact(RegisterValue(state.into()));
    let wrong = DecodeError::new("state", Problem::Undefined);
    let status = Status::ALL.into_iter().find(says).ok_or(wrong)?;
    let wrong = DecodeError::new("customer", Problem::Form("1-128 characters"));
    let value = customer.parse().map_err(|_| wrong)?;
    Ok(Command::Change(Box::new(ChangeRequest {
        named_by: vec![Identifier { system: SYSTEM, kind: CUSTOMER, value }],
        kind: SubjectKind::Customer,
        action: Action::SetLifecycle(status),
        reason: None,
        native: None,
        idempotency: None,
        shown_as_request: false,
    })))
}

/// What an answer is in this format. Only what every required system holds is `DONE`.
const fn said(answer: &Answer) -> &'static str {
    match answer {
        Answer::Applied(_) => "DONE",
        Answer::PendingApproval { .. } | Answer::Queued { .. } => "WAITS",
        Answer::PartlyApplied { .. } | Answer::Unknown { .. } => "UNCLEAR",
        Answer::NotActedOn(NotActedOn::Overloaded | NotActedOn::Unavailable) => "LATER",
        Answer::RefusedUpstream { .. } | Answer::RefusedByPolicy(_) | Answer::NotActedOn(_) => "NO",
        Answer::Superseded { .. } | Answer::Approval(_) | Answer::Approvals(_) => "NO",
    }
}

impl seam::Downstream for LanternDownstream {
    type Reply = String;

    fn decode(&self, request: &Request<Bytes>) -> Result<Decoded<String>, Unreadable> {
        let text = std::str::from_utf8(request.body()).unwrap_or_default();
        let [reference, customer, state] = text.split(';').collect::<Vec<_>>()[..] else {
            return Err(Unreadable { kind: UnreadableKind::Envelope, detail: "no fields".into() });
        };
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|text| text.strip_prefix("Bearer "));
        let credentials = token.map_or(Credentials::Missing, |it| Credentials::Bearer(it.into()));
        let (reply, command) = (reference.to_owned(), change(customer, state));
        Ok(Decoded { credentials, on_behalf_of: None, reply, command })
    }

    fn encode(&self, reference: &String, answer: &Answer, _: DateTime<Utc>) -> Response<Bytes> {
        Response::new(format!("{reference};{}", said(answer)).into())
    }

    fn encode_unreadable(&self, _: &Unreadable) -> Response<Bytes> {
        Response::new(Bytes::from_static(b";NO"))
    }
}

impl seam::Upstream for LanternUpstream {
    fn system(&self) -> &System {
        const { &SYSTEM }
    }

    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName> {
        match facet {
            Facet::Lifecycle | Facet::Hold(_) => vec![STATE],
            Facet::EditLock | Facet::Profile => Vec::new(),
        }
    }

    fn project(&self, view: SubjectView<'_>) -> Projection {
        vec![(STATE, word(view.effective()))]
    }

    fn encode(
        &self,
        order: &Order,
        _: Option<&SecretString>,
        _: DateTime<Utc>,
    ) -> Result<Request<Bytes>, Failure> {
        let not_sent = |cause: &str| Failure::NotSent { cause: cause.into() };
        let customer = order.identifiers.iter().find(|one| one.kind == CUSTOMER);
        let customer = customer.ok_or_else(|| not_sent("no customer number"))?.value.expose();
        let line = format!("{:x};{customer};{}", order.id.0, order.value.as_str()).into();
        let request = Request::post(&self.0).header(AUTHORIZATION, &self.1).body(line);
        request.map_err(|_| not_sent("the request cannot be written"))
    }

    fn decode(&self, order: &Order, response: &Response<Bytes>) -> Result<Confirmation, Failure> {
        let text = std::str::from_utf8(response.body()).unwrap_or_default();
        let refusal = UpstreamRefusal::new(response.status().as_u16(), "", "");
        match text.strip_prefix(&format!("{:x};", order.id.0)) {
            Some("DONE") => Ok(Confirmation::default()),
            Some("NO") => Err(Failure::Refused { refusal, again: Again::Never }),
            Some("LATER") => Err(Failure::Refused { refusal, again: Again::Later(None) }),
            _ => Err(Failure::Unknown { cause: "no word that is known".into(), after: None }),
        }
    }

    fn login(&self) -> Option<&dyn seam::Login> {
        None
    }

    fn inquiry(&self) -> Option<&dyn seam::Inquiry> {
        None
    }
}
