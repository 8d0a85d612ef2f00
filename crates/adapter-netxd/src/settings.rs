//! What an operator may set. Plain data: reading configuration is the router's business.

use std::collections::BTreeMap;

use http::{StatusCode, Uri};
use secrecy::SecretString;

use crate::codes::{CodeClass, OwnCode, is_vendor_code};

/// How callers are answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DownstreamSettings {
    /// HTTP status of the answer to a body that is not JSON. 200 by default, as with every other
    /// application error of this format; some clients prefer 400.
    pub syntax_status: StatusCode,
    /// Codes in place of the shipped ones. 1-64 visible ASCII characters, none of the vendor's own.
    pub codes: BTreeMap<OwnCode, String>,
    /// What becomes of an `UpdateCustomer` payload with members that the vendor's page does not list.
    pub unknown_details: UnknownDetails,
}

impl Default for DownstreamSettings {
    fn default() -> Self {
        Self {
            syntax_status: StatusCode::OK,
            codes: BTreeMap::new(),
            unknown_details: UnknownDetails::Refuse,
        }
    }
}

/// What becomes of details that the vendor's page does not list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownDetails {
    /// The request is refused: a detail that is not passed on must not be answered as changed.
    #[default]
    Refuse,
    /// They are left out, as a ledger that does not know them would do.
    Ignore,
}

/// Where a NetXD ledger is and how it is called.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// Scheme, host and an optional path prefix. `/jsonrpc` is appended. No user info, no query.
    pub base_url: Uri,
    /// Id under which the gateway's public key is registered.
    pub key_id: String,
    /// The whole `credential`: `Basic ` and the base64 of user name, colon, API key.
    pub credential: SecretString,
    /// The `apiKey` that `UpdateCustomer` carries besides.
    pub api_key: SecretString,
    /// Meaning of the ledger's error codes, laid over the shipped table. The vendor does not publish
    /// most of its codes, so this grows with what is learned in operation.
    pub code_classes: BTreeMap<String, CodeClass>,
    /// Whether an answer that names another customer than the request leaves the outcome unknown. Off by
    /// default, because the vendor's own sample shows such an answer.
    pub check_customer_id: bool,
}

/// A setting that cannot be used. Says which one and never repeats its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSettings {
    /// A code is empty, too long, not visible ASCII, or one of the vendor's.
    #[error("the code for {} must be 1-64 visible ASCII characters and no code of the vendor's", .0.as_str())]
    Code(OwnCode),
    /// The status for unreadable bodies is neither 200 nor 400.
    #[error("the HTTP status for a body that is not JSON is 200 or 400")]
    SyntaxStatus,
    /// The address cannot be called.
    #[error("the base URL needs a scheme and a host, and neither user info nor a query")]
    BaseUrl,
    /// The key id is empty.
    #[error("the key id is empty")]
    KeyId,
}

impl DownstreamSettings {
    pub(crate) fn check(&self) -> Result<(), InvalidSettings> {
        if ![StatusCode::OK, StatusCode::BAD_REQUEST].contains(&self.syntax_status) {
            return Err(InvalidSettings::SyntaxStatus);
        }
        let usable = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic())
                && !is_vendor_code(text)
        };
        match self.codes.iter().find(|(_, text)| !usable(text)) {
            Some((code, _)) => Err(InvalidSettings::Code(*code)),
            None => Ok(()),
        }
    }

    /// The text by which `code` is answered.
    pub(crate) fn code(&self, code: OwnCode) -> &str {
        self.codes.get(&code).map_or(code.as_str(), String::as_str)
    }
}

impl UpstreamSettings {
    /// Settings with the shipped table of codes.
    #[must_use]
    pub const fn new(
        base_url: Uri,
        key_id: String,
        credential: SecretString,
        api_key: SecretString,
    ) -> Self {
        let code_classes = BTreeMap::new();
        Self { base_url, key_id, credential, api_key, code_classes, check_customer_id: false }
    }

    /// The address that calls go to.
    pub(crate) fn endpoint(&self) -> Result<Uri, InvalidSettings> {
        let (Some(scheme), Some(authority)) = (self.base_url.scheme(), self.base_url.authority())
        else {
            return Err(InvalidSettings::BaseUrl);
        };
        if authority.as_str().contains('@') || self.base_url.query().is_some() {
            return Err(InvalidSettings::BaseUrl);
        }
        let prefix = self.base_url.path().trim_end_matches('/');
        Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query(format!("{prefix}/jsonrpc"))
            .build()
            .map_err(|_| InvalidSettings::BaseUrl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(base_url: &'static str) -> UpstreamSettings {
        let secret = || SecretString::from("tell-no-one");
        UpstreamSettings::new(Uri::from_static(base_url), "700431".into(), secret(), secret())
    }

    #[test]
    fn the_path_is_appended_to_the_base_url() {
        let endpoint = |base| upstream(base).endpoint().map(|uri| uri.to_string());
        assert_eq!(endpoint("https://l.test"), Ok("https://l.test/jsonrpc".into()));
        assert_eq!(
            endpoint("https://l.test:9101/PL/"),
            Ok("https://l.test:9101/PL/jsonrpc".into())
        );
    }

    #[test]
    fn a_base_url_with_user_info_or_query_or_without_host_is_refused() {
        for base in ["https://u:p@l.test/", "https://l.test/?a=b", "/jsonrpc"] {
            assert_eq!(upstream(base).endpoint(), Err(InvalidSettings::BaseUrl), "{base}");
        }
    }

    #[test]
    fn settings_do_not_print_their_secrets() {
        assert!(!format!("{:?}", upstream("https://l.test")).contains("tell-no-one"));
    }

    #[test]
    fn an_own_code_cannot_be_set_to_one_of_the_vendors() {
        let set = |text: &str| DownstreamSettings {
            codes: BTreeMap::from([(OwnCode::PendingApproval, text.into())]),
            ..DownstreamSettings::default()
        };
        assert_eq!(set("GW_PENDING").check(), Ok(()));
        for text in ["NOT_FOUND_CUSTOMER", "9999", "", "two words"] {
            let refused = Err(InvalidSettings::Code(OwnCode::PendingApproval));
            assert_eq!(set(text).check(), refused, "{text}");
        }
    }
}
