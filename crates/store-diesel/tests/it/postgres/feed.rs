//! The feed between nodes: transactions that commit out of their order, and the notifications that wake the others.

use std::time::{Duration, Instant};

use auth_domain::feed::{FeedLog, Question};
use auth_domain::model::{AccountId, KeyChange, KeyRevocation, KeyState, Revocation, RevocationKind};
use auth_domain::ports::Stores;
use store_diesel::{Database, Options};
use tokio::time::timeout;

use crate::scene::{Postgres, account, at, change_keys, end, eventually, open, signing_key};

/// One poll of a node, as the domain's feed does it.
async fn poll(stores: &Stores, log: &mut FeedLog) -> Vec<i64> {
    let answer: Vec<Revocation> = match log.question() {
        Question::Everything => stores.revocations.live(at(1)).await.unwrap(),
        Question::After { reached, missing } => stores.revocations.after(reached, &missing).await.unwrap(),
    };
    log.absorb(&answer, at(1)).iter().map(|entry| entry.seq).collect()
}

const ENTRY: &str = "BEGIN; INSERT INTO revocations (kind, subject, not_before, expires_at)
    VALUES ('user', uuid_send(gen_random_uuid()), 1700000000000000, 1800000000000000)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_committed_after_a_later_one_is_not_skipped() {
    let postgres = Postgres::open().await;
    let (first, second) = (postgres.client().await, postgres.client().await);
    let mut log = FeedLog::default();
    assert_eq!(poll(&postgres.stores, &mut log).await, [0; 0]);
    first.batch_execute(ENTRY).await.unwrap();
    second.batch_execute(ENTRY).await.unwrap();
    second.batch_execute("COMMIT").await.unwrap();
    assert_eq!(poll(&postgres.stores, &mut log).await, [2]);
    assert_eq!(poll(&postgres.stores, &mut log).await, [0; 0], "1 is not committed yet");
    let (_, reader) = log.since(None);
    first.batch_execute("COMMIT").await.unwrap();
    assert_eq!(poll(&postgres.stores, &mut log).await, [1]);
    let (told, _) = log.since(Some(&reader));
    assert_eq!(told.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1], "a reader of this node is told too");
    assert_eq!(poll(&postgres.stores, &mut log).await, [0; 0], "once");
}

/// A number whose transaction is undone is never there; the next entries come all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_never_used_holds_nothing_up() {
    let postgres = Postgres::open().await;
    let (first, second) = (postgres.client().await, postgres.client().await);
    let mut log = FeedLog::default();
    assert_eq!(poll(&postgres.stores, &mut log).await, [0; 0]);
    first.batch_execute(ENTRY).await.unwrap();
    for seq in [2, 3] {
        second.batch_execute(&format!("{ENTRY}; COMMIT")).await.unwrap();
        assert_eq!(poll(&postgres.stores, &mut log).await, [seq]);
    }
    first.batch_execute("ROLLBACK").await.unwrap();
    second.batch_execute(&format!("{ENTRY}; COMMIT")).await.unwrap();
    assert_eq!(poll(&postgres.stores, &mut log).await, [4]);
}

/// Two nodes on one database.
struct Nodes {
    here: Stores,
    postgres: Postgres,
    owner: AccountId,
    other: Database,
}

impl Nodes {
    /// Waits until the other node listens.
    async fn open() -> Self {
        let postgres = Postgres::open().await;
        let owner = account(&postgres.stores, 1).await;
        let other = Database::open(&postgres.url.parse().unwrap(), &Options::default()).await.unwrap();
        timeout(Duration::from_secs(5), other.stores().revocations.changed()).await.unwrap();
        Self { here: postgres.stores.clone(), postgres, owner, other }
    }

