//! Writing a record out, line by line.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use status_domain::ids::SubjectId;
use status_store::audit::{AuditReader, Checkpoint, Extent, Leaf, Unreadable, Visitor, walk};
use status_store::record::{Head, HistoryRow};
use status_store::store::StoreError;

use super::keys::PublicKeys;
use super::line::{FORMAT, Line, Stamp, Unread, VERSION};

/// A record could not be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It could not be read.
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
    /// The output took no more.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
}

/// Writes all of a record, and returns how much there was. Constant memory. `progress` is called for each
/// line.
///
/// # Errors
///
/// [`ExportError`]. What was written until then has no last line, by which verifying tells.
pub async fn export<R: AuditReader, W: Write + Send>(
    reader: &mut R,
    output: W,
    keys: &PublicKeys,
    now: DateTime<Utc>,
    progress: impl FnMut() + Send,
) -> Result<Extent, ExportError> {
    let mut exporter = Exporter { output, progress, checkpoint: 0, written: Extent::default() };
    exporter.write(&Line::Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        exported_at: Stamp(now),
        public_keys: keys.iter().map(super::keys::PublicKey::to_pem).collect(),
    })?;
    walk(reader, &mut exporter).await?;
    let Extent { checkpoints, leaves, subjects, entries } = exporter.written;
    exporter.write(&Line::Total { checkpoints, leaves, subjects, entries })?;
    exporter.output.flush()?;
    Ok(exporter.written)
}

struct Exporter<W, P> {
    output: W,
    progress: P,
    /// The number of the one whose leaves come.
    checkpoint: u64,
    written: Extent,
}

impl<W: Write, P: FnMut()> Exporter<W, P> {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        self.output.write_all(b"\n")?;
        (self.progress)();
        Ok(())
    }

    fn write_unreadable(&mut self, what: Unread, number: Option<u64>) -> Result<(), ExportError> {
        Ok(self.write(&Line::Unreadable { what, number })?)
    }
}

impl<W: Write, P: FnMut()> Visitor for Exporter<W, P> {
    type Error = ExportError;

    fn checkpoint(
        &mut self,
        checkpoint: Result<&Checkpoint, Unreadable>,
    ) -> Result<(), ExportError> {
        self.written.checkpoints += 1;
        let number = match checkpoint {
            Ok(checkpoint) => Some(checkpoint.draft.number),
            Err(unreadable) => unreadable.number,
        };
        self.checkpoint = number.unwrap_or(self.checkpoint + 1);
        // A signature of another length is none of ours.
        match checkpoint.ok().and_then(Line::of_checkpoint) {
            Some(line) => Ok(self.write(&line)?),
            None => self.write_unreadable(Unread::Checkpoint, number),
        }
    }

    fn leaf(&mut self, subject: SubjectId, head: Option<Head>) -> Result<(), ExportError> {
        self.written.leaves += 1;
        match head {
            Some(head) => Ok(self.write(&Line::of_leaf(self.checkpoint, &Leaf { subject, head }))?),
            None => self.write_unreadable(Unread::Leaf, None),
        }
    }

    fn subject(
        &mut self,
        subject: SubjectId,
        recorded: Option<Head>,
        _leaves: &[(u64, Head)],
    ) -> Result<(), ExportError> {
        self.written.subjects += 1;
        Ok(self.write(&Line::of_subject(subject, recorded))?)
    }

    fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) -> Result<(), ExportError> {
        self.written.entries += 1;
        match entry {
            Ok(row) => Ok(self.write(&Line::of_entry(row))?),
            Err(Unreadable { number }) => self.write_unreadable(Unread::Entry, number),
        }
    }
}
