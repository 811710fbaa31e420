//! A real `jeton serve` of its own: started, waited for, looked at, stopped.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use auth_domain::refresh::MasterKey;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;

use crate::outcome::{Outcome, While as _};
use crate::seed::{self, Size};

const READY_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(40);
/// Under it the tokens of every seeded session can be written again. Random ones would measure the same.
const MASTER_KEY: [u8; 32] = [0x5a; 32];

pub(crate) fn master() -> MasterKey {
    MasterKey::new(1, MASTER_KEY)
}

/// A database and a data folder, before and between servers.
pub(crate) struct Site {
    folder: TempDir,
    url: String,
}

impl Site {
    /// A SQLite database in a new folder under `place`, or the database at `postgres`.
    pub(crate) fn new(place: &Path, postgres: Option<&str>) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("jeton-bench-").tempdir_in(place).doing("make a data folder")?;
        let url = match postgres {
            Some(url) => url.to_owned(),
            None => format!("sqlite:{}", folder.path().join("jeton.db").display()),
        };
        Ok(Self { folder, url })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn seed(&self, size: Size, quiet: bool) -> Outcome<()> {
        seed::fill(&self.url, size, &master(), quiet).await
    }
}

/// A running server. Dropping it kills it.
pub(crate) struct Jeton {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
    /// From its start until `/readyz` answered 200.
    pub(crate) ready_after: Duration,
}

impl Jeton {
    /// Starts the program with its defaults, but for what a load must not meet: the throttle is off, and access tokens
    /// outlive the run. Its log goes to a file, as a service's does.
    pub(crate) fn start(binary: &Path, site: &Site) -> Outcome<Self> {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).doing("find a free port")?;
        let log = site.folder().join("jeton.log");
        let file = OpenOptions::new().create(true).append(true).open(&log).doing("make the log")?;
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .current_dir(site.folder())
            .env("JETON_LISTEN", address.to_string())
            .env("JETON_DATA_DIR", site.folder())
            .env("JETON_DATABASE_URL", site.url())
            .env("JETON_MASTER_KEY", BASE64_STANDARD.encode(MASTER_KEY))
            .env("JETON_THROTTLE__ENABLED", "false")
            .env("JETON_TOKENS__ACCESS_TTL", "2h")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let began = Instant::now();
        let child = command.spawn().doing(&format!("start {}", binary.display()))?;
        let mut jeton = Self { child, address, log, ready_after: Duration::ZERO };
        while !is_ready(address) {
            if let Some(status) = jeton.child.try_wait()? {
                return Err(format!("jeton ended before it was ready ({status}):\n{}", jeton.last_words()).into());
            }
            if began.elapsed() > READY_DEADLINE {
                return Err(format!("jeton is not ready after {READY_DEADLINE:?}:\n{}", jeton.last_words()).into());
            }
            sleep(Duration::from_millis(1));
        }
        jeton.ready_after = began.elapsed();
        Ok(jeton)
    }

    /// Resident memory in MiB, where the system tells it.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib / 1024.0)
    }

    /// What its process has used of the cores so far, where the system tells it: in ticks of 10 ms.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The second field is the program's name in brackets; `utime` and `stime` are the 14th and 15th.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        Some(Duration::from_millis(10 * (ticks()? + ticks()?)))
    }

    /// Empties the log, which would fill a disk in an hour of load.
    pub(crate) fn trim_log(&self) {
        if let Ok(file) = File::options().write(true).open(&self.log) {
            // Only room is at stake.
            let _ = file.set_len(0);
        }
    }

    /// Asks it to end, and waits for it.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().doing("stop jeton")?;
        let began = Instant::now();
        while began.elapsed() < STOP_DEADLINE {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { Err(format!("jeton ended badly: {status}").into()) };
            }
            sleep(Duration::from_millis(5));
        }
        Err("jeton does not stop".into())
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(15).collect();
        lines.into_iter().rev().fold(String::new(), |words, line| words + "    " + line + "\n")
    }
}

impl Drop for Jeton {
    fn drop(&mut self) {
        // After a stop both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: jeton\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(&head == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
