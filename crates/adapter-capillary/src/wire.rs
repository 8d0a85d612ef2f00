//! Shapes and names on the wire.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// Organisation id.
pub(crate) const ORG: &str = "x-cap-api-auth-org-id";
/// A person's token.
pub(crate) const USER_TOKEN: &str = "x-cap-ui-auth-token";
/// A client's access token.
pub(crate) const ACCESS_TOKEN: &str = "x-cap-api-oauth-token";
/// The same, as one vendor page spells it.
pub(crate) const ACCESS_TOKEN_ALIAS: &str = "cap-api-access-token";

/// The path of the status call.
pub(crate) const STATUS_PATH: &str = "/v2/customers/lookup/status";
/// The path of the token call.
pub(crate) const TOKEN_PATH: &str = "/v3/oauth/token/generate";

/// The one request type, as it stands in answers.
pub(crate) const REQUEST_TYPE: &str = "customer-status-change";

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A success answer.
#[derive(Serialize)]
pub(crate) struct Envelope<T> {
    pub(crate) data: T,
}

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct PageEnvelope<T> {
    pub(crate) data: Vec<T>,
    pub(crate) pagination: Pagination,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    pub(crate) total_elements: u64,
    pub(crate) total_pages: u64,
    pub(crate) number_of_elements: usize,
    pub(crate) number: u32,
}

/// A workflow request as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowRequest<'a> {
    pub(crate) request_id: String,
    // A request that is not shown in full has no maker and no start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<&'a str>,
    pub(crate) request_type: &'static str,
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<String>,
    pub(crate) end_time: Option<String>,
    pub(crate) details: Details<'a>,
}

#[derive(Default, Serialize)]
pub(crate) struct Details<'a> {
    #[serde(rename = "IntouchAPITask-Payload", skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<Value>,
    #[serde(rename = "ValidateMakerAccess_Output", skip_serializing_if = "Option::is_none")]
    pub(crate) maker_access: Option<bool>,
    #[serde(rename = "ValidatePayload_Output", skip_serializing_if = "Option::is_none")]
    pub(crate) valid_payload: Option<bool>,
    #[serde(rename = "AdminTask-Payload", skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<Decision<'a>>,
    #[serde(rename = "AdminTask_Output", skip_serializing_if = "Option::is_none")]
    pub(crate) decided: Option<&'static str>,
    #[serde(rename = "ValidateCheckerAccess_Output", skip_serializing_if = "Option::is_none")]
    pub(crate) checker_access: Option<bool>,
    #[serde(rename = "IntouchAPITask_Output", skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<TaskOutput>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decision<'a> {
    pub(crate) action_decision: &'static str,
    pub(crate) action_message: &'a str,
}

/// What the change came to, in the shape of an inner HTTP answer.
#[derive(Serialize)]
pub(crate) struct TaskOutput {
    pub(crate) status: u16,
    pub(crate) headers: TaskHeaders,
    pub(crate) body: TaskBody,
}

#[derive(Serialize)]
pub(crate) struct TaskHeaders {
    #[serde(rename = "Content-Type")]
    pub(crate) content_type: [&'static str; 1],
}

#[derive(Default, Serialize)]
pub(crate) struct TaskBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<TaskError>,
    pub(crate) warnings: [(); 0],
}

#[derive(Serialize)]
pub(crate) struct TaskError {
    pub(crate) status: bool,
    pub(crate) code: u64,
    pub(crate) message: String,
}

/// An error answer: the union of the shapes of neighbouring vendor pages, because none is published for
/// this one.
#[derive(Serialize)]
struct Errors<'a> {
    data: (),
    errors: [ErrorItem<'a>; 1],
    warnings: [(); 0],
}

#[derive(Serialize)]
struct ErrorItem<'a> {
    status: bool,
    code: u32,
    message: &'a str,
    reference: (),
}

/// Writes a JSON answer.
pub(crate) fn json(status: StatusCode, content: &impl Serialize) -> Response<Bytes> {
    // Writing these shapes to memory cannot fail; an empty body would be no success shape either.
    let body = serde_json::to_vec(content).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Writes an error answer.
pub(crate) fn error(status: StatusCode, code: u32, message: &str) -> Response<Bytes> {
    let item = ErrorItem { status: false, code, message, reference: () };
    json(status, &Errors { data: (), errors: [item], warnings: [] })
}
