//! The envelope of a request: id, method, credentials, and the payload with its raw text.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use status_domain::adapter::{Credentials, SignedPayload};
use status_domain::answer::{DecodeError, Problem};

use crate::json::{self, Fault, Members, Node};
use crate::wire;

/// Longest id that is echoed, in characters. The vendor states no limit.
const ID_MAX: usize = 64;

/// A request's id as it stood on the wire, or null if there is none that can be echoed.
#[derive(Clone)]
pub(crate) struct Id(Option<Box<RawValue>>);

impl Id {
    pub(crate) const NULL: Self = Self(None);
}

/// The caller chose it, so it may hold anything.
impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Id(***)" } else { "Id(null)" })
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(output)
    }
}

/// A request as far as it could be read.
pub(crate) struct Envelope {
    pub(crate) id: Id,
    pub(crate) credentials: Credentials,
    pub(crate) call: Result<Call, DecodeError>,
}

/// Which method is called, and with what.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) payload: Members,
}

type RawMembers = Vec<(String, Box<RawValue>)>;

impl Envelope {
    /// Reads the body of a request. Fails only if it is not a JSON object.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let members = json::raw_members(body)?;
        let id = read_id(&members);
        let params = read_params(&members);
        let api = params.as_ref().map_err(Clone::clone).and_then(read_api);
        let credentials = match (&params, &api) {
            (Ok(params), Ok(api)) => read_credentials(params, api.clone()),
            (Ok(_) | Err(_), _) => Credentials::Missing,
        };
        let (id, no_id) = match id {
            Ok(id) => (id, None),
            Err(error) => (Id::NULL, Some(error)),
        };
        let call = match no_id {
            Some(error) => Err(error),
            None => read_call(&members, params, api.map(|_| ())),
        };
        Ok(Self { id, credentials, call })
    }
}

/// Reads the id; one that is absent or null is an error, because a change is never made silently.
fn read_id(members: &RawMembers) -> Result<Id, DecodeError> {
    let raw = only(members, "id", "id")?;
    let text = raw.get();
    if text.starts_with('"') {
        let Ok(Node::Text(decoded)) = json::parse(text, 1) else {
            return Err(DecodeError::new("id", Problem::Form("well-formed JSON text")));
        };
        if decoded.chars().count() > ID_MAX {
            return Err(DecodeError::new("id", Problem::TooLong(ID_MAX)));
        }
    } else {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DecodeError::new("id", Problem::WrongType("text or a whole number")));
        }
        if digits.len() > ID_MAX {
            return Err(DecodeError::new("id", Problem::TooLong(ID_MAX)));
        }
    }
    Ok(Id(Some(raw.to_owned())))
}

fn read_params(members: &RawMembers) -> Result<RawMembers, DecodeError> {
    let raw = only(members, "params", "params")?;
    let params =
        json::raw_members(raw.get().as_bytes()).map_err(|fault| wrong("params", &fault))?;
    if json::repeats(&params) {
        return Err(wrong("params", &Fault::Repeated));
    }
    Ok(params)
}

fn read_api(params: &RawMembers) -> Result<Members, DecodeError> {
    object(only(params, "api", "params.api")?, "params.api")
}

/// Reads who the caller says it is. Whatever is missing here is one and the same to the caller.
fn read_credentials(params: &RawMembers, mut api: Members) -> Credentials {
    let Ok(payload) = only(params, "payload", "params.payload") else {
        return Credentials::Missing;
    };
    let api_key = api.take("apiKey");
    let (Some(signature), Some(key_id), Some(credential)) =
        (word(api.take("signature")), word(api.take("keyId")), word(api.take("credential")))
    else {
        return Credentials::Missing;
    };
    let api_key = match api_key {
        None => None,
        // One that is given must hold, so one that cannot be read cannot be passed over.
        Some(node) => match text(Some(node)) {
            Some(key) => Some(SecretString::from(key)),
            None => return Credentials::Missing,
        },
    };
    let raw = Bytes::copy_from_slice(payload.get().as_bytes());
    let compact = json::compact(payload.get());
    let signed = if raw == compact { vec![raw] } else { vec![raw, compact] };
    Credentials::SignedPayload(Box::new(SignedPayload {
        key_id: key_id.into(),
        credential: SecretString::from(credential),
        api_key,
        signature: signature.into(),
        signed,
    }))
}

/// Text without the stray spaces around it that the vendor's samples have, and not empty.
fn word(node: Option<Node>) -> Option<String> {
    text(node).filter(|text| !text.is_empty())
}

fn text(node: Option<Node>) -> Option<String> {
    match node? {
        Node::Text(text) => Some(text.trim().to_owned()),
        Node::Integer(digits) => Some(digits),
        Node::Null | Node::Bool | Node::Fraction | Node::List | Node::Object(_) => None,
    }
}

