//! Mail in the settings: the server that takes it, whom it is from, its words, and where its links lead.

use std::path::Path;

use lettre::message::Mailbox;
use reqwest::Url;
use secrecy::SecretString;

use super::reader::{Reader, quoted};
use super::{SECOND, hidden};
use crate::loopback::is_loopback;
use crate::mail::{Encryption, Link, Links, MailSettings, SmtpSettings, Templates};

pub(super) fn read(reader: &mut Reader) -> Option<MailSettings> {
    let wanted = reader.is_set("mail.host");
    let smtp = smtp(reader, wanted);
    let from = reader.read("mail.from", mailbox, |from| quoted(&from.to_string()));
    reader.derived("mail.from", quoted("<no-reply at the issuer's host>"));
    if wanted && !reader.is_set("mail.from") {
        let example = "`mail.from = \"Example <no-reply@example.com>\"`";
        reader.problem(format!("mail.host is set without mail.from: say whom mails are from, such as {example}"));
    }
    let load = |text: &str| Templates::of(Path::new(text)).map_err(|error| error.to_string());
    let folder = reader.is_set("mail.templates");
    let folder_name = std::cell::RefCell::new(String::new());
    let templates = reader.read(
        "mail.templates",
        |text| {
            folder_name.replace(text.to_owned());
            load(text)
        },
        |_| quoted(&folder_name.borrow()),
    );
    reader.derived("mail.templates", quoted("<built in>"));
    let links = Links {
        verify_email: link(reader, "mail.links.verify_email"),
        reset_password: link(reader, "mail.links.reset_password"),
        change_email: link(reader, "mail.links.change_email"),
        invite: link(reader, "mail.links.invite"),
    };
    let templates = if folder { templates? } else { Templates::built_in() };
    // A server that is wanted and not there is a problem that was noted.
    (smtp.is_some() == wanted).then_some(MailSettings { from, smtp, links, templates })
}

/// The server, if one is wanted.
fn smtp(reader: &mut Reader, wanted: bool) -> Option<SmtpSettings> {
    let host = reader.text("mail.host", host);
    reader.derived("mail.host", quoted("<none: mail goes to the outbox>"));
    let encryption = reader.choice("mail.encryption", &Encryption::CHOICES);
    let port = reader.number("mail.port", 1..=u16::MAX);
    let usual = encryption.unwrap_or(Encryption::StartTls).port();
    reader.derived("mail.port", usual.to_string());
    let user = reader.text("mail.user", |text| Ok(text.to_owned()));
    reader.derived("mail.user", quoted("<none>"));
    let password = reader.read("mail.password", |text| Ok(SecretString::from(text)), hidden);
    reader.derived("mail.password", quoted("<none>"));
    let timeout = reader.duration("mail.timeout", SECOND..=25 * SECOND);

    if !wanted {
        for key in ["mail.user", "mail.password", "mail.port"] {
            if reader.is_set(key) {
                reader.problem(format!("{key} is set without mail.host: name the SMTP server that it belongs to"));
            }
        }
        return None;
    }
    let host = host?;
    if encryption == Some(Encryption::None) && !is_loopback(&host) {
        reader.problem(format!(
            "mail.encryption = \"none\" would send tokens in the clear to {host}; use starttls or implicit, or a relay on this \
             machine (localhost)"
        ));
    }
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            reader.problem("mail.user and mail.password belong together; set both, or neither".to_owned());
            None
        }
    };
    Some(SmtpSettings { host, port: port.unwrap_or(usual), encryption: encryption?, login, timeout: timeout? })
}

fn link(reader: &mut Reader, key: &'static str) -> Option<Link> {
    let link = reader.read(key, Link::parse, |link| quoted(link.as_str()));
    reader.derived(key, quoted("<a page of the issuer>"));
    link
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    let plain = !text.chars().any(char::is_control);
    let wanted = || "a mail address, such as Example <no-reply@example.com>".to_owned();
    text.parse().ok().filter(|_| plain).ok_or_else(wanted)
}

fn host(text: &str) -> Result<String, String> {
    let url = format!("smtp://{text}/").parse::<Url>().ok();
    let good = url.is_some_and(|url| {
        url.host_str().is_some_and(|host| !host.is_empty())
            && url.port().is_none()
            && url.username().is_empty()
            && url.path() == "/"
            && url.query().is_none()
    });
    let plain = !text.contains(['/', '#', '?', '@', ' ']) && !text.is_empty();
    if good && plain {
        Ok(text.to_owned())
    } else {
        Err("the name of an SMTP server, such as smtp.example.com; its port is mail.port".to_owned())
    }
}
