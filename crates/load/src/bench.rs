//! What every measurement uses: the runtimes, the PostgreSQL server, the pace, and the disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use store_diesel::migrate;
use store_diesel::testing::{PostgresServer, TestDatabase};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio_postgres::NoTls;

use crate::drive::{self, Pace};
use crate::figures::Run;
use crate::outcome::{Outcome, While as _};
use crate::visitor::Visitor;

/// The default of the server's pool.
pub(crate) const CONNECTIONS: usize = 16;

pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) clients: u64,
    pub(crate) seconds: f64,
    pub(crate) rounds: u32,
}

pub(crate) struct Bench {
    pub(crate) settings: Settings,
    /// The clients run on one thread: server and clients share the cores.
    clients: Runtime,
    /// For everything else.
    work: Runtime,
    postgres: Option<PostgresServer>,
    notes: Vec<String>,
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Outcome<Self> {
        let clients = Builder::new_current_thread().enable_all().build()?;
        let work = Builder::new_multi_thread().enable_all().build()?;
        Ok(Self { settings, clients, work, postgres: None, notes: Vec::new() })
    }

    /// A warm-up of a fifth, and the whole length.
    pub(crate) fn pace(&self) -> Pace {
        self.pace_of(1.0)
    }

    /// The same for a part of the length.
    pub(crate) fn pace_of(&self, part: f64) -> Pace {
        let length = Duration::from_secs_f64(self.settings.seconds * part);
        Pace { warm_up: length / 5, length }
    }

    /// Runs what is not a client.
    pub(crate) fn work<T>(&self, task: impl Future<Output = T>) -> T {
        self.work.block_on(task)
    }

    /// Runs what clients do.
    pub(crate) fn clients<T>(&self, task: impl Future<Output = T>) -> T {
        self.clients.block_on(LocalSet::new().run_until(task))
    }

    pub(crate) fn closed(&self, visitors: &mut Vec<Visitor>, pace: Pace) -> Outcome<Run> {
        let (back, run) = self.clients(drive::closed(std::mem::take(visitors), pace))?;
        *visitors = back;
        Ok(run)
    }

    pub(crate) fn open(&self, visitors: &mut Vec<Visitor>, rate: f64, pace: Pace) -> Outcome<Run> {
        let (back, run) = self.clients(drive::open(std::mem::take(visitors), rate, pace))?;
        *visitors = back;
        Ok(run)
    }

    /// A new PostgreSQL database, on a server that waits for its disk at every commit.
    pub(crate) fn postgres(&mut self) -> Outcome<TestDatabase> {
        if self.postgres.is_none() {
            let server = self.work.block_on(PostgresServer::start_durable()).doing("start PostgreSQL")?;
            let settings = self.work.block_on(durability(server.url()))?;
            let note = format!("PostgreSQL: {}; {settings}", server.origin());
            eprintln!("{note}");
            self.notes.push(note);
            self.postgres = Some(server);
        }
        let server = self.postgres.as_ref().ok_or("PostgreSQL was not started")?;
        let migrate = |url: String| async move { migrate::up(&url.parse()?).await.map(drop).map_err(Into::into) };
        let made = TestDatabase::create::<_, _, crate::outcome::Trouble>(server.url(), migrate::text(), migrate);
        Ok(self.work.block_on(made)?)
    }

    pub(crate) fn note(&mut self, note: String) {
        eprintln!("{note}");
        self.notes.push(note);
    }

    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The settings that make a commit durable, in words; a server without them is refused.
async fn durability(url: &str) -> Outcome<String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let mut words = Vec::new();
    for name in
        ["server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers"]
    {
        let value: String = client.query_one("SELECT current_setting($1)", &[&name]).await?.try_get(0)?;
        if matches!((name, value.as_str()), ("fsync" | "synchronous_commit" | "full_page_writes", "off")) {
            return Err(
                format!("PostgreSQL has {name} off: its commits are not durable, and their rate says nothing").into()
            );
        }
        words.push(format!("{name} {value}"));
    }
    Ok(words.join(", "))
}

/// What is known of the disk.
pub(crate) struct Machine(Value);

impl Machine {
    /// Looks at the disk of `data`, which must be one.
    pub(crate) fn of(data: &Path) -> Outcome<Self> {
        let disk = second_line(Command::new("df").arg("-PT").arg(data));
        let fields: Vec<&str> = disk.split_whitespace().collect();
        let (device, kind) = (fields.first().copied().unwrap_or("?"), fields.get(1).copied().unwrap_or("?"));
        if matches!(kind, "tmpfs" | "ramfs") {
            return Err(format!("{} is in memory ({kind}); name a folder on a disk with --data", data.display()).into());
        }
        Ok(Self(json!({"disk": format!("{kind} on {device}")})))
    }

    pub(crate) fn json(&self) -> &Value {
        &self.0
    }
}

/// Bytes that are free where `folder` is.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let line = second_line(Command::new("df").arg("-Pk").arg(folder));
    line.split_whitespace().nth(3)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The second line that a program says: the first is `df`'s heading.
fn second_line(command: &mut Command) -> String {
    let said = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().nth(1).unwrap_or_default().to_owned()
}
