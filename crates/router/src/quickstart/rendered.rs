//! The two files that are written at every start.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::Addresses;
use super::credentials::{
    AUDIT_KEY_FILE, CLIENT_KEY_FILE, Credentials, GATEWAY_KEY_FILE, ORG_ID, USER_AUDIENCE,
    USER_ISSUER, User,
};
use super::simulated::{BANK_ID, FI_CODE, LABELS};
use crate::config::values::Sha256Hash;

/// The gateway's configuration.
pub(super) fn configuration(credentials: &Credentials, addresses: &Addresses) -> String {
    let mut text = format!(
        "# Written by `statusgate quickstart` at every start; changes to it are lost.\n\
         # For development only: `statusgate serve` refuses it.\n\
         development = true\n\n\
         [server]\nlisten = \"{}\"\n\n\
         [store]\nurl = \"sqlite:statusgate.db\"\n\n\
         [audit]\nsigning_key_file = \"{AUDIT_KEY_FILE}\"\n",
        addresses.gateway
    );
    text.push_str(&netxd(credentials, addresses));
    text.push_str(&way4(credentials, addresses));
    text.push_str(&capillary(credentials, addresses));
    text.push_str(&n4n(credentials, addresses));
    text
}

fn netxd(credentials: &Credentials, addresses: &Addresses) -> String {
    let (client, gateway) = (&credentials.netxd_client, &credentials.netxd_gateway);
    format!(
        "\n[[netxd.clients]]\nname = \"channel\"\nkey_id = {}\npublic_key = {}\n\
         credential_sha256 = {}\napi_key_sha256 = {}\n\n\
         [netxd.upstream]\nbase_url = {}\nkey_id = {}\ncredential = {}\napi_key = {}\n\
         private_key_file = {}\n",
        quoted(&client.key_id),
        quoted(&client.public_key),
        hash(&client.credential()),
        hash(&client.api_key),
        url(addresses.netxd),
        quoted(&gateway.key_id),
        quoted(&gateway.credential()),
        quoted(&gateway.api_key),
        quoted(GATEWAY_KEY_FILE),
    )
}

fn way4(credentials: &Credentials, addresses: &Addresses) -> String {
    let (client, gateway) = (&credentials.ni_client, &credentials.ni_gateway);
    format!(
        "\n[way4]\ntoken_secret = {}\nfi_codes = {{ \"{FI_CODE}\" = \"{BANK_ID}\" }}\n\n\
         [[way4.clients]]\nname = \"ssp\"\nclient_id = {}\nclient_secret_sha256 = {}\n\
         bank_ids = [\"{BANK_ID}\"]\n\n\
         [way4.upstream]\nbase_url = {}\nclient_id = {}\nclient_secret = {}\n\
         fi_code = \"{FI_CODE}\"\nbank_id = \"{BANK_ID}\"\nsrc_application = \"BNK\"\n\
         bc_channel = \"TIB1\"\n",
        quoted(&credentials.ni_token_secret),
        quoted(&client.name),
        hash(&client.secret),
        url(addresses.way4),
        quoted(&gateway.name),
        quoted(&gateway.secret),
    )
}

fn capillary(credentials: &Credentials, addresses: &Addresses) -> String {
    let list = |entries: [String; LABELS.len()]| entries.join(", ");
    let labels = list(LABELS.map(|(label, status, _)| format!("{label} = \"{status}\"")));
    let label_for = list(LABELS.map(|(label, status, _)| format!("{status} = \"{label}\"")));
    let base_url = url(addresses.capillary);
    let mut text = format!(
        "\n[[capillary.orgs]]\norg_id = {ORG_ID}\n\
         accepted_origins = [\"https://eu.api.capillarytech.com\", {base_url}]\n\
         labels = {{ {labels} }}\nlabel_for = {{ {label_for} }}\n\n\
         [[capillary.orgs.user_issuers]]\nissuer = \"{USER_ISSUER}\"\n\
         audience = \"{USER_AUDIENCE}\"\nalgorithm = \"ES256\"\npublic_key = {}\n",
        quoted(&credentials.users_public_key),
    );
    text.push_str(&till(&credentials.maker, "maker"));
    text.push_str(&till(&credentials.checker, "checker"));
    let gateway = &credentials.capillary_gateway;
    let upstream = format!(
        "\n[capillary.upstream]\nbase_url = {base_url}\norg_id = {ORG_ID}\ntill = {}\n\
         password_md5 = {}\n",
        quoted(&gateway.code),
        quoted(&gateway.password_md5),
    );
    text + &upstream
}

