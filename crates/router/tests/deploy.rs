//! The sample configuration in `deploy/`: as it is delivered it is refused, and every key that has to be
//! filled in is named; filled in it is accepted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use tempfile::TempDir;

/// Settings that are left empty, or out, and what a bank might write there.
const IN_THE_FILE: [(&str, &str); 34] = [
    ("netxd.clients[0].key_id", "\"700431\""),
    ("netxd.clients[0].credential_sha256", HASH),
    ("netxd.upstream.base_url", "\"https://ledger.bank.example\""),
    ("netxd.upstream.key_id", "\"700440\""),
    ("way4.clients[0].client_id", "\"ssp\""),
    ("way4.clients[0].client_secret_sha256", HASH),
    ("way4.clients[0].bank_ids", "[\"NIC\"]"),
    ("way4.upstream.base_url", "\"https://processor.example\""),
    ("way4.upstream.client_id", "\"gateway\""),
    ("way4.upstream.fi_code", "\"362\""),
    ("way4.upstream.bank_id", "\"NIC\""),
    ("way4.upstream.src_application", "\"BNK\""),
    ("capillary.orgs[0].org_id", "100000"),
    ("capillary.orgs[0].accepted_origins", "[\"https://crm.example\"]"),
    ("capillary.orgs[0].labels", "{ Active = \"ACTIVE\", Suspended = \"SUSPENDED\" }"),
    ("capillary.orgs[0].label_for", "{ ACTIVE = \"Active\", SUSPENDED = \"Suspended\" }"),
    ("capillary.orgs[0].tills[0].till", "\"till.one\""),
    ("capillary.orgs[0].tills[0].password_md5_sha256", HASH),
    ("capillary.orgs[0].tills[0].person_id", "\"u-1\""),
    ("capillary.orgs[0].oauth_clients[0].key", "\"connector\""),
    ("capillary.orgs[0].oauth_clients[0].secret_sha256", HASH),
    ("capillary.orgs[0].oauth_clients[0].number", "12"),
    ("capillary.orgs[0].user_issuers[0].issuer", "\"https://login.bank.example\""),
    ("capillary.orgs[0].user_issuers[0].audience", "\"statusgate\""),
    ("capillary.upstream.base_url", "\"https://crm.example\""),
    ("capillary.upstream.org_id", "100000"),
    ("capillary.upstream.till", "\"till.gateway\""),
    ("n4n.clients[0].username", "\"platform\""),
    ("n4n.clients[0].key_sha256", HASH),
    ("n4n.clients[0].addresses", "[\"192.0.2.0/24\"]"),
    ("n4n.upstream.base_url", "\"https://n4n.example\""),
    // With the default, which is empty, nothing would be wrong: filled in so that every line is tried.
    ("n4n.lock_when", "[\"BLOCKED\"]"),
    ("netxd.clients[0].api_key_sha256", HASH),
    ("way4.fi_codes", "{ \"362\" = \"NIC\" }"),
];

/// Those of them that may stay as they are.
const OPTIONAL: [&str; 3] = ["n4n.lock_when", "netxd.clients[0].api_key_sha256", "way4.fi_codes"];

const HASH: &str = "\"35705a1bb8ed4d1083181818327d2c5a90b8109446f7aa6066a92738535cf1c0\"";

/// Secrets, which come from the environment.
const IN_THE_ENVIRONMENT: [(&str, &str); 7] = [
    ("netxd.upstream.credential", "Basic dGhyb3dhd2F5OnRocm93YXdheQ=="),
    ("netxd.upstream.api_key", "0123456789abcdef"),
    ("way4.token_secret", "thirty-two throwaway bytes of it"),
    ("way4.upstream.client_secret", "throwaway"),
    ("capillary.upstream.password_md5", "52f05e21ccf703bc95476e8ea5b5a442"),
    ("n4n.upstream.api_key", "00112233445566778899aabbccddeeff"),
    ("n4n.upstream.api_username", "gateway"),
];

/// Settings that name a key file.
const IN_FILES: [(&str, &str); 5] = [
    ("audit.signing_key_file", "audit.pem"),
    ("netxd.clients[0].public_key_file", "channel.pem"),
    ("netxd.upstream.private_key_file", "netxd.pem"),
    ("capillary.oauth.signing_key_file", "oauth.pem"),
    ("capillary.orgs[0].user_issuers[0].public_key_file", "users.pem"),
];

/// Settings whose absence is said in other words than `PATH: …`: an adapter names its own setting after
/// the section, and the labels are missed where they are sent.
const SAID_OTHERWISE: [(&str, &str); 8] = [
    ("netxd.upstream.key_id", "netxd.upstream: the key id"),
    ("way4.upstream.client_id", "way4.upstream: client_id"),
    ("way4.upstream.bank_id", "way4.upstream: bank_id"),
    ("way4.upstream.src_application", "way4.upstream: src_application"),
    ("way4.upstream.fi_code", "way4.upstream: fi_code"),
    ("capillary.upstream.till", "capillary.upstream: needs either till and password_md5"),
    ("capillary.upstream.password_md5", "capillary.upstream: needs either till and password_md5"),
    ("capillary.orgs[0].label_for", "capillary.upstream.label_for: "),
];

