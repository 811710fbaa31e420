//! `PgBouncer` in transaction mode stands between the servers and PostgreSQL, and is killed in the middle.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::cluster::{Cluster, free_port, make_folder, watched};
use super::crowd::{CLIENTS, Run, email};
use super::home::{Home, Server};
use super::journal::{Line, Outcome, check};
use super::report::Report;
use super::rounds;

/// Where systems put it.
const PROGRAMS: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
/// Connections to PostgreSQL, for two servers that would make 32.
const CONNECTIONS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_goes_well_through_a_pooler_that_gives_connections_away_after_each_transaction() {
    let mut scene = Scene::begin("?pooler=transaction").await;
    let length = Duration::from_secs(u64::try_from(rounds(3, 30)).unwrap());
    let began = Instant::now();
    let mut most = 0;
    let before = scene.run.counted();
    while began.elapsed() < length {
        most = most.max(scene.connections().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (quiet, answered) = (scene.run.trouble(), scene.run.counted() - before);
    assert!(quiet.answers.is_empty() && quiet.unanswered == 0, "{quiet:?}\n{}", scene.servers[0].log());

    let mut recoveries = Vec::new();
    for _ in 0..rounds(2, 10) {
        scene.bouncer.restart();
        recoveries.push(scene.run.all_are_served(Duration::from_secs(40)).await);
        scene.run.wait_for(300, Duration::from_secs(2)).await;
    }
    let trouble = scene.run.trouble();
    assert!(trouble.is_orderly(), "{trouble:?}\n{}", scene.servers[0].log());
    let heard = scene.an_end_is_heard_of_elsewhere().await;

    let journal = scene.end().await;
    let violations = check(&journal);
    assert!(violations.is_empty(), "{violations:#?}");
    let is_moved = |line: &&Line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. });
    assert!(most > 0 && most <= CONNECTIONS, "{most}");
    let recovery = recoveries.iter().max().unwrap();
    Report::of("pgbouncer", "PostgreSQL")
        .figure("connections to PostgreSQL, at most, of two servers with 16 each", most)
        .figure("requests in quiet times, all served", answered)
        .figure("refreshes that were answered", journal.iter().filter(is_moved).count())
        .figure("kills of the pooler", recoveries.len())
        .figure("requests that were answered 503", trouble.answers.values().sum::<usize>())
        .figure("until all clients were served again, at most", format!("{recovery:.1?}"))
        .figure("until the other server knew of an ended session", format!("{heard:.1?}"))
        .figure("violations of an invariant", violations.len())
        .write();
    assert!(*recovery <= Duration::from_secs(5), "{recoveries:?}");
    assert!(heard <= Duration::from_secs(1), "{heard:?}");
}

/// The test of the test: the clients meet what the parameter is for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_parameter_in_the_url_the_pooler_is_in_the_way() {
    match Scene::try_begin("").await {
        Ok(scene) => {
            scene.run.wait_for(1000, Duration::from_secs(5)).await;
            assert!(!scene.run.trouble().answers.is_empty());
        }
        // One server, or both, met the other's statements while they started.
        Err(log) => assert!(log.contains("prepared statement"), "{log}"),
    }
}

struct Scene {
    cluster: Cluster,
    bouncer: Bouncer,
    servers: [Server; 2],
    run: Arc<Run>,
    clients: Vec<tokio::task::JoinHandle<()>>,
    _home: Home,
}

impl Scene {
    async fn begin(parameters: &str) -> Self {
        Self::try_begin(parameters).await.unwrap_or_else(|log| panic!("a server did not become ready:\n{log}"))
    }

    /// The log of a server that does not start is the error.
    async fn try_begin(parameters: &str) -> Result<Self, String> {
        let cluster = Cluster::new().await;
        let bouncer = Bouncer::start(&cluster);
        let url = Cluster::url_of(&format!("127.0.0.1:{}", bouncer.port));
        let home = Home::on_sqlite()
            .with("JETON_DATABASE_URL", &format!("{url}{parameters}"))
            .with("JETON_REFRESH__RETRY_WINDOW", "5m")
            .with("JETON_TOKENS__ACCESS_TTL", "1d")
            .with("JETON_LOG__LEVEL", "error");
        // Both at once, so that they meet in the migrations too.
        let (one, other) = std::thread::scope(|scope| {
            let serve = || Server::try_start(home.jeton(&["serve"]), &home.next_log());
            let one = scope.spawn(serve);
            (serve(), one.join().unwrap())
        });
        let (one, other) = (one?, other?);
        for client in 0..CLIENTS {
            one.client().register(&email(client)).await;
        }
        let run = Run::new();
        run.open(&[&one.url, &other.url]);
        let clients = run.begin(3);
        if !parameters.is_empty() {
            run.all_are_served(Duration::from_secs(30)).await;
        }
        Ok(Self { cluster, bouncer, servers: [one, other], run, clients, _home: home })
    }

    /// How many connections to PostgreSQL there are.
    async fn connections(&self) -> usize {
        let client = self.cluster.client().await;
        let count =
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        usize::try_from(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0)).unwrap()
    }

    /// How long after a session was ended at one server the other refuses its access token.
    async fn an_end_is_heard_of_elsewhere(&self) -> Duration {
        let (one, other) = (self.servers[0].client(), self.servers[1].client());
        let tokens = one.login(&email(0)).await;
        assert_eq!(other.me(&tokens.access).await.unwrap().status, 200);
        assert_eq!(one.logout(&tokens.access).await.unwrap().status, 204);
        let ended = Instant::now();
        while other.me(&tokens.access).await.unwrap().status == 200 {
            assert!(ended.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ended.elapsed()
    }

    async fn end(self) -> Vec<Line> {
        self.run.finish(self.clients, &self.cluster.url()).await;
        for server in self.servers {
            server.stop();
        }
        self.run.journal()
    }
}

/// A running `PgBouncer`. Dropping it ends it.
struct Bouncer {
    folder: TempDir,
    port: u16,
    running: Option<Child>,
}

impl Bouncer {
    fn start(cluster: &Cluster) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        make_folder(&folder.path().join("run"));
        let users = folder.path().join("users");
        fs::write(&users, format!("\"jeton\" \"{}\"\n", Cluster::PASSWORD)).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = {CONNECTIONS}\nmax_client_conn = 200\nlogfile = {}\n",
            cluster.port,
            users.display(),
            folder.path().join("run/log").display(),
        );
        fs::write(folder.path().join("pgbouncer.ini"), settings).unwrap();
        let mut bouncer = Self { folder, port, running: None };
        bouncer.run();
        bouncer
    }

    fn run(&mut self) {
        let Some(program) = PROGRAMS.iter().find(|program| Path::new(program).is_file()) else {
            panic!("PgBouncer is not installed: apt-get install pgbouncer")
        };
        let settings = self.folder.path().join("pgbouncer.ini");
        let log = self.folder.path().join("output");
        self.running = Some(watched(&[program, "-q", settings.to_str().unwrap()], &log));
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "{}", fs::read_to_string(&log).unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it without a word to its clients, and starts another in its place.
    fn restart(&mut self) {
        self.stop();
        self.run();
    }

    fn stop(&mut self) {
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.stop();
    }
}
