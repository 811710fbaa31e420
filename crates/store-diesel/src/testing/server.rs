//! The server: the way it is had, and the one that a test process shares.

use std::fmt;
use std::path::PathBuf;

use tokio::sync::OnceCell;

use super::{TestPostgresError, admin, cluster, docker};

const URL_SETTING: &str = "TEST_DATABASE_URL";
const WAY_SETTING: &str = "JETON_TEST_POSTGRES";

/// A PostgreSQL server for tests. Dropping it ends the server, unless it was there before.
pub struct PostgresServer {
    url: String,
    origin: Origin,
    passed_over: Vec<String>,
    /// Ends the container or the cluster when it is dropped.
    _running: Option<Box<dyn Send + Sync>>,
}

/// Where a server comes from, in words for a run's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `TEST_DATABASE_URL` names it.
    Url,
    /// A container of this image.
    Docker {
        /// The image as `name:tag`.
        image: String,
    },
    /// A throw-away cluster.
    Cluster {
        /// The folder of the server programs.
        programs: PathBuf,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str(URL_SETTING),
            Self::Docker { image } => write!(f, "docker ({image})"),
            Self::Cluster { programs } => write!(f, "throw-away cluster ({})", programs.display()),
        }
    }
}

/// The process-wide server, for a test binary that runs alone. It ends with the process.
///
/// Under a runner that starts a process a test, set `TEST_DATABASE_URL` (as `cargo xtask test` does), or each starts its own.
///
/// # Errors
/// As [`PostgresServer::start`].
pub async fn shared_server() -> Result<&'static PostgresServer, TestPostgresError> {
    static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();
    SHARED.get_or_try_init(PostgresServer::start).await
}

impl PostgresServer {
    /// Finds or starts a server. One that is started here does not wait for its disk.
    ///
    /// # Errors
    /// [`TestPostgresError::NoServer`] says what to install; [`TestPostgresError::Unreachable`], that the named server does
    /// not answer.
    pub async fn start() -> Result<Self, TestPostgresError> {
        Self::find(false).await
    }

    /// Like [`start`](Self::start), with every commit on disk before it is answered, for tests of crashes and for figures.
    ///
    /// A server that `TEST_DATABASE_URL` names is passed over when its `fsync` is off.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_durable() -> Result<Self, TestPostgresError> {
        Self::find(true).await
    }

    async fn find(durable: bool) -> Result<Self, TestPostgresError> {
        let forced = std::env::var(WAY_SETTING).ok().filter(|way| !way.is_empty());
        let ways: &[fn(bool) -> Attempt] = match forced.as_deref() {
            None => &[by_url, by_docker, by_cluster],
            Some("url") => &[by_url],
            Some("docker") => &[by_docker],
            Some("cluster") => &[by_cluster],
            Some(other) => return Err(TestPostgresError::UnknownWay(other.to_owned())),
        };
        let mut passed_over = Vec::new();
        for way in ways {
            match way(durable).await? {
                Ok(server) => return Ok(Self { passed_over, ..server }),
                Err(reason) => passed_over.push(reason),
            }
        }
        Err(TestPostgresError::NoServer { tried: passed_over.join("\n") })
    }

    /// The address of a database from which others can be created.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which of the ways served.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Why each way before that one did not serve.
    #[must_use]
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    fn new(url: String, origin: Origin, running: Option<Box<dyn Send + Sync>>) -> Self {
        Self { url, origin, passed_over: Vec::new(), _running: running }
    }
}

/// The inner error is the reason to try the next way; the outer one ends the search.
type Attempt =
    std::pin::Pin<Box<dyn Future<Output = Result<Result<PostgresServer, String>, TestPostgresError>> + Send>>;

fn by_url(durable: bool) -> Attempt {
    Box::pin(async move {
        let Some(url) = std::env::var(URL_SETTING).ok().filter(|url| !url.is_empty()) else {
            return Ok(Err(format!("{URL_SETTING} is not set")));
        };
        admin::with_database(&url, "")?;
        let client = admin::connect(&url, URL_SETTING).await?;
        let fsync = client.query_one("SELECT current_setting('fsync')", &[]).await;
        let fsync: String = fsync
            .and_then(|row| row.try_get(0))
            .map_err(|source| TestPostgresError::Refused { action: "tell whether fsync is on", source })?;
        if durable && fsync != "on" {
            return Ok(Err(format!("the server of {URL_SETTING} has fsync off")));
        }
        Ok(Ok(PostgresServer::new(url, Origin::Url, None)))
    })
}

fn by_docker(durable: bool) -> Attempt {
    Box::pin(async move {
        let image = docker::image();
        if let Err(reason) = docker::engine() {
            return Ok(Err(reason));
        }
        let started = docker::start(&image, durable).await;
        Ok(started
            .map(|(container, url)| PostgresServer::new(url, Origin::Docker { image }, Some(Box::new(container)))))
    })
}

fn by_cluster(durable: bool) -> Attempt {
    Box::pin(async move {
        let programs = match cluster::programs() {
            Ok(programs) => programs,
            Err(reason) => return Ok(Err(reason)),
        };
        let started = cluster::start(&programs, durable).await;
        Ok(started
            .map(|(cluster, url)| PostgresServer::new(url, Origin::Cluster { programs }, Some(Box::new(cluster)))))
    })
}
