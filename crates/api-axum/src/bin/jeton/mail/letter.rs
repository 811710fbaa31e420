//! A mail as a message (RFC 5322): who it is from and to, its headers, and its words in plain text and HTML.

use auth_domain::model::{EmailAddress, Presenter, Purpose, SecurityEvent, Timestamp, TokenMailKind, UserAgent};
use auth_domain::ports::{Mail, MailContent, MailError};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::{Value, context};

use super::{Links, MailSettings, Templates};

/// What all mails of a server have in common.
#[derive(Debug)]
pub(super) struct Letterhead {
    from: Mailbox,
    issuer: String,
    product: String,
    links: Links,
    templates: Templates,
}

/// A mail that was written.
pub(super) struct Letter {
    /// What tells it from every other, and is the same in each attempt to send it.
    pub(super) id: String,
    /// Which mail it is.
    pub(super) name: &'static str,
    /// The whole message.
    pub(super) message: Message,
}

/// How bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// So that every server takes them.
    ForTransport,
    /// So that people can read the file.
    Readable,
}

impl Letterhead {
    pub(super) fn new(settings: &MailSettings, issuer: &str, product: &str) -> Self {
        let from = settings.from.clone().unwrap_or_else(|| Mailbox::new(Some(product.to_owned()), no_reply(issuer)));
        Self {
            from,
            issuer: issuer.to_owned(),
            product: product.to_owned(),
            links: settings.links.clone(),
            templates: settings.templates.clone(),
        }
    }

    /// The domain that mails come from.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// [`MailError::Never`] when the address is one that no message can be sent to; [`MailError::Later`] when a template, which
    /// the operator can mend, does not render.
    pub(super) fn write(&self, mail: &Mail<'_>, encoding: Encoding) -> Result<Letter, MailError> {
        let to = address(mail.to)?;
        let (name, id, values) = match mail.content {
            MailContent::Token { kind, token } => (kind.as_str(), id_of(kind.as_str(), token), self.token(kind, token)),
            MailContent::Notice(event) => ("notice", id_of("notice", &event.id.to_string()), notice(event)),
        };
        let common = context! {
            product => self.product,
            issuer => self.issuer,
            locale => mail.locale.as_str(),
            email => mail.to.address(),
        };
        let values = context! { ..values, ..common };
        let words = self.templates.render(name, mail.locale, &values);
        let words = words.map_err(|error| MailError::Later(format!("a mail's template does not render: {error}")))?;
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, words.text, encoding))
            .singlepart(part(ContentType::TEXT_HTML, words.html, encoding));
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(words.subject)
            .date_now()
            .message_id(Some(format!("<{id}@{}>", self.domain())))
            // RFC 3834 §5: nobody's absence note answers it.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", mail.locale.as_str()))
            .multipart(parts);
        let message = message.map_err(|error| MailError::Never(error.to_string()))?;
        Ok(Letter { id, name, message })
    }

    /// Writes a mail by which an operator sees that mail arrives. `unique` tells it from others.
    ///
    /// # Errors
    /// [`MailError::Never`] when the address is one that no message can be sent to.
    pub(super) fn trial(&self, to: &EmailAddress, unique: u64, encoding: Encoding) -> Result<Letter, MailError> {
        let name = "test";
        let id = id_of(name, &unique.to_string());
        let text = format!(
            "Mail of {} ({}) arrives.\n\nSomebody who runs it sent this to see that.\n",
            self.product, self.issuer
        );
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address(to)?))
            .subject(format!("{}: a test mail", self.product))
            .date_now()
            .message_id(Some(format!("<{id}@{}>", self.domain())))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .singlepart(part(ContentType::TEXT_PLAIN, text, encoding));
        let message = message.map_err(|error| MailError::Never(error.to_string()))?;
        Ok(Letter { id, name, message })
    }

    fn token(&self, kind: TokenMailKind, token: &str) -> Value {
        let link = self.links.of(kind, token, &self.issuer);
        let (amount, unit) = lifetime(kind);
        context! { link, token, lifetime => context! { amount, unit } }
    }
}

