//! The NISrv envelope: reading requests, writing answers.

use chrono::{DateTime, FixedOffset, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Where the answering system's clock stands: four hours east of UTC.
const OFFSET_S: i32 = 4 * 3_600;

/// The header, as echoed.
#[derive(Clone, Default)]
pub(super) struct Header {
    pub(super) msg_id: String,
    pub(super) msg_type: String,
    pub(super) src_application: String,
    pub(super) target_application: String,
    pub(super) tracking_id: Option<String>,
    pub(super) bank_id: String,
}

/// What an account status change asks for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) contract: String,
    pub(super) slot: Slot,
    pub(super) fi_code: String,
    pub(super) value: String,
}

/// One of the two block-code slots of a contract.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Acc1,
    Acc2,
}

impl Slot {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Acc1 => "ACC1",
            Self::Acc2 => "ACC2",
        }
    }
}

/// A failure in the envelope's own form.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) code: &'static str,
    pub(super) description: String,
}

/// The simulator's own codes: NI's list is not public, so none of these can be mistaken for it.
pub(super) const FIELD: &str = "X400";
pub(super) const NO_CONTRACT: &str = "X404";
pub(super) const REUSED_ID: &str = "X409";
pub(super) const WRONG_FI: &str = "X422";
pub(super) const NO_SUCH_CODE: &str = "X423";

pub(super) fn failed(code: &'static str, description: impl Into<String>) -> Failed {
    Failed { code, description: description.into() }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "NISrvRequest")]
    request: Roots,
}

#[derive(Deserialize)]
struct Roots {
    request_account_status_change: Parts,
}

#[derive(Deserialize)]
struct Parts {
    header: Map<String, Value>,
    #[serde(default)]
    body: Map<String, Value>,
}

/// A readable request: the header to echo, and what it asks for or what is wrong with it.
pub(super) struct Request {
    pub(super) header: Header,
    pub(super) order: Result<Order, Failed>,
}

impl Request {
    /// `None` if there is not even a header to echo.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(body).ok()?;
        let Parts { header, body } = document.request.request_account_status_change;
        let echoed = read_header(&header);
        let order = check_header(&header).and_then(|()| read_order(&body));
        Some(Self { header: echoed, order })
    }
}

fn read_header(header: &Map<String, Value>) -> Header {
    let text = |name| field(header, name).unwrap_or_default();
    Header {
        msg_id: text("msg_id"),
        msg_type: text("msg_type"),
        src_application: text("src_application"),
        target_application: text("target_application"),
        tracking_id: field(header, "tracking_id"),
        bank_id: text("bank_id"),
    }
}

/// Presence and length of the header fields. `bank_id` may be longer than documented, as it is in
/// NI's own samples; function and timestamp are required but not interpreted.
///
/// # Source
/// Network International, *Account Status Change*, version 2.
fn check_header(header: &Map<String, Value>) -> Result<(), Failed> {
    for (name, max) in [
        ("msg_id", 12),
        ("msg_type", 12),
        ("msg_function", 50),
        ("src_application", 10),
        ("target_application", 10),
        ("timestamp", 30),
        ("bank_id", 10),
    ] {
        required(header, name, max)?;
    }
    if field(header, "tracking_id").is_some_and(|text| text.chars().count() > 15) {
        return Err(failed(FIELD, "tracking_id is too long"));
    }
    let is_plain = |id: String| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if field(header, "msg_id").is_some_and(is_plain) {
        Ok(())
    } else {
        Err(failed(FIELD, "msg_id is not alphanumeric"))
    }
}

fn read_order(body: &Map<String, Value>) -> Result<Order, Failed> {
    if required(body, "account_identifier_type", 20)? != "CONTRACT_NUMBER" {
        return Err(failed(FIELD, "account_identifier_type is not CONTRACT_NUMBER"));
    }
    let contract = required(body, "account_identifier_id", 32)?;
    if !contract.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(failed(FIELD, "account_identifier_id is not alphanumeric"));
    }
    let Some(Value::Object(status)) = body.get("status") else {
        return Err(failed(FIELD, "status is missing"));
    };
    let (slot, fi_code) = read_slot(&required(status, "type", 32)?)?;
    let value = match required(status, "value", 32)?.as_str() {
        " " => "_".to_owned(),
        value => value.to_owned(),
    };
    Ok(Order { contract, slot, fi_code, value })
}

fn read_slot(text: &str) -> Result<(Slot, String), Failed> {
    let (slot, fi_code) = if let Some(fi_code) = text.strip_prefix("BCC-ACC1-") {
        (Slot::Acc1, fi_code)
    } else if let Some(fi_code) = text.strip_prefix("BCC-ACC2-") {
        (Slot::Acc2, fi_code)
    } else {
        return Err(failed(FIELD, "status type is not BCC-ACC1 or BCC-ACC2"));
    };
    Ok((slot, fi_code.to_owned()))
}

/// A text, or a number where a sample leaves out the quotes; empty and `null` count as absent.
fn field(object: &Map<String, Value>, name: &str) -> Option<String> {
    object
        .get(name)
        .and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .filter(|text| !text.is_empty())
}

fn required(object: &Map<String, Value>, name: &str, max: usize) -> Result<String, Failed> {
    let text = field(object, name).ok_or_else(|| failed(FIELD, format!("{name} is missing")))?;
    if text.chars().count() > max {
        return Err(failed(FIELD, format!("{name} is too long")));
    }
    Ok(text)
}

/// The answer's JSON text; a failure is a code and its description. Source and target are echoed,
/// not swapped.
pub(super) fn answer(header: &Header, now: DateTime<Utc>, failure: Option<(&str, &str)>) -> String {
    let at = FixedOffset::east_opt(OFFSET_S)
        .map(|offset| now.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
        .unwrap_or_default();
    let (status, code, description) = match failure {
        None => ("S", "000", "Success"),
        Some((code, description)) => ("F", code, description),
    };
    let mut echoed = json!({
        "msg_id": header.msg_id,
        "msg_type": header.msg_type,
        "msg_function": "REP_ACCOUNT_STATUS_CHANGE",
        "src_application": header.src_application,
        "target_application": header.target_application,
        "timestamp": at,
    });
    let mut details = json!({
        "application_name": "TCC-ADP",
        "date_time": at,
        "status": status,
        "error_code": code,
        "error_description": description,
    });
    if let Some(tracking_id) = &header.tracking_id {
        echoed["tracking_id"] = tracking_id.as_str().into();
        details["transaction_ref_id"] = tracking_id.as_str().into();
    }
    echoed["bank_id"] = header.bank_id.as_str().into();
    json!({
        "NISrvResponse": {
            "response_account_status_change": {
                "header": echoed,
                "exception_details": details,
            }
        }
    })
    .to_string()
}
