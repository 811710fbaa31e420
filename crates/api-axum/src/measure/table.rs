//! Every metric that there is: its name, its kind, its labels, and what it means. `docs/reference/metrics.md` says the same at length.

use metrics::Unit;

/// What a metric's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts by size, in buckets.
    Histogram,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What its value does.
    pub kind: MetricKind,
    /// What it is counted in, where that is not a number of things.
    pub unit: Option<Unit>,
    /// Its labels. Their values are few and fixed: none comes from a request.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: None, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit: None, labels, help }
}

const fn seconds(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit: Some(Unit::Seconds), labels, help }
}

/// What the router records by itself, through the facade `metrics`.
pub(super) mod names {
    pub(crate) const REQUESTS: &str = "jeton_http_request_duration_seconds";
    pub(crate) const PROBLEMS: &str = "jeton_http_problems_total";
    pub(crate) const SHED: &str = "jeton_http_shed_total";
    pub(crate) const REFRESHES: &str = "jeton_refreshes_total";
    pub(crate) const RACES: &str = "jeton_refresh_races_total";
    pub(crate) const LOGINS: &str = "jeton_logins_total";
}

/// All of them, in the order in which they are explained.
pub const METRICS: &[Metric] = &[
    seconds(
        names::REQUESTS,
        &["method", "route", "status"],
        "How long answers took, by method, the route's pattern and the class of the status",
    ),
    gauge("jeton_http_requests_in_flight", &[], "Requests whose answer is being made"),
    gauge("jeton_http_connections", &[], "Open connections"),
    gauge("jeton_http_connections_limit", &[], "The most connections; further ones wait to be accepted"),
    counter(names::PROBLEMS, &["code"], "Answers that were a problem, by its code"),
    counter(names::SHED, &["queue"], "Requests that were refused before they were read, by the queue that was full"),
    gauge("jeton_feed_readers", &["kind"], "Readers of the revocation feed that wait, by how"),
    gauge("jeton_feed_readers_limit", &[], "The most readers of the revocation feed that may wait"),
    counter(names::REFRESHES, &["outcome"], "Refreshes, by what became of them"),
    counter(names::RACES, &[], "How often a refresh met another one of the same session and was tried again"),
    counter(names::LOGINS, &["method", "outcome"], "Logins, by what was shown and what became of them"),
    gauge("jeton_feed_age_seconds", &[], "The time since the database last said what was revoked"),
    gauge("jeton_revocations", &[], "Revocations that this node refuses tokens by"),
    gauge("jeton_hashing_running", &[], "Passwords that are being hashed"),
    gauge("jeton_hashing_threads", &[], "The most at once"),
    gauge("jeton_hashing_waiting", &[], "Passwords that wait to be hashed"),
    gauge("jeton_hashing_queue_limit", &[], "The most that may wait; beyond that the answer is 503"),
    seconds("jeton_hashing_wait_seconds", &[], "How long passwords waited to be hashed"),
    seconds("jeton_hashing_duration_seconds", &[], "How long hashing one took"),
    gauge("jeton_store_waiting", &["queue"], "Steps that wait for the database, by what they wait for"),
    gauge("jeton_store_queue_limit", &[], "The most that may wait in each queue; beyond that the answer is 503"),
    counter("jeton_store_refused_total", &[], "Steps that were refused because too many waited, or for too long"),
    gauge("jeton_store_connections", &["state"], "Connections to PostgreSQL, by whether a step occupies them"),
    gauge("jeton_store_connections_limit", &[], "The most connections to PostgreSQL"),
    counter("jeton_store_steps_total", &[], "Steps that SQLite's writer has run"),
    counter("jeton_store_commits_total", &[], "Commits of SQLite's writer; many steps share one"),
    counter("jeton_deliveries_total", &["channel", "outcome"], "Attempts to deliver mails and webhooks"),
    gauge("jeton_background_failing", &["work"], "Tasks beside the requests whose last attempt failed"),
    gauge("jeton_build_info", &["version"], "1; its label says which version this is"),
    gauge("process_start_time_seconds", &[], "When the process started, in seconds since the epoch"),
    gauge("process_resident_memory_bytes", &[], "Resident memory"),
    counter("process_cpu_seconds_total", &[], "Time that the process has had on the processors"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len(), "each once");
        for Metric { name, kind, unit, help, .. } in METRICS {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == MetricKind::Counter, "{name}");
            assert!(unit.is_none() || name.ends_with("_seconds"), "{name}");
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}");
        }
    }
}