fn till(user: &User, role: &str) -> String {
    format!(
        "\n[[capillary.orgs.tills]]\ntill = {}\npassword_md5_sha256 = {}\nperson_id = {}\n\
         person_number = {}\nperson_name = {}\nroles = [\"{role}\"]\n",
        quoted(&user.till.code),
        hash(&user.till.password_md5),
        quoted(&user.id),
        user.number,
        quoted(&user.name),
    )
}

fn n4n(credentials: &Credentials, addresses: &Addresses) -> String {
    let (client, gateway) = (&credentials.n4n_client, &credentials.n4n_gateway);
    format!(
        "\n[n4n]\nlock_when = [\"BLOCKED\", \"BLACKLISTED\", \"CLOSED\"]\n\n\
         [[n4n.clients]]\nname = \"channel\"\nusername = {}\nkey_sha256 = {}\n\
         addresses = [\"127.0.0.0/8\", \"::1\"]\n\n\
         [n4n.upstream]\nbase_url = {}\napi_key = {}\napi_username = {}\n",
        quoted(&client.name),
        hash(&client.secret),
        url(addresses.n4n),
        quoted(&gateway.secret),
        quoted(&gateway.name),
    )
}

/// The variables for the example scripts, one a line, to be sourced by a shell.
pub(super) fn variables(
    credentials: &Credentials,
    addresses: &Addresses,
    directory: &Path,
) -> String {
    let netxd = &credentials.netxd_client;
    let private_key = directory.join(CLIENT_KEY_FILE);
    let variables = [
        ("STATUSGATE_URL", format!("http://{}", reachable(addresses.gateway))),
        ("NETXD_KEY_ID", netxd.key_id.clone()),
        ("NETXD_CREDENTIAL", netxd.credential()),
        ("NETXD_API_KEY", netxd.api_key.clone()),
        ("NETXD_PRIVATE_KEY", private_key.to_string_lossy().into_owned()),
        ("NI_CLIENT_ID", credentials.ni_client.name.clone()),
        ("NI_CLIENT_SECRET", credentials.ni_client.secret.clone()),
        ("NI_BANK_ID", BANK_ID.to_owned()),
        ("CAPILLARY_ORG_ID", ORG_ID.to_string()),
        ("CAPILLARY_MAKER_TOKEN", credentials.maker.token.clone()),
        ("CAPILLARY_CHECKER_TOKEN", credentials.checker.token.clone()),
        ("CAPILLARY_MAKER_BASIC", credentials.maker.till.basic()),
        ("CAPILLARY_CHECKER_BASIC", credentials.checker.till.basic()),
        ("N4N_API_KEY", credentials.n4n_client.secret.clone()),
        ("N4N_API_USERNAME", credentials.n4n_client.name.clone()),
    ];
    let mut text = String::new();
    for (name, value) in variables {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}={}", shell_word(&value));
    }
    text
}

/// Where a listener on all addresses is found from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    (ip, listen.port()).into()
}

/// The word in single quotes, unless it can do without.
fn shell_word(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=+@%,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn url(address: SocketAddr) -> String {
    quoted(&format!("http://{}", reachable(address)))
}

fn hash(secret: &str) -> String {
    quoted(&Sha256Hash::of(secret.as_bytes()).to_hex())
}

/// The text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_take_it_apart() {
        assert_eq!(shell_word("dGlsbDptZDU="), "dGlsbDptZDU=");
        assert_eq!(shell_word("Basic abc="), "'Basic abc='");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_loopback() {
        let reached = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("192.0.2.1:80"), "192.0.2.1:80");
    }
}
