//! PostgreSQL is frozen, stopped, killed, cuts its connections, and is held up by others. SECURITY I1 to I5, I8, I10 and I12
//! hold, and nobody waits without end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::task::JoinHandle;

use super::client::{Client, send};
use super::cluster::Cluster;
use super::crowd::{CLIENTS, Run, Trouble, email};
use super::home::{Home, Server};
use super::journal::{Line, Outcome, check};
use super::report::Report;
use super::rounds;

/// The longest that a request may take: the pool's patience, a connection's and an answer's, and some for a busy machine.
const BOUND: Duration = Duration::from_secs(28);
/// The longest until everybody is served again.
const RECOVERY: Duration = Duration::from_secs(5);
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'jeton%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_of_postgres_is_503_and_over_within_5_s_of_its_end() {
    let mut scene = Scene::begin().await;
    let usual = |short, long| Duration::from_secs(u64::try_from(rounds(short, long)).unwrap());
    let mut told = Vec::new();

    let frozen = scene.cluster.freeze();
    scene.last(usual(3, 20)).await;
    Cluster::thaw(&frozen);
    told.push(("frozen", scene.recovered().await));

    scene.cluster.stop();
    scene.last(usual(1, 10)).await;
    scene.cluster.start().await;
    told.push(("stopped and started", scene.recovered().await));

    scene.cluster.kill();
    scene.last(usual(1, 10)).await;
    scene.cluster.start().await;
    told.push(("killed and started", scene.recovered().await));

    let other = scene.cluster.client().await;
    let mut cut = 0;
    for _ in 0..rounds(5, 25) {
        cut += other.query_one(CUT, &[]).await.unwrap().get::<_, i64>(0);
        scene.last(Duration::from_millis(400)).await;
    }
    assert!(cut > 16, "{cut}");
    told.push(("its connections cut again and again", scene.recovered().await));

    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    scene.last(usual(6, 15)).await;
    other.batch_execute("COMMIT").await.unwrap();
    told.push(("every session's row locked", scene.recovered().await));

    other.batch_execute("BEGIN; LOCK TABLE users, sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
    scene.last(usual(6, 15)).await;
    other.batch_execute("COMMIT").await.unwrap();
    told.push(("every statement waits, and the pool is used up", scene.recovered().await));

    let (journal, read) = scene.end().await;
    let longest = read.iter().max().unwrap();
    // Shorter than anything that waits for the database.
    assert!(*longest < Duration::from_secs(4), "{longest:?}");
    let violations = check(&journal);
    assert!(violations.is_empty(), "{violations:#?}");
    let mut report = Report::of("postgres_faults", "PostgreSQL");
    for (fault, Fault { trouble, recovery }) in &told {
        let failed: usize = trouble.answers.values().sum();
        assert!(failed > 0 || trouble.longest > Duration::from_secs(2), "{fault} was no trouble to anybody");
        let figure = format!("{failed} × 503, the longest wait {:.1?}; after its end {recovery:.1?}", trouble.longest);
        report = report.figure(&format!("{fault}: refusals, wait, until all are served"), figure);
    }
    let moved = |line: &&Line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. });
    report
        .figure("refreshes that were answered", journal.iter().filter(moved).count())
        .figure("the public keys read meanwhile, the longest wait for them", format!("{}, {longest:.1?}", read.len()))
        .figure("violations of an invariant", violations.len())
        .write();
    for (fault, Fault { trouble, recovery }) in told {
        assert!(trouble.longest <= BOUND, "{fault}: {trouble:?}");
        assert!(recovery <= RECOVERY, "{fault}: {recovery:?}");
    }
}

struct Scene {
    cluster: Cluster,
    server: Server,
    run: Arc<Run>,
    clients: Vec<JoinHandle<()>>,
    /// Reads the public keys again and again until it is dropped.
    reader: JoinHandle<()>,
    read: Arc<Mutex<Vec<Duration>>>,
    _home: Home,
}

/// What a fault did.
struct Fault {
    trouble: Trouble,
    /// From its end until each client had been served.
    recovery: Duration,
}

impl Scene {
    async fn begin() -> Self {
        let cluster = Cluster::new().await;
        let home = Home::on_sqlite()
            .with("JETON_DATABASE_URL", &cluster.url())
            // Nothing may be refused for its age, however long the database is away.
            .with("JETON_REFRESH__RETRY_WINDOW", "5m")
            .with("JETON_TOKENS__ACCESS_TTL", "1d")
            .with("JETON_LOG__LEVEL", "error");
        let server = home.serve();
        for client in 0..CLIENTS {
            server.client().register(&email(client)).await;
        }
        let run = Run::new();
        run.open(&[&server.url]);
        let clients = run.begin(7);
        run.all_are_served(Duration::from_secs(30)).await;
        run.wait_for(500, Duration::from_secs(3)).await;
        assert!(run.trouble().answers.is_empty());
        let read = Arc::<Mutex<Vec<Duration>>>::default();
        let reader = tokio::spawn(read_keys(server.client(), Arc::clone(&read)));
        Self { cluster, server, run, clients, reader, read, _home: home }
    }

    async fn last(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }

    /// Waits until all are served again, and says what happened since the fault before.
    async fn recovered(&self) -> Fault {
        let recovery = self.run.all_are_served(Duration::from_secs(40)).await;
        // What was sent before is answered, and some of what comes after.
        self.run.wait_for(200, Duration::from_secs(2)).await;
        let trouble = self.run.trouble();
        assert!(trouble.is_orderly(), "{trouble:?}\n{}", self.server.log());
        Fault { trouble, recovery }
    }

    /// The journal, and how long each reading of the keys took.
    async fn end(self) -> (Vec<Line>, Vec<Duration>) {
        self.run.finish(self.clients, &self.cluster.url()).await;
        self.reader.abort();
        // It ends by itself only by a panic.
        assert!(self.reader.await.unwrap_err().is_cancelled());
        self.server.stop();
        (self.run.journal(), std::mem::take(&mut *self.read.lock().unwrap()))
    }
}

/// What needs no database is answered all the time.
async fn read_keys(client: Client, read: Arc<Mutex<Vec<Duration>>>) {
    loop {
        let sent = Instant::now();
        let answer = send(client.request(Method::GET, "/.well-known/jwks.json")).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        read.lock().unwrap().push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
