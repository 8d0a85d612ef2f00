//! What a call is answered with.

use std::fmt;

use serde_json::Value;

/// An answer, read whole.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers by name, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Body, byte for byte.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(header).collect();
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The value at a JSON pointer in the body; null if there is none.
    pub(crate) fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// WAY4: status and error code, as in `S 000`.
    pub(crate) fn way4(&self) -> String {
        let of = |field: &str| {
            let pointer =
                format!("/NISrvResponse/response_account_status_change/exception_details/{field}");
            self.at(&pointer).as_str().unwrap_or("?").to_owned()
        };
        format!("{} {}", of("status"), of("error_code"))
    }

    /// NetXD: the error's code, or `ok` where there is a result and no error.
    pub(crate) fn netxd(&self) -> String {
        let body = self.json();
        match (body.get("result"), body.get("error")) {
            (Some(_), None) => "ok".to_owned(),
            (None, Some(error)) => error["code"].as_str().unwrap().to_owned(),
            both => format!("neither answer nor error: {both:?}"),
        }
    }

    /// Capillary: the request's state, or the HTTP status where there is none.
    pub(crate) fn state(&self) -> String {
        let state = self.at("/data/state");
        state.as_str().map_or_else(|| format!("HTTP {}", self.status), str::to_owned)
    }

    /// Capillary: the request's id.
    pub(crate) fn request_id(&self) -> String {
        self.at("/data/requestId").as_str().unwrap().to_owned()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}
