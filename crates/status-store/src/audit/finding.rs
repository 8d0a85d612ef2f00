//! What verifying finds.

use std::fmt;

use status_domain::ids::SubjectId;

/// One thing that is wrong with a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// Where something is wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// A checkpoint, by its number.
    Checkpoint(u64),
    /// A subject, but none of its entries.
    Subject(SubjectId),
    /// An entry of a subject's history, by its number.
    Entry(SubjectId, u64),
}

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// It does not have the content that its hash was made of.
    Changed,
    /// It is not there, though later ones are.
    Removed,
    /// It stands in another place than its own.
    Reordered,
    /// It is not there and nothing follows, though more is vouched for.
    Truncated,
    /// Its hash fits its content, but the entry that follows was recorded after another one. Earlier
    /// entries, from `unproven_from` on, have nothing that vouches for them.
    Replaced {
        /// First entry that nothing vouches for.
        unproven_from: u64,
    },
    /// Its hash fits its content, but the checkpoint committed to another one. This entry, or one from
    /// `unproven_from` on, was changed and the chain made anew.
    NotCommitted {
        /// The checkpoint.
        checkpoint: u64,
        /// First entry that nothing vouches for.
        unproven_from: u64,
    },
    /// Its hash fits its content, but the subject's recorded end of history is another one.
    NotTheEnd {
        /// First entry that nothing vouches for.
        unproven_from: u64,
    },
    /// It comes after what the subject records as the end of its history.
    Added,
    /// The subject's recorded end of history was changed; the history is as it was.
    EndChanged,
    /// The subject is not registered, though it has a history.
    NotRegistered,
    /// The signature does not hold.
    BadSignature,
    /// It is signed with a key that is not among the known ones.
    UnknownKey,
    /// It does not follow the checkpoint before it, though both are signed.
    NotInLine,
    /// Its leaves are not those that it was made of.
    LeavesChanged,
    /// It says of this subject's history that it is no longer than an earlier checkpoint did.
    GoesBack(SubjectId),
    /// It is not the one whose hash is known from elsewhere.
    NotTheAnchor,
}

impl What {
    /// The kind in one word, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Replaced { .. } => "replaced",
            Self::NotCommitted { .. } => "not_committed",
            Self::NotTheEnd { .. } => "not_the_end",
            Self::Added => "added",
            Self::EndChanged => "end_changed",
            Self::NotRegistered => "not_registered",
            Self::BadSignature => "bad_signature",
            Self::UnknownKey => "unknown_key",
            Self::NotInLine => "not_in_line",
            Self::LeavesChanged => "leaves_changed",
            Self::GoesBack(_) => "goes_back",
            Self::NotTheAnchor => "not_the_anchor",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(number) => write!(f, "checkpoint {number}"),
            Self::Subject(subject) => write!(f, "subject {subject}"),
            Self::Entry(subject, number) => write!(f, "subject {subject}, entry {number}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match self.what {
            What::Changed => f.write_str("was changed"),
            What::Removed => f.write_str("was removed"),
            What::Reordered => f.write_str("is not in its place"),
            What::Truncated => f.write_str("was cut off"),
            What::Replaced { unproven_from } => {
                f.write_str("was replaced: the next entry was recorded after another one")?;
                write_unproven(f, self.place, unproven_from)
            }
            What::NotCommitted { checkpoint, unproven_from } => {
                write!(f, "was replaced: checkpoint {checkpoint} has another one")?;
                write_unproven(f, self.place, unproven_from)
            }
            What::NotTheEnd { unproven_from } => {
                f.write_str(
                    "was replaced: the subject's history is recorded to end with another one",
                )?;
                write_unproven(f, self.place, unproven_from)
            }
            What::Added => f.write_str("was added after the recorded end of the history"),
            What::EndChanged => f.write_str("the recorded end of its history was changed"),
            What::NotRegistered => f.write_str("is not registered but has a history"),
            What::BadSignature => f.write_str("its signature does not hold"),
            What::UnknownKey => f.write_str("is signed with an unknown key"),
            What::NotInLine => f.write_str("does not follow the checkpoint before it"),
            What::LeavesChanged => f.write_str("its leaves are not those that were signed"),
            What::GoesBack(subject) => {
                write!(f, "says less of subject {subject} than an earlier checkpoint")
            }
            What::NotTheAnchor => f.write_str("has another hash than the one given"),
        }
    }
}

fn write_unproven(f: &mut fmt::Formatter<'_>, place: Place, from: u64) -> fmt::Result {
    match place {
        Place::Entry(_, number) if from < number => {
            write!(f, "; entries {from} to {} may have been changed with it", number - 1)
        }
        Place::Entry(..) | Place::Subject(_) | Place::Checkpoint(_) => Ok(()),
    }
}
