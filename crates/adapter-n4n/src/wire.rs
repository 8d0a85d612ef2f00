//! Names and shapes as they stand on the wire.

use status_domain::facet::EditLock;

use crate::json::Json;

/// Look-up key: the platform's own number of a customer.
pub(crate) const CUSTOMER_ID: &str = "customer_id";
/// Look-up key: a subscription of the customer.
pub(crate) const SUBSCRIPTION_ID: &str = "subscription_id";
/// Look-up key: the event id of one of the customer's transactions.
pub(crate) const ORDERID: &str = "orderid";

/// The look-up keys, in the order of the documents. At least one must be given.
///
/// # Source
///
/// TMM Wiki, *NATS For Networks REST API Unlock Customer*, Parameters.
pub(crate) const KEYS: [&str; 3] = [CUSTOMER_ID, SUBSCRIPTION_ID, ORDERID];

/// Header with the calling account's key.
pub(crate) const API_KEY: &str = "api-key";
/// Header with the calling account's user name.
pub(crate) const API_USERNAME: &str = "api-username";

/// Media type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// Media type of JSON.
pub(crate) const JSON: &str = "application/json";

/// Path of the call that sets the lock.
///
/// # Source
///
/// Trackfinity documentation, *Lock Customer*; the N4N manual names the call in its menu.
pub(crate) const LOCK_PATH: &str = "/api/customer/lock";
/// Path of the call that releases the lock.
///
/// # Source
///
/// TMM Wiki, *NATS For Networks REST API Unlock Customer*.
pub(crate) const UNLOCK_PATH: &str = "/api/customer/unlock";

/// Methods that a path takes, as `Allow` lists them.
pub(crate) const ALLOW: &str = "PATCH, OPTIONS";

/// The path that brings about a state of the lock.
pub(crate) const fn path(lock: EditLock) -> &'static str {
    match lock {
        EditLock::Locked => LOCK_PATH,
        EditLock::Unlocked => UNLOCK_PATH,
    }
}

/// The state of the lock that a path brings about. Paths are compared exactly.
pub(crate) fn lock_of_path(path: &str) -> Option<EditLock> {
    [EditLock::Locked, EditLock::Unlocked].into_iter().find(|lock| self::path(*lock) == path)
}

/// What the body of an answer says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// The literal `true`, or an object whose `result` is `success` in any case.
    Success,
    /// The literal `false`.
    No,
    /// An object whose `result` is `error` in any case.
    Error {
        /// `result` as it was written.
        result: String,
        /// `message`; empty where it is not a text.
        message: String,
    },
    /// JSON that says neither.
    Other(&'static str),
    /// No JSON, or JSON that repeats a member or is nested too deeply.
    Unreadable,
}

/// Reads the body of an answer, whatever its headers say: which media type the vendor answers with
/// is not documented.
///
/// # Source
///
/// TMM Wiki, *Unlock Customer* (`true`), *Process Reversal* (object with `result` and `message`),
/// *NATS4 Lock Member*, *NATS4 Set Member Expiration* (other cases of `success`).
pub(crate) fn said(body: &[u8]) -> Said {
    let Ok(json) = Json::read(body) else { return Said::Unreadable };
    match json {
        Json::Bool(true) => Said::Success,
        Json::Bool(false) => Said::No,
        Json::Object(mut members) => match (members.remove("result"), members.remove("message")) {
            (Some(Json::Text(result)), _) if result.eq_ignore_ascii_case("success") => {
                Said::Success
            }
            (Some(Json::Text(result)), message) if result.eq_ignore_ascii_case("error") => {
                let message =
                    if let Some(Json::Text(text)) = message { text } else { String::new() };
                Said::Error { result, message }
            }
            (_, _) => Said::Other("an object without a known result"),
        },
        Json::Null => Said::Other("null"),
        Json::Integer(_) | Json::OtherNumber => Said::Other("a number"),
        Json::Text(_) => Said::Other("a text"),
        Json::List => Said::Other("a list"),
    }
}
