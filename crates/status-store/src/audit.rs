//! Checkpoints: what makes the history tamper-evident as a whole, and the reading that verifying needs.
//!
//! Each subject's history is a chain of hashes ([`crate::history`]). A chain alone can be made anew from any
//! entry on. Checkpoints prevent that: every so often the ends of all chains that have grown are gathered
//! into a Merkle tree, and its root is signed together with the hash of the checkpoint before.
//!
//! Nothing here signs, checks a signature or reads a clock: callers do that and hand the result in.

use std::future::Future;
use std::num::NonZeroU32;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};
use status_domain::ids::SubjectId;

use crate::record::{Digest, Head, HistoryRow};
use crate::store::StoreError;

mod chain;
mod finding;
mod seals;
mod tree;
mod verify;
mod walk;

pub use finding::{Finding, Place, What};
pub use tree::{Tree, root};
pub use verify::{Anchor, Counts, Verdict, Verifier};
pub use walk::{Visitor, walk};

/// What a checkpoint says of one subject: how long its history is and with which entry it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Leaf {
    /// Whose history.
    pub subject: SubjectId,
    /// The end of it. At least one entry.
    pub head: Head,
}

/// Bytes of a leaf: the subject's id, the length as a big-endian number, the hash of the last entry.
pub const LEAF_BYTES: usize = 16 + 8 + 32;

impl Leaf {
    /// The bytes that are hashed. All leaves have as many, so no two of them can be taken for one another.
    #[must_use]
    pub fn bytes(&self) -> [u8; LEAF_BYTES] {
        let mut bytes = [0; LEAF_BYTES];
        let (subject, rest) = bytes.split_at_mut(16);
        let (length, hash) = rest.split_at_mut(8);
        subject.copy_from_slice(self.subject.0.as_bytes());
        length.copy_from_slice(&self.head.length.to_be_bytes());
        hash.copy_from_slice(&self.head.hash);
        bytes
    }
}

/// A checkpoint that is not signed yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Draft {
    /// 1 for the first.
    pub number: u64,
    /// When it is made.
    pub at: DateTime<Utc>,
    /// Number of leaves. At least one.
    pub leaves: u64,
    /// Root of the tree of the leaves, which are in the order of their subjects' ids.
    pub root: Digest,
    /// Hash of the checkpoint before; all zeros for the first.
    pub previous: Digest,
}

/// Says what the bytes under a signature are, so that a signature for anything else is none for a
/// checkpoint.
const LABEL: &[u8] = b"statusgate checkpoint 1";

impl Draft {
    /// The bytes to sign with the key of this id: each part is preceded by its length, so that no two
    /// different checkpoints have the same bytes.
    #[must_use]
    pub fn bytes(&self, key: &Digest) -> Vec<u8> {
        // Microseconds are what every store keeps.
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let (number, leaves) = (self.number.to_be_bytes(), self.leaves.to_be_bytes());
        let mut bytes = Vec::with_capacity(256);
        for part in
            [LABEL, &number, at.as_bytes(), &leaves, &self.root[..], &self.previous[..], &key[..]]
        {
            append(&mut bytes, part);
        }
        bytes
    }

    /// The checkpoint, once it is signed.
    #[must_use]
    pub fn sealed(self, seal: Seal) -> Checkpoint {
        let Seal { key, signature } = seal;
        let hash = hash(&self, &key, &signature);
        Checkpoint { draft: self, key, signature, hash }
    }
}

fn append(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

fn hash(draft: &Draft, key: &Digest, signature: &[u8]) -> Digest {
    let mut bytes = draft.bytes(key);
    append(&mut bytes, signature);
    Sha256::digest(bytes).into()
}

/// A signature and the key it was made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seal {
    /// SHA-256 of the public key in SPKI form.
    pub key: Digest,
    /// The signature over [`Draft::bytes`].
    pub signature: Box<[u8]>,
}

/// Why a checkpoint was not signed.
pub type SealError = Box<dyn std::error::Error + Send + Sync>;

/// A checkpoint. Written once, never changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// What is signed.
    pub draft: Draft,
    /// SHA-256 of the public key, in SPKI form, that the signature is checked with.
    pub key: Digest,
    /// The signature over [`Draft::bytes`].
    pub signature: Box<[u8]>,
    /// Hash of all of it, signature included.
    pub hash: Digest,
}

impl Checkpoint {
    /// The bytes under the signature.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.draft.bytes(&self.key)
    }

    /// The hash that it should have.
    #[must_use]
    pub fn computed_hash(&self) -> Digest {
        hash(&self.draft, &self.key, &self.signature)
    }
}

/// One of a numbered sequence that stands in the record but cannot be understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreadable {
    /// Its number, if that much can be read.
    pub number: Option<u64>,
}

/// A record that checkpoints are made in.
pub trait AuditStore: Clone + Send + Sync + 'static {
    /// Makes the next checkpoint over the subjects whose history has grown since the last one that has
    /// them, at most `leaves_max` of them in the order of their ids; `None` if there are none. As many leaves as
    /// `leaves_max` mean that there may be more to do.
    ///
    /// All in one transaction, alone among those that make checkpoints. `seal` signs [`Draft::bytes`]. Once
    /// this returns `Ok`, the checkpoint survives any crash.
    ///
    /// # Errors
    ///
    /// As [`crate::store::Store::write`]; [`StoreError::Refused`] with the cause if `seal` fails.
    fn checkpoint(
        &self,
        now: DateTime<Utc>,
        leaves_max: NonZeroU32,
        seal: impl FnOnce(&Draft) -> Result<Seal, SealError> + Send + 'static,
    ) -> impl Future<Output = Result<Option<Checkpoint>, StoreError>> + Send;
}

/// One unchanging view of a record, for verifying and exporting it: whatever is committed meanwhile does
/// not show.
///
/// Pages: each call gives at most `limit` rows that follow the named one, in order; fewer mean that there are
/// no more.
pub trait AuditReader: Send {
    /// How much there is to read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn extent(&mut self) -> impl Future<Output = Result<Extent, StoreError>> + Send;

    /// Checkpoints by number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    fn checkpoints(
        &mut self,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Result<Checkpoint, Unreadable>>, StoreError>> + Send;

    /// The leaves of one checkpoint by their subjects' ids; `None` where the rest of it cannot be read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    fn leaves(
        &mut self,
        checkpoint: u64,
        after: Option<SubjectId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(SubjectId, Option<Head>)>, StoreError>> + Send;

    /// Every subject that is registered, has a history or a leaf, by id, with the recorded end of its
    /// history; `None` if it is not registered. An end that cannot be read is one that fits no history.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    fn subjects(
        &mut self,
        after: Option<SubjectId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(SubjectId, Option<Head>)>, StoreError>> + Send;

    /// What checkpoints say of one subject: the checkpoint's number and the history's end, by number. What
    /// cannot be read is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn leaves_of(
        &mut self,
        subject: SubjectId,
    ) -> impl Future<Output = Result<Vec<(u64, Head)>, StoreError>> + Send;

    /// The history of one subject, after the entry of this number; after 0, all of it, also what has an
    /// impossible number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn entries(
        &mut self,
        subject: SubjectId,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Result<HistoryRow, Unreadable>>, StoreError>> + Send;
}

/// How much there is in a record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Extent {
    /// Number of checkpoints.
    pub checkpoints: u64,
    /// Number of leaves of all checkpoints.
    pub leaves: u64,
    /// Number of registered subjects.
    pub subjects: u64,
    /// Number of history entries.
    pub entries: u64,
}