fn read_call(
    members: &RawMembers,
    params: Result<RawMembers, DecodeError>,
    api: Result<(), DecodeError>,
) -> Result<Call, DecodeError> {
    if json::repeats(members) {
        return Err(wrong("the request", &Fault::Repeated));
    }
    for (_, raw) in members.iter().filter(|(key, _)| !json::is_named(key, "params")) {
        json::parse(raw.get(), 1).map_err(|fault| wrong("the request", &fault))?;
    }
    let version = members.iter().find(|(key, _)| json::is_named(key, "jsonrpc"));
    if let Some((_, raw)) = version
        && json::parse(raw.get(), 1) != Ok(Node::Text(wire::JSONRPC.to_owned()))
    {
        return Err(DecodeError::new("jsonrpc", Problem::Form("absent or \"2.0\"")));
    }
    let Ok(Node::Text(method)) = json::parse(only(members, "method", "method")?.get(), 1) else {
        return Err(DecodeError::new("method", Problem::WrongType("text")));
    };
    let params = params?;
    api?;
    let payload = object(only(&params, "payload", "params.payload")?, "params.payload")?;
    for (_, raw) in &params {
        json::parse(raw.get(), 2).map_err(|fault| wrong("params", &fault))?;
    }
    Ok(Call { method, payload })
}

fn object(raw: &RawValue, field: &'static str) -> Result<Members, DecodeError> {
    match json::parse(raw.get(), 2) {
        Ok(Node::Object(members)) => Ok(members),
        Ok(_) => Err(DecodeError::new(field, Problem::WrongType("an object"))),
        Err(fault) => Err(wrong(field, &fault)),
    }
}

/// The one member of this name. A null counts as not given.
fn only<'a>(
    members: &'a RawMembers,
    name: &str,
    field: &'static str,
) -> Result<&'a RawValue, DecodeError> {
    let mut named = members.iter().filter(|(key, _)| json::is_named(key, name));
    let (first, second) = (named.next(), named.next());
    if second.is_some() {
        return Err(DecodeError::new(field, Problem::Repeated));
    }
    let (_, raw) = first.ok_or(DecodeError::new(field, Problem::Missing))?;
    if raw.get() == "null" { Err(DecodeError::new(field, Problem::Missing)) } else { Ok(raw) }
}

fn wrong(within: &'static str, fault: &Fault) -> DecodeError {
    match fault {
        Fault::Syntax(_) => DecodeError::new(within, Problem::Form("well-formed JSON")),
        Fault::NotAnObject => DecodeError::new(within, Problem::WrongType("an object")),
        Fault::TooDeep => DecodeError::new(within, Problem::Form("nested at most 32 deep")),
        // Which one is not said: a name that a caller chose may hold anything.
        Fault::Repeated => {
            let field = Cow::Owned(format!("a member of {within}"));
            DecodeError { field, problem: Problem::Repeated, code: "" }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn credentials(params: &str) -> Credentials {
        let body = format!(r#"{{"method":"m","id":"1","params":{params}}}"#);
        Envelope::read(body.as_bytes()).unwrap().credentials
    }

    fn signed(params: &str) -> SignedPayload {
        let Credentials::SignedPayload(signed) = credentials(params) else { panic!("not read") };
        *signed
    }

    #[test]
    fn stray_spaces_are_trimmed_in_the_auth_block_and_nowhere_else() {
        let signed = signed(
            r#"{"api":{"signature":" c2ln ","keyId":" 7 ","credential":" Basic eA== ","apiKey":" k "},
                "payload":{"ID":" 1 "}}"#,
        );
        assert_eq!((&*signed.signature, &*signed.key_id), ("c2ln", "7"));
        assert_eq!(signed.credential.expose_secret(), "Basic eA==");
        assert_eq!(signed.api_key.unwrap().expose_secret(), "k");
        assert_eq!(signed.signed, [r#"{"ID":" 1 "}"#]);
    }

    #[test]
    fn a_key_id_may_be_a_number() {
        let signed =
            signed(r#"{"api":{"signature":"s","keyId":700431,"credential":"c"},"payload":{}}"#);
        assert_eq!(&*signed.key_id, "700431");
        assert!(signed.api_key.is_none());
    }

    #[test]
    fn without_a_whole_auth_block_there_are_no_credentials() {
        for params in [
            "null",
            "[]",
            r#"{"payload":{}}"#,
            r#"{"api":{"signature":"s","keyId":"k"},"payload":{}}"#,
            r#"{"api":{"signature":" ","keyId":"k","credential":"c"},"payload":{}}"#,
            r#"{"api":{"signature":"s","keyId":"k","credential":"c","apiKey":{}},"payload":{}}"#,
            r#"{"api":{"signature":"s","keyId":"k","KeyId":"k","credential":"c"},"payload":{}}"#,
            r#"{"api":{"signature":"s","keyId":"k","credential":"c"}}"#,
        ] {
            assert!(matches!(credentials(params), Credentials::Missing), "{params}");
        }
    }

    #[test]
    fn a_pretty_printed_payload_may_be_signed_as_it_stands_or_compacted() {
        let signed = signed(
            "{\"api\":{\"signature\":\"s\",\"keyId\":\"k\",\"credential\":\"c\"},\
             \"payload\" : {\n  \"ID\": \"1\",\n  \"notes\": \"a  b\"\n} }",
        );
        let pretty = "{\n  \"ID\": \"1\",\n  \"notes\": \"a  b\"\n}";
        assert_eq!(signed.signed, [pretty, r#"{"ID":"1","notes":"a  b"}"#]);
    }
}
