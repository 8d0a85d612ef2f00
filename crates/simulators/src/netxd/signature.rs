//! Who may call: key id, credential and the signature over the payload.

use std::io;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::NetxdSettings;
use super::envelope::{Call, Method};

/// The one caller this ledger knows.
pub(super) struct Gate {
    key_id: String,
    credential: SecretString,
    api_key: SecretString,
    public_key: ParsedPublicKey,
}

impl Gate {
    pub(super) fn new(settings: &NetxdSettings) -> io::Result<Self> {
        Ok(Self {
            key_id: settings.key_id.clone(),
            credential: settings.username_and_key.clone(),
            api_key: settings.api_key.clone(),
            public_key: read_public_key(&settings.public_key_pem)?,
        })
    }

    /// Whether the call may run. One answer for every reason, as an oracle helps only attackers.
    pub(super) fn admits(&self, call: &Call<'_>) -> bool {
        let api = &call.api;
        // A wrong apiKey is refused everywhere; only UpdateCustomer demands it.
        let api_key_fits = match &api.api_key {
            Some(api_key) => api_key == self.api_key.expose_secret(),
            None => call.method != Method::UpdateCustomer,
        };
        api.key_id == self.key_id
            && api_key_fits
            && self.knows(&api.credential)
            && self.signed(call.payload.get(), &api.signature)
    }

    fn knows(&self, credential: &str) -> bool {
        credential
            .strip_prefix("Basic ")
            .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
            .is_some_and(|decoded| decoded == self.credential.expose_secret().as_bytes())
    }

    /// The signature covers the payload's bytes, either as sent or without insignificant spaces:
    /// the vendor's samples are indented, while known clients sign the compact form.
    fn signed(&self, payload: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let verifies = |text: &str| self.public_key.verify_sig(text.as_bytes(), &signature).is_ok();
        verifies(payload) || {
            let compacted = compact(payload);
            compacted != payload && verifies(&compacted)
        }
    }
}

/// Reads an SPKI public key in PEM.
fn read_public_key(pem: &str) -> io::Result<ParsedPublicKey> {
    let body: String =
        pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    STANDARD
        .decode(body)
        .ok()
        .and_then(|der| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der).ok())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "public_key_pem is not a P-256 public key in PEM",
            )
        })
}

/// JSON text without the white space outside strings; everything else byte for byte.
fn compact(json: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    json.chars()
        .filter(|character| {
            if in_string {
                if escaped {
                    escaped = false;
                } else if *character == '\\' {
                    escaped = true;
                } else if *character == '"' {
                    in_string = false;
                }
                true
            } else {
                in_string = *character == '"';
                !matches!(character, ' ' | '\t' | '\n' | '\r')
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn compacting_removes_white_space_outside_strings_only() {
        let indented = "{\n  \"a b\" : \"c \\\" d\\\\\" ,\t\"e\": [ 1.0, \"\\u0026\" ]\r\n}";
        assert_eq!(compact(indented), r#"{"a b":"c \" d\\","e":[1.0,"\u0026"]}"#);
    }
}
