//! A throw-away cluster from the server programs of this machine.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::admin;

/// A shell that ends the server and removes its folder once its standard input closes.
const SUPERVISOR: &str = include_str!("cluster.sh");
const READY_DEADLINE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// Another process may take the free port between the look and the start.
const PORT_TRIES: usize = 3;

/// A running cluster. Dropping it stops the server and removes the folder.
pub(super) struct Cluster {
    supervisor: Child,
}

/// A role's password and the port: all that the address needs.
pub(super) struct Access {
    pub(super) port: u16,
    pub(super) password: String,
}

impl Access {
    pub(super) fn random() -> Result<Self, String> {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port on the loopback interface: {error}"))?
            .port();
        // The hasher's keys come from the system's randomness: enough for a password that lives as long as a test run.
        let word = |n: u8| RandomState::new().hash_one(n);
        Ok(Self { port, password: format!("{:016x}{:016x}", word(0), word(1)) })
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://jeton:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }
}

/// Starts a cluster and waits until it lets the role in. `durable` leaves fsync on.
pub(super) async fn start(programs: &Path, durable: bool) -> Result<(Cluster, String), String> {
    let mut said = String::new();
    for _ in 0..PORT_TRIES {
        let access = Access::random()?;
        let supervisor = supervisor(programs, &access, durable)?
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the shell that watches the cluster does not start: {error}"))?;
        let mut cluster = Cluster { supervisor };
        match tokio::time::timeout(READY_DEADLINE, cluster.ready(&access.url())).await {
            Ok(Ok(())) => return Ok((cluster, access.url())),
            Ok(Err(log)) => said = log,
            Err(_) => return Err(format!("the cluster is not ready after {READY_DEADLINE:?}")),
        }
    }
    Err(format!("the cluster of {} does not start:\n{said}", programs.display()))
}

/// The command that makes a cluster and keeps it until its standard input closes.
pub(super) fn supervisor(programs: &Path, access: &Access, durable: bool) -> Result<Command, String> {
    let mut command = Command::new("sh");
    command.args(["-c", SUPERVISOR, "jeton-cluster"]).arg(programs).arg(access.port.to_string());
    let settings = ["max_connections=300", "timezone=UTC", "log_timezone=UTC"];
    let careless = ["fsync=off", "full_page_writes=off"];
    for setting in settings.iter().chain(if durable { &[] } else { careless.as_slice() }) {
        command.args(["-c", setting]);
    }
    command
        .env("JETON_CLUSTER_PASSWORD", &access.password)
        .current_dir("/")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A Ctrl-C is for the owner; the cluster follows when the owner's end of the pipe closes.
        .process_group(0);
    not_as_root(&mut command)?;
    Ok(command)
}

/// One of the server's programs of this machine, such as `initdb`, for tests that make clusters of their own. It runs in
/// the root folder, and as the user `postgres` where this process is root's.
///
/// # Errors
/// Says what to install.
pub fn server_program(name: &str) -> Result<Command, String> {
    let mut command = Command::new(programs()?.join(name));
    command.current_dir("/");
    not_as_root(&mut command)?;
    Ok(command)
}

fn not_as_root(command: &mut Command) -> Result<(), String> {
    if id(&["-u"])? == 0 {
        let unfit = |error| format!("PostgreSQL does not run as root, and there is no user `postgres`: {error}");
        command.uid(id(&["-u", "postgres"]).map_err(unfit)?).gid(id(&["-g", "postgres"]).map_err(unfit)?);
    }
    Ok(())
}

fn id(arguments: &[&str]) -> Result<u32, String> {
    let output = Command::new("id").args(arguments).output().map_err(|error| format!("`id` does not run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

impl Cluster {
    /// Waits until the server lets the role in; the error is the server's log if it ended instead.
    async fn ready(&mut self, url: &str) -> Result<(), String> {
        loop {
            if admin::connect_once(url).await.is_ok() {
                return Ok(());
            }
            match self.supervisor.try_wait() {
                Ok(None) => tokio::time::sleep(POLL).await,
                Ok(Some(_)) => return Err(self.last_words()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn last_words(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut stdout) = self.supervisor.stdout.take()
            && let Err(error) = stdout.read_to_string(&mut said)
        {
            said = error.to_string();
        }
        said
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // Waiting reaps the shell, and tells that the folder is gone. Nothing can be done here when it fails.
        let _ = self.supervisor.wait();
    }
}

/// Where systems put the programs: a folder, and what stands before the version in the names of its entries.
const PLACES: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// The folder of the newest `initdb` and `postgres` of this machine.
pub(super) fn programs() -> Result<PathBuf, String> {
    let newest = PLACES.iter().flat_map(|(place, start)| installed(place, start)).max_by_key(|(version, _)| *version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .map(|(_, folder)| folder)
        .or_else(|| std::env::split_paths(&path).find(|folder| is_complete(folder)))
        .ok_or_else(|| "no `initdb` and `postgres` in /usr/lib/postgresql/*/bin or in PATH".to_owned())
}

fn installed(place: &str, start: &str) -> Vec<(u32, PathBuf)> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(start)?.parse().ok()?;
            let folder = entry.path().join("bin");
            is_complete(&folder).then_some((version, folder))
        })
        .collect()
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}