/// What a notice says of an event.
fn notice(event: &SecurityEvent) -> Value {
    let first = event.evidence.as_ref().map(|evidence| {
        let at = Timestamp::from_micros(evidence.rotated_at_micros);
        who(&evidence.rotated_by, at)
    });
    let name = event.detail.as_deref().map(without_addresses);
    let event = context! { kind => event.kind.as_str(), name, first, ..who(&event.presenter, event.at) };
    context! { event }
}

/// When, from where and with what.
fn who(presenter: &Presenter, at: Timestamp) -> Value {
    let text = at.to_string();
    let minute = text.get(..16).map(|minute| format!("{} UTC", minute.replace('T', " "))).unwrap_or(text);
    let ip = presenter.ip.map(|ip| ip.to_string());
    context! { at => minute, ip, program => program(presenter.user_agent.as_deref()) }
}

/// The program by its user agent, which whoever sent the request has chosen.
fn program(user_agent: Option<&str>) -> Option<String> {
    let parsed = UserAgent::parse(Some(user_agent?));
    let words: Vec<String> = [parsed.browser, parsed.system].into_iter().flatten().collect();
    let text: String = without_addresses(&words.join(", ")).chars().take(60).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// A text that others have written, so that no mail program makes a link of a part of it.
fn without_addresses(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let dot_in_number = c == '.' && rest.peek().is_some_and(char::is_ascii_digit);
        let harmless = c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | ',' | '\'' | '(' | ')') || dot_in_number;
        plain.push(if harmless { c } else { ' ' });
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The address that a message goes to: the stored one, with its domain in ASCII, so that only a local part needs SMTPUTF8.
fn address(to: &EmailAddress) -> Result<Address, MailError> {
    let parts = to.address().rsplit_once('@').zip(to.canonical().rsplit_once('@'));
    let address = parts.and_then(|((local, _), (_, domain))| Address::new(local, domain).ok());
    address.ok_or_else(|| MailError::Never("the address is one that no mail can be sent to".to_owned()))
}

/// The address that mails are from where nobody says it.
fn no_reply(issuer: &str) -> Address {
    let host = issuer.parse::<reqwest::Url>().ok().and_then(|url| url.domain().map(str::to_owned));
    let address = host.and_then(|host| Address::new("no-reply", host).ok());
    address.unwrap_or_else(|| Address::new_dangerous("no-reply", "localhost"))
}

/// How long a mail's token is good, in the largest unit that measures it exactly.
fn lifetime(kind: TokenMailKind) -> (u64, &'static str) {
    let purpose = match kind {
        TokenMailKind::VerifyEmail => Purpose::VerifyEmail,
        TokenMailKind::ResetPassword | TokenMailKind::AlreadyRegistered => Purpose::ResetPassword,
        TokenMailKind::ChangeEmail => Purpose::ChangeEmail,
        TokenMailKind::Invite => Purpose::Invite,
    };
    let minutes = purpose.lifetime().as_secs() / 60;
    match minutes {
        _ if minutes.is_multiple_of(2 * 24 * 60) || minutes.is_multiple_of(7 * 24 * 60) => (minutes / (24 * 60), "day"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    }
}

/// Tells nothing of the token that it is made from.
fn id_of(name: &str, unique: &str) -> String {
    let hash = digest(&SHA256, format!("jeton/mail/message-id/v1 {name} {unique}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hash.as_ref().get(..18).unwrap_or_default())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn part(kind: ContentType, text: String, encoding: Encoding) -> SinglePart {
    // RFC 5322 §2.1.1: no line is longer than this.
    let fits = text.lines().all(|line| line.len() <= 998 && !line.contains('\0'));
    let body = if encoding == Encoding::Readable && fits {
        let lines = text.lines().collect::<Vec<_>>().join("\r\n");
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::EightBit)
    } else {
        Body::new(text)
    };
    SinglePart::builder().header(kind).body(body)
}

#[cfg(test)]
pub(super) mod tests {
    use auth_domain::model::{AccountId, Actor, EventId, EventKind, Locale, RotationEvidence};

    use super::*;

    /// A letterhead with the built-in templates.
    pub(crate) fn letterhead() -> Letterhead {
        let settings = MailSettings {
            from: Some("Jeton <no-reply@example.com>".parse().unwrap()),
            smtp: None,
            links: Links::default(),
            templates: Templates::built_in(),
        };
        Letterhead::new(&settings, "https://login.example.com", "Jeton")
    }

    fn replay() -> SecurityEvent {
        let at = Timestamp::from_secs(1_800_000_000);
        let presenter =
            Presenter::new(Some([203, 0, 113, 9].into()), Some("https://evil.example/\nBcc: x@example.com"));
        let (event, account) = (EventId::new(at, [1; 10]), AccountId::new(at, [2; 10]));
        let mut event = SecurityEvent::new(event, at, EventKind::RefreshReplayed, account, Actor::Server, presenter);
        event.evidence = Some(RotationEvidence {
            presented_generation: 1,
            current_generation: 3,
            rotated_by: Presenter::new(Some([192, 0, 2, 1].into()), Some("curl/8.5.0")),
            rotated_at_micros: at.as_micros(),
        });
        event
    }

    fn text(mail: &Mail<'_>) -> String {
        String::from_utf8(letterhead().write(mail, Encoding::Readable).unwrap().message.formatted()).unwrap()
    }

    fn to(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[test]
    fn a_mail_says_whom_it_is_from_that_no_person_wrote_it_and_what_to_open() {
        let to = to("Alice@Example.com");
        let content = MailContent::Token { kind: TokenMailKind::ResetPassword, token: "jot_abc" };
        let mail = Mail { to: &to, locale: Locale::En, content };
        let text = text(&mail);
        for line in [
            "From: Jeton <no-reply@example.com>\r\n",
            "To: Alice@example.com\r\n",
            "Subject: Set a new password for Jeton\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "\r\nhttps://login.example.com/#/reset-password?token=jot_abc\r\n",
            "for 30 minutes, and signs you out everywhere",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(text.contains("\r\nDate: ") && text.contains("\r\nMessage-ID: <"), "{text}");
    }

    #[test]
    fn every_attempt_of_one_mail_has_one_id_and_it_tells_nothing_of_the_token() {
        let to = to("alice@example.com");
        let id = |token| {
            let content = MailContent::Token { kind: TokenMailKind::Invite, token };
            letterhead().write(&Mail { to: &to, locale: Locale::En, content }, Encoding::ForTransport).unwrap().id
        };
        assert_eq!(id("jot_abc"), id("jot_abc"));
        assert_ne!(id("jot_abc"), id("jot_abd"));
    }

    #[test]
    fn a_replay_names_both_parties_and_what_they_sent_makes_neither_header_nor_link() {
        let (to, event) = (to("alice@example.com"), replay());
        let text = text(&Mail { to: &to, locale: Locale::En, content: MailContent::Notice(&event) });
        assert!(text.contains("2027-01-15 08:00 UTC · 192.0.2.1 · curl"), "{text}");
        assert!(text.contains("203.0.113.9 · https"), "{text}");
        assert!(!text.contains("evil.example") && !text.contains("\nBcc"), "{text}");
    }

    #[test]
    fn a_korean_mail_is_korean_in_both_halves() {
        let to = to("alice@example.com");
        let content = MailContent::Token { kind: TokenMailKind::VerifyEmail, token: "jot_abc" };
        let text = text(&Mail { to: &to, locale: Locale::Ko, content });
        assert!(text.contains("24시간 동안 한 번만") && text.contains("<html lang=\"ko\">"), "{text}");
        assert!(text.contains("\r\nSubject: Jeton =?utf-8?b?"), "{text}");
    }

    #[test]
    fn a_mail_goes_to_the_stored_address_with_its_domain_in_ascii() {
        assert_eq!(address(&to("Eva@bücher.example")).unwrap().to_string(), "Eva@xn--bcher-kva.example");
        assert_eq!(address(&to("mike@example.com")).unwrap().to_string(), "mike@example.com");
    }

    #[test]
    fn lifetimes_are_told_in_the_unit_that_fits() {
        assert_eq!(lifetime(TokenMailKind::VerifyEmail), (24, "hour"));
        assert_eq!(lifetime(TokenMailKind::ResetPassword), (30, "minute"));
        assert_eq!(lifetime(TokenMailKind::Invite), (7, "day"));
    }

    #[test]
    fn names_keep_their_version_numbers_and_lose_their_addresses() {
        assert_eq!(without_addresses("YubiKey 5.7 (blue)"), "YubiKey 5.7 (blue)");
        assert_eq!(without_addresses("see http://evil.example/x now"), "see http evil example x now");
    }
}
