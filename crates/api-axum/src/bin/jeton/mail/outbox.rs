//! The outbox: mail as files in a folder, for servers that no mail server is set up for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use auth_domain::ports::{Mail, MailError, Mailer};

use super::letter::{Encoding, Letter, Letterhead};
use crate::master_key::make_folder;

/// Writes each mail to a file of its own.
pub(crate) struct Outbox {
    folder: PathBuf,
    letterhead: Letterhead,
}

impl Outbox {
    /// The outbox of a data folder.
    pub(super) fn new(data_dir: &Path, letterhead: Letterhead) -> Self {
        Self { folder: data_dir.join("outbox"), letterhead }
    }

    /// Writes a letter to its file.
    pub(super) async fn keep(&self, letter: &Letter) -> Result<PathBuf, MailError> {
        let (folder, file) = (self.folder.clone(), format!("{}-{}.eml", letter.name, letter.id));
        let bytes = letter.message.formatted();
        let written = tokio::task::spawn_blocking(move || write(&folder, &file, &bytes)).await;
        let later = |error: &dyn std::fmt::Display| MailError::Later(format!("the outbox: {error}"));
        written.map_err(|error| later(&error))?.map_err(|error| later(&error))
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let letter = self.letterhead.write(&mail, Encoding::Readable)?;
        let path = self.keep(&letter).await?;
        let name = letter.name;
        // The link to the file: the one in it is a secret, which no log may hold.
        tracing::info!(
            mail = name,
            link = format!("file://{}", path.display()),
            "no mail server is set: a mail is in the outbox"
        );
        Ok(())
    }
}

/// Writes beside the name and renames, so that whoever collects the mail never reads half of one.
fn write(folder: &Path, name: &str, message: &[u8]) -> io::Result<PathBuf> {
    make_folder(folder)?;
    let (draft, path) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(message)?;
    fs::rename(&draft, &path)?;
    path.canonicalize()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use auth_domain::model::{EmailAddress, Locale, TokenMailKind};
    use auth_domain::ports::MailContent;

    use super::super::letter::tests::letterhead;
    use super::*;

    #[tokio::test]
    async fn a_mail_is_a_whole_file_that_people_can_read_and_only_its_owner() {
        let data = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(data.path(), letterhead());
        let to = EmailAddress::parse("alice@example.com").unwrap();
        let token = format!("jot_{}", "A".repeat(64));
        let content = MailContent::Token { kind: TokenMailKind::VerifyEmail, token: &token };
        // Twice, as after a note that got lost: it is the same mail.
        for _ in 0..2 {
            outbox.send(Mail { to: &to, locale: Locale::En, content }).await.unwrap();
        }
        let files: Vec<_> =
            fs::read_dir(data.path().join("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
        let [file] = &files[..] else { panic!("{files:?}") };
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("verify_email-") && !name.contains("AAAA"), "{name}");
        assert_eq!(file.extension().unwrap(), "eml");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("\r\nhttps://login.example.com/#/verify-email?token={token}\r\n")), "{text}");
    }
}
