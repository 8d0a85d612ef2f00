//! The workflow server: create, decide, show, list.

mod answer;
mod create;
mod credentials;
mod decide;
mod field;
mod list;
mod route;

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Utc};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value};
use status_domain::adapter::{Decoded, Downstream, Unreadable, UnreadableKind};
use status_domain::answer::{Answer, DecodeError, Problem};
use status_domain::command::Command;

use crate::json::{self, Trouble};
use crate::settings::{DownstreamSettings, OrgSettings, india};
use route::Route;

/// Reads and answers calls of the request workflow.
#[derive(Clone, Debug)]
pub struct CapillaryDownstream {
    settings: DownstreamSettings,
}

/// What an answer needs to know of its request: the zone in which the organisation's times are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reply {
    zone: FixedOffset,
}

impl CapillaryDownstream {
    /// A server with these settings.
    ///
    /// # Errors
    ///
    /// What [`DownstreamSettings::check`] found.
    pub fn new(settings: DownstreamSettings) -> Result<Self, String> {
        settings.check()?;
        Ok(Self { settings })
    }

    fn command(
        &self,
        route: &Route<'_>,
        org: Result<&OrgSettings, DecodeError>,
        request: &Request<Bytes>,
    ) -> Result<Command, DecodeError> {
        match route {
            Route::Create(kind) => {
                let message = message(request.body())?;
                let org = org?;
                served(kind)?;
                create::command(&message, org, &self.settings)
            }
            Route::Decide(kind) => {
                let message = message(request.body())?;
                org?;
                served(kind)?;
                decide::command(&message)
            }
            Route::Show(id) => org.map(|_| Command::ShowApproval((*id).into())),
            Route::List => list::command(request.uri().query(), org?, &self.settings),
        }
    }
}

impl Downstream for CapillaryDownstream {
    type Reply = Reply;

    /// Reads a request.
    ///
    /// A body that is no JSON is a [`DecodeError`] and not an [`Unreadable`]: no answer echoes anything
    /// of the body, so the caller is authenticated first.
    fn decode(&self, request: &Request<Bytes>) -> Result<Decoded<Reply>, Unreadable> {
        let path = request.uri().path();
        let route = route::find(request.method(), path).map_err(|kind| Unreadable {
            kind,
            detail: "no call of the request workflow".into(),
        })?;
        if matches!(route, Route::Create(_) | Route::Decide(_)) {
            media_type(request.headers())?;
        }
        let (credentials, org) = credentials::read(request.headers(), &self.settings);
        let zone = org.as_ref().map_or_else(|_| india(), |org| org.zone);
        let command = self.command(&route, org, request);
        Ok(Decoded { credentials, on_behalf_of: None, reply: Reply { zone }, command })
    }

    fn encode(&self, reply: &Reply, answer: &Answer, at: DateTime<Utc>) -> Response<Bytes> {
        answer::encode(&self.settings, reply.zone, answer, at)
    }

    fn encode_unreadable(&self, error: &Unreadable) -> Response<Bytes> {
        answer::encode_unreadable(&self.settings, error)
    }
}

/// Only one request type is served, in any spelling that the vendor's pages use.
fn served(kind: &str) -> Result<(), DecodeError> {
    if route::is_served(kind) {
        return Ok(());
    }
    Err(DecodeError::coded("requestType", Problem::Undefined, "2009"))
}

fn media_type(headers: &HeaderMap) -> Result<(), Unreadable> {
    let refused =
        |detail: &str| Unreadable { kind: UnreadableKind::MediaType, detail: detail.into() };
    let is_json = |value: &http::HeaderValue| {
        let essence = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    if !headers.get_all(CONTENT_TYPE).iter().all(is_json) {
        return Err(refused("content-type"));
    }
    let is_plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(refused("content-encoding"));
    }
    Ok(())
}

/// Reads a body that must be a JSON object.
fn message(body: &[u8]) -> Result<Map<String, Value>, DecodeError> {
    let value = json::read(body).map_err(|unread| {
        let problem = match unread.trouble {
            Trouble::Syntax => Problem::Form("JSON"),
            Trouble::Repeated => Problem::Repeated,
            Trouble::TooDeep => Problem::Form("at most 32 levels deep"),
        };
        let place = format!("body, line {}, column {}", unread.line, unread.column);
        DecodeError { field: place.into(), problem, code: "2008" }
    })?;
    match value {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(DecodeError::coded("body", Problem::WrongType("an object"), "2008"))
        }
    }
}
