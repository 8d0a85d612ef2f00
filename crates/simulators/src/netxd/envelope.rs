//! NetXD's JSON-RPC: reading calls without losing the signed bytes, writing answers.

use std::collections::HashSet;
use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;
use serde_json::value::RawValue;

/// An error in NetXD's form: a text code and a message.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: String,
}

pub(super) fn refused(code: &'static str, message: impl Into<String>) -> Refused {
    Refused { code, message: message.into() }
}

/// A JSON object whose values keep their bytes. Keys are found without regard to case, as the
/// vendor's samples and tables disagree on it; two spellings of one key are refused.
pub(super) struct RawObject<'a> {
    fields: Vec<(String, &'a RawValue)>,
}

impl<'a> RawObject<'a> {
    pub(super) fn read(text: &'a str, name: &str) -> Result<Self, Refused> {
        let object: Self = serde_json::from_str(text)
            .map_err(|_| refused("INVALID_REQUEST", format!("{name} is not an object")))?;
        let mut seen = HashSet::new();
        if object.fields.iter().all(|(key, _)| seen.insert(key.to_ascii_lowercase())) {
            Ok(object)
        } else {
            Err(refused("INVALID_REQUEST", format!("{name} has the same member twice")))
        }
    }

    /// The bytes of one member; `null` counts as absent.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(raw.get())
            .map(Some)
            .map_err(|_| refused("INVALID_REQUEST", format!("{name} must be a string")))
    }

    /// A text that must be there and not be empty.
    pub(super) fn required(&self, name: &str) -> Result<String, Refused> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| refused("INVALID_REQUEST", format!("{name} is missing")))
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Refused> {
        self.raw(name).map(|raw| Self::read(raw.get(), name)).transpose()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Fields).map(|fields| Self { fields })
    }
}

/// The methods this ledger serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    UpdateCustomerStatus,
    UpdateCustomer,
    GetCustomer,
}

impl Method {
    fn read(text: &str) -> Option<Self> {
        match text {
            "CustomerService.UpdateCustomerStatus" => Some(Self::UpdateCustomerStatus),
            "CustomerService.UpdateCustomer" => Some(Self::UpdateCustomer),
            "CustomerService.GetCustomer" => Some(Self::GetCustomer),
            _ => None,
        }
    }
}

/// One call, with its payload as the bytes that were signed.
pub(super) struct Call<'a> {
    /// The request id as JSON text, echoed as it came.
    pub(super) id: &'a str,
    pub(super) method: Method,
    pub(super) api: Api,
    pub(super) payload: &'a RawValue,
}

/// The authentication block.
pub(super) struct Api {
    pub(super) signature: String,
    pub(super) key_id: String,
    pub(super) credential: String,
    pub(super) api_key: Option<String>,
}

impl<'a> Call<'a> {
    /// Reads a call; else says under which id to refuse it, and why.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, (&'a str, Refused)> {
        let envelope = std::str::from_utf8(body)
            .ok()
            .filter(|text| serde_json::from_str::<&RawValue>(text).is_ok())
            .ok_or_else(|| refused("PARSE_ERROR", "The body is not JSON"))
            .and_then(|text| RawObject::read(text, "request"))
            .map_err(|refused| ("null", refused))?;
        let id = envelope
            .raw("id")
            .map(RawValue::get)
            .filter(|id| is_request_id(id))
            .ok_or_else(|| ("null", refused("INVALID_REQUEST", "id is missing")))?;
        Self::read_members(id, &envelope).map_err(|refused| (id, refused))
    }

    fn read_members(id: &'a str, envelope: &RawObject<'a>) -> Result<Self, Refused> {
        if envelope.text("jsonrpc")?.is_some_and(|version| version != "2.0") {
            return Err(refused("INVALID_REQUEST", "jsonrpc must be 2.0"));
        }
        let method = Method::read(&envelope.required("method")?)
            .ok_or_else(|| refused("METHOD_NOT_FOUND", "Method does not exist"))?;
        let missing = |name: &str| refused("INVALID_REQUEST", format!("{name} is missing"));
        let params = envelope.object("params")?.ok_or_else(|| missing("params"))?;
        let api = params.object("api")?.ok_or_else(|| missing("api"))?;
        let payload = params.raw("payload").ok_or_else(|| missing("payload"))?;
        Ok(Self { id, method, api: Api::read(&api)?, payload })
    }
}

impl Api {
    fn read(api: &RawObject<'_>) -> Result<Self, Refused> {
        // Vendor samples carry stray spaces here, and a number for keyId is tolerated.
        let trimmed = |name| api.required(name).map(|text| text.trim().to_owned());
        let key_id = match api.raw("keyId").map(RawValue::get) {
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => number.to_owned(),
            _ => trimmed("keyId")?,
        };
        Ok(Self {
            signature: trimmed("signature")?,
            key_id,
            credential: trimmed("credential")?,
            api_key: api.text("apiKey")?.map(|text| text.trim().to_owned()),
        })
    }
}

/// A text or a whole number.
fn is_request_id(id: &str) -> bool {
    id.starts_with('"')
        || (!id.is_empty()
            && id.strip_prefix('-').unwrap_or(id).bytes().all(|byte| byte.is_ascii_digit()))
}

/// An answer without the `jsonrpc` member.
pub(super) fn bare_result(id: &str, result: &impl serde::Serialize) -> HttpResponse {
    let Ok(result) = serde_json::to_string(result) else { return internal_error(id) };
    answer(format!(r#"{{"id":{id},"result":{result}}}"#))
}

/// An answer with the `jsonrpc` member, which only some methods send.
pub(super) fn versioned_result(id: &str, result: &impl serde::Serialize) -> HttpResponse {
    let Ok(result) = serde_json::to_string(result) else { return internal_error(id) };
    answer(format!(r#"{{"id":{id},"result":{result},"jsonrpc":"2.0"}}"#))
}

/// An error answer; HTTP 200, as observed.
pub(super) fn error(id: &str, refused: &Refused) -> HttpResponse {
    error_with(id, refused.code, &refused.message)
}

pub(super) fn error_with(id: &str, code: &str, message: &str) -> HttpResponse {
    let error = json!({ "code": code, "message": message });
    answer(format!(r#"{{"id":{id},"error":{error},"jsonrpc":"2.0"}}"#))
}

fn internal_error(id: &str) -> HttpResponse {
    error_with(id, "INTERNAL_ERROR", "The answer could not be written")
}

fn answer(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(text)
}
