use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use status_domain::adapter::{Credentials, Organisation};
use status_domain::ids::System;
use status_domain::principal::Role;

use super::{CREDENTIALS_FILE, PrepareError, Prepared, prepare};
use crate::auth::{Authenticator, Caller};
use crate::clock;

fn start(directory: &Path, listen: &str, simulators: &str) -> Prepared {
    let (listen, simulators) = (listen.parse().unwrap(), simulators.parse().unwrap());
    prepare(directory, listen, simulators, clock::now()).unwrap()
}

fn first_start(directory: &Path) -> Prepared {
    start(directory, "127.0.0.1:8080", "127.0.0.1:9101")
}

fn variables(prepared: &Prepared) -> BTreeMap<String, String> {
    let text = fs::read_to_string(&prepared.env_file).unwrap();
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

#[test]
fn the_variables_are_exactly_those_that_the_examples_source() {
    let directory = tempfile::tempdir().unwrap();
    let variables = variables(&first_start(directory.path()));
    let names: Vec<&str> = variables.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CAPILLARY_CHECKER_BASIC",
            "CAPILLARY_CHECKER_TOKEN",
            "CAPILLARY_MAKER_BASIC",
            "CAPILLARY_MAKER_TOKEN",
            "CAPILLARY_ORG_ID",
            "N4N_API_KEY",
            "N4N_API_USERNAME",
            "NETXD_API_KEY",
            "NETXD_CREDENTIAL",
            "NETXD_KEY_ID",
            "NETXD_PRIVATE_KEY",
            "NI_BANK_ID",
            "NI_CLIENT_ID",
            "NI_CLIENT_SECRET",
            "STATUSGATE_URL",
        ]
    );
    assert_eq!(variables["STATUSGATE_URL"], "http://127.0.0.1:8080");
    let is_key =
        |text: &str| text.len() == 32 && text.bytes().all(|b| b"0123456789abcdef".contains(&b));
    assert!(is_key(&variables["N4N_API_KEY"]));
    assert!(is_key(&variables["NETXD_API_KEY"]));
    let credential = variables["NETXD_CREDENTIAL"].strip_prefix("Basic ").unwrap();
    let decoded = String::from_utf8(STANDARD.decode(credential).unwrap()).unwrap();
    assert_eq!(decoded.split_once(':').unwrap().1, variables["NETXD_API_KEY"]);
}

#[test]
fn the_configuration_has_no_faults_and_is_for_development() {
    let directory = tempfile::tempdir().unwrap();
    let prepared = first_start(directory.path());
    assert!(prepared.config.development);
    assert_eq!(prepared.config.check(), []);
}

#[test]
fn the_variables_open_the_gateway() {
    let directory = tempfile::tempdir().unwrap();
    let prepared = first_start(directory.path());
    let variables = variables(&prepared);
    let authenticator = Authenticator::new(&prepared.config).unwrap();
    let peer = "127.0.0.1".parse().unwrap();
    let authenticate = |format: &'static str, credentials: Credentials| -> Caller {
        let format = System::new(format);
        authenticator.authenticate(&format, &credentials, peer, clock::now()).unwrap()
    };
    let organisation = |basic: Option<&str>, token: Option<&str>| {
        let pair = basic.map(|text| {
            let decoded = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
            let (till, password) = decoded.split_once(':').unwrap();
            (till.into(), password.into())
        });
        let given = Organisation {
            org: Some(variables["CAPILLARY_ORG_ID"].as_str().into()),
            basic: pair,
            client_token: None,
            user_token: token.map(Into::into),
        };
        authenticate("capillary", Credentials::Organisation(Box::new(given))).principal
    };
    let maker = organisation(None, Some(&variables["CAPILLARY_MAKER_TOKEN"]));
    let checker = organisation(None, Some(&variables["CAPILLARY_CHECKER_TOKEN"]));
    assert_eq!(maker.roles, [Role::Maker].into());
    assert_eq!(checker.roles, [Role::Checker].into());
    assert_ne!(maker.person.id, checker.person.id);
    // A person with token or till is the same person.
    assert_eq!(organisation(Some(&variables["CAPILLARY_MAKER_BASIC"]), None), maker);
    assert_eq!(organisation(Some(&variables["CAPILLARY_CHECKER_BASIC"]), None), checker);

    let secret = variables["NI_CLIENT_SECRET"].as_str().into();
    let issued = authenticator.issue_ni_token(&variables["NI_CLIENT_ID"], &secret, clock::now());
    let caller = authenticate("way4", Credentials::Bearer(issued.unwrap().token));
    assert!(authenticator.permits_bank(&caller.principal, &variables["NI_BANK_ID"]));
    authenticate(
        "n4n",
        Credentials::KeyPair {
            username: variables["N4N_API_USERNAME"].as_str().into(),
            key: variables["N4N_API_KEY"].as_str().into(),
        },
    );
}