#[test]
fn the_sample_configuration_is_accepted_once_it_is_filled_in() {
    let sample = Sample::new();
    for (path, value) in IN_THE_FILE {
        sample.fill(path, value);
    }
    for (_, file) in IN_FILES {
        sample.write_key(file);
    }
    let output = sample.check(&IN_THE_ENVIRONMENT.map(|(path, _)| path));
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    // Not even a warning.
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// A setting at a time, in whichever order they are asked for.
#[test]
fn every_setting_that_has_to_be_filled_in_is_named_until_it_is() {
    let sample = Sample::new();
    let mut open: Vec<&str> = IN_THE_FILE
        .iter()
        .chain(&IN_THE_ENVIRONMENT)
        .chain(&IN_FILES)
        .map(|(path, _)| *path)
        .collect();
    open.retain(|path| !OPTIONAL.contains(path));
    let mut given = Vec::new();
    while !open.is_empty() {
        let output = sample.check(&given);
        let said = said(&output);
        assert!(!output.status.success(), "accepted although {open:?} are not filled in");
        let (named, rest): (Vec<&str>, Vec<&str>) =
            open.iter().partition(|path| is_named(path, &said));
        assert!(!named.is_empty(), "none of {rest:?} is named:\n{said}");
        for path in named {
            if let Some((_, value)) = IN_THE_FILE.iter().find(|(one, _)| *one == path) {
                sample.fill(path, value);
            } else if let Some((_, file)) = IN_FILES.iter().find(|(one, _)| *one == path) {
                sample.write_key(file);
            } else {
                given.push(path);
            }
        }
        open = rest;
    }
    let output = sample.check(&given);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn no_secret_stands_in_the_sample_configuration() {
    let text = fs::read_to_string(Sample::source()).unwrap();
    for (path, _) in IN_THE_ENVIRONMENT {
        let (section, setting) = path.rsplit_once('.').unwrap();
        let (_, body) = text.split_once(&format!("\n[{section}]\n")).unwrap();
        let body = body.split("\n[").next().unwrap();
        assert!(!body.lines().any(|line| line.starts_with(&format!("{setting} ="))), "{path}");
        let variable = variable(path);
        assert!(text.contains(&variable), "{variable} is not mentioned");
    }
}

fn is_named(path: &str, said: &str) -> bool {
    let otherwise = SAID_OTHERWISE.iter().find(|(one, _)| *one == path);
    let expected = otherwise.map_or_else(|| format!("{path}: "), |(_, text)| (*text).to_owned());
    said.lines().any(|line| line.trim_start_matches("Error: ").starts_with(&expected))
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

fn variable(path: &str) -> String {
    format!("STATUSGATE__{}", path.replace('.', "__").to_uppercase())
}

/// A copy of the sample in a directory of its own.
struct Sample(TempDir);

impl Sample {
    fn source() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/statusgate.example.toml")
    }

    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("keys")).unwrap();
        fs::copy(Self::source(), directory.path().join("statusgate.toml")).unwrap();
        Self(directory)
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("statusgate.toml")
    }

    /// Writes a value where the sample has an empty one, or one that is commented out.
    #[track_caller]
    fn fill(&self, path: &str, value: &str) {
        let (section, setting) = path.rsplit_once('.').unwrap();
        let header = match section.strip_suffix("[0]") {
            Some(list) => format!("[[{}]]", list.replace("[0]", "")),
            None => format!("[{section}]"),
        };
        let text = fs::read_to_string(self.file()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let start = lines.iter().position(|line| *line == header).unwrap();
        let wanted = format!("{setting} =");
        let is_it = |line: &&mut String| line.trim_start_matches("# ").starts_with(&wanted);
        let mut body = lines.iter_mut().skip(start + 1).take_while(|line| !line.starts_with('['));
        let Some(line) = body.by_ref().find(|line| is_it(line)) else {
            panic!("{path} is not in the sample");
        };
        *line = format!("{wanted} {value}");
        fs::write(self.file(), lines.join("\n")).unwrap();
    }

    /// Makes a throwaway key of the kind that the file is to hold.
    fn write_key(&self, file: &str) {
        let text = |tag: &str, der: &[u8]| pem::encode(&pem::Pem::new(tag, der));
        let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let key = match file {
            "oauth.pem" => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
                let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                text("PRIVATE KEY", private.as_ref())
            }
            "audit.pem" => {
                let pair = Ed25519KeyPair::generate().unwrap();
                text("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref())
            }
            "netxd.pem" => text("PRIVATE KEY", elliptic.to_pkcs8v1().unwrap().as_ref()),
            _ => {
                let public: PublicKeyX509Der<'_> = elliptic.public_key().as_der().unwrap();
                text("PUBLIC KEY", public.as_ref())
            }
        };
        fs::write(self.0.path().join("keys").join(file), key).unwrap();
    }

    /// Runs `check-config` with these secrets in the environment, and nothing else.
    fn check(&self, given: &[&str]) -> Output {
        let secrets = IN_THE_ENVIRONMENT.iter().filter(|(path, _)| given.contains(path));
        let mut command = Command::new(env!("CARGO_BIN_EXE_statusgate"));
        command.env_clear().envs(secrets.map(|(path, secret)| (variable(path), *secret)));
        command.arg("check-config").arg(self.file()).output().unwrap()
    }
}
