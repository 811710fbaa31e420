//! The file that a session lies in: whole at any moment, readable by its user alone, and used by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// What is kept of a session. Times are seconds since 1970 by this machine's clock.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) session_id: String,
    pub(crate) access_token: String,
    /// When the request left whose answer brought the access token.
    pub(crate) obtained_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) refresh_token: String,
    /// Of a refresh that has begun and whose answer is not saved yet.
    pub(crate) idempotency_key: Option<String>,
}

/// The place of a session.
#[derive(Clone)]
pub(crate) struct SessionFile {
    path: PathBuf,
}

impl SessionFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is saved, if anything. It needs no lock, since the file is replaced at once.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(crate) fn read(&self) -> io::Result<Option<Saved>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until no other process, and no other task of this one, holds the session. The system lets go of it when the
    /// process ends, however it ends.
    ///
    /// # Errors
    /// When the file beside it that is locked cannot be made.
    pub(crate) async fn lock(&self) -> io::Result<Locked> {
        let file = self.clone();
        let lock = tokio::task::spawn_blocking(move || {
            // Another file than the session's own, which is replaced: a lock on that would be one on the past.
            let path = file.path.with_added_extension("lock");
            let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
            lock.lock()?;
            Ok::<_, io::Error>(Locked { file, _lock: lock })
        });
        lock.await.map_err(io::Error::other)?
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

/// The session, for whoever holds its lock.
pub(crate) struct Locked {
    file: SessionFile,
    _lock: File,
}

impl Locked {
    pub(crate) fn read(&self) -> io::Result<Option<Saved>> {
        self.file.read()
    }

    /// Replaces what is saved. When it returns, the new text survives a loss of power; before, the old one does.
    ///
    /// # Errors
    /// When the disk is full, or the folder cannot be written.
    pub(crate) fn write(&self, saved: &Saved) -> io::Result<()> {
        // Mode 0600.
        let mut next = NamedTempFile::new_in(self.file.folder())?;
        next.write_all(&serde_json::to_vec(saved)?)?;
        next.as_file().sync_all()?;
        next.persist(&self.file.path).map_err(|error| error.error)?;
        self.sync_folder()
    }

    /// Forgets the session.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync_folder(),
        }
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.file.folder())?.sync_all()
    }
}
