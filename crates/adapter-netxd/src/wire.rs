//! What is written on the wire. Members stand in the order of the vendor's samples.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::envelope::Id;

/// The version that some replies carry and no request does.
pub(crate) const JSONRPC: &str = "2.0";

/// Methods that are served or called.
pub(crate) const UPDATE_CUSTOMER_STATUS: &str = "CustomerService.UpdateCustomerStatus";
pub(crate) const UPDATE_CUSTOMER: &str = "CustomerService.UpdateCustomer";
pub(crate) const GET_CUSTOMER: &str = "CustomerService.GetCustomer";

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) id: &'a str,
    pub(crate) params: Params<'a>,
}

#[derive(Serialize)]
pub(crate) struct Params<'a> {
    pub(crate) api: Api<'a>,
    /// The very bytes that were signed.
    pub(crate) payload: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api<'a> {
    pub(crate) signature: &'a str,
    pub(crate) key_id: &'a str,
    pub(crate) credential: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct StatusPayload<'a> {
    #[serde(rename = "ID")]
    pub(crate) id: &'a str,
    pub(crate) status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notes: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct InquiryPayload<'a> {
    #[serde(rename = "customerID")]
    pub(crate) customer_id: &'a str,
}

/// The payload of `UpdateCustomer` without its `ID`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetailsPayload<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(rename = "DOB", skip_serializing_if = "Option::is_none")]
    pub(crate) date_of_birth: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<&'static str>,
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub(crate) address: Address<'a>,
    #[serde(skip_serializing_if = "Contact::is_empty")]
    pub(crate) contact: Contact<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gender: Option<&'static str>,
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) institution_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) institution_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address<'a> {
    #[serde(rename = "addressLine1", skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<&'a str>,
}

impl Address<'_> {
    fn is_empty(&self) -> bool {
        [self.line, self.city, self.state, self.country, self.zip].iter().all(Option::is_none)
    }
}

/// Requests give the telephone number first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a str>,
}

impl Contact<'_> {
    fn is_empty(&self) -> bool {
        self.phone_number.is_none() && self.email.is_none()
    }
}

/// A reply that says it was done.
#[derive(Serialize)]
pub(crate) struct Success<'a, R> {
    pub(crate) id: &'a Id,
    pub(crate) result: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jsonrpc: Option<&'static str>,
}

/// The result of `UpdateCustomerStatus`, in its own spelling.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatusResult<'a> {
    pub(crate) id: &'a str,
    pub(crate) status: &'static str,
}

/// The result of `UpdateCustomer`, as far as the gateway knows it without the ledger's own answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerResult<'a> {
    #[serde(rename = "ID")]
    pub(crate) id: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "ContactResult::is_empty")]
    pub(crate) contact: ContactResult<'a>,
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub(crate) address: Address<'a>,
    #[serde(rename = "DOB", skip_serializing_if = "Option::is_none")]
    pub(crate) date_of_birth: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<&'a str>,
    pub(crate) updated_date: String,
    pub(crate) status: &'static str,
}

/// Results give the e-mail address first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactResult<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<&'a str>,
}

impl ContactResult<'_> {
    fn is_empty(&self) -> bool {
        self.phone_number.is_none() && self.email.is_none()
    }
}

/// A reply that says it was not done, or not yet.
#[derive(Serialize)]
pub(crate) struct Refusal<'a> {
    pub(crate) id: &'a Id,
    pub(crate) error: ErrorBody<'a>,
    pub(crate) jsonrpc: &'static str,
}

#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// Not the vendor's: lets a caller ask the gateway about the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<ErrorData>,
}

#[derive(Serialize)]
pub(crate) struct ErrorData {
    pub(crate) change_id: String,
}
