//! The hash chain of a subject's history.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};
use status_domain::ids::{ChangeId, SubjectId};

use crate::record::{Digest, Head, HistoryRow};

/// Makes the entry that follows `head`, and moves `head` to it.
pub fn append(
    head: &mut Head,
    subject: SubjectId,
    change: ChangeId,
    at: DateTime<Utc>,
    kind: &str,
    body: String,
) -> HistoryRow {
    let mut row = HistoryRow {
        subject,
        number: head.length + 1,
        change,
        at,
        kind: kind.into(),
        body: body.into(),
        previous: head.hash,
        hash: [0; 32],
    };
    row.hash = hash(&row);
    *head = Head { length: row.number, hash: row.hash };
    row
}

/// The hash of an entry: SHA-256 over each of its parts, preceded by the part's length, so that no two
/// different entries have the same text under the hash.
#[must_use]
pub fn hash(row: &HistoryRow) -> Digest {
    // Microseconds are what every store keeps.
    let at = row.at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut hasher = Sha256::new();
    for part in [
        &row.previous[..],
        row.subject.0.as_bytes(),
        &row.number.to_be_bytes(),
        row.change.0.as_bytes(),
        at.as_bytes(),
        row.kind.as_bytes(),
        row.body.as_bytes(),
    ] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The number of the first entry that does not follow from the one before it, or `None` if all do.
/// `rows` is one subject's history, first entry first.
#[must_use]
pub fn first_bad(rows: &[HistoryRow]) -> Option<u64> {
    let mut head = Head::default();
    for row in rows {
        let follows = row.number == head.length + 1 && row.previous == head.hash;
        if !follows || hash(row) != row.hash {
            return Some(head.length + 1);
        }
        head = Head { length: row.number, hash: row.hash };
    }
    None
}
