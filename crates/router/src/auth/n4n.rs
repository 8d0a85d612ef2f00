//! N4N: a user name and its key, from a listed address.
//!
//! # Source
//!
//! Too Much Media, *API overview*: headers `api-key` and `api-username`, and a list of addresses.

use std::collections::HashMap;
use std::net::IpAddr;

use secrecy::SecretString;

use super::{Caller, Rejected, rejected, secret, technical};
use crate::config::n4n::N4nConfig;
use crate::config::values::{AddressRange, FormatName, Sha256Hash};

/// The accounts.
pub(super) struct Accounts(HashMap<String, Account>);

struct Account {
    key: Sha256Hash,
    addresses: Vec<AddressRange>,
    caller: Caller,
}

impl Accounts {
    pub(super) fn new(config: Option<&N4nConfig>) -> Self {
        let clients = config.iter().flat_map(|config| &config.clients);
        let account = |client: &crate::config::n4n::N4nClient| Account {
            key: client.key_sha256,
            addresses: client.addresses.clone(),
            caller: technical(FormatName::N4n, &client.name, &client.tenant, client.answer_when),
        };
        Self(clients.map(|client| (client.username.clone(), account(client))).collect())
    }

    pub(super) fn authenticate(
        &self,
        username: &str,
        key: &SecretString,
        peer: IpAddr,
    ) -> Result<Caller, Rejected> {
        let account = self.0.get(username);
        let is_listed =
            account.is_some_and(|account| account.addresses.iter().any(|one| one.contains(peer)));
        let has_key = secret::matches(key, account.map(|account| &account.key));
        let account = account.ok_or(rejected("unknown user name"))?;
        if !is_listed {
            return Err(rejected("address is not listed"));
        }
        if !has_key {
            return Err(rejected("key does not match"));
        }
        Ok(account.caller.clone())
    }
}
