use std::time::Duration;

use status_domain::ids::System;
use status_domain::policy::Effect;

use super::check::Severity;
use super::server::LogFormat;
use super::values::StoreUrl;
use super::{Config, ConfigError};

const MINIMAL: &str = "[store]\nurl = \"sqlite:gate.db\"\n";

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(&format!("{MINIMAL}{text}"), [])
}

fn overridden(text: &str, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Config::read(&format!("{text}{MINIMAL}"), pairs)
}

/// The path and message of the setting that is refused.
#[track_caller]
fn refused(text: &str) -> (String, String) {
    let error = read(text).unwrap_err();
    let ConfigError::Setting(finding) = error else { panic!("{error}") };
    (finding.key, finding.message)
}

/// What `check` says besides that nobody can call and that there are no checkpoints.
fn findings(text: &str) -> Vec<String> {
    let found = read(text).unwrap().check().into_iter();
    let is_expected =
        |message: &str| message.contains("nobody") || message.contains("no checkpoints");
    found.filter(|one| !is_expected(&one.message)).map(|one| one.to_string()).collect()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = read("").unwrap();
    assert!(!config.development);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.backlog.get(), 1024);
    assert_eq!(config.writer.queue_max.get(), 4096);
    assert_eq!(config.writer.batch_max.get(), 64);
    assert_eq!(config.delivery.attempts_max.get(), 20);
    assert_eq!(config.delivery.lease, Duration::from_secs(60));
    assert_eq!(config.audit.checkpoint_every, Duration::from_secs(60));
    assert_eq!(config.log.format, LogFormat::Human);
    assert_eq!(config.store.url, StoreUrl::Sqlite("gate.db".into()));
}

#[test]
fn the_example_of_the_documentation_is_a_configuration() {
    let manual = include_str!("../../../../docs/configuration.md");
    let (_, rest) = manual.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let config = Config::read(example, []).unwrap();
    assert_eq!(config.policy.rules.len(), 1);
    assert_eq!(config.netxd.unwrap().clients[0].name, "channel");
}

#[test]
fn an_unknown_key_is_refused_with_its_path() {
    assert_eq!(refused("[sevrer]\n").0, "sevrer");
    assert_eq!(refused("[writer]\nqueue_maximum = 5\n").0, "writer.queue_maximum");
    let client = "[[n4n.clients]]\nname = \"a\"\nuser = \"b\"\n";
    let (key, message) = refused(client);
    assert_eq!(key, "n4n.clients[0].user");
    assert!(message.contains("`username`"), "{message}");
}

#[test]
fn a_missing_key_is_named_with_its_path() {
    let (key, message) = refused("[n4n.upstream]\nbase_url = \"https://n4n.example\"\n");
    assert_eq!((&*key, &*message), ("n4n.upstream.api_key", "is missing"));
}

