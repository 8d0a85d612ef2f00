//! The domain's words as JSON and as the single words that stand in columns.
//!
//! The domain's types know no serialisation. Each that is stored as JSON has a private mirror here, so
//! that renaming something in the domain cannot make stored text unreadable. Text that this program did
//! not write the like of is never guessed at: the row is [`StoreError::Corrupt`].

mod change;
mod request;
mod state;
mod value;
pub(crate) mod word;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

/// Something that is stored as JSON.
pub(crate) trait Stored: Sized {
    /// Its form in JSON. Borrowed for writing; `Mirror<'static>` for reading.
    type Mirror<'a>: Serialize
    where
        Self: 'a;

    /// The form to write.
    fn mirror(&self) -> Self::Mirror<'_>;

    /// What was read; `None` if it says something that cannot be.
    fn from_mirror(mirror: Self::Mirror<'static>) -> Option<Self>;
}

/// Writes `value` as JSON.
///
/// # Errors
///
/// [`StoreError::Refused`] if it has no JSON form, which none of the mirrors should bring about.
pub(crate) fn encode<T: Stored>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(&value.mirror()).map_err(|error| {
        // Its own text may quote what was to be written.
        StoreError::Refused(format!("{:?} error in JSON", error.classify()).into())
    })
}

/// Reads JSON out of a row of `table`.
///
/// # Errors
///
/// [`StoreError::Corrupt`] if it is not what [`encode`] writes.
pub(crate) fn decode<T>(text: &str, table: &'static str) -> Result<T, StoreError>
where
    T: Stored + 'static,
    T::Mirror<'static>: DeserializeOwned,
{
    let mirror = serde_json::from_str(text).map_err(|_| StoreError::Corrupt { table })?;
    T::from_mirror(mirror).ok_or(StoreError::Corrupt { table })
}
