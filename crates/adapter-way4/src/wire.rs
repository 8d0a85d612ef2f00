//! The messages as they stand on the wire.
//!
//! # Source
//!
//! Network International, *Account Status Change* V2. Members stand in the order of its samples.

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;

/// The root of a request; it decides which operation is meant.
pub(crate) const REQUEST_ROOT: &str = "NISrvRequest";
/// The operation within a request.
pub(crate) const REQUEST: &str = "request_account_status_change";
/// The root of an answer.
pub(crate) const RESPONSE_ROOT: &str = "NISrvResponse";
/// The operation within an answer.
pub(crate) const RESPONSE: &str = "response_account_status_change";
/// The one message type of this operation.
pub(crate) const TRANSACTION: &str = "TRANSACTION";
/// The one type of account identifier.
pub(crate) const CONTRACT_NUMBER: &str = "CONTRACT_NUMBER";
/// The function as the sample writes it.
pub(crate) const REQ_ACCOUNT: &str = "REQ_ACCOUNT_STATUS_CHANGE";
/// The function as the table writes it.
pub(crate) const REQ_CARD: &str = "REQ_CARD_STATUS_CHANGE";
/// The answer's function as the sample writes it.
pub(crate) const REP_ACCOUNT: &str = "REP_ACCOUNT_STATUS_CHANGE";
/// The answer's function as the table writes it.
pub(crate) const REP_CARD: &str = "REP_CARD_STATUS_CHANGE";
/// The custom field that carries the reason.
pub(crate) const COMMENT_TEXT: &str = "comment_text";
/// The custom field that names the block-code channel.
pub(crate) const BC_CHANNEL: &str = "bc_channel";

/// Longest values, in characters.
pub(crate) mod max {
    pub(crate) const MSG_ID: usize = 12;
    pub(crate) const MSG_TYPE: usize = 12;
    pub(crate) const MSG_FUNCTION: usize = 50;
    pub(crate) const APPLICATION: usize = 10;
    pub(crate) const TIMESTAMP: usize = 30;
    pub(crate) const TRACKING_ID: usize = 15;
    pub(crate) const BANK_ID: usize = 4;
    /// The vendor's own samples break its maximum of four.
    pub(crate) const BANK_ID_LENIENT: usize = 10;
    pub(crate) const INSTANCE_ID: usize = 10;
    pub(crate) const IDENTIFIER_TYPE: usize = 20;
    pub(crate) const IDENTIFIER_ID: usize = 32;
    pub(crate) const STATUS_TYPE: usize = 32;
    pub(crate) const STATUS_VALUE: usize = 32;
    pub(crate) const CUSTOM_KEY: usize = 32;
    pub(crate) const CUSTOM_VALUE: usize = 128;
    pub(crate) const APPLICATION_NAME: usize = 20;
    pub(crate) const ERROR_CODE: usize = 4;
    pub(crate) const ERROR_DESCRIPTION: usize = 100;
}

/// A whole request.
#[derive(Serialize)]
pub(crate) struct Request<'a> {
    #[serde(rename = "NISrvRequest")]
    pub(crate) root: RequestBranch<'a>,
}

#[derive(Serialize)]
pub(crate) struct RequestBranch<'a> {
    pub(crate) request_account_status_change: RequestMessage<'a>,
}

#[derive(Serialize)]
pub(crate) struct RequestMessage<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) body: Body<'a>,
}

/// The header of a request, and of the answer that echoes it.
#[derive(Serialize)]
pub(crate) struct Header<'a> {
    pub(crate) msg_id: &'a str,
    pub(crate) msg_type: &'a str,
    pub(crate) msg_function: &'a str,
    pub(crate) src_application: &'a str,
    pub(crate) target_application: &'a str,
    pub(crate) timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_id: Option<&'a str>,
    pub(crate) bank_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_id: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Body<'a> {
    pub(crate) account_identifier_type: &'a str,
    pub(crate) account_identifier_id: &'a str,
    pub(crate) status: Status<'a>,
    #[serde(skip_serializing_if = "<[CustomField]>::is_empty")]
    pub(crate) custom_fields: &'a [CustomField],
}

#[derive(Serialize)]
pub(crate) struct Status<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
}

/// One custom field. Both members are optional on the wire.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct CustomField {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// A whole answer.
#[derive(Serialize)]
pub(crate) struct Response<'a> {
    #[serde(rename = "NISrvResponse")]
    pub(crate) root: ResponseBranch<'a>,
}

#[derive(Serialize)]
pub(crate) struct ResponseBranch<'a> {
    pub(crate) response_account_status_change: ResponseMessage<'a>,
}

#[derive(Serialize)]
pub(crate) struct ResponseMessage<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) exception_details: ExceptionDetails<'a>,
}

/// The verdict; present on success too, despite its name.
#[derive(Serialize)]
pub(crate) struct ExceptionDetails<'a> {
    pub(crate) application_name: &'a str,
    pub(crate) date_time: &'a str,
    pub(crate) status: &'a str,
    pub(crate) error_code: &'a str,
    pub(crate) error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transaction_ref_id: Option<&'a str>,
}

/// What answers a request that never reached the operation.
#[derive(Serialize)]
pub(crate) struct FlatError<'a> {
    pub(crate) error_code: &'a str,
    pub(crate) error_description: &'a str,
}

/// An instant as every sample writes it: ISO 8601 with milliseconds and a numeric offset.
pub(crate) fn timestamp(at: DateTime<Utc>, offset: FixedOffset) -> String {
    at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// The first `max` characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

/// Whether a code says success: `0`, `00`, `000` or `0000`. Never read as a number.
pub(crate) fn is_success_code(code: &str) -> bool {
    (1..=max::ERROR_CODE).contains(&code.len()) && code.bytes().all(|digit| digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_in_the_given_offset_and_fits() {
        let at = DateTime::from_timestamp_millis(1_769_923_800_125).unwrap();
        let written = timestamp(at, FixedOffset::east_opt(4 * 3600).unwrap());
        assert_eq!(written, "2026-02-01T09:30:00.125+04:00");
        assert!(written.len() <= max::TIMESTAMP);
    }

    #[test]
    fn text_is_cut_by_characters() {
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("ab", 2), "ab");
    }

    #[test]
    fn only_zeros_are_success() {
        for code in ["0", "00", "000", "0000"] {
            assert!(is_success_code(code), "{code}");
        }
        for code in ["", "00000", "001", "G00", "O00"] {
            assert!(!is_success_code(code), "{code}");
        }
    }
}
