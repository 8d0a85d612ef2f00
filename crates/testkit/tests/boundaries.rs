//! The arrows between the crates, and what stands in which of them.
//!
//! The compiler does not know that an adapter must not open a socket, and clippy's list of disallowed
//! methods can be waived line by line. These tests read the manifests and the sources instead.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a crate without I/O, clock and runtime may depend on. A new entry is a decision: it is read by
/// everybody who asks what an adapter can do.
const PURE: [&str; 12] = [
    "base64",
    "bytes",
    "chrono",
    "form_urlencoded",
    "http",
    "secrecy",
    "serde",
    "serde_json",
    "sha2",
    "status-domain",
    "thiserror",
    "uuid",
];

/// Ways to the clock, the disk, the network, other threads, the environment and chance.
const IMPURE: [&str; 13] = [
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant::now",
    "std::env::",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "thread_local!",
    "now_v7",
    "new_v4",
];

/// What only the store's sources say.
const SQL: [&str; 6] =
    ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA ", " SET "];

/// Longest source file, in lines. The rule is about 400; the slack is for what is being split.
const LINES_MAX: usize = 450;

/// A member of the workspace.
struct Member {
    name: String,
    directory: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    features: Vec<String>,
    is_dev: bool,
}

impl Member {
    fn normal(&self) -> BTreeSet<&str> {
        let normal = self.dependencies.iter().filter(|dependency| !dependency.is_dev);
        normal.map(|dependency| dependency.name.as_str()).collect()
    }

    fn all(&self) -> BTreeSet<&str> {
        self.dependencies.iter().map(|dependency| dependency.name.as_str()).collect()
    }

    fn is_adapter(&self) -> bool {
        self.name.starts_with("adapter-") || self.name == "minimal-adapter"
    }

