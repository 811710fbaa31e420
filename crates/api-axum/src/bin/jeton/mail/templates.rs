//! The words of mails: templates in plain text and HTML, by language, of which the operator can replace each.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth_domain::model::{EventKind, Locale, TokenMailKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

/// The templates that are built in, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("layout.html", include_str!("templates/layout.html")),
    ("button.html", include_str!("templates/button.html")),
    ("en/events.txt", include_str!("templates/en/events.txt")),
    ("en/notice.txt", include_str!("templates/en/notice.txt")),
    ("en/notice.html", include_str!("templates/en/notice.html")),
    ("en/verify_email.txt", include_str!("templates/en/verify_email.txt")),
    ("en/verify_email.html", include_str!("templates/en/verify_email.html")),
    ("en/reset_password.txt", include_str!("templates/en/reset_password.txt")),
    ("en/reset_password.html", include_str!("templates/en/reset_password.html")),
    ("en/change_email.txt", include_str!("templates/en/change_email.txt")),
    ("en/change_email.html", include_str!("templates/en/change_email.html")),
    ("en/already_registered.txt", include_str!("templates/en/already_registered.txt")),
    ("en/already_registered.html", include_str!("templates/en/already_registered.html")),
    ("en/invite.txt", include_str!("templates/en/invite.txt")),
    ("en/invite.html", include_str!("templates/en/invite.html")),
    ("ko/events.txt", include_str!("templates/ko/events.txt")),
    ("ko/notice.txt", include_str!("templates/ko/notice.txt")),
    ("ko/notice.html", include_str!("templates/ko/notice.html")),
    ("ko/verify_email.txt", include_str!("templates/ko/verify_email.txt")),
    ("ko/verify_email.html", include_str!("templates/ko/verify_email.html")),
    ("ko/reset_password.txt", include_str!("templates/ko/reset_password.txt")),
    ("ko/reset_password.html", include_str!("templates/ko/reset_password.html")),
    ("ko/change_email.txt", include_str!("templates/ko/change_email.txt")),
    ("ko/change_email.html", include_str!("templates/ko/change_email.html")),
    ("ko/already_registered.txt", include_str!("templates/ko/already_registered.txt")),
    ("ko/already_registered.html", include_str!("templates/ko/already_registered.html")),
    ("ko/invite.txt", include_str!("templates/ko/invite.txt")),
    ("ko/invite.html", include_str!("templates/ko/invite.html")),
];

/// What the subject's line begins with: the first of each text template.
const SUBJECT: &str = "Subject:";

/// A link that stands in for real ones while templates are checked. A template that shows it has used it.
const SAMPLE_LINK: &str = "https://jeton.example/#/sample?token=jot_sample";

/// The templates of this server.
#[derive(Clone)]
pub(crate) struct Templates(Arc<Environment<'static>>);

/// Why templates are not good. Completes "it must be …".
#[derive(Debug, thiserror::Error)]
#[error("a folder of templates that render: {0}")]
pub(crate) struct BadTemplates(String);

/// The words of one mail.
#[derive(Debug)]
pub(crate) struct Words {
    /// One line.
    pub(crate) subject: String,
    /// Plain text.
    pub(crate) text: String,
    /// HTML.
    pub(crate) html: String,
}

impl Templates {
    /// The built-in templates.
    pub(crate) fn built_in() -> Self {
        Self(Arc::new(environment(None)))
    }

    /// The templates of a folder, and the built-in ones for what it does not hold; each is rendered once to see that it does.
    ///
    /// # Errors
    /// When the folder cannot be read, holds a name that is none of a template, or one that does not render.
    pub(crate) fn of(folder: &Path) -> Result<Self, BadTemplates> {
        names_in(folder, "")?;
        let templates = Self(Arc::new(environment(Some(folder.to_owned()))));
        templates.check()?;
        Ok(templates)
    }

    /// The words of a mail by its name, such as `reset_password`.
    pub(crate) fn render(&self, name: &str, locale: Locale, values: &Value) -> Result<Words, Error> {
        let locale = locale.as_str();
        let render = |ending: &str| self.0.get_template(&format!("{locale}/{name}.{ending}"))?.render(values);
        let (text, html) = (render("txt")?, render("html")?);
        let text = text.trim_start();
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let subject: String = first.strip_prefix(SUBJECT).unwrap_or_default().trim().to_owned();
        if subject.is_empty() {
            let problem = format!("{locale}/{name}.txt does not begin with a line `{SUBJECT} …`");
            return Err(Error::new(ErrorKind::InvalidOperation, problem));
        }
        // A header is one line, whatever was filled in.
        let subject = subject.chars().filter(|c| !c.is_control()).collect();
        Ok(Words { subject, text: format!("{}\n", rest.trim()), html })
    }

    fn check(&self) -> Result<(), BadTemplates> {
        for locale in Locale::ALL {
            for kind in TokenMailKind::ALL.map(TokenMailKind::as_str) {
                let words = self.render(kind, locale, &sample(locale, None)).map_err(|error| told(&error))?;
                for (ending, body) in [("txt", &words.text), ("html", &words.html)] {
                    // In HTML, characters of the link are escaped.
                    if !body.contains("jot_sample") {
                        let name = format!("{}/{kind}.{ending}", locale.as_str());
                        return Err(BadTemplates(format!("{name} does not show {{{{ link }}}}")));
                    }
                }
            }
            for kind in EventKind::ALL {
                self.render("notice", locale, &sample(locale, Some(kind))).map_err(|error| told(&error))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates(…)")
    }
}

/// Values get escaped by the ending of a template's name: in `.html`, and nowhere else. A value that does not exist is an error.
fn environment(folder: Option<PathBuf>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_loader(move |name| {
        let built_in = || BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, source)| (*source).to_owned());
        // Names come from this file and from the operator's own templates.
        let Some(path) = folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists()) else {
            return Ok(built_in());
        };
        let read = std::fs::read_to_string(&path);
        let refused = |error| Error::new(ErrorKind::InvalidOperation, format!("{}: {error}", path.display()));
        read.map(Some).map_err(refused)
    });
    environment
}

