//! Webhooks in the settings: the tables under `[[webhooks]]`, whose secrets can lie in files of their own.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use auth_domain::model::EventKind;
use figment::value::{Dict, Value};
use reqwest::Url;

use super::reader::quoted;
use super::secret_file;
use crate::webhook::WebhookSecret;

/// Whom to tell of security events, and of which.
#[derive(Clone)]
pub(crate) struct WebhookSettings {
    /// Its name, which deliveries are kept under; its address and secret can change.
    pub(crate) name: String,
    /// Where events are posted to. Many services put a secret into it, so it is never shown whole.
    pub(crate) url: Url,
    /// What deliveries are signed with.
    pub(crate) secret: WebhookSecret,
    /// What it is told of.
    pub(crate) kinds: Vec<EventKind>,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings").field("name", &self.name).field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

const MEMBERS: &str = "name, url, secret or secret_file, and events";

/// Reads every webhook. What is not good becomes a problem that names its place.
pub(super) fn read(tables: Vec<Value>, source: &str, problems: &mut Vec<String>) -> Vec<WebhookSettings> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for (index, table) in tables.into_iter().enumerate() {
        let place = format!("webhooks[{}]", index + 1);
        let Value::Dict(_, table) = table else {
            problems.push(format!("{place} in {source} is a table; write [[webhooks]] and its keys below it"));
            continue;
        };
        let before = problems.len();
        let webhook = Table { table, place: &place, source, problems: &mut *problems }.read();
        let Some(webhook) = webhook.filter(|_| problems.len() == before) else { continue };
        if !names.insert(webhook.name.clone()) {
            let name = quoted(&webhook.name);
            problems.push(format!("{place}.name = {name} ({source}) is another webhook's name; each needs its own"));
        }
        found.push(webhook);
    }
    found
}

/// A webhook as `config show` prints it: without its secret, and without the path of its address.
pub(super) fn show(webhook: &WebhookSettings) -> String {
    let url = format!("{}/…", webhook.url.origin().ascii_serialization());
    let kinds: Vec<String> = webhook.kinds.iter().map(|kind| quoted(kind.as_str())).collect();
    let (name, url) = (quoted(&webhook.name), quoted(&url));
    format!("{{ name = {name}, url = {url}, secret = \"<hidden>\", events = [{}] }}", kinds.join(", "))
}

/// One table on its way to a webhook.
struct Table<'a> {
    table: Dict,
    place: &'a str,
    source: &'a str,
    problems: &'a mut Vec<String>,
}

impl Table<'_> {
    fn read(mut self) -> Option<WebhookSettings> {
        let name = self.text("name").and_then(|text| self.checked("name", &text, name));
        let url = self.text("url").and_then(|text| self.checked("url", &text, url));
        let secret = self.secret();
        let kinds = self.kinds();
        let (place, source) = (self.place, self.source);
        for member in self.table.keys() {
            self.problems.push(format!("unknown key `{place}.{member}` in {source}; a webhook has {MEMBERS}"));
        }
        Some(WebhookSettings { name: name?, url: url?, secret: secret?, kinds: kinds? })
    }

    /// A member that has to be there, and to be a text.
    fn text(&mut self, member: &str) -> Option<String> {
        let (place, source) = (self.place, self.source);
        match self.table.remove(member) {
            Some(Value::String(_, text)) => return Some(text),
            Some(_) => self.problems.push(format!("{place}.{member} ({source}) must be a text")),
            None => self.problems.push(format!("{place} in {source} has no {member}; a webhook has {MEMBERS}")),
        }
        None
    }

    /// The member's value is never repeated: addresses can hold secrets.
    fn checked<T>(&mut self, member: &str, text: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (place, source) = (self.place, self.source);
        parse(text).map_err(|wanted| self.problems.push(format!("{place}.{member} ({source}) must be {wanted}"))).ok()
    }

    fn secret(&mut self) -> Option<WebhookSecret> {
        let (place, source) = (self.place, self.source);
        let parse = |text: &str| WebhookSecret::parse(text).map_err(|error| error.to_string());
        if !self.table.contains_key("secret_file") {
            return self.text("secret").and_then(|text| self.checked("secret", &text, parse));
        }
        if self.table.remove("secret").is_some() {
            self.problems.push(format!("{place} in {source} has both secret and secret_file; leave one out"));
        }
        let path = self.text("secret_file")?;
        if WebhookSecret::parse(&path).is_ok() {
            self.problems.push(format!("{place}.secret_file ({source}) must name a file; a secret itself is `secret`"));
            return None;
        }
        match secret_file::read(Path::new(&path)) {
            Ok(text) => self.checked("secret_file", &text, parse),
            Err(error) => {
                self.problems.push(format!("{place}.secret_file ({source}): {error}"));
                None
            }
        }
    }

    fn kinds(&mut self) -> Option<Vec<EventKind>> {
        let (place, source) = (self.place, self.source);
        let known = || EventKind::ALL.map(EventKind::as_str).join(", ");
        let Some(Value::Array(_, listed)) = self.table.remove("events") else {
            self.problems.push(format!("{place}.events ({source}) must be a list of some of {}", known()));
            return None;
        };
        let mut kinds = Vec::new();
        for value in &listed {
            match value.as_str().map(str::parse::<EventKind>) {
                Some(Ok(kind)) => kinds.push(kind),
                Some(Err(error)) => {
                    self.problems.push(format!("{place}.events ({source}): {error}; the kinds are {}", known()));
                }
                None => self.problems.push(format!("{place}.events ({source}) must be a list of texts")),
            }
        }
        if listed.is_empty() {
            self.problems.push(format!("{place}.events ({source}) is empty; name some of {}", known()));
        }
        Some(kinds)
    }
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let good = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
    if good { Ok(text.to_owned()) } else { Err("1 to 64 of a-z, 0-9, `-` and `_`".to_owned()) }
}

fn url(text: &str) -> Result<Url, String> {
    let wanted = "an http or https URL without a user, such as https://hooks.example.com/jeton";
    let url = text.parse::<Url>().map_err(|_| wanted.to_owned())?;
    let web = matches!(url.scheme(), "http" | "https");
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if web && bare { Ok(url) } else { Err(wanted.to_owned()) }
}
