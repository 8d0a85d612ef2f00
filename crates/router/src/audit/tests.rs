use std::fs;

use status_domain::ids::{ChangeId, SubjectId};
use status_domain::subject::{Subject, SubjectKind, SubjectState};
use status_store::audit::{Anchor, AuditStore as _, Finding, Place, Verifier, What};
use status_store::history;
use status_store::record::{Head, SubjectRow};
use status_store::sqlite::{SqliteReader, SqliteStore};
use status_store::store::{Needs, Store as _, Writes};
use tempfile::TempDir;
use uuid::Uuid;

use super::export::export;
use super::file::{self, LEAVES_HELD, Verified};
use super::keys::tests::private_pem;
use super::keys::{PublicKeys, SigningKey};
use crate::clock;

/// An export of five subjects in two checkpoints, signed with two keys. Two entries each are in the first,
/// two more of the first four subjects in the second.
struct Exported {
    directory: TempDir,
    keys: PublicKeys,
    lines: Vec<String>,
}

const LINES: usize = 1 + 2 + (5 + 4) + 5 + (10 + 8) + 1;

impl Exported {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let record = directory.path().join("record.db");
        let store = SqliteStore::open(&record).unwrap();
        let mut keys = PublicKeys::default();
        let mut heads = [Head::default(); 5];
        for subjects in [5, 4] {
            grow(&store, &mut heads[..subjects]).await;
            let key = SigningKey::from_pem(&private_pem()).unwrap();
            keys.add(key.public());
            let many = std::num::NonZeroU32::MAX;
            let sealed = store.checkpoint(clock::now(), many, move |draft| key.seal(draft));
            sealed.await.unwrap().unwrap();
        }
        drop(store);
        let mut reader = SqliteReader::open(&record).unwrap();
        let mut bytes = Vec::new();
        export(&mut reader, &mut bytes, &keys, clock::now(), || ()).await.unwrap();
        let lines: Vec<_> = String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), LINES);
        Self { directory, keys, lines }
    }

    fn verify(&self, lines: &[String]) -> (Vec<Finding>, Verified) {
        self.verify_with(lines, &[], LEAVES_HELD)
    }

    fn verify_with(
        &self,
        lines: &[String],
        anchors: &[Anchor],
        leaves_held: usize,
    ) -> (Vec<Finding>, Verified) {
        let path = self.directory.path().join("export.jsonl");
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let verifier = Verifier::new(|checkpoint: &_| self.keys.check(checkpoint), anchors);
        let mut findings = Vec::new();
        let found = |finding| findings.push(finding);
        let verified = file::verify(&path, verifier, leaves_held, |_| (), found).unwrap();
        findings.sort_by_key(|finding| finding.place);
        (findings, verified)
    }

    /// The index of the line of the subject's entry.
    #[track_caller]
    fn entry(&self, subject: u128, number: u64) -> usize {
        let start = format!(
            "{{\"type\":\"entry\",\"subject\":\"{}\",\"number\":{number},",
            Uuid::from_u128(subject)
        );
        self.lines.iter().position(|line| line.starts_with(&start)).unwrap()
    }
}

/// Two more entries for each of the subjects 1, 2, ….
async fn grow(store: &SqliteStore, heads: &mut [Head]) {
    let mut writes = Writes::default();
    for (number, head) in (1..).zip(heads) {
        let id = SubjectId(Uuid::from_u128(number));
        for change in 0..2 {
            let change = ChangeId(Uuid::from_u128(change));
            let body = "{\"said\":\"\u{e9} \\\" \\n\"}".to_owned();
            let row = history::append(head, id, change, clock::now(), "recorded", body);
            writes.history.push(row);
        }
        let (kind, state) = (SubjectKind::Customer, SubjectState::new());
        let subject = Subject { id, kind, parent: None, identifiers: Vec::new(), state };
        writes.subjects.push(SubjectRow { subject, head: *head });
    }
    store.write(Needs::default(), move |_| (writes, ())).await.unwrap();
}

fn is_clean((findings, verified): &(Vec<Finding>, Verified)) -> bool {
    findings.is_empty() && verified.stray_lines == 0 && verified.is_complete
}

fn place(subject: u128, number: u64) -> Place {
    Place::Entry(SubjectId(Uuid::from_u128(subject)), number)
}

#[tokio::test]
async fn an_untouched_export_is_good_however_little_is_held() {
    let exported = Exported::new().await;
    for held in [1, 2, 3, LEAVES_HELD] {
        let verified = exported.verify_with(&exported.lines, &[], held);
        assert!(is_clean(&verified), "{verified:?}");
        let counts = verified.1.counts;
        assert_eq!((counts.checkpoints, counts.leaves), (2, 9));
        assert_eq!((counts.subjects, counts.entries, counts.uncommitted), (5, 18, 0));
    }
}

