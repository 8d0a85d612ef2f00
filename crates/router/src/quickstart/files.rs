//! Files that only their owner can read, replaced as a whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::PrepareError;

/// Makes a directory, with those above it, for its owner only. One that is there already stays as it is:
/// it may hold what others have to reach.
pub(super) fn make_private_directory(path: &Path) -> Result<(), PrepareError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| PrepareError::Write { path: path.to_owned(), source })
}

/// Writes a file so that there is either the old content or the new one, whatever happens meanwhile.
pub(super) fn write_private(path: &Path, content: &str) -> Result<(), PrepareError> {
    replace(path, content).map_err(|source| PrepareError::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary: PathBuf = path.with_file_name(name);
    // A leftover of a process of the same number would keep its mode.
    match std::fs::remove_file(&temporary) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
