//! What can be configured. The router maps its configuration to these.

use std::collections::BTreeMap;

use chrono::{FixedOffset, Offset, Utc};
use secrecy::SecretString;

use crate::codes::CodeTable;
use crate::own_codes::OwnCodes;

/// A setting that cannot be worked with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct InvalidSettings {
    /// Which setting.
    pub setting: &'static str,
    /// What is wrong with it. Never the value.
    pub problem: &'static str,
}

/// How requests are read and answered.
#[derive(Clone, Debug)]
pub struct DownstreamSettings {
    /// What the block codes mean, for institutions without a table of their own.
    pub codes: CodeTable,
    /// The institutions by FI code, the last part of `status.type`. If there are any, the FI code of a
    /// request must be one of them and its `bank_id` must be that institution's; if there are none,
    /// every pair is accepted.
    pub institutions: BTreeMap<Box<str>, Institution>,
    /// The gateway's own error codes.
    pub own_codes: OwnCodes,
    /// Offset in which answers are dated.
    pub utc_offset: FixedOffset,
    /// `application_name` in answers, 1-20 characters.
    pub application_name: Box<str>,
    /// Whether a `bank_id` longer than the documented 4 characters is refused; otherwise up to 10 are
    /// accepted, as the vendor's own samples need.
    pub strict_bank_id: bool,
    /// Whether a request whose `msg_function` is `REQ_CARD_STATUS_CHANGE` is answered with
    /// `REP_CARD_STATUS_CHANGE`.
    pub mirror_card_function: bool,
    /// HTTP status of an `F` answer: 200, or 400-599.
    pub business_failure_status: http::StatusCode,
    /// `Retry-After` of a 503, in seconds.
    pub retry_after_s: u32,
}

impl Default for DownstreamSettings {
    fn default() -> Self {
        Self {
            codes: CodeTable::shipped(),
            institutions: BTreeMap::new(),
            own_codes: OwnCodes::default(),
            utc_offset: gulf_time(),
            application_name: "TCC-ADP".into(),
            strict_bank_id: false,
            mirror_card_function: false,
            business_failure_status: http::StatusCode::OK,
            retry_after_s: 5,
        }
    }
}

/// A financial institution.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Institution {
    /// The `bank_id` that goes with its FI code.
    pub bank_id: Box<str>,
    /// Its own block codes, in place of the general table.
    pub codes: Option<CodeTable>,
}

/// How an institution's WAY4 is called. One upstream is one institution.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// `https://` address, with a path if the API stands below one. No user, password or query.
    pub base_url: Box<str>,
    /// Segment before the path of the status change, 1-10 letters and digits (`SB` on the sandbox).
    pub prefix: Option<Box<str>>,
    /// Path of the token endpoint, below the base URL.
    pub token_path: Box<str>,
    /// Client id for the token.
    pub client_id: Box<str>,
    /// Client secret for the token.
    pub client_secret: SecretString,
    /// FI code, 1-10 capital letters and digits.
    pub fi_code: Box<str>,
    /// `bank_id`, 1-4 characters.
    pub bank_id: Box<str>,
    /// `src_application`, 1-10 characters.
    pub src_application: Box<str>,
    /// `target_application`, 1-10 characters.
    pub target_application: Box<str>,
    /// Offset in which requests are dated.
    pub utc_offset: FixedOffset,
    /// Custom field `bc_channel`, 1-128 characters, agreed with the vendor; `None` leaves it out.
    pub bc_channel: Option<Box<str>>,
    /// Whether a caller of the same format has exactly its own custom fields passed on. Otherwise, and
    /// for callers of other formats, `bc_channel` and the reason as `comment_text` are sent.
    pub pass_custom_fields: bool,
    /// Codes for restrictions that did not come with a WAY4 code.
    pub fallback: FallbackCodes,
}

impl UpstreamSettings {
    /// Settings with the defaults for everything that has one.
    #[must_use]
    pub fn new(base_url: &str, client_id: &str, client_secret: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            prefix: None,
            token_path: crate::TOKEN_PATH.into(),
            client_id: client_id.into(),
            client_secret,
            fi_code: Box::default(),
            bank_id: Box::default(),
            src_application: Box::default(),
            target_application: "WAY4".into(),
            utc_offset: gulf_time(),
            bc_channel: None,
            pass_custom_fields: true,
            fallback: FallbackCodes::default(),
        }
    }
}

/// Codes that say what came without a WAY4 code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FallbackCodes {
    /// `ACC1` code of a fraud hold.
    pub fraud: Box<str>,
    /// `ACC2` code of SUSPENDED, and the nearest there is to BLOCKED and BLACKLISTED.
    pub suspended: Box<str>,
    /// `ACC2` code of CLOSED.
    pub closed: Box<str>,
}

impl Default for FallbackCodes {
    fn default() -> Self {
        Self { fraud: "O".into(), suspended: "T".into(), closed: "B".into() }
    }
}

/// Refuses a setting that is empty, longer than `max` characters or not printable.
pub(crate) fn check_text(
    setting: &'static str,
    text: &str,
    max: usize,
) -> Result<(), InvalidSettings> {
    let length = text.chars().count();
    if (1..=max).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(InvalidSettings { setting, problem: "empty, too long or not printable" })
}

/// Whether the text is an FI code.
pub(crate) fn is_fi_code(text: &str) -> bool {
    (1..=10).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether the text can stand as the segment before a documented path.
pub(crate) fn is_prefix(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// +04:00, the offset of most of the vendor's samples.
fn gulf_time() -> FixedOffset {
    FixedOffset::east_opt(4 * 3600).unwrap_or_else(|| Utc.fix())
}
