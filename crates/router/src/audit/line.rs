//! The lines of an export: JSON objects, each with its `type`.
//!
//! Reading is strict: what is written in another way than [`Line`] writes it is not read, so that two
//! exports with the same meaning have the same lines.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use status_domain::ids::{ChangeId, SubjectId};
use status_store::audit::{Checkpoint, Draft, Leaf};
use status_store::record::{Digest, Head, HistoryRow};
use uuid::Uuid;

/// What the header's `format` says.
pub const FORMAT: &str = "statusgate-audit";

/// What the header's `version` says.
pub const VERSION: u32 = 1;

/// One line of an export, in the order in which they come.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first line.
    Header {
        /// [`FORMAT`].
        format: String,
        /// [`VERSION`].
        version: u32,
        /// When it was made.
        exported_at: Stamp,
        /// The public keys that the exporting gateway knew, SPKI in PEM.
        public_keys: Vec<String>,
    },
    /// A checkpoint; its leaves follow.
    Checkpoint {
        /// 1 for the first.
        number: u64,
        /// When it was made.
        at: Stamp,
        /// Number of leaves.
        leaves: u64,
        /// Root of the tree of the leaves.
        root: Hex<32>,
        /// Hash of the checkpoint before.
        previous: Hex<32>,
        /// SHA-256 of the public key.
        key: Hex<32>,
        /// Ed25519 signature.
        signature: Hex<64>,
        /// Hash of this checkpoint.
        hash: Hex<32>,
    },
    /// What the checkpoint says of one subject.
    Leaf {
        /// The checkpoint's number.
        checkpoint: u64,
        /// The subject.
        subject: Id,
        /// Length of its history.
        length: u64,
        /// Hash of the last entry.
        hash: Hex<32>,
    },
    /// A subject; its entries follow.
    Subject {
        /// Its id.
        subject: Id,
        /// The recorded end of its history; `null` if it is not registered.
        end: Option<End>,
    },
    /// An entry of a history.
    Entry {
        /// Whose.
        subject: Id,
        /// 1 for the first.
        number: u64,
        /// The change it tells about.
        change: Id,
        /// When it was written.
        at: Stamp,
        /// What it tells.
        kind: String,
        /// The particulars, exactly as they are under the hash.
        body: String,
        /// Hash of the entry before.
        previous: Hex<32>,
        /// Hash of this entry.
        hash: Hex<32>,
    },
    /// Something that stood in the record and could not be read.
    Unreadable {
        /// `checkpoint`, `leaf` or `entry`.
        what: Unread,
        /// Its number, if that much could be read.
        number: Option<u64>,
    },
    /// The last line.
    Total {
        /// Lines of type `checkpoint`, unreadable ones included.
        checkpoints: u64,
        /// Lines of type `leaf`, unreadable ones included.
        leaves: u64,
        /// Lines of type `subject`.
        subjects: u64,
        /// Lines of type `entry`, unreadable ones included.
        entries: u64,
    },
}

/// The end of a history.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Number of entries.
    pub length: u64,
    /// Hash of the last one.
    pub hash: Hex<32>,
}

/// What could not be read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// A checkpoint.
    Checkpoint,
    /// A leaf of a checkpoint.
    Leaf,
    /// An entry of a history.
    Entry,
}

impl Line {
    pub(super) fn of_checkpoint(one: &Checkpoint) -> Option<Self> {
        let Draft { number, at, leaves, root, previous } = one.draft;
        Some(Self::Checkpoint {
            number,
            at: Stamp(at),
            leaves,
            root: Hex(root),
            previous: Hex(previous),
            key: Hex(one.key),
            signature: Hex((*one.signature).try_into().ok()?),
            hash: Hex(one.hash),
        })
    }

    pub(super) const fn of_leaf(checkpoint: u64, leaf: &Leaf) -> Self {
        let Leaf { subject, head: Head { length, hash } } = *leaf;
        Self::Leaf { checkpoint, subject: Id(subject.0), length, hash: Hex(hash) }
    }

    pub(super) fn of_subject(subject: SubjectId, recorded: Option<Head>) -> Self {
        let end = |Head { length, hash }| End { length, hash: Hex(hash) };
        Self::Subject { subject: Id(subject.0), end: recorded.map(end) }
    }

    pub(super) fn of_entry(row: &HistoryRow) -> Self {
        Self::Entry {
            subject: Id(row.subject.0),
            number: row.number,
            change: Id(row.change.0),
            at: Stamp(row.at),
            kind: row.kind.to_string(),
            body: row.body.to_string(),
            previous: Hex(row.previous),
            hash: Hex(row.hash),
        }
    }

    /// Reads a line. Why one cannot be read is not said: the parser would quote it.
    pub(super) fn read(text: &[u8]) -> Option<Read> {
        Some(match serde_json::from_slice(text).ok()? {
            Self::Header { format, version, public_keys, .. } => {
                Read::Header { is_known: format == FORMAT && version == VERSION, public_keys }
            }
            Self::Checkpoint { number, at, leaves, root, previous, key, signature, hash } => {
                let draft = Draft { number, at: at.0, leaves, root: root.0, previous: previous.0 };
                let signature = Box::new(signature.0);
                Read::Checkpoint(Checkpoint { draft, key: key.0, signature, hash: hash.0 })
            }
            Self::Leaf { checkpoint, subject, length, hash } => {
                let head = Head { length, hash: hash.0 };
                Read::Leaf(checkpoint, Leaf { subject: SubjectId(subject.0), head })
            }
            Self::Subject { subject, end } => {
                let head = end.map(|end| Head { length: end.length, hash: end.hash.0 });
                Read::Subject(SubjectId(subject.0), head)
            }
            Self::Entry { subject, number, change, at, kind, body, previous, hash } => {
                Read::Entry(HistoryRow {
                    subject: SubjectId(subject.0),
                    number,
                    change: ChangeId(change.0),
                    at: at.0,
                    kind: kind.into(),
                    body: body.into(),
                    previous: previous.0,
                    hash: hash.0,
                })
            }
            Self::Unreadable { what, number } => Read::Unreadable(what, number),
            Self::Total { checkpoints, leaves, subjects, entries } => {
                Read::Total([checkpoints, leaves, subjects, entries])
            }
        })
    }
}

/// A line in the store's words.
#[derive(Debug)]
pub(super) enum Read {
    Header { is_known: bool, public_keys: Vec<String> },
    Checkpoint(Checkpoint),
    Leaf(u64, Leaf),
    Subject(SubjectId, Option<Head>),
    Entry(HistoryRow),
    Unreadable(Unread, Option<u64>),
    Total([u64; 4]),
}

/// Bytes in lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// Reads them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; N];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }

    /// Writes them.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(2 * N);
        for byte in self.0 {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// The hash as people are shown it.
#[must_use]
pub fn hex(digest: &Digest) -> String {
    Hex(*digest).to_text()
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&self.to_text())
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(input)?).ok_or_else(|| D::Error::custom("no digits"))
    }
}

/// An instant in microseconds, as RFC 3339 has it, in UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp(pub DateTime<Utc>);

impl Stamp {
    fn to_text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let stamp = text.parse().map(Self).map_err(|_| D::Error::custom("no instant"))?;
        if stamp.to_text() == text { Ok(stamp) } else { Err(D::Error::custom("no instant")) }
    }
}

/// A UUID in lower-case digits with hyphens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Id(pub Uuid);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let id: Uuid = text.parse().map_err(|_| D::Error::custom("no id"))?;
        if id.to_string() == text { Ok(Self(id)) } else { Err(D::Error::custom("no id")) }
    }
}
