//! Files that hold a secret: who else may read them, and what stands in them.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Longer than any secret that is read from a file.
const MOST_BYTES: u64 = 64 * 1024;

/// Why a secret was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("{path} holds a secret, and others may read it (mode {mode:o}); run `chmod 600 {path}`", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Nothing stands in it.
    #[error("{path} is empty", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Far more stands in it than any secret has.
    #[error("{path} is longer than {MOST_BYTES} bytes; it does not look like a secret", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a file that the operator names, without the white space around its text. Its group may read it, since orchestrators
/// hand secrets out that way; everybody must not.
pub(crate) fn read(path: &Path) -> Result<String, SecretFileError> {
    read_guarded(path, 0o007)
}

/// Reads a file of this program's own, which nobody else may read.
pub(crate) fn read_own(path: &Path) -> Result<String, SecretFileError> {
    read_guarded(path, 0o077)
}

fn read_guarded(path: &Path, forbidden: u32) -> Result<String, SecretFileError> {
    let refused = |source| SecretFileError::Read { path: path.to_owned(), source };
    // The open file is asked, not the path, which another file could take meanwhile.
    let file = File::open(path).map_err(refused)?;
    let mode = file.metadata().map_err(refused)?.permissions().mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(SecretFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    let read = file.take(MOST_BYTES).read_to_string(&mut text).map_err(refused)?;
    if read as u64 == MOST_BYTES {
        return Err(SecretFileError::TooLong { path: path.to_owned() });
    }
    match text.trim() {
        "" => Err(SecretFileError::Empty { path: path.to_owned() }),
        trimmed => Ok(trimmed.to_owned()),
    }
}
