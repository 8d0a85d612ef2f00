//! The server side: reads a request, writes the answer.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use status_domain::adapter::{Decoded, Downstream, Unreadable, UnreadableKind};
use status_domain::answer::{Answer, DecodeError, Problem};
use status_domain::command::{Action, ChangeRequest, Command};
use status_domain::ids::{Identifier, IdentifierValue};
use status_domain::profile::Profile;
use status_domain::subject::SubjectKind;
use status_domain::text::Reason;

use crate::answer::Writer;
use crate::codes::{self, OwnCode};
use crate::envelope::{Call, Envelope, Id};
use crate::json::{Fault, Members, Node};
use crate::settings::{DownstreamSettings, InvalidSettings};
use crate::{CUSTOMER_ID, SYSTEM, details, wire};

/// Longest customer id that is read, in characters. The vendor states no limit.
const CUSTOMER_ID_MAX: usize = 32;

/// The server side of NetXD's `/jsonrpc`.
#[derive(Debug)]
pub struct NetxdDownstream {
    settings: DownstreamSettings,
}

/// What an answer echoes: the id in its own JSON type, and of the call what its result repeats.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) id: Id,
    pub(crate) asked: Asked,
}

/// What was asked for, as far as a result repeats it.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Nothing that could be understood.
    Nothing,
    /// The status of this customer.
    Status(IdentifierValue),
    /// These details of this customer.
    Details(IdentifierValue, Box<Profile>),
}

impl NetxdDownstream {
    /// A server side with these settings.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] if one of them cannot be used.
    pub fn new(settings: DownstreamSettings) -> Result<Self, InvalidSettings> {
        settings.check()?;
        Ok(Self { settings })
    }

    fn change(&self, call: Call) -> Result<(ChangeRequest, Asked), DecodeError> {
        let mut payload = call.payload;
        match call.method.as_str() {
            wire::UPDATE_CUSTOMER_STATUS => {
                let customer = customer_id(&mut payload)?;
                let action = Action::SetLifecycle(status(&mut payload)?);
                let reason = notes(&mut payload)?;
                let asked = Asked::Status(customer.clone());
                Ok((request(customer, action, reason), asked))
            }
            wire::UPDATE_CUSTOMER => {
                let customer = customer_id(&mut payload)?;
                let profile = details::read(payload, self.settings.unknown_details)?;
                let asked = Asked::Details(customer.clone(), Box::new(profile.clone()));
                Ok((request(customer, Action::UpdateProfile(profile), None), asked))
            }
            _ => {
                let code = OwnCode::MethodNotFound.as_str();
                Err(DecodeError::coded("method", Problem::Undefined, code))
            }
        }
    }
}

impl Downstream for NetxdDownstream {
    type Reply = Reply;

    fn decode(&self, request: &Request<Bytes>) -> Result<Decoded<Reply>, Unreadable> {
        if request.method() != Method::POST {
            let detail = "only POST is served".into();
            return Err(Unreadable { kind: UnreadableKind::Method("POST"), detail });
        }
        let envelope = Envelope::read(request.body()).map_err(unreadable)?;
        let (command, asked) = match envelope.call.and_then(|call| self.change(call)) {
            Ok((change, asked)) => (Ok(Command::Change(Box::new(change))), asked),
            Err(error) => (Err(error), Asked::Nothing),
        };
        let reply = Reply { id: envelope.id, asked };
        let credentials = envelope.credentials;
        Ok(Decoded { credentials, on_behalf_of: None, reply, command })
    }

    fn encode(&self, reply: &Reply, answer: &Answer, at: DateTime<Utc>) -> Response<Bytes> {
        Writer { settings: &self.settings, id: &reply.id }.answer(&reply.asked, answer, at)
    }

    fn encode_unreadable(&self, error: &Unreadable) -> Response<Bytes> {
        Writer { settings: &self.settings, id: &Id::NULL }.unreadable(error.kind)
    }
}

fn request(customer: IdentifierValue, action: Action, reason: Option<Reason>) -> ChangeRequest {
    ChangeRequest {
        named_by: vec![Identifier { system: SYSTEM, kind: CUSTOMER_ID, value: customer }],
        kind: SubjectKind::Customer,
        action,
        reason,
        native: None,
        // The vendor's samples all carry the id "1": it is an echo and no message number.
        idempotency: None,
        shown_as_request: false,
    }
}

fn customer_id(payload: &mut Members) -> Result<IdentifierValue, DecodeError> {
    const FIELD: &str = "payload.ID";
    let text = details::detail(payload, "ID", FIELD)?.filter(|text| !text.is_empty());
    let text = text.ok_or(DecodeError::new(FIELD, Problem::Missing))?;
    if text.chars().count() > CUSTOMER_ID_MAX {
        return Err(DecodeError::new(FIELD, Problem::TooLong(CUSTOMER_ID_MAX)));
    }
    // A ledger may pass over spaces that would make another identifier here.
    let value = if text.trim().len() == text.len() { text.parse().ok() } else { None };
    value.ok_or(DecodeError::new(FIELD, Problem::Form("text without spaces around it")))
}

