//! What an answer repeats of the request.

use crate::json::Json;
use crate::wire::{Header, REQ_CARD, cut, max};

/// The request's header as far as it could be read.
///
/// Values are repeated as they came, source and target not swapped; one that is longer than the
/// longest that is accepted is cut there, and a mandatory one that could not be read is empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way4Reply {
    msg_id: Box<str>,
    msg_type: Box<str>,
    src_application: Box<str>,
    target_application: Box<str>,
    tracking_id: Option<Box<str>>,
    bank_id: Box<str>,
    instance_id: Option<Box<str>>,
    card_function: bool,
}

impl Way4Reply {
    pub(super) fn read(header: &Json) -> Self {
        let given = |name: &str, max: usize| -> Option<Box<str>> {
            let text = header.get(name).and_then(Json::text_or_integer)?;
            (!text.is_empty()).then(|| cut(text, max).into())
        };
        let function = header.get("msg_function").and_then(Json::text).unwrap_or_default();
        Self {
            msg_id: given("msg_id", max::MSG_ID).unwrap_or_default(),
            msg_type: given("msg_type", max::MSG_TYPE).unwrap_or_default(),
            src_application: given("src_application", max::APPLICATION).unwrap_or_default(),
            target_application: given("target_application", max::APPLICATION).unwrap_or_default(),
            tracking_id: given("tracking_id", max::TRACKING_ID),
            bank_id: given("bank_id", max::BANK_ID_LENIENT).unwrap_or_default(),
            instance_id: given("instance_id", max::INSTANCE_ID),
            card_function: function.trim() == REQ_CARD,
        }
    }

    pub(super) fn header<'a>(&'a self, msg_function: &'a str, timestamp: &'a str) -> Header<'a> {
        Header {
            msg_id: &self.msg_id,
            msg_type: &self.msg_type,
            msg_function,
            src_application: &self.src_application,
            target_application: &self.target_application,
            timestamp,
            tracking_id: self.tracking_id(),
            bank_id: &self.bank_id,
            instance_id: self.instance_id.as_deref(),
        }
    }

    pub(super) fn tracking_id(&self) -> Option<&str> {
        self.tracking_id.as_deref()
    }

    pub(super) fn bank_id(&self) -> &str {
        &self.bank_id
    }

    pub(super) const fn has_card_function(&self) -> bool {
        self.card_function
    }
}
