//! Reading a whole record in the order in which it is verified and exported.

use status_domain::ids::SubjectId;

use super::{AuditReader, Checkpoint, Unreadable};
use crate::record::{Head, HistoryRow};
use crate::store::StoreError;

/// Rows that are read at once.
const PAGE: u32 = 256;

/// What a record is shown to, row by row.
pub trait Visitor {
    /// What can go wrong.
    type Error: From<StoreError>;

    /// The next checkpoint.
    ///
    /// # Errors
    ///
    /// Its own; the walk ends.
    fn checkpoint(
        &mut self,
        checkpoint: Result<&Checkpoint, Unreadable>,
    ) -> Result<(), Self::Error>;

    /// The next leaf of the last checkpoint; `None` if all but its subject cannot be read.
    ///
    /// # Errors
    ///
    /// Its own; the walk ends.
    fn leaf(&mut self, subject: SubjectId, head: Option<Head>) -> Result<(), Self::Error>;

    /// The next subject, with its recorded end of history and what checkpoints say of it.
    ///
    /// # Errors
    ///
    /// Its own; the walk ends.
    fn subject(
        &mut self,
        subject: SubjectId,
        recorded: Option<Head>,
        leaves: &[(u64, Head)],
    ) -> Result<(), Self::Error>;

    /// The next entry of the last subject.
    ///
    /// # Errors
    ///
    /// Its own; the walk ends.
    fn entry(&mut self, entry: Result<&HistoryRow, Unreadable>) -> Result<(), Self::Error>;
}

/// Shows all of a record: each checkpoint followed by its leaves, then each subject followed by its entries.
///
/// # Errors
///
/// [`StoreError`] as the visitor's error, or the visitor's own.
pub async fn walk<R: AuditReader, V: Visitor + Send>(
    reader: &mut R,
    visitor: &mut V,
) -> Result<(), V::Error> {
    let mut after = 0;
    loop {
        let page = reader.checkpoints(after, PAGE).await?;
        for checkpoint in &page {
            visitor.checkpoint(checkpoint.as_ref().map_err(|unreadable| *unreadable))?;
            if let Some(number) = number(checkpoint, |checkpoint| checkpoint.draft.number) {
                leaves(reader, visitor, number).await?;
            }
        }
        match follows(&page, |checkpoint| checkpoint.draft.number) {
            Some(last) => after = last,
            None => break,
        }
    }
    let mut after = None;
    loop {
        let page = reader.subjects(after, PAGE).await?;
        for (subject, recorded) in &page {
            let leaves = reader.leaves_of(*subject).await?;
            visitor.subject(*subject, *recorded, &leaves)?;
            entries(reader, visitor, *subject).await?;
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE as usize => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

async fn leaves<R: AuditReader, V: Visitor + Send>(
    reader: &mut R,
    visitor: &mut V,
    checkpoint: u64,
) -> Result<(), V::Error> {
    let mut after = None;
    loop {
        let page = reader.leaves(checkpoint, after, PAGE).await?;
        for (subject, head) in &page {
            visitor.leaf(*subject, *head)?;
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE as usize => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

async fn entries<R: AuditReader, V: Visitor + Send>(
    reader: &mut R,
    visitor: &mut V,
    subject: SubjectId,
) -> Result<(), V::Error> {
    let mut after = 0;
    loop {
        let page = reader.entries(subject, after, PAGE).await?;
        for entry in &page {
            visitor.entry(entry.as_ref().map_err(|unreadable| *unreadable))?;
        }
        match follows(&page, |row| row.number) {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

fn number<T>(row: &Result<T, Unreadable>, read: impl Fn(&T) -> u64) -> Option<u64> {
    match row {
        Ok(row) => Some(read(row)),
        Err(unreadable) => unreadable.number,
    }
}

/// The number behind which the next page starts; `None` if this was the last one.
fn follows<T>(page: &[Result<T, Unreadable>], read: impl Fn(&T) -> u64) -> Option<u64> {
    if page.len() < PAGE as usize {
        return None;
    }
    number(page.last()?, read).filter(|last| *last > 0)
}