fn status(payload: &mut Members) -> Result<status_domain::status::Status, DecodeError> {
    const FIELD: &str = "payload.status";
    let word = details::detail(payload, "status", FIELD)?.filter(|text| !text.is_empty());
    let word = word.ok_or(DecodeError::new(FIELD, Problem::Missing))?;
    codes::parse_status(&word).ok_or(DecodeError::new(FIELD, Problem::Undefined))
}

/// Reads the reason. Line breaks and tabs become spaces; a blank text is none.
fn notes(payload: &mut Members) -> Result<Option<Reason>, DecodeError> {
    const FIELD: &str = "payload.notes";
    let text = match payload.take("notes") {
        None => return Ok(None),
        Some(Node::Text(text)) => text.replace(['\n', '\r', '\t'], " "),
        Some(
            Node::Null
            | Node::Bool
            | Node::Integer(_)
            | Node::Fraction
            | Node::List
            | Node::Object(_),
        ) => return Err(DecodeError::new(FIELD, Problem::WrongType("text"))),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > Reason::LENGTH_MAX {
        return Err(DecodeError::new(FIELD, Problem::TooLong(Reason::LENGTH_MAX)));
    }
    let reason = text
        .parse()
        .map_err(|_| DecodeError::new(FIELD, Problem::Form("text without control characters")))?;
    Ok(Some(reason))
}

fn unreadable(fault: Fault) -> Unreadable {
    let (kind, detail) = match fault {
        Fault::Syntax(place) => (UnreadableKind::Syntax, place),
        Fault::NotAnObject => (UnreadableKind::Envelope, "the body is not an object".into()),
        Fault::Repeated => (UnreadableKind::Envelope, "a member is repeated".into()),
        Fault::TooDeep => (UnreadableKind::Envelope, "the body is nested too deep".into()),
    };
    Unreadable { kind, detail }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::StatusCode;
    use status_domain::answer::NotActedOn;

    use super::*;
    use crate::UnknownDetails;

    fn adapter(settings: DownstreamSettings) -> NetxdDownstream {
        NetxdDownstream::new(settings).unwrap()
    }

    fn details(payload: &str) -> Request<Bytes> {
        let body = format!(
            r#"{{"method":"CustomerService.UpdateCustomer","id":"1","params":{{"api":{{}},"payload":{payload}}}}}"#
        );
        Request::post("/jsonrpc").body(Bytes::from(body)).unwrap()
    }

    #[test]
    fn details_nobody_lists_are_left_out_where_that_is_set() {
        let payload =
            r#"{"ID":"7","firstName":"Mark","lastName":"Antony","address":{"addressLine2":"x"}}"#;
        let refusing = adapter(DownstreamSettings::default());
        let error = refusing.decode(&details(payload)).unwrap().command.unwrap_err();
        assert_eq!(error.to_string(), "payload.address.addressLine2: not allowed here");
        let ignoring = DownstreamSettings {
            unknown_details: UnknownDetails::Ignore,
            ..DownstreamSettings::default()
        };
        assert!(adapter(ignoring).decode(&details(payload)).unwrap().command.is_ok());
    }

    #[test]
    fn codes_and_the_status_for_no_json_can_be_set() {
        let settings = DownstreamSettings {
            syntax_status: StatusCode::BAD_REQUEST,
            codes: BTreeMap::from([(OwnCode::Overloaded, "GW_BUSY".to_owned())]),
            ..DownstreamSettings::default()
        };
        let adapter = adapter(settings);
        let error = adapter.decode(&Request::post("/").body(Bytes::new()).unwrap()).unwrap_err();
        assert_eq!(adapter.encode_unreadable(&error).status(), StatusCode::BAD_REQUEST);
        let reply = adapter.decode(&details("{}")).unwrap().reply;
        let busy = Answer::NotActedOn(NotActedOn::Overloaded);
        let answer = adapter.encode(&reply, &busy, DateTime::UNIX_EPOCH);
        let expected = r#"{"id":"1","error":{"code":"GW_BUSY","message":"overloaded, try again later"},"jsonrpc":"2.0"}"#;
        assert_eq!(answer.body(), expected);
    }

    #[test]
    fn only_post_is_read() {
        let error = adapter(DownstreamSettings::default())
            .decode(&Request::get("/jsonrpc").body(Bytes::new()).unwrap())
            .unwrap_err();
        assert_eq!(error.kind, UnreadableKind::Method("POST"));
    }
}
