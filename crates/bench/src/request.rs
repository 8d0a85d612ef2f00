//! Requests as they stand on the wire.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Range;

use anyhow::Context as _;
use serde_json::json;

/// Contracts, and customers, that requests are spread over.
pub(crate) const SUBJECTS: u32 = 1000;

/// Path of the WAY4 call.
pub(crate) const WAY4_PATH: &str = "/AccountServices/Transaction/V2/AccountStatusChange";

/// What the answer to a WAY4 request that succeeded contains.
pub(crate) const WAY4_SUCCESS: &str = r#""status":"S""#;

// As long as what they stand for.
const MSG_ID: &str = "MSGIDMSGIDMS";
const CONTRACT: &str = "CONTRACTCONTRACTCON";
const CODE: &str = "CODE";

/// A WAY4 request whose varying parts are overwritten in place, which costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Way4Template {
    bytes: Vec<u8>,
    msg_id: Range<usize>,
    contract: Range<usize>,
    code: usize,
}

impl Way4Template {
    /// A request to `address` with this bearer token.
    pub(crate) fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let (before, after) = way4_body(MSG_ID, CONTRACT, CODE)
            .split_once(CODE)
            .map(|(before, after)| (before.to_owned(), after.to_owned()))
            .context("the body has no place for the code")?;
        let extra = format!("authorization: Bearer {token}\r\n");
        let text = post(address, WAY4_PATH, &extra, &format!("{before}_{after}"));
        let place = |what: &str| {
            let start = text.find(what).context("the request lacks a part")?;
            anyhow::Ok(start..start + what.len())
        };
        let (msg_id, contract) = (place(MSG_ID)?, place(CONTRACT)?);
        let code = text.len() - after.len() - 1;
        Ok(Self { bytes: text.into_bytes(), msg_id, contract, code })
    }

    /// Writes the request with this message number: contract number `contract` is blocked, or the
    /// block is taken off.
    pub(crate) fn write(&self, into: &mut Vec<u8>, msg_id: u64, contract: u32, blocked: bool) {
        let start = into.len();
        into.extend_from_slice(&self.bytes);
        let request = &mut into[start..];
        overwrite(request, &self.msg_id, msg_id_text(msg_id).as_bytes());
        overwrite(request, &self.contract, contract_number(contract).as_bytes());
        request[self.code] = if blocked { b'O' } else { b'_' };
    }
}

fn overwrite(request: &mut [u8], place: &Range<usize>, with: &[u8]) {
    // The places were found in this very text, and what goes there has their length.
    request[place.clone()].copy_from_slice(with);
}

/// The vendor's sample with these values.
///
/// # Source
///
/// Network International, *Account Status Change*, version 2.
pub(crate) fn way4_body(msg_id: &str, contract: &str, code: &str) -> String {
    json!({"NISrvRequest": {"request_account_status_change": {
        "header": {
            "msg_id": msg_id,
            "msg_type": "TRANSACTION",
            "msg_function": "REQ_ACCOUNT_STATUS_CHANGE",
            "src_application": "BNK",
            "target_application": "WAY4",
            "timestamp": "2023-03-03T17:01:21.609+04:00",
            "tracking_id": "13221413256",
            "bank_id": "NIC"
        },
        "body": {
            "account_identifier_type": "CONTRACT_NUMBER",
            "account_identifier_id": contract,
            "status": { "type": "BCC-ACC1-362", "value": code },
            "custom_fields": [{ "key": "bc_channel", "value": "TIB1" }]
        }
    }}})
    .to_string()
}

/// A message number of 12 digits.
pub(crate) fn msg_id_text(number: u64) -> String {
    format!("{:012}", number % 1_000_000_000_000)
}

/// A contract number of 19 digits.
pub(crate) fn contract_number(number: u32) -> String {
    format!("000362{number:013}")
}

/// The NetXD id of a customer.
pub(crate) fn customer_number(number: u32) -> String {
    format!("1000000{number:08}")
}

/// Contracts that belong to nobody and that only WAY4 knows.
pub(crate) fn contracts() -> String {
    crosswalk(|text, number| {
        let contract = contract_number(number);
        writeln!(text, "contract-{number},account,,way4,contract_number,{contract}")
    })
}

/// Customers that only NetXD knows.
pub(crate) fn customers() -> String {
    crosswalk(|text, number| {
        let customer = customer_number(number);
        writeln!(text, "customer-{number},customer,,netxd,customer_id,{customer}")
    })
}

/// Customers that NetXD, Capillary and N4N know, with a contract each that WAY4 knows.
pub(crate) fn linked() -> String {
    crosswalk(|text, number| {
        let name = format!("customer-{number}");
        writeln!(text, "{name},customer,,netxd,customer_id,{}", customer_number(number))?;
        writeln!(text, "{name},customer,,capillary,mobile,9198{number:08}")?;
        writeln!(text, "{name},customer,,n4n,customer_id,{}", 5_000_000 + number)?;
        let contract = contract_number(number);
        writeln!(text, "contract-{number},account,{name},way4,contract_number,{contract}")
    })
}

fn crosswalk(line: impl Fn(&mut String, u32) -> std::fmt::Result) -> String {
    let mut text = "subject,kind,parent,system,identifier,value\n".to_owned();
    for number in 0..SUBJECTS {
        // Writing to a String cannot fail.
        let _ = line(&mut text, number);
    }
    text
}

/// A POST request with a body in JSON. `extra` is further header lines, each with its line end.
pub(crate) fn post(address: SocketAddr, path: &str, extra: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         {extra}content-length: {length}\r\n\r\n{body}"
    )
}

/// The same with a form for a body.
pub(crate) fn post_form(address: SocketAddr, path: &str, body: &str) -> String {
    post(address, path, "", body).replacen(
        "application/json",
        "application/x-www-form-urlencoded",
        1,
    )
}

/// A GET request.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_request_are_overwritten_where_they_stand() {
        let address = "127.0.0.1:80".parse().unwrap();
        let template = Way4Template::new(address, "token").unwrap();
        let mut request = Vec::new();
        template.write(&mut request, 7, 12, true);
        let expected = post(
            address,
            WAY4_PATH,
            "authorization: Bearer token\r\n",
            &way4_body("000000000007", "0003620000000000012", "O"),
        );
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }

    #[test]
    fn every_customer_of_the_crosswalk_is_known_to_four_systems() {
        let rows = router::crosswalk::read(linked().as_bytes()).unwrap();
        assert_eq!(rows.len(), 2 * SUBJECTS as usize);
        let names: usize = rows.iter().map(|row| row.identifiers.len()).sum();
        assert_eq!(names, 4 * SUBJECTS as usize);
    }
}
