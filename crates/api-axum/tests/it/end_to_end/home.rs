//! A folder and a database for one test, and the `jeton` processes that live there.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use auth_domain::model::{Ruling, SessionId};
use store_diesel::testing::{TestDatabase, shared_server};
use store_diesel::{Database, Options};
use tempfile::TempDir;

use super::client::Client;

/// The issuer of every test's tokens: it must stay the same when a server starts again on another port.
pub(super) const ISSUER: &str = "http://127.0.0.1:1";
/// Longer than any start takes, even on a machine that is busy with other tests.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Where the servers of one test live.
pub(super) struct Home {
    folder: TempDir,
    database: Option<TestDatabase>,
    settings: Vec<(String, String)>,
    processes: AtomicUsize,
}

impl Home {
    /// A home whose database is a file.
    pub(super) fn on_sqlite() -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            database: None,
            settings: Vec::new(),
            processes: AtomicUsize::new(0),
        };
        // Servers of tests that run at once would all want the usual place for metrics.
        home.with("JETON_LISTEN", "127.0.0.1:0").with("JETON_ISSUER", ISSUER).with("JETON_METRICS__LISTEN", "off")
    }

    /// A home whose database is on the shared PostgreSQL server, without a table in it.
    pub(super) async fn on_postgres() -> Self {
        let server = shared_server().await.unwrap();
        let database = TestDatabase::create(server.url(), "", async |_| Ok::<(), std::io::Error>(())).await.unwrap();
        let mut home = Self::on_sqlite().with("JETON_DATABASE_URL", database.url());
        home.database = Some(database);
        home
    }

    /// The same home with an environment variable for all its processes.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder that processes run in.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder().join("jeton-data")
    }

    /// The database's URL, as another process must name it.
    pub(super) fn database_url(&self) -> String {
        match &self.database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite:{}", self.data().join("jeton.db").display()),
        }
    }

    /// `jeton` with the settings of this home and none of the surrounding environment.
    pub(super) fn jeton(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments);
        self.dress(command)
    }

    /// The same for another program, which runs `jeton` in its turn.
    pub(super) fn dress(&self, command: Command) -> Command {
        let mut command = undress(command, self.folder());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.jeton(arguments))
    }

    /// Starts a server and waits until it is ready.
    pub(super) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Starts a server with more environment variables.
    pub(super) fn serve_with(&self, more: &[(&str, &str)]) -> Server {
        let mut command = self.jeton(&["serve"]);
        command.envs(more.iter().copied());
        Server::start(command, &self.next_log())
    }

    /// A file that no process has written its log to yet.
    pub(super) fn next_log(&self) -> PathBuf {
        self.folder().join(format!("log-{}", self.processes.fetch_add(1, Ordering::Relaxed)))
    }

    /// The database, opened beside the servers.
    pub(super) async fn database(&self) -> Database {
        Database::open(&self.database_url().parse().unwrap(), &Options::default()).await.unwrap()
    }
}

/// `jeton` in a folder, without any setting.
pub(super) fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments);
    undress(command, folder)
}

/// Takes every setting of the surrounding environment away.
fn undress(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JETON_") || name == "FAILPOINTS" {
            command.env_remove(name);
        }
    }
    command
}

/// What a session's row says: its generation, and whether it has ended. Writes nothing.
pub(super) async fn row(database: &Database, session: SessionId) -> Option<(u32, bool)> {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let judge = Arc::new(move |record: Option<&auth_domain::model::SessionRecord>| {
        *keep.lock().unwrap() = record.map(|record| (record.facts.generation, record.ended.is_some()));
        Ruling::Ended(None)
    });
    assert!(matches!(database.stores().sessions.settle(session, judge).await.unwrap(), Ruling::Ended(_)));
    *seen.lock().unwrap()
}

/// A command that has ended.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    pub(super) fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// What it wrote to standard output; it must have succeeded.
    pub(super) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }
}

/// A running server. Dropping it kills it.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub(super) url: String,
}

impl Server {
    /// Starts it, with its log in a file, and waits until it says that it is ready.
    pub(super) fn start(command: Command, log: &Path) -> Self {
        Self::try_start(command, log).unwrap_or_else(|log| panic!("the server did not become ready:\n{log}"))
    }

    /// Starts it; when it ends instead of becoming ready, its log comes back.
    pub(super) fn try_start(mut command: Command, log: &Path) -> Result<Self, String> {
        let file = File::create(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = tell.send(lines.next());
            // Reads on, so that the server can never be stopped by a full pipe.
            lines.for_each(drop);
        });
        let line = told.recv_timeout(START_DEADLINE).ok().flatten().and_then(Result::ok);
        let url = line.as_deref().and_then(|line| line.strip_prefix("jeton is ready at ")).map(str::to_owned);
        let server = Self { child, log: log.to_owned(), url: url.clone().unwrap_or_default() };
        if url.is_some() { Ok(server) } else { Err(server.log()) }
    }

    /// A client of it.
    pub(super) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// kill -9, and its end.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
    }

    /// Asks it to stop.
    pub(super) fn terminate(&self) {
        let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.id())]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Asks it to stop and waits for its end, which must be a clean one. Gives its whole log.
    pub(super) fn stop(mut self) -> String {
        self.terminate();
        let status = self.wait();
        let log = self.log();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