/// Refuses a file that no mail would ever use. One whose name begins with `_` is for the others to include.
fn names_in(folder: &Path, prefix: &str) -> Result<(), BadTemplates> {
    let unreadable = |error| BadTemplates(format!("{} cannot be read: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{prefix}{file}");
        if prefix.is_empty() && Locale::ALL.iter().any(|locale| locale.as_str() == file) {
            names_in(&entry.path(), &format!("{file}/"))?;
        } else if !file.starts_with(['_', '.']) && !BUILT_IN.iter().any(|(known, _)| *known == name) {
            let known = BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(BadTemplates(format!("{name} is none of {known}, and does not begin with `_`")));
        }
    }
    Ok(())
}

/// Everything that templates are told, filled with samples.
fn sample(locale: Locale, kind: Option<EventKind>) -> Value {
    let who = || context! { at => "2027-01-15 08:00 UTC", ip => "203.0.113.9", program => "Firefox 140, Linux" };
    let event = kind.map(|kind| {
        let first = (kind == EventKind::RefreshReplayed).then(who);
        context! { kind => kind.as_str(), name => "YubiKey", first, ..who() }
    });
    let common = context! {
        product => "Jeton", issuer => "https://jeton.example", locale => locale.as_str(), email => "alice@example.com",
    };
    if let Some(event) = event {
        return context! { event, ..common };
    }
    let lifetime = context! { amount => 24, unit => "hour" };
    context! { link => SAMPLE_LINK, token => "jot_sample", lifetime, ..common }
}

/// The error with the place in the template and its causes.
fn told(error: &Error) -> BadTemplates {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    BadTemplates(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_has_words_in_every_language() {
        Templates::built_in().check().unwrap();
        let mut subjects = std::collections::BTreeSet::new();
        for locale in Locale::ALL {
            for kind in auth_domain::mail::NOTICES {
                let words = Templates::built_in().render("notice", locale, &sample(locale, Some(kind))).unwrap();
                assert!(words.text.contains("203.0.113.9"), "{}", words.text);
                assert!(words.html.contains("<h1") && words.html.contains("203.0.113.9"), "{}", words.html);
                subjects.insert(words.subject);
            }
        }
        assert_eq!(subjects.len(), 2 * auth_domain::mail::NOTICES.len(), "{subjects:?}");
    }

    #[test]
    fn what_others_wrote_cannot_become_html_or_a_header() {
        let sample = sample(Locale::En, Some(EventKind::PasskeyAdded));
        let event = context! { name => "<b>\r\nBcc: x@example.com", ..sample.get_attr("event").unwrap() };
        let values = context! { product => "A<i>\r\nBcc: y@example.com", event, ..sample };
        let words = Templates::built_in().render("notice", Locale::En, &values).unwrap();
        assert!(words.html.contains("&lt;b&gt;") && !words.html.contains("<b>"), "{}", words.html);
        assert!(words.html.contains("A&lt;i&gt;") && !words.html.contains("<i>"), "{}", words.html);
        assert!(words.text.contains("<b>"), "{}", words.text);
        assert!(!words.subject.contains(['\r', '\n']), "{:?}", words.subject);
    }

    #[test]
    fn an_operators_template_takes_the_place_of_a_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("en")).unwrap();
        let path = folder.path().join("en/invite.txt");
        std::fs::write(&path, "Subject: Come in\n\n{{ link }} {{ issuer }}\n").unwrap();
        let templates = Templates::of(folder.path()).unwrap();
        let words = templates.render("invite", Locale::En, &sample(Locale::En, None)).unwrap();
        assert_eq!((words.subject.as_str(), words.text.lines().count()), ("Come in", 1));
        assert!(words.html.contains("You are invited"), "the other half is the built-in one");
    }

    #[test]
    fn a_template_that_does_not_render_or_that_nobody_would_use_is_told_at_once() {
        for (name, source, expected) in [
            ("en/invite.txt", "Subject: x\n{{ link }} {{ tokn }}", "en/invite.txt:2"),
            ("en/invite.txt", "Subject: x\n{{ link", "en/invite.txt:2"),
            ("en/invite.txt", "{{ link }}", "en/invite.txt does not begin with a line `Subject: …`"),
            ("en/invite.txt", "Subject: x\n", "en/invite.txt does not show {{ link }}"),
            ("ko/invite.html", "<p>", "ko/invite.html does not show {{ link }}"),
            ("en/invit.txt", "", "en/invit.txt is none of layout.html, "),
            ("fr", "", "fr is none of layout.html, "),
            ("layout.html", "{% include \"_head.html\" %}", "_head.html"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
            let error = Templates::of(folder.path()).unwrap_err().to_string();
            assert!(error.starts_with("a folder of templates that render: ") && error.contains(expected), "{error}");
        }
    }
}