    /// From the answer of a revocation here to the news there.
    async fn news_after_revoking(&self, n: u128) -> Duration {
        let session = open(&self.here, self.owner, n).await;
        let revocations = self.other.stores().revocations;
        let waiting = tokio::spawn(async move {
            revocations.changed().await;
            Instant::now()
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished(), "nothing has happened yet");
        assert_eq!(self.here.sessions.end(end(self.owner, session)).await.unwrap().revocations.len(), 1);
        let revoked = Instant::now();
        let heard = timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
        heard.saturating_duration_since(revoked)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_wakes_the_other_nodes_at_once() {
    let nodes = Nodes::open().await;
    let mut times = Vec::new();
    for n in 1..=20 {
        times.push(nodes.news_after_revoking(n).await);
    }
    times.sort_unstable();
    println!("from the answer to the news on another node: median {:?}, longest {:?}", times[10], times[19]);
    assert!(times[10] < Duration::from_millis(100), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_wakes_the_other_nodes_and_they_read_its_entry() {
    let nodes = Nodes::open().await;
    let there = nodes.other.stores();
    let quiet = KeyChange { put: vec![signing_key("kid", KeyState::Next)], ..KeyChange::default() };
    change_keys(&nodes.here, quiet).await;
    assert!(timeout(Duration::from_millis(300), there.revocations.changed()).await.is_err(), "a new key kills nothing");
    let revoke = KeyRevocation { thumbprint: [7; 32], now: at(1), until: at(100) };
    let changed = change_keys(&nodes.here, KeyChange { revoke: Some(revoke), ..KeyChange::default() }).await;
    timeout(Duration::from_secs(1), there.revocations.changed()).await.unwrap();
    assert_eq!(there.revocations.after(0, &[]).await.unwrap(), changed.revocations);
    assert_eq!(changed.revocations[0].kind, RevocationKind::Key([7; 32]));
    assert_eq!(there.keys.list().await.unwrap(), changed.keys);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_listening_connection_is_cut_listens_again() {
    let nodes = Nodes::open().await;
    let client = nodes.postgres.client().await;
    let listening = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    for n in 1..=3 {
        let cut = client.query(&format!("SELECT pg_terminate_backend(pid) {listening}"), &[]).await.unwrap();
        assert_eq!(cut.len(), 1);
        // It may have missed something, so it says so when it is back.
        timeout(Duration::from_secs(5), nodes.other.stores().revocations.changed()).await.unwrap();
        nodes.news_after_revoking(n).await;
    }
    nodes.other.close().await;
    let count = format!("SELECT count(*) {listening}");
    eventually(0, async || client.query_one(&count, &[]).await.unwrap().get::<_, i64>(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_is_undone_wakes_nobody_and_a_login_neither() {
    let nodes = Nodes::open().await;
    let client = nodes.postgres.client().await;
    client
        .batch_execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no events'; END $$;
             CREATE TRIGGER fail BEFORE INSERT ON security_events FOR EACH ROW
                 WHEN (NEW.kind = 'refresh_replayed') EXECUTE FUNCTION fail()",
        )
        .await
        .unwrap();
    let session = open(&nodes.here, nodes.owner, 1).await;
    assert!(nodes.here.sessions.end(end(nodes.owner, session)).await.is_err());
    assert_eq!(nodes.here.revocations.live(at(1)).await.unwrap(), []);
    let heard = timeout(Duration::from_millis(300), nodes.other.stores().revocations.changed()).await;
    assert!(heard.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_numbers_are_looked_up_by_the_primary_key() {
    const ASKED: &str = "SELECT seq, kind, subject, not_before, expires_at FROM revocations WHERE seq > $1
    UNION SELECT found.* FROM unnest($2, $3) AS missing (first, last), LATERAL (
        SELECT seq, kind, subject, not_before, expires_at FROM revocations
        WHERE seq BETWEEN missing.first AND missing.last OFFSET 0
    ) AS found
    ORDER BY seq";
    let postgres = Postgres::open().await;
    let client = postgres.client().await;
    let fill = "INSERT INTO revocations (kind, subject, not_before, expires_at)
        SELECT 'user', uuid_send(gen_random_uuid()), 0, 0 FROM generate_series(1, 20000);
        ANALYZE revocations; SET plan_cache_mode = force_generic_plan";
    client.batch_execute(fill).await.unwrap();
    client.batch_execute(&format!("PREPARE asked (bigint, bigint[], bigint[]) AS {ASKED}")).await.unwrap();
    let explain = "EXPLAIN (COSTS OFF) EXECUTE asked (20000, '{5,9}', '{5,10}')";
    let plan: Vec<String> = client.query(explain, &[]).await.unwrap().iter().map(|line| line.get(0)).collect();
    let plan = plan.join("\n");
    assert!(!plan.contains("Seq Scan on revocations"), "{plan}");
    assert_eq!(plan.matches("revocations_pkey").count(), 2, "{plan}");
    let found = postgres.stores.revocations.after(19_999, &[(5, 5), (9, 10), (10, 10)]).await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 9, 10, 20_000]);
}