#[test]
fn the_clients_private_key_signs_what_the_gateway_verifies() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use status_domain::adapter::SignedPayload;

    let directory = tempfile::tempdir().unwrap();
    let prepared = first_start(directory.path());
    let variables = variables(&prepared);
    let pem = fs::read_to_string(&variables["NETXD_PRIVATE_KEY"]).unwrap();
    let der = pem::parse(pem).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.contents()).unwrap();
    let signature = key.sign(&SystemRandom::new(), b"{}").unwrap();
    let signed = SignedPayload {
        key_id: variables["NETXD_KEY_ID"].as_str().into(),
        credential: variables["NETXD_CREDENTIAL"].as_str().into(),
        api_key: Some(variables["NETXD_API_KEY"].as_str().into()),
        signature: STANDARD.encode(signature.as_ref()).into(),
        signed: vec![b"{}".as_slice().into()],
    };
    let credentials = Credentials::SignedPayload(Box::new(signed));
    let authenticator = Authenticator::new(&prepared.config).unwrap();
    let peer = "127.0.0.1".parse().unwrap();
    let format = System::new("netxd");
    assert!(authenticator.authenticate(&format, &credentials, peer, clock::now()).is_ok());
}

#[test]
fn a_second_start_keeps_the_credentials_and_follows_the_addresses() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = variables(&first_start(directory.path()));
    let second = start(directory.path(), "0.0.0.0:8090", "127.0.0.2:9201");
    let mut later = variables(&second);
    assert_eq!(first.remove("STATUSGATE_URL").unwrap(), "http://127.0.0.1:8080");
    assert_eq!(later.remove("STATUSGATE_URL").unwrap(), "http://127.0.0.1:8090");
    assert_eq!(first, later);
    assert_eq!(second.config.server.listen.to_string(), "0.0.0.0:8090");
    let way4 = second.config.way4.unwrap().upstream.unwrap();
    assert_eq!(way4.base_url, "http://127.0.0.2:9202");
    assert_eq!(second.simulators.n4n.0.to_string(), "127.0.0.2:9204");
}

#[test]
fn the_gateways_own_credentials_are_not_those_of_its_clients() {
    let directory = tempfile::tempdir().unwrap();
    let prepared = first_start(directory.path());
    let variables = variables(&prepared);
    let plan = &prepared.simulators;
    let secrets = [
        plan.netxd.1.api_key.expose_secret(),
        plan.way4.1.client_secret.expose_secret(),
        plan.capillary.1.password_md5.expose_secret(),
        plan.n4n.1.api_key.expose_secret(),
    ];
    for secret in secrets {
        assert!(secret.len() >= 32);
        assert!(!variables.values().any(|value| value.contains(secret)));
    }
    let other = tempfile::tempdir().unwrap();
    assert_ne!(first_start(other.path()).simulators.n4n.1.api_key.expose_secret(), secrets[3]);
}

#[test]
fn only_the_owner_can_read_what_is_written() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("var");
    first_start(&directory);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_directory_of_before_there_were_checkpoints_gets_a_key_for_them_and_keeps_it() {
    let directory = tempfile::tempdir().unwrap();
    let before = variables(&first_start(directory.path()));
    let key = directory.path().join("quickstart.audit.pem");
    fs::remove_file(&key).unwrap();
    let again = first_start(directory.path());
    assert_eq!(variables(&again), before);
    let made = again.config.audit.signing_key().unwrap().unwrap().public();
    let kept = first_start(directory.path()).config.audit.signing_key().unwrap().unwrap().public();
    assert_eq!(made, kept);
}

#[test]
fn damaged_credentials_are_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(CREDENTIALS_FILE);
    fs::write(&path, "{\"version\": 1, \"secret\": \"hunter2\"}").unwrap();
    let (listen, first) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    let error = prepare(directory.path(), listen, first, clock::now()).unwrap_err();
    assert!(matches!(error, PrepareError::Damaged { .. }));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(fs::read_to_string(&path).unwrap().contains("hunter2"));
}

#[test]
fn four_ports_in_a_row_are_needed() {
    let directory = tempfile::tempdir().unwrap();
    for first in ["127.0.0.1:0", "127.0.0.1:65533"] {
        let (listen, first) = ("127.0.0.1:1".parse().unwrap(), first.parse().unwrap());
        let error = prepare(directory.path(), listen, first, clock::now()).unwrap_err();
        assert!(matches!(error, PrepareError::Ports));
    }
}
