//! Reading back the label: the entry of the status log that is active.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use secrecy::SecretString;
use serde_json::Value;
use status_domain::adapter::Inquiry;
use status_domain::failure::Failure;
use status_domain::ids::Identifier;
use status_domain::register::{RegisterName, RegisterValue};

use super::answer;
use super::client::Client;
use crate::{LABEL, identifier, json};

/// The status log. It is addressed by Capillary's own number of the customer and by nothing else.
///
/// # Source
///
/// Capillary, *Get status log*.
#[derive(Clone, Debug)]
pub(super) struct StatusLog {
    pub(super) client: Client,
}

impl Inquiry for StatusLog {
    fn encode(
        &self,
        identifiers: &[Identifier],
        access: Option<&SecretString>,
        _now: DateTime<Utc>,
    ) -> Option<Request<Bytes>> {
        let id = identifiers.iter().find(|one| one.kind == identifier::ID)?.value.expose();
        if !identifier::digits(id, 1, 19) {
            return None;
        }
        let target = format!("/v2/customers/{id}/statusLog");
        self.client.request(Method::GET, &target, Bytes::new(), access).ok()
    }

    fn decode(
        &self,
        response: &Response<Bytes>,
    ) -> Result<Vec<(RegisterName, RegisterValue)>, Failure> {
        if let Some(refusal) = answer::refusal(response, self.client.on_unauthorized(), &[]) {
            return Err(refusal);
        }
        let body = json::read(response.body()).ok();
        let entries = body.as_ref().and_then(|body| body.get("data")).and_then(Value::as_array);
        let entries = entries.filter(|_| response.status() == http::StatusCode::OK);
        let unclear = |cause: &str| Failure::Unknown {
            cause: cause.into(),
            after: answer::retry_after(response),
        };
        let entries = entries.ok_or_else(|| unclear("the answer is no status log"))?;
        let mut active = entries.iter().filter(|entry| is_active(entry));
        // A customer whose label was never set has no entry: then the log tells nothing.
        let Some(current) = active.next() else { return Ok(Vec::new()) };
        if active.next().is_some() {
            return Err(unclear("the status log has several active entries"));
        }
        let label = current.get("label").and_then(Value::as_str);
        let label = label.filter(|label| !label.is_empty());
        let label = label.ok_or_else(|| unclear("the active entry has no label"))?;
        Ok(vec![(LABEL, RegisterValue(label.into()))])
    }
}

fn is_active(entry: &Value) -> bool {
    let active = entry.get("isActive");
    active.is_some_and(|value| value == true || value == "true")
}
