//! The primary dies under load and its replica takes over. What was acknowledged is there, and the servers find it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::crowd::{CLIENTS, Run, email};
use super::home::{Home, Server};
use super::journal::{Line, Outcome, check};
use super::report::Report;
use super::rounds;

/// The longest from the end of the promotion until every client is served again.
const RECOVERY: Duration = Duration::from_secs(5);
/// Says whether anybody has written anything.
const LAST_WRITE: &str = "SELECT coalesce(max(last_used_at), 0) || ' ' || count(*) FROM sessions";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_primary_dies_and_its_synchronous_replica_is_promoted() {
    let (mut moved, mut refused, mut violations, mut longest) = (0, 0, 0, Duration::ZERO);
    let (mut promotions, mut recoveries) = (vec![], vec![]);
    for seed in 0..rounds(1, 5) {
        let mut scene = Scene::begin(seed as u64).await;
        scene.primary.wait_for_replica_before_answering().await;
        scene.run.wait_for(1000, Duration::from_secs(5)).await;
        scene.primary.kill();
        let killed = Instant::now();
        tokio::time::sleep(Duration::from_millis(300)).await;
        scene.replica.promote().await;
        promotions.push(killed.elapsed());
        recoveries.push(scene.run.all_are_served(Duration::from_secs(40)).await);
        scene.run.wait_for(500, Duration::from_secs(3)).await;
        // The old primary is back, takes writes, and stands first in the URL.
        scene.primary.start().await;
        let before = scene.primary.client().await.query_one(LAST_WRITE, &[]).await.unwrap().get::<_, String>(0);
        scene.run.wait_for(500, Duration::from_secs(3)).await;
        let after = scene.primary.client().await.query_one(LAST_WRITE, &[]).await.unwrap().get::<_, String>(0);
        assert_eq!(before, after, "servers that run stay where they are");

        let trouble = scene.run.trouble();
        assert!(trouble.is_orderly(), "{trouble:?}");
        refused += trouble.answers.values().sum::<usize>();
        longest = longest.max(trouble.longest);
        let journal = scene.end().await;
        let found = check(&journal);
        assert!(found.is_empty(), "{found:#?}");
        violations += found.len();
        let is_moved = |line: &&Line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. });
        moved += journal.iter().filter(is_moved).count();
    }
    assert!(moved > 100 && refused > 0, "{moved} {refused}");
    let most = |all: &[Duration]| format!("{:.1?}", all.iter().max().unwrap());
    Report::of("failover", "PostgreSQL")
        .figure("failovers", recoveries.len())
        .figure("refreshes that were answered", moved)
        .figure("requests that were answered 503", refused)
        .figure("from the kill to the end of the promotion, at most", most(&promotions))
        .figure("from there until all clients were served, at most", most(&recoveries))
        .figure("the longest that a request took", format!("{longest:.1?}"))
        .figure("violations of an invariant", violations)
        .write();
    assert!(recoveries.iter().all(|recovery| *recovery <= RECOVERY), "{recoveries:?}");
}

/// The test of the test: a replica that nobody waits for loses what was acknowledged, and the clients find out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_nobody_waited_for_is_found() {
    let mut scene = Scene::begin(1).await;
    scene.run.wait_for(300, Duration::from_secs(5)).await;
    scene.replica.stop_following().await;
    scene.run.wait_for(300, Duration::from_secs(5)).await;
    scene.primary.kill();
    scene.replica.promote().await;
    scene.run.all_are_served(Duration::from_secs(40)).await;
    // Which one depends on what was lost: a rotation, an end, or both.
    assert!(!check(&scene.end().await).is_empty());
}

struct Scene {
    primary: Cluster,
    replica: Cluster,
    servers: [Server; 2],
    run: Arc<Run>,
    clients: Vec<tokio::task::JoinHandle<()>>,
    _home: Home,
}

impl Scene {
    /// A primary with a replica, two servers that know both, and clients of both servers.
    async fn begin(seed: u64) -> Self {
        let primary = Cluster::new().await;
        let replica = primary.replica().await;
        let hosts = format!("{},{}", primary.host(), replica.host());
        let home = Home::on_sqlite()
            .with("JETON_DATABASE_URL", &format!("{}?target_session_attrs=read-write", Cluster::url_of(&hosts)))
            .with("JETON_REFRESH__RETRY_WINDOW", "5m")
            .with("JETON_TOKENS__ACCESS_TTL", "1d")
            .with("JETON_LOG__LEVEL", "error");
        let servers = [home.serve(), home.serve()];
        for client in 0..CLIENTS {
            servers[0].client().register(&email(client)).await;
        }
        let run = Run::new();
        run.open(&[&servers[0].url, &servers[1].url]);
        let clients = run.begin(seed);
        run.all_are_served(Duration::from_secs(30)).await;
        Self { primary, replica, servers, run, clients, _home: home }
    }

    async fn end(self) -> Vec<Line> {
        self.run.finish(self.clients, &self.replica.url()).await;
        for server in self.servers {
            server.stop();
        }
        self.run.journal()
    }
}
