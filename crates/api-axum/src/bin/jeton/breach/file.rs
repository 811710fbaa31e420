//! A list of breached passwords as Pwned Passwords offers it: a line a hash, `SHA-1:count`, sorted by hash. It is searched where it
//! lies, by halves, so that its size does not matter.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use auth_domain::model::PasswordDigest;
use auth_domain::ports::{Breach, BreachCheck};

/// Longer than any line: 40 digits, a colon, a count of up to 20 digits, and the line's end.
const WINDOW: usize = 64;

/// A list that lies open.
pub(crate) struct BreachFile(Arc<Sorted>);

struct Sorted {
    file: File,
    length: u64,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BreachFileError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is no such list.
    #[error(
        "it is not a list of lines `SHA-1:count` sorted by hash, as Pwned Passwords offers it; see line near byte {0}"
    )]
    Form(u64),
}

impl BreachFile {
    /// Opens a list, and looks at its first, its middle and its last line.
    pub(crate) fn open(path: &Path) -> Result<Self, BreachFileError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let sorted = Sorted { file, length };
        let mut hashes = Vec::new();
        for at in [0, length / 2, length.saturating_sub(1)] {
            let (start, line) = sorted.line_around(at)?;
            let hash = line.split_once(':').map(|(hash, _)| hash.to_uppercase());
            let whole = |hash: &String| hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            hashes.push(hash.filter(whole).ok_or(BreachFileError::Form(start))?);
        }
        if hashes.is_sorted() { Ok(Self(Arc::new(sorted))) } else { Err(BreachFileError::Form(length / 2)) }
    }
}

impl Sorted {
    fn find(&self, password: &PasswordDigest) -> Result<Option<u64>, BreachFileError> {
        // The line that is looked for begins in [low, high).
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            let (start, line) = self.line_around(middle)?;
            match password.compare(&line).map_err(|_| BreachFileError::Form(start))? {
                (Ordering::Equal, times) => return Ok(Some(times)),
                // Its own line stands before the password: go on behind it.
                (Ordering::Less, _) => low = start + line.len() as u64 + 1,
                (Ordering::Greater, _) => high = start,
            }
        }
        Ok(None)
    }

    /// The line that the byte belongs to, with what may stand before its line feed, and where it starts.
    fn line_around(&self, at: u64) -> Result<(u64, String), BreachFileError> {
        let from = at.saturating_sub(WINDOW as u64);
        let mut buffer = [0; 2 * WINDOW];
        let length = self.read(&mut buffer, from)?;
        let window = buffer.get(..length).unwrap_or_default();
        let at_in = usize::try_from(at - from).unwrap_or(usize::MAX);
        let (before, rest) = window.split_at_checked(at_in).ok_or(BreachFileError::Form(at))?;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(window.len(), |found| at_in + found);
        if (start == 0 && from > 0) || (end == window.len() && from + (end as u64) < self.length) {
            return Err(BreachFileError::Form(at));
        }
        let line = window.get(start..end).unwrap_or_default();
        let text = std::str::from_utf8(line).map_err(|_| BreachFileError::Form(at))?;
        Ok((from + start as u64, text.to_owned()))
    }

    fn read(&self, buffer: &mut [u8], from: u64) -> io::Result<usize> {
        let mut length = 0;
        while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, from + length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }
}

#[async_trait]
impl BreachCheck for BreachFile {
    async fn look_up(&self, password: &PasswordDigest) -> Breach {
        let (sorted, password) = (Arc::clone(&self.0), password.clone());
        let found = tokio::task::spawn_blocking(move || sorted.find(&password)).await;
        match found {
            Ok(Ok(Some(times))) if times > 0 => Breach::Breached { times },
            Ok(Ok(_)) => Breach::NotFound,
            Ok(Err(error)) => Breach::Unavailable(format!("the list of breached passwords: {error}")),
            Err(error) => Breach::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use auth_domain::model::Password;
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

    use super::*;

    fn sha1(text: &str) -> String {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        hash.as_ref().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02X}").unwrap();
            text
        })
    }

    fn file(content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[tokio::test]
    async fn every_line_is_found_and_nothing_else_whatever_ends_the_lines() {
        for ending in ["\r\n", "\n"] {
            for size in [1, 2, 3, 10, 257] {
                let mut lines: Vec<_> =
                    (0..size).map(|n| format!("{}:{}", sha1(&format!("word {n}")), n + 1)).collect();
                lines.sort();
                for last in ["", ending] {
                    let (_folder, path) = file(&format!("{}{last}", lines.join(ending)));
                    let list = BreachFile::open(&path).unwrap();
                    for n in 0..size {
                        let digest = PasswordDigest::of(&Password::new(&format!("word {n}")).unwrap());
                        assert_eq!(list.look_up(&digest).await, Breach::Breached { times: n + 1 }, "{n} of {size}");
                    }
                    for n in size..size + 50 {
                        let digest = PasswordDigest::of(&Password::new(&format!("word {n}")).unwrap());
                        assert_eq!(list.look_up(&digest).await, Breach::NotFound, "{n} of {size}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_sorted_list_is_refused_when_it_is_opened() {
        let (a, b) = (sha1("a"), sha1("b"));
        let (first, second) = if a < b { (&a, &b) } else { (&b, &a) };
        for content in [
            String::new(),
            "password\nhunter2\n".to_owned(),
            format!("{first}\n{second}\n"),
            format!("{second}:1\n{first}:1\n"),
            format!("{first}:1\n{}", "x".repeat(500)),
            "\u{e9}".repeat(100),
        ] {
            let (_folder, path) = file(&content);
            assert!(matches!(BreachFile::open(&path), Err(BreachFileError::Form(_))), "{content:.60}");
        }
        assert!(matches!(BreachFile::open(Path::new("/does/not/exist")), Err(BreachFileError::Read(_))));
    }
}
