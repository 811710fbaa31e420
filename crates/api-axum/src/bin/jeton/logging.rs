//! Logs: facts on standard error, as lines for people or as JSON for machines. Only this project's own crates speak below
//! the level of a warning, so that no driver or protocol library writes what it should not.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::failure::{Doing as _, Failure};

const OWN_CRATES: [&str; 5] = ["jeton", "api_axum", "auth_domain", "store_diesel", "token_core"];

/// How logs are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSettings {
    /// Their form.
    pub(crate) format: Format,
    /// The least that is written.
    pub(crate) level: Level,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// Its names in the settings.
    pub(crate) const CHOICES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("pretty", Self::Pretty), ("json", Self::Json)];
}

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(&'static str);

impl Level {
    /// Its names in the settings.
    pub(crate) const CHOICES: [(&'static str, Self); 5] = [
        ("error", Self("error")),
        ("warn", Self("warn")),
        ("info", Self("info")),
        ("debug", Self("debug")),
        ("trace", Self("trace")),
    ];
}

/// Begins to log.
pub(crate) fn start(settings: LogSettings) -> Result<(), Failure> {
    let terminal = io::stderr().is_terminal();
    let json = match settings.format {
        Format::Auto => !terminal,
        Format::Pretty => false,
        Format::Json => true,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level).doing("read the log level")?)
        .with_writer(io::stderr)
        .with_ansi(terminal);
    if json { subscriber.json().flatten_event(true).with_span_list(false).try_init() } else { subscriber.try_init() }
        .doing("start the log")
}

fn filter(level: Level) -> Result<EnvFilter, ParseError> {
    let others = if level.0 == "error" { "error" } else { "warn" };
    let own = OWN_CRATES.map(|name| format!("{name}={}", level.0)).join(",");
    EnvFilter::builder().parse(format!("{others},{own}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_makes_a_filter() {
        for (name, level) in Level::CHOICES {
            assert!(filter(level).is_ok(), "{name}");
        }
    }
}