#[tokio::test]
async fn a_changed_removed_or_reordered_entry_is_named() {
    let exported = Exported::new().await;
    for (subject, number) in [(1, 1), (2, 3), (3, 2), (4, 4), (5, 2)] {
        let at = exported.entry(subject, number);
        let last = if subject == 5 { 2 } else { 4 };
        let what = |lines: &[String]| {
            let (findings, _) = exported.verify(lines);
            let [found] = findings[..] else { panic!("{findings:?}") };
            assert_eq!(found.place, place(subject, number));
            found.what
        };
        let mut lines = exported.lines.clone();
        lines[at] = lines[at].replace("recorded", "approved");
        assert_eq!(what(&lines), What::Changed);
        let mut lines = exported.lines.clone();
        lines.remove(at);
        let expected = if number == last { What::Truncated } else { What::Removed };
        assert_eq!(what(&lines), expected);
        if number < last {
            let mut lines = exported.lines.clone();
            lines.swap(at, at + 1);
            assert_eq!(what(&lines), What::Reordered);
            let mut lines = exported.lines.clone();
            lines[at] = lines[at].replace("\"type\"", "\"kind\"");
            assert_eq!(what(&lines), What::Changed);
        }
    }
}

#[tokio::test]
async fn a_subject_that_was_left_out_is_named() {
    let exported = Exported::new().await;
    for held in [1, 3, LEAVES_HELD] {
        for subject in 1..=5 {
            let id = format!("\"subject\":\"{}\"", Uuid::from_u128(subject));
            let mut lines = exported.lines.clone();
            let is_of_it = |line: &String| line.contains(&id) && !line.contains("\"leaf\"");
            lines.retain(|line| !is_of_it(line));
            let (findings, verified) = exported.verify_with(&lines, &[], held);
            let [found] = findings[..] else { panic!("{findings:?}") };
            assert_eq!((found.place, found.what), (place(subject, 1), What::Truncated));
            assert!(!verified.is_complete);
        }
    }
}

#[tokio::test]
async fn no_line_can_be_removed_repeated_or_moved_unnoticed() {
    let exported = Exported::new().await;
    for at in 1..LINES {
        let mut lines = exported.lines.clone();
        let line = lines.remove(at);
        assert!(!is_clean(&exported.verify(&lines)), "without {line}");
        lines.insert(at, line.clone());
        lines.insert(at, line.clone());
        assert!(!is_clean(&exported.verify(&lines)), "twice {line}");
        if at + 1 < LINES {
            let mut lines = exported.lines.clone();
            lines.swap(at, at + 1);
            assert!(!is_clean(&exported.verify(&lines)), "later {line}");
        }
    }
}

/// The header aside, which nothing vouches for.
#[tokio::test]
async fn no_byte_can_be_changed_unnoticed() {
    let exported = Exported::new().await;
    for at in 1..LINES {
        // Every place of every kind of line comes up at some line.
        for place in (at % 5..exported.lines[at].len()).step_by(5) {
            let mut lines = exported.lines.clone();
            let mut bytes = lines[at].clone().into_bytes();
            bytes[place] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            lines[at] = changed;
            assert!(!is_clean(&exported.verify(&lines)), "{}", lines[at]);
        }
    }
}

#[tokio::test]
async fn an_export_that_ends_too_early_is_noticed() {
    let exported = Exported::new().await;
    for lines in 1..LINES {
        let verified = exported.verify(&exported.lines[..lines]);
        assert!(!verified.1.is_complete, "{lines} lines");
    }
}

#[tokio::test]
async fn a_checkpoint_signed_with_another_key_is_not_taken_for_one_of_ours() {
    let mut exported = Exported::new().await;
    exported.keys = PublicKeys::default();
    let (findings, _) = exported.verify(&exported.lines);
    let places: Vec<_> = findings.iter().map(|finding| (finding.place, finding.what)).collect();
    let unknown = |number| (Place::Checkpoint(number), What::UnknownKey);
    assert_eq!(places, [unknown(1), unknown(2)]);
}

#[tokio::test]
async fn a_cut_off_checkpoint_is_noticed_by_its_anchor() {
    let exported = Exported::new().await;
    let (_, verified) = exported.verify(&exported.lines);
    let (number, hash) = verified.counts.last.unwrap();
    let anchors = [Anchor { number, hash }];
    let is_of_it = |line: &String| {
        line.starts_with("{\"type\":\"checkpoint\",\"number\":2")
            || line.starts_with("{\"type\":\"leaf\",\"checkpoint\":2")
    };
    let mut lines = exported.lines.clone();
    lines.retain(|line| !is_of_it(line));
    let total = lines.last_mut().unwrap();
    *total = total.replace("\"checkpoints\":2,\"leaves\":9", "\"checkpoints\":1,\"leaves\":5");
    // What nobody can know without the anchor.
    assert!(is_clean(&exported.verify(&lines)));
    let (findings, _) = exported.verify_with(&lines, &anchors, LEAVES_HELD);
    let [found] = findings[..] else { panic!("{findings:?}") };
    assert_eq!((found.place, found.what), (Place::Checkpoint(2), What::Truncated));
}

#[tokio::test]
async fn a_file_that_is_no_export_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("export.jsonl");
    for text in ["", "hunter2\n", "{\"type\":\"total\"}\n"] {
        fs::write(&path, text).unwrap();
        let error = file::public_keys(&path).unwrap_err();
        assert_eq!(error.to_string(), "the file is no export of this version");
    }
}
