//! The master key: taken from the settings, or kept in `master.key` in the data folder, where the first start makes it.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use auth_domain::ports::{Entropy, EntropyUnavailable, random};
use auth_domain::refresh::MasterKey;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::config::secret_file::{SecretFileError, read_own};

const FILE: &str = "master.key";
/// The id of a key that is written without one.
const DEFAULT_ID: u8 = 1;

/// The master keys: the first is active, the others only open what was made under them.
#[derive(Clone, Debug)]
pub(crate) struct MasterKeys {
    active: MasterKey,
    all: Vec<MasterKey>,
}

/// Why a text holds no master keys. Nothing of the text is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMasterKey {
    /// Not 32 bytes in base64.
    #[error(
        "32 bytes in base64, as `openssl rand -base64 32` prints them; several are separated by a comma or a new line"
    )]
    NotAKey,
    /// The part before the colon is no id.
    #[error("a key with an id from 0 to 255 before its colon, such as 2:… (and the key in base64 after it)")]
    NotAnId,
    /// Two keys have one id.
    #[error("keys with different ids, but two have the id {0}; write the new one as another id, a colon and the key")]
    Repeated(u8),
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    /// The file cannot be read, or others can read it.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file holds something else.
    #[error("{} is not a master key; it must be {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidMasterKey,
    },
    /// The file could not be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl MasterKeys {
    /// Reads keys as the settings and the file hold them: `base64` or `id:base64`, separated by commas or new lines.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let all = parts.map(parse_one).collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = all.iter().find(|key| !seen.insert(key.id())) {
            return Err(InvalidMasterKey::Repeated(twice.id()));
        }
        let active = all.first().cloned().ok_or(InvalidMasterKey::NotAKey)?;
        Ok(Self { active, all })
    }

    /// The key that new things are made under.
    pub(crate) const fn active(&self) -> &MasterKey {
        &self.active
    }

    /// Every key.
    pub(crate) fn all(&self) -> &[MasterKey] {
        &self.all
    }
}

fn parse_one(part: &str) -> Result<MasterKey, InvalidMasterKey> {
    let (id, encoded) = match part.split_once(':') {
        Some((id, encoded)) => (id.trim().parse().map_err(|_| InvalidMasterKey::NotAnId)?, encoded.trim()),
        None => (DEFAULT_ID, part),
    };
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| InvalidMasterKey::NotAKey)?);
    let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidMasterKey::NotAKey)?;
    Ok(MasterKey::new(id, bytes))
}

/// Makes the data folder, for this user alone, where there is none.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Where the key of a data folder is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// The key that the data folder holds.
pub(crate) fn load(data_dir: &Path) -> Result<Option<MasterKeys>, MasterKeyError> {
    let path = path(data_dir);
    if !path.exists() {
        return Ok(None);
    }
    let text = Zeroizing::new(read_own(&path)?);
    MasterKeys::parse(&text).map(Some).map_err(|source| MasterKeyError::Invalid { path, source })
}

/// Makes a key in the data folder, or takes the one that another process has just made there.
pub(crate) fn create(data_dir: &Path, entropy: &dyn Entropy) -> Result<MasterKeys, MasterKeyError> {
    let path = path(data_dir);
    let bytes = Zeroizing::new(random::<32>(entropy)?);
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(64));
    BASE64_STANDARD.encode_string(bytes.as_slice(), &mut text);
    text.push('\n');
    let draft = data_dir.join(format!(".{FILE}.{}", std::process::id()));
    let written = write(&draft, &path, text.as_bytes());
    // The draft is only left where the disk failed; the key is never in two files for long.
    let _ = fs::remove_file(&draft);
    written.map_err(|source| MasterKeyError::Write { path: path.clone(), source })?;
    let stored = Zeroizing::new(read_own(&path)?);
    MasterKeys::parse(&stored).map_err(|source| MasterKeyError::Invalid { path, source })
}

/// Writes the whole file, or leaves the one that is there. A link, unlike a rename, never replaces.
fn write(draft: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::entropy::OsEntropy;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const OTHER: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn ids(text: &str) -> Result<Vec<u8>, InvalidMasterKey> {
        MasterKeys::parse(text).map(|keys| keys.all().iter().map(MasterKey::id).collect())
    }

    #[test]
    fn the_first_key_is_active_and_one_without_an_id_has_the_id_1() {
        assert_eq!(ids(KEY), Ok(vec![1]));
        assert_eq!(ids(&format!("2:{OTHER}, 1:{KEY}")), Ok(vec![2, 1]));
        assert_eq!(ids(&format!("2:{OTHER}\n{KEY}\n")), Ok(vec![2, 1]));
        assert_eq!(MasterKeys::parse(&format!("7:{OTHER},{KEY}")).unwrap().active().id(), 7);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (text, error) in [
            ("", InvalidMasterKey::NotAKey),
            ("hunter2", InvalidMasterKey::NotAKey),
            ("AQEBAQ==", InvalidMasterKey::NotAKey),
            (&format!("256:{KEY}"), InvalidMasterKey::NotAnId),
            (&format!("one:{KEY}"), InvalidMasterKey::NotAnId),
            (&format!("{KEY},{OTHER}"), InvalidMasterKey::Repeated(1)),
        ] {
            assert_eq!(ids(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_key_that_was_made_is_found_again_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap().is_none());
        let made = create(folder.path(), &OsEntropy).unwrap();
        let found = load(folder.path()).unwrap().unwrap();
        assert_eq!(made.active().derive(b"x"), found.active().derive(b"x"));
        let file = fs::metadata(path(folder.path())).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = create(folder.path(), &OsEntropy).unwrap();
        let second = create(folder.path(), &OsEntropy).unwrap();
        assert_eq!(first.active().derive(b"x"), second.active().derive(b"x"));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), &OsEntropy).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(path(folder.path()), fs::Permissions::from_mode(mode)).unwrap();
            let error = load(folder.path()).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }
}