#[test]
fn a_wrong_value_is_named_and_not_repeated() {
    let wrong = [
        ("[writer]\nqueue_max = 0\n", "writer.queue_max"),
        ("[server]\nbody_timeout_ms = 0\n", "server.body_timeout_ms"),
        ("[server]\nlisten = \"hunter2\"\n", "server.listen"),
        ("[delivery]\nattempts_max = \"hunter2\"\n", "delivery.attempts_max"),
        ("netxd = \"hunter2\"\n", "netxd"),
        ("[log]\nformat = \"hunter2\"\n", "log.format"),
        ("[n4n]\nlock_when = [\"hunter2\"]\n", "n4n.lock_when[0]"),
    ];
    for (text, path) in wrong {
        // Whole keys come before the first section.
        let text = if text.starts_with('[') { format!("{MINIMAL}{text}") } else { text.to_owned() };
        let error = Config::read(&text, []).unwrap_err();
        let ConfigError::Setting(finding) = &error else { panic!("{error}") };
        assert_eq!(finding.key, path);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn text_that_is_no_toml_is_refused_without_repeating_it() {
    let error = read("[way4]\ntoken_secret = hunter2 hunter3\n").unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { .. }));
    assert!(error.to_string().contains("line 4"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
}

#[test]
fn an_environment_variable_overrides_the_file() {
    let pairs = [
        ("STATUSGATE__SERVER__LISTEN", "192.0.2.1:9000"),
        ("STATUSGATE__WRITER__BATCH_MAX", "7"),
        ("STATUSGATE__NETXD__PARSE_ERROR_HTTP_STATUS", "400"),
        ("STATUSGATE_URL", "http://elsewhere"),
        ("PATH", "/bin"),
    ];
    let config = overridden("[server]\nlisten = \"127.0.0.1:1\"\n", &pairs).unwrap();
    assert_eq!(config.server.listen.to_string(), "192.0.2.1:9000");
    assert_eq!(config.writer.batch_max.get(), 7);
    assert_eq!(config.netxd.unwrap().parse_error_http_status, Some(400));
}

#[test]
fn an_environment_variable_for_an_unknown_setting_is_refused() {
    let error = overridden("", &[("STATUSGATE__SERVER__LISTN", "x")]).unwrap_err();
    assert!(error.to_string().starts_with("server.listn: "), "{error}");
}

#[test]
fn relative_paths_are_relative_to_the_file_and_key_files_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gate.toml");
    let upstream = "[netxd.upstream]\nbase_url = \"https://x.example\"\nkey_id = \"1\"\n\
                    credential = \"c\"\napi_key = \"a\"\nprivate_key_file = \"ledger.pem\"\n";
    std::fs::write(&path, format!("{MINIMAL}{upstream}")).unwrap();
    let error = Config::read_file(&path).unwrap_err();
    assert!(error.to_string().starts_with("netxd.upstream.private_key_file: "), "{error}");

    std::fs::write(directory.path().join("ledger.pem"), "the key").unwrap();
    let config = Config::read_file(&path).unwrap();
    assert_eq!(config.store.url, StoreUrl::Sqlite(directory.path().join("gate.db")));
    assert!(config.netxd.unwrap().upstream.unwrap().private_key.is_some());

    let twice = format!("{MINIMAL}{upstream}private_key = \"k\"\n");
    std::fs::write(&path, twice).unwrap();
    let error = Config::read_file(&path).unwrap_err();
    assert!(error.to_string().contains("given twice"), "{error}");
}

#[test]
fn a_call_must_end_before_its_lease() {
    let text = "[delivery]\nlease_ms = 4000\n[n4n.upstream]\nbase_url = \"https://n4n.example\"\n\
                api_key = \"k\"\napi_username = \"u\"\n";
    let found = findings(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("n4n.upstream.timeout_ms: "), "{found:?}");
}

#[test]
fn credentials_are_not_sent_in_clear_except_on_loopback() {
    let base_url = |url: &str| {
        findings(&format!(
            "[n4n.upstream]\nbase_url = \"{url}\"\napi_key = \"k\"\napi_username = \"u\"\n"
        ))
    };
    for fine in
        ["https://n4n.example", "http://127.0.0.1:9104", "http://localhost", "http://[::1]:1"]
    {
        assert_eq!(base_url(fine), Vec::<String>::new(), "{fine}");
    }
    assert!(base_url("http://n4n.example")[0].contains("must be https"));
    assert!(!base_url("/jsonrpc").is_empty());
}

#[test]
fn names_that_occur_twice_are_reported() {
    let hash = "0".repeat(64);
    let client = |name: &str| {
        format!(
            "[[n4n.clients]]\nname = \"{name}\"\nusername = \"u\"\nkey_sha256 = \"{hash}\"\n\
             addresses = []\n"
        )
    };
    let found = findings(&format!("{}{}", client("a"), client("a")));
    let says = |start: &str| found.iter().any(|one| one.starts_with(start));
    assert!(says("n4n.clients[1].name: is used twice"), "{found:?}");
    assert!(says("n4n.clients[1].username: is used twice"), "{found:?}");
    assert!(says("n4n.clients[0].addresses: is empty"), "{found:?}");
}

#[test]
fn without_rules_the_shipped_ones_hold() {
    let policy = read("").unwrap().policy();
    assert_eq!(policy.rules.len(), 3);
    assert_eq!(policy.rules[1].formats, [System::new("capillary")]);
    assert_eq!(policy.rules[1].effect, Effect::Approve);
}

#[test]
fn an_organisation_that_approves_automatically_still_needs_approval_to_leave_blacklisted() {
    use status_domain::facet::Facet;
    use status_domain::policy::Move;
    use status_domain::principal::{Person, Principal};
    use status_domain::status::Status;

    let org = |id: u32, auto: bool| {
        format!(
            "[[capillary.orgs]]\norg_id = {id}\nauto_approval = {auto}\n\
             accepted_origins = [\"https://a.example\"]\nlabels = {{ Active = \"ACTIVE\" }}\n\
             label_for = {{ ACTIVE = \"Active\" }}\n"
        )
    };
    let policy = read(&format!("{}{}", org(1, true), org(2, false))).unwrap().policy();
    let effect = |client: &str, from, to| {
        let by = Principal {
            format: System::new("capillary"),
            client: client.into(),
            tenant: "default".into(),
            person: Person { id: "p".into(), number: None, name: "p".into() },
            roles: [].into(),
        };
        policy.effect(&by, &Move { facet: &Facet::Lifecycle, from, to }).clone()
    };
    let (active, suspended) = (Status::Active, Status::Suspended);
    assert_eq!(effect("capillary-1", active, suspended), Effect::Allow);
    assert_eq!(effect("capillary-1", active, active), Effect::Allow);
    assert_eq!(effect("capillary-2", active, suspended), Effect::Approve);
    assert_eq!(effect("capillary-1", Status::Blacklisted, active), Effect::Approve);
    assert!(matches!(effect("capillary-1", Status::Closed, active), Effect::Deny(_)));
}

#[test]
fn a_rule_with_unknown_words_is_reported_or_refused() {
    let (key, message) = refused("[[policy.rules]]\neffect = \"allow\"\nto = [\"FROZEN\"]\n");
    assert_eq!(key, "policy.rules[0].to[0]");
    assert!(message.contains("BLACKLISTED"), "{message}");
    let (key, message) = refused("[[policy.rules]]\neffect = \"allow\"\nformats = [\"swift\"]\n");
    assert_eq!(key, "policy.rules[0].formats[0]");
    assert!(message.contains("capillary"), "{message}");

    let found = findings("[[policy.rules]]\neffect = \"deny\"\nfacets = [\"colour\"]\n");
    assert!(found[0].starts_with("policy.rules[0].why: "), "{found:?}");
    assert!(found[1].contains("`colour` is no facet"), "{found:?}");
    let text = "[[policy.rules]]\neffect = \"approve\"\nclients = [\"ssp\"]\n";
    let found = findings(text);
    assert!(found[0].contains("no client is called `ssp`"), "{found:?}");
}

#[test]
fn a_rule_that_earlier_ones_cover_is_reported() {
    let covered = "[[policy.rules]]\neffect = \"approve\"\nfacets = [\"hold\"]\n\
                   [[policy.rules]]\neffect = \"allow\"\nfacets = [\"hold:fraud\"]\nto = [\"BLOCKED\"]\n";
    let found = findings(covered);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("policy.rules[1]: "), "{found:?}");

    // By two rules together.
    let halves = "[[policy.rules]]\neffect = \"approve\"\nfrom = [\"ACTIVE\", \"DORMANT\", \"INACTIVE\"]\n\
                  [[policy.rules]]\neffect = \"approve\"\n\
                  from = [\"SUSPENDED\", \"BLOCKED\", \"BLACKLISTED\", \"CLOSED\"]\n\
                  [[policy.rules]]\neffect = \"allow\"\n";
    assert!(findings(halves)[0].starts_with("policy.rules[2]: "));

    // One that applies to what changes nothing is not covered by one that does not.
    let same = "[[policy.rules]]\neffect = \"approve\"\n\
                [[policy.rules]]\neffect = \"allow\"\nsame = true\n";
    assert_eq!(findings(same), Vec::<String>::new());

    let never = "[[policy.rules]]\neffect = \"allow\"\nfrom = [\"ACTIVE\"]\nto = [\"ACTIVE\"]\n";
    assert!(findings(never)[0].starts_with("policy.rules[0]: "));
}

