//! Logs: facts on standard error, as lines for people or as JSON for machines. Only this project's own crates speak below
//! the level of a warning, so that no driver or protocol library writes what it should not.

use std::io::{self, IsTerminal as _};

use opentelemetry_sdk::trace::SdkTracer;
use tracing::Metadata;
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, registry};

use crate::failure::{Doing as _, Failure};
use crate::operations::PartTimes;

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

/// Begins to log, and to show the spans of requests to who watches them.
pub(crate) fn start(
    settings: LogSettings,
    tracer: Option<SdkTracer>,
    part_times: Option<PartTimes>,
) -> Result<(), Failure> {
    let terminal = io::stderr().is_terminal();
    let json = match settings.format {
        Format::Auto => !terminal,
        Format::Pretty => false,
        Format::Json => true,
    };
    let filter = filter(settings.level).doing("read the log level")?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(terminal);
    let lines = if json { lines.json().flatten_event(true).with_span_list(false).boxed() } else { lines.boxed() };
    if tracer.is_none() && part_times.is_none() {
        // One filter for all is the cheaper way.
        return registry().with(lines).with(filter).try_init().doing("start the log");
    }
    let spans = tracer.map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_filter(filter_fn(is_watched))
    });
    let part_times = part_times.map(|times| times.with_filter(filter_fn(is_watched)));
    registry().with(lines.with_filter(filter)).with(spans).with(part_times).try_init().doing("start the log")
}

/// The spans of requests and of what is done for them. No events: a log line stays in the log.
fn is_watched(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && (metadata.target() == "step" || metadata.name() == "request")
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
