//! Reads keys by type and bounds. A wrong value becomes a problem, and reading goes on, so that all are told at once.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::duration;
use super::keys::{KEYS, Key};
use super::layers::Layers;
use super::webhooks::{self, WebhookSettings};

/// A setting as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The key.
    pub(crate) key: &'static str,
    /// Its value as TOML, or what stands for a secret.
    pub(crate) value: String,
    /// Where the value came from.
    pub(crate) source: String,
}

pub(super) struct Reader {
    layers: Layers,
    problems: Vec<String>,
    shown: Vec<Shown>,
}

impl Reader {
    pub(super) fn new(mut layers: Layers) -> Self {
        let problems = std::mem::take(&mut layers.problems);
        Self { layers, problems, shown: Vec::new() }
    }

    /// A key's value as `parse` reads it; its error completes "it must be …". `None` when nothing sets the key, or when a
    /// problem was noted.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let (text, source) = self.layers.find(key)?;
        match parse(&text) {
            Ok(value) => {
                self.shown.push(Shown { key, value: show(&value), source });
                Some(value)
            }
            Err(wanted) => {
                let written =
                    if Key::named(key).is_some_and(|key| key.secret) { String::new() } else { format!(" = {text:?}") };
                self.problems.push(format!("{key}{written} ({source}) must be {wanted}"));
                None
            }
        }
    }

    pub(super) fn text(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<String, String>,
    ) -> Option<String> {
        self.read(key, parse, |text| quoted(text))
    }

    pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<T>,
    ) -> Option<T> {
        let parse = |text: &str| {
            let wanted = || format!("a whole number from {} to {}", bounds.start(), bounds.end());
            text.trim().parse().ok().filter(|number| bounds.contains(number)).ok_or_else(wanted)
        };
        self.read(key, parse, T::to_string)
    }

    pub(super) fn duration(&mut self, key: &'static str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        self.read(key, |text| duration::parse(text, &bounds), |value| quoted(&duration::show(*value)))
    }

    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let parse = |text: &str| {
            let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            choices.iter().find(|(name, _)| *name == text).ok_or_else(|| format!("one of {}", names()))
        };
        self.read(key, parse, |(name, _)| quoted(name)).map(|(_, value)| *value)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let parse = |text: &str| match text.trim() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("true or false".to_owned()),
        };
        self.read(key, parse, bool::to_string)
    }

    /// The items of a list; the error of one completes "it must be …".
    pub(super) fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let items = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let read = |text: &str| {
            let items = items(text);
            let parsed = items.iter().map(|item| parse(item)).collect::<Result<Vec<_>, _>>()?;
            Ok((items, parsed))
        };
        let show = |(items, _): &(Vec<String>, Vec<T>)| {
            format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
        };
        self.read(key, read, show).map(|(_, parsed)| parsed)
    }

    /// The webhooks, of which each that is not good becomes a problem.
    pub(super) fn webhooks(&mut self) -> Vec<WebhookSettings> {
        let (tables, source) = self.layers.webhooks.take().unwrap_or_else(|| (Vec::new(), "default".to_owned()));
        let found = webhooks::read(tables, &source, &mut self.problems);
        let value = format!("[{}]", found.iter().map(webhooks::show).collect::<Vec<_>>().join(", "));
        self.shown.push(Shown { key: "webhooks", value, source });
        found
    }

    /// Whether anything sets the key.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.layers.find(key).is_some()
    }

    /// Notes a value that follows from other settings or from the machine, where nobody set the key.
    pub(super) fn derived(&mut self, key: &'static str, value: String) {
        if !self.is_set(key) {
            self.shown.push(Shown { key, value, source: "default".to_owned() });
        }
    }

    /// Notes two settings that do not fit together.
    pub(super) fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    /// Everything that was read, in the order of the keys, or everything that is wrong.
    pub(super) fn finish(mut self) -> Result<Vec<Shown>, Vec<String>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        self.shown.sort_by_key(|shown| KEYS.iter().position(|key| key.name == shown.key).unwrap_or(KEYS.len()));
        Ok(self.shown)
    }
}

/// A text as a TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
