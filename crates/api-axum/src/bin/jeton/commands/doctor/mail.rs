//! Mail: whether it can be sent, by a handshake with the server, or by a mail if one is asked for.

use std::fs;
use std::io;
use std::time::Duration;

use auth_domain::model::EmailAddress;
use rustix::fs::{Access, access};

use super::PATIENCE;
use super::configuration::is_public;
use super::finding::Finding;
use super::report::wait_for;
use crate::config::Config;
use crate::mail::{Encryption, SmtpSettings, Trial};

/// What is added to the time that one mail may take: resolving a name, and the end of the connection.
const MARGIN: Duration = Duration::from_secs(2);

pub(super) async fn check(config: &Config, to: Option<&EmailAddress>) -> Vec<Finding> {
    let issuer = config.issuer.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let trial = Trial::new(&config.mail, &issuer, &config.policies.product, &config.data_dir);
    let mut found = match &config.mail.smtp {
        Some(smtp) => vec![transport(smtp), handshake(smtp, &trial).await],
        None => vec![outbox_alone(config), outbox(config)],
    };
    if let Some(to) = to {
        found.push(test_mail(config, &trial, to).await);
    }
    found
}

fn transport(smtp: &SmtpSettings) -> Finding {
    let encryption = Encryption::CHOICES.iter().find(|(_, choice)| *choice == smtp.encryption);
    let encryption = encryption.map(|(name, _)| *name).unwrap_or_default();
    let login = if smtp.login.is_some() { "with a login" } else { "without a login" };
    let what = format!("mail goes to {}:{}, encryption {encryption}, {login}", smtp.host, smtp.port);
    Finding::ok("mail.transport", what)
}

fn outbox_alone(config: &Config) -> Finding {
    const CHECK: &str = "mail.transport";
    let what = "no mail server is set: mail stays in the outbox";
    if is_public(config) {
        Finding::advice(CHECK, what, "set mail.host and mail.from, or collect the files; until then nobody gets a link")
    } else {
        Finding::ok(CHECK, what)
    }
}

/// Whether the outbox can be written, and what waits in it.
fn outbox(config: &Config) -> Finding {
    const CHECK: &str = "mail.outbox";
    let folder = config.data_dir.join("outbox");
    let shown = folder.display();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::ok(CHECK, "there is no outbox yet; the first mail makes it")
        }
        Err(error) => {
            let what = format!("the outbox {shown} cannot be read: {error}");
            Finding::problem(CHECK, what, "chown it to the user that the server runs as")
        }
        Ok(_) if access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_err() => {
            let what = format!("the outbox {shown} cannot be written by this user");
            Finding::problem(CHECK, what, "chown it to the user that the server runs as, and chmod 700 it")
        }
        Ok(files) => {
            Finding::ok(CHECK, format!("the outbox {shown} can be written; {} files are in it", files.count()))
        }
    }
}

/// Connects, encrypts and signs in, and sends nothing.
async fn handshake(smtp: &SmtpSettings, trial: &Trial<'_>) -> Finding {
    const CHECK: &str = "mail.server";
    let server = format!("{}:{}", smtp.host, smtp.port);
    match wait_for(&format!("the mail server {server}"), smtp.timeout + MARGIN, trial.handshake()).await {
        Some(Ok(())) => Finding::ok(CHECK, format!("{server} answers and takes our connection")),
        Some(Err(reason)) => {
            Finding::problem(CHECK, format!("{server} does not take our connection: {reason}"), mend(smtp))
        }
        None => {
            let what = format!("{server} did not answer within {} s", smtp.timeout.as_secs());
            Finding::problem(CHECK, what, mend(smtp))
        }
    }
}

const fn mend(smtp: &SmtpSettings) -> &'static str {
    match (&smtp.encryption, &smtp.login) {
        (Encryption::StartTls, None) => {
            "see that mail.host and mail.port (587 or 25 for starttls) are right and reachable"
        }
        (Encryption::StartTls, Some(_)) => {
            "see that mail.host, mail.port (587 for starttls), mail.user and its password are right"
        }
        (Encryption::Implicit, _) => "see that mail.host, mail.port (465 for implicit), and any login are right",
        (Encryption::None, _) => "see that a mail server runs on this machine, at mail.port",
    }
}

async fn test_mail(config: &Config, trial: &Trial<'_>, to: &EmailAddress) -> Finding {
    const CHECK: &str = "mail.test_mail";
    let longest = config.mail.smtp.as_ref().map_or(PATIENCE, |smtp| smtp.timeout + MARGIN);
    match wait_for("the test mail to be taken", longest, trial.send(to)).await {
        Some(Ok(())) if config.mail.smtp.is_none() => {
            Finding::ok(CHECK, format!("a test mail to {to} is in the outbox", to = to.address()))
        }
        Some(Ok(())) => {
            Finding::ok(CHECK, format!("the mail server took a test mail to {}; see that it arrives", to.address()))
        }
        Some(Err(reason)) => Finding::problem(
            CHECK,
            format!("no test mail could be sent to {}: {reason}", to.address()),
            "see whether the address is right, and whether the server lets mail.from send",
        ),
        None => Finding::problem(CHECK, "the test mail was not taken in time", "see to the mail server"),
    }
}
