//! The outbox: mail as text files in a folder, for servers that no mail relay is set up for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use auth_domain::model::{Presenter, SecurityEvent, Timestamp};
use auth_domain::ports::{Mail, MailError, Mailer};

use crate::master_key::make_folder;

/// Writes each mail to a file of its own.
pub(crate) struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// The outbox of a data folder.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("outbox") }
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let (name, text) = match &mail {
            Mail::RefreshReplayed { to, event } => {
                (format!("{}-refresh-replayed.txt", event.id), replayed(to.address(), event))
            }
        };
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &text));
        let path = written.await.map_err(MailError::from_display)?.map_err(MailError::from_display)?;
        tracing::info!(path = %path.display(), "a mail was written to the outbox");
        Ok(())
    }
}

trait FromDisplay {
    fn from_display(error: impl std::fmt::Display) -> Self;
}

impl FromDisplay for MailError {
    fn from_display(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Writes beside the name and renames, so that whoever collects the mail never reads half of one.
fn write(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    make_folder(folder)?;
    let (draft, path) = (folder.join(format!(".{name}")), folder.join(name));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, &path)?;
    Ok(path)
}

fn replayed(to: &str, event: &SecurityEvent) -> String {
    let by = |presenter: &Presenter, at: Timestamp| {
        let address = presenter.ip.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        let program = presenter.user_agent.as_deref().unwrap_or("an unknown program");
        format!("  {at}  from {address}, with {program}\n")
    };
    let before = event
        .evidence
        .as_ref()
        .map(|evidence| by(&evidence.rotated_by, Timestamp::from_micros(evidence.rotated_at_micros)));
    format!(
        "To: {to}\n\
         Subject: A device was signed out for your safety\n\
         \n\
         A sign-in of your account was used twice: two programs hold a copy of what only one of them should have. This\n\
         happens when it was stolen. The device was signed out, and nothing that was copied works any more.\n\
         \n\
         It was used\n\
         {}{}\
         \n\
         If you know both, sign in again and nothing else is needed. If not, sign in, change your password, and look at\n\
         your list of devices.\n",
        before.unwrap_or_default(),
        by(&event.presenter, event.at),
    )
}

#[cfg(test)]
mod tests {
    use auth_domain::model::{AccountId, Actor, EmailAddress, EventId, EventKind, RotationEvidence};

    use super::*;

    fn event() -> SecurityEvent {
        let at = Timestamp::from_secs(1_800_000_000);
        SecurityEvent {
            id: EventId::new(at, [1; 10]),
            at,
            kind: EventKind::RefreshReplayed,
            account: AccountId::new(at, [2; 10]),
            session: None,
            actor: Actor::Server,
            presenter: Presenter::new(Some([203, 0, 113, 9].into()), Some("curl/8\nBcc: x@example.com")),
            evidence: Some(RotationEvidence {
                presented_generation: 1,
                current_generation: 3,
                rotated_by: Presenter::new(Some([192, 0, 2, 1].into()), Some("Firefox")),
                rotated_at_micros: at.as_micros(),
            }),
        }
    }

    #[tokio::test]
    async fn a_mail_is_a_whole_file_that_names_both_parties() {
        let data = tempfile::tempdir().unwrap();
        let to = EmailAddress::parse("alice@example.com").unwrap();
        Outbox::of(data.path()).send(Mail::RefreshReplayed { to, event: event() }).await.unwrap();
        let files: Vec<_> =
            fs::read_dir(data.path().join("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        let text = fs::read_to_string(&files[0]).unwrap();
        assert!(text.starts_with("To: alice@example.com\nSubject: "), "{text}");
        assert!(text.contains("192.0.2.1, with Firefox") && text.contains("203.0.113.9, with curl/8Bcc:"), "{text}");
    }
}
