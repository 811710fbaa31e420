//! What is looked at when somebody asks for the metrics: counts that others keep anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use api_axum::ApiState;
use auth_domain::Auth;
use metrics::{counter, gauge};
use store_diesel::{Database, PostgresLoad, SqliteLoad, StoreLoad};

/// The open connections, and the most there may be.
#[derive(Clone)]
pub(crate) struct Connections {
    open: Arc<AtomicUsize>,
    limit: usize,
}

/// An open connection, until it is dropped.
pub(crate) struct OpenConnection(Arc<AtomicUsize>);

impl Connections {
    /// None is open.
    pub(crate) fn up_to(limit: usize) -> Self {
        Self { open: Arc::default(), limit }
    }

    /// One more.
    pub(crate) fn open(&self) -> OpenConnection {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(&self.open))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whom to ask.
pub(crate) struct Sample {
    pub(crate) auth: Arc<Auth>,
    pub(crate) state: ApiState,
    pub(crate) database: Arc<Database>,
    pub(crate) connections: Connections,
}

impl Sample {
    /// Asks, and sets the gauges.
    pub(super) fn take(&self) {
        self.http();
        self.hashing();
        store(&self.database.load());
        if let Some(age) = self.auth.feed.age() {
            gauge!("jeton_feed_age_seconds").set(age.as_secs_f64());
        }
        set("jeton_revocations", self.auth.feed.revocations().len());
        process();
    }

    fn http(&self) {
        let load = self.state.http_load();
        set("jeton_http_requests_in_flight", load.in_flight);
        gauge!("jeton_feed_readers", "kind" => "poll").set(number(load.polls));
        gauge!("jeton_feed_readers", "kind" => "stream").set(number(load.streams));
        set("jeton_feed_readers_limit", load.readers);
        set("jeton_http_connections", self.connections.open.load(Ordering::Relaxed));
        set("jeton_http_connections_limit", self.connections.limit);
    }

    fn hashing(&self) {
        let load = self.auth.login.hashing();
        set("jeton_hashing_running", load.running);
        set("jeton_hashing_threads", load.threads);
        set("jeton_hashing_waiting", load.waiting);
        set("jeton_hashing_queue_limit", load.queue);
    }
}

fn store(load: &StoreLoad) {
    let waiting = |queue: &'static str, waiting| gauge!("jeton_store_waiting", "queue" => queue).set(number(waiting));
    match *load {
        StoreLoad::Sqlite(SqliteLoad { writes_waiting, reads_waiting, queue, refused, steps, commits }) => {
            waiting("writer", writes_waiting);
            waiting("reader", reads_waiting);
            set("jeton_store_queue_limit", queue);
            counter!("jeton_store_refused_total").absolute(refused);
            counter!("jeton_store_steps_total").absolute(steps);
            counter!("jeton_store_commits_total").absolute(commits);
        }
        StoreLoad::Postgres(PostgresLoad { in_use, idle, connections, waiting: waits, queue, refused }) => {
            waiting("connection", waits);
            set("jeton_store_queue_limit", queue);
            counter!("jeton_store_refused_total").absolute(refused);
            gauge!("jeton_store_connections", "state" => "in_use").set(number(in_use));
            gauge!("jeton_store_connections", "state" => "idle").set(number(idle));
            set("jeton_store_connections_limit", connections);
        }
    }
}

/// What Linux says about the process; elsewhere it is left out.
fn process() {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    let resident = read("statm").and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
    if let Some(pages) = resident {
        set("process_resident_memory_bytes", pages.saturating_mul(rustix::param::page_size()));
    }
    // The name in the second field may hold anything, so fields are counted from its end (proc_pid_stat(5)).
    let stat = read("stat");
    let fields: Vec<&str> = stat
        .as_deref()
        .and_then(|text| text.rsplit_once(") "))
        .map(|(_, rest)| rest.split(' ').collect())
        .unwrap_or_default();
    let field = |number: usize| fields.get(number).and_then(|text| text.parse::<u64>().ok());
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    if let (Some(user), Some(system)) = (field(11), field(12)) {
        counter!("process_cpu_seconds_total").absolute((user + system) / ticks);
    }
    let booted = read("../stat").and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix("btime ")).and_then(|text| text.trim().parse::<u64>().ok())
    });
    if let (Some(booted), Some(start)) = (booted, field(19)) {
        gauge!("process_start_time_seconds").set(whole(booted + start / ticks));
    }
}

fn set(name: &'static str, value: usize) {
    gauge!(name).set(number(value));
}

fn number(value: usize) -> f64 {
    whole(u64::try_from(value).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, which no count here reaches")]
fn whole(value: u64) -> f64 {
    value as f64
}
