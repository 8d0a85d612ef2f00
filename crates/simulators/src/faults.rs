//! Scripted faults: how they are written, how they are used up, what they answer.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, RETRY_AFTER};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The longest scripted delay.
const DELAY_MAX_MS: u64 = 600_000;

/// One way to go wrong.
#[derive(Clone)]
pub(crate) enum Fault {
    Delay { ms: u64 },
    DropBeforeEffect,
    DropAfterEffect,
    Status { status: StatusCode },
    Garbage,
    Refuse(Refusal),
    TooMany { retry_after_s: u64 },
}

/// What a scripted refusal says.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

enum Times {
    Left(u64),
    Forever,
}

struct Step {
    fault: Fault,
    times: Times,
}

/// The faults still to come, first first.
#[derive(Default)]
pub(crate) struct FaultScript {
    steps: VecDeque<Step>,
}

/// What is wrong with a fault script. Says where, and never repeats the script.
pub(crate) struct InvalidScript {
    /// Place in the list, from 0; none if the document itself is wrong.
    place: Option<usize>,
    what: &'static str,
}

impl fmt::Display for InvalidScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "faults[{place}]: {}", self.what),
            None => f.write_str(self.what),
        }
    }
}

impl FaultScript {
    /// Reads `{"faults":[…]}`.
    pub(crate) fn read(body: &[u8]) -> Result<Self, InvalidScript> {
        let document = |what| InvalidScript { place: None, what };
        let mut fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| document("the body is not a JSON object"))?;
        let faults = fields.remove("faults").ok_or_else(|| document("`faults` is missing"))?;
        if !fields.is_empty() {
            return Err(document("there is an unknown key beside `faults`"));
        }
        let Value::Array(faults) = faults else {
            return Err(document("`faults` is not an array"));
        };
        let steps = faults
            .into_iter()
            .enumerate()
            .map(|(place, fault)| {
                read_step(fault).map_err(|what| InvalidScript { place: Some(place), what })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { steps })
    }

    /// The fault for the next request, if one is due.
    pub(crate) fn take(&mut self) -> Option<Fault> {
        let step = self.steps.front_mut()?;
        let fault = step.fault.clone();
        match &mut step.times {
            Times::Forever => {}
            Times::Left(left) => {
                *left -= 1;
                if *left == 0 {
                    self.steps.pop_front();
                }
            }
        }
        Some(fault)
    }

    pub(crate) fn show(&self) -> Value {
        json!({ "faults": self.steps.iter().map(show_step).collect::<Vec<_>>() })
    }
}

fn read_step(step: Value) -> Result<Step, &'static str> {
    let Value::Object(mut fields) = step else { return Err("not an object") };
    let kind = text(&mut fields, "kind", "`kind` must be a text")?;
    let fault = match kind.as_str() {
        "delay" => Fault::Delay {
            ms: number(&mut fields, "ms")
                .filter(|ms| *ms <= DELAY_MAX_MS)
                .ok_or("`ms` must be a whole number up to 600000")?,
        },
        "drop_before_effect" => Fault::DropBeforeEffect,
        "drop_after_effect" => Fault::DropAfterEffect,
        "status" => Fault::Status { status: status(&mut fields)? },
        "garbage" => Fault::Garbage,
        "refuse" => Fault::Refuse(Refusal {
            code: text(&mut fields, "code", "`code` must be a text")?,
            message: text(&mut fields, "message", "`message` must be a text")?,
        }),
        "too_many" => Fault::TooMany {
            retry_after_s: number(&mut fields, "retry_after_s")
                .ok_or("`retry_after_s` must be a whole number")?,
        },
        _ => return Err("`kind` is not known"),
    };
    let times = times(&mut fields)?;
    if fields.is_empty() { Ok(Step { fault, times }) } else { Err("there is an unknown key") }
}

fn times(fields: &mut Map<String, Value>) -> Result<Times, &'static str> {
    let forever = match fields.remove("forever") {
        None => None,
        Some(Value::Bool(forever)) => Some(forever),
        Some(_) => return Err("`forever` must be true or false"),
    };
    match (fields.remove("times"), forever) {
        (None, None | Some(false)) => Ok(Times::Left(1)),
        (None | Some(Value::Null), Some(true)) | (Some(Value::Null), None) => Ok(Times::Forever),
        (Some(times), None | Some(false)) => match times.as_u64() {
            Some(times) if times > 0 => Ok(Times::Left(times)),
            _ => Err("`times` must be a whole number above 0"),
        },
        (Some(_), Some(true)) => Err("`times` and `forever` contradict each other"),
    }
}

fn status(fields: &mut Map<String, Value>) -> Result<StatusCode, &'static str> {
    number(fields, "status")
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (200..=599).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or("`status` must be a number from 200 to 599")
}

fn text(
    fields: &mut Map<String, Value>,
    key: &str,
    wrong: &'static str,
) -> Result<String, &'static str> {
    match fields.remove(key) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(wrong),
    }
}

fn number(fields: &mut Map<String, Value>, key: &str) -> Option<u64> {
    fields.remove(key)?.as_u64()
}

fn show_step(step: &Step) -> Value {
    let mut shown = match &step.fault {
        Fault::Delay { ms } => json!({ "kind": "delay", "ms": ms }),
        Fault::DropBeforeEffect => json!({ "kind": "drop_before_effect" }),
        Fault::DropAfterEffect => json!({ "kind": "drop_after_effect" }),
        Fault::Status { status } => json!({ "kind": "status", "status": status.as_u16() }),
        Fault::Garbage => json!({ "kind": "garbage" }),
        Fault::Refuse(Refusal { code, message }) => {
            json!({ "kind": "refuse", "code": code, "message": message })
        }
        Fault::TooMany { retry_after_s } => {
            json!({ "kind": "too_many", "retry_after_s": retry_after_s })
        }
    };
    match step.times {
        Times::Left(left) => shown["times"] = left.into(),
        Times::Forever => shown["forever"] = true.into(),
    }
    shown
}

/// A body that fails before its first byte. The server then closes the connection without having
/// sent even the head, which is still in its buffer.
struct BreaksOff;

impl MessageBody for BreaksOff {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "scripted fault"))))
    }
}

/// Closes the connection without an answer.
pub(crate) fn broken_connection() -> HttpResponse {
    HttpResponse::Ok().body(BreaksOff)
}

pub(crate) fn plain(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).content_type(ContentType::plaintext()).body("scripted fault")
}

pub(crate) fn garbage() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body("<html>\u{0}{not JSON")
}

pub(crate) fn too_many(retry_after_s: u64) -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((RETRY_AFTER, retry_after_s))
        .content_type(ContentType::plaintext())
        .body("too many requests")
}