#[test]
fn a_token_secret_must_be_there_and_long_enough() {
    let client = format!(
        "[[way4.clients]]\nname = \"ssp\"\nclient_id = \"c\"\nclient_secret_sha256 = \"{}\"\n\
         bank_ids = [\"NIC\"]\n",
        "0".repeat(64)
    );
    assert!(findings(&client)[0].starts_with("way4.token_secret: is needed"));
    let short = format!("[way4]\ntoken_secret = \"short\"\n{client}");
    assert!(findings(&short)[0].contains("at least 32 bytes"));
}

#[test]
fn a_configuration_in_which_nobody_can_call_is_pointed_out() {
    let found = read("").unwrap().check();
    let found: Vec<_> = found.iter().filter(|one| one.message.contains("nobody")).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
}

#[test]
fn a_history_without_checkpoints_is_pointed_out() {
    let found = read("").unwrap().check();
    let found: Vec<_> = found.iter().filter(|one| one.key == "audit.signing_key").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
}

#[test]
fn keys_for_checkpoints_are_read_from_text_and_files_and_must_be_of_their_kind() {
    use crate::audit::keys::SigningKey;
    use crate::audit::keys::tests::private_pem;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gate.toml");
    let public = |text: &str| SigningKey::from_pem(text).unwrap().public();
    let (present, earlier, earliest) = (private_pem(), private_pem(), private_pem());
    std::fs::write(directory.path().join("present.pem"), &present).unwrap();
    std::fs::write(directory.path().join("earlier.pem"), public(&earlier).to_pem()).unwrap();
    let audit = format!(
        "[audit]\nsigning_key_file = \"present.pem\"\npublic_key_files = [\"earlier.pem\"]\n\
         public_keys = [\"\"\"{}\"\"\"]\ncheckpoint_every_s = 5\n",
        public(&earliest).to_pem()
    );
    std::fs::write(&path, format!("{MINIMAL}{audit}")).unwrap();
    let config = Config::read_file(&path).unwrap();
    assert!(!config.check().iter().any(|one| one.key.starts_with("audit")));
    assert_eq!(config.audit.checkpoint_every, Duration::from_secs(5));
    let ids: std::collections::BTreeSet<_> =
        config.audit.public_keys().unwrap().iter().map(|key| key.id()).collect();
    let expected = [present, earlier, earliest].map(|text| public(&text).id());
    assert_eq!(ids, expected.into());

    std::fs::write(directory.path().join("earlier.pem"), "hunter2").unwrap();
    let found = Config::read_file(&path).unwrap().check();
    let found: Vec<_> = found.iter().filter(|one| one.key.starts_with("audit")).collect();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
    assert!(!format!("{found:?}").contains("hunter2"));
    std::fs::remove_file(directory.path().join("earlier.pem")).unwrap();
    let error = Config::read_file(&path).unwrap_err();
    assert!(error.to_string().starts_with("audit.public_key_files[0]: "), "{error}");

    let found = findings("[audit]\nsigning_key = \"hunter2\"\n");
    assert_eq!(found, ["audit.signing_key: is no Ed25519 private key, PKCS#8 in PEM"]);
    assert_eq!(refused("[audit]\ncheckpoint_every_s = 0\n").0, "audit.checkpoint_every_s");
}