    /// Adapters and the domain.
    fn is_pure(&self) -> bool {
        self.is_adapter() || self.name == "status-domain"
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The members as cargo itself reads their manifests. With `--no-deps` it resolves nothing and needs
/// neither lock file nor network.
fn members() -> Vec<Member> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let members: Vec<Member> =
        metadata["packages"].as_array().unwrap().iter().map(member).collect();
    for expected in ["status-domain", "status-store", "simulators", "router", "adapter-netxd"] {
        assert!(members.iter().any(|member| member.name == expected), "{expected}");
    }
    members
}

fn member(package: &Value) -> Member {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    let dependency = |one: &Value| Dependency {
        name: one["name"].as_str().unwrap().to_owned(),
        features: texts(&one["features"]),
        is_dev: one["kind"] == "dev",
    };
    Member {
        name: package["name"].as_str().unwrap().to_owned(),
        directory: manifest.parent().unwrap().to_owned(),
        dependencies: package["dependencies"].as_array().unwrap().iter().map(dependency).collect(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The Rust files below a directory of the workspace; none if there is no such directory.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Lines of code that hold one of the texts, as `file:line: text`. What stands in a comment of its own
/// line is not code.
fn lines_with(files: &[PathBuf], texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(fs::read_to_string(file).unwrap().lines()) {
            let is_comment = line.trim_start().starts_with("//");
            for text in texts.iter().filter(|text| !is_comment && line.contains(**text)) {
                found.push(format!("{}:{number}: {text}", file.display()));
            }
        }
    }
    found
}

#[track_caller]
fn nothing(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Dependencies that a member has and must not have.
fn others(member: &Member, has: &BTreeSet<&str>, permitted: impl Fn(&str) -> bool) -> Vec<String> {
    let wrong = has.iter().filter(|name| !permitted(name));
    wrong.map(|name| format!("{} depends on {name}", member.name)).collect()
}

#[test]
fn adapters_and_domain_depend_on_pure_crates_only() {
    let members = members();
    let pure = members.iter().filter(|member| member.is_pure());
    let found: Vec<String> = pure
        .flat_map(|member| others(member, &member.normal(), |name| PURE.contains(&name)))
        .collect();
    nothing(&found);
}

#[test]
fn every_adapter_depends_on_the_domain_and_the_domain_on_no_member() {
    let members = members();
    for adapter in members.iter().filter(|member| member.is_adapter()) {
        assert!(adapter.normal().contains("status-domain"), "{}", adapter.name);
    }
    let domain = members.iter().find(|member| member.name == "status-domain").unwrap();
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    nothing(&others(domain, &domain.all(), |name| !is_member(name)));
}

#[test]
fn no_adapter_knows_another() {
    let members = members();
    let is_adapter = |name: &str| members.iter().any(|one| one.is_adapter() && one.name == name);
    let adapters = members.iter().filter(|member| member.is_adapter());
    let found: Vec<String> = adapters
        .flat_map(|member| others(member, &member.all(), |name| !is_adapter(name)))
        .collect();
    nothing(&found);
}

/// But for the load generator, which is no part of the product.
#[test]
fn nothing_depends_on_the_router() {
    let found: Vec<String> = members()
        .iter()
        .filter(|member| member.name != "bench")
        .flat_map(|member| others(member, &member.normal(), |name| name != "router"))
        .collect();
    nothing(&found);
}

/// In tests too: a simulator that used an adapter would share its misreadings.
#[test]
fn the_simulators_know_neither_adapters_nor_domain() {
    let members = members();
    let simulators = members.iter().find(|member| member.name == "simulators").unwrap();
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    nothing(&others(simulators, &simulators.all(), |name| !is_member(name)));
}

#[test]
fn the_store_knows_the_domain_and_nobody_else_of_ours() {
    let members = members();
    let store = members.iter().find(|member| member.name == "status-store").unwrap();
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    nothing(&others(store, &store.normal(), |name| name == "status-domain" || !is_member(name)));
}

#[test]
fn the_testkit_is_for_tests_only() {
    let found: Vec<String> = members()
        .iter()
        .flat_map(|member| others(member, &member.normal(), |name| name != "status-testkit"))
        .collect();
    nothing(&found);
}

#[test]
fn only_the_store_has_a_database() {
    let is_database = |name: &str| {
        ["rusqlite", "refinery", "sqlx", "diesel", "tokio-postgres", "deadpool-postgres"]
            .contains(&name)
    };
    let members = members();
    let found: Vec<String> = members
        .iter()
        .filter(|member| member.name != "status-store")
        .flat_map(|member| others(member, &member.normal(), |name| !is_database(name)))
        .collect();
    nothing(&found);
    let store = members.iter().find(|member| member.name == "status-store").unwrap();
    assert!(store.normal().contains("rusqlite"), "the store has moved; so must this test");
}

#[test]
fn only_the_router_asks_chrono_for_a_clock() {
    for member in members().iter().filter(|member| member.name != "router") {
        for chrono in member.dependencies.iter().filter(|one| one.name == "chrono" && !one.is_dev) {
            let asks = |feature: &String| feature == "clock" || feature == "now";
            assert!(!chrono.features.iter().any(asks), "{}", member.name);
        }
    }
}

#[test]
fn adapters_and_domain_reach_for_nothing_outside() {
    let members = members();
    let sources = |member: &Member| rust_files(&member.directory.join("src"));
    let files: Vec<PathBuf> =
        members.iter().filter(|member| member.is_pure()).flat_map(sources).collect();
    assert!(files.len() > 50, "only {} files were looked at", files.len());
    nothing(&lines_with(&files, &IMPURE));
}

#[test]
fn sql_stands_in_the_store_only() {
    let members = members();
    let sources = |member: &Member| rust_files(&member.directory.join("src"));
    let (store, others): (Vec<&Member>, Vec<&Member>) =
        members.iter().partition(|member| member.name == "status-store");
    let of = |members: Vec<&Member>| members.into_iter().flat_map(sources).collect::<Vec<_>>();
    nothing(&lines_with(&of(others), &SQL));
    assert!(!lines_with(&of(store), &SQL).is_empty(), "the words looked for are not those used");
}

#[test]
fn no_source_file_is_longer_than_one_reads() {
    let mut long = Vec::new();
    for member in members() {
        for file in rust_files(&member.directory.join("src")) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > LINES_MAX {
                long.push(format!("{}: {lines} lines", file.display()));
            }
        }
    }
    nothing(&long);
}

/// What is left to do is not written where only its author looks.
#[test]
fn no_file_says_that_it_is_unfinished() {
    // In two halves, so that this file does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let mut found = Vec::new();
    for member in members() {
        for file in rust_files(&member.directory) {
            for (number, line) in (1..).zip(fs::read_to_string(&file).unwrap().lines()) {
                for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                    found.push(format!("{}:{number}: {mark}", file.display()));
                }
            }
        }
    }
    nothing(&found);
}

/// The text files that people read: those in the root, and those below these directories.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut found = vec![root.join("README.md")];
    for directory in ["docs", "docs/decisions", "docs/formats", "deploy"] {
        for entry in fs::read_dir(root.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_file_that_the_documents_link_to_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains(':') {
                continue;
            }
            if !document.parent().unwrap().join(file).exists() {
                missing.push(format!("{}: {link}", document.display()));
            }
        }
    }
    nothing(&missing);
}

/// The table of invariants says which test would catch a breach.
#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once("## Invariants").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let is_sentence = |word: &&str| word.matches('_').count() >= 3 && !word.contains('/');
    let named: BTreeSet<&str> = table.split('`').skip(1).step_by(2).filter(is_sentence).collect();
    assert!(named.len() > 20, "only {} tests are named", named.len());
    let mut sources = String::new();
    for file in members().iter().flat_map(|member| rust_files(&member.directory)) {
        sources.push_str(&fs::read_to_string(file).unwrap());
    }
    let has =
        |name: &str| ["(", "<"].iter().any(|end| sources.contains(&format!("fn {name}{end}")));
    let is_missing = |name: &&&str| !has(name);
    let missing: Vec<String> = named.iter().filter(is_missing).map(ToString::to_string).collect();
    nothing(&missing);
}
