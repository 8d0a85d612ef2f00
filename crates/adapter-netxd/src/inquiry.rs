//! Reading back a customer's status.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use secrecy::SecretString;
use status_domain::adapter::Inquiry;
use status_domain::failure::Failure;
use status_domain::ids::Identifier;
use status_domain::register::{RegisterName, RegisterValue};

use crate::upstream::{self, NetxdUpstream};
use crate::wire::{self, InquiryPayload};
use crate::{STATUS, outcome};

/// `CustomerService.GetCustomer` by customer id. Tells the status; details come back masked, so they
/// cannot be compared.
///
/// # Source
///
/// NetXD, *Get Customer*; the shape of the result is observed, not documented.
impl Inquiry for NetxdUpstream {
    fn encode(
        &self,
        identifiers: &[Identifier],
        _access: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Option<Request<Bytes>> {
        let customer_id = upstream::customer(identifiers)?;
        let payload = serde_json::to_string(&InquiryPayload { customer_id }).ok()?;
        let id = now.timestamp_millis().unsigned_abs().to_string();
        self.call(wire::GET_CUSTOMER, &id, payload).ok()
    }

    fn decode(
        &self,
        response: &Response<Bytes>,
    ) -> Result<Vec<(RegisterName, RegisterValue)>, Failure> {
        let mut done = outcome::read(response, &self.settings.code_classes)?;
        // A word that is none of the known ones is what the ledger holds all the same.
        match upstream::text(&mut done.result, "status") {
            Some(status) if !status.is_empty() => Ok(vec![(STATUS, RegisterValue(status.into()))]),
            Some(_) | None => Err(upstream::unknown("the answer shows no status")),
        }
    }
}
