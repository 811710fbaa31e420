//! What one refresh costs PostgreSQL: statements, round trips, bytes of its log, locks, and how it leaves the table.

#[path = "../../../../store-diesel/tests/it/postgres/proxy.rs"]
mod proxy;
#[path = "../../../../../xtask/src/simulate/sizes.rs"]
mod sizes;
mod wal;

use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{Advance, ApiScope, Nonce, Presenter, SessionId, Timestamp, TokenHash};
use auth_domain::ports::SessionStore;
use futures_util::{StreamExt as _, stream};
use store_diesel::testing::{PostgresServer, TestDatabase};
use store_diesel::{Database, Options, migrate};
use token_core::{RevocationSet, UnixTime};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::dice::Dice;
use super::report::Report;
use super::rounds;
use super::support::Setup;
use proxy::Proxy;
use wal::{Written, ratio};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const CONNECTIONS: usize = 16;
/// As long as that of a browser of today.
const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36";
/// How full a page is made before the next one is begun, in percent. The first is what the migrations set.
const FILL_FACTORS: [(u8, &str); 3] =
    [(80, "fill factor 80, as shipped"), (90, "fill factor 90"), (100, "fill factor 100")];

/// A database with sessions that are long and alike.
struct Bench {
    client: Client,
    database: Database,
    url: String,
    sessions: usize,
    generation: u32,
    _keep: (TestDatabase, PostgresServer),
}

impl Bench {
    async fn open(sessions: usize) -> Self {
        let server = PostgresServer::start_durable().await.unwrap();
        let up = |url: String| async move { migrate::up(&url.parse().unwrap()).await.map(drop) };
        let keep = TestDatabase::create(server.url(), migrate::text(), up).await.unwrap();
        let url = keep.url().to_owned();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let options = Options { postgres_connections: CONNECTIONS, ..Options::default() };
        let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
        let bench = Self { client, database, url, sessions, generation: 0, _keep: (keep, server) };
        bench.run("CREATE EXTENSION pg_walinspect").await;
        bench
            .run(&format!(
                "INSERT INTO users (id, email, email_canonical, roles, created_at)
                     SELECT lpad(to_hex(n), 32, '0')::uuid, 'user@' || n, 'user@' || n, '', 0 FROM generate_series(1, {sessions}) n;
                 INSERT INTO sessions (id, user_id, client_id, scope, auth_time, amr, generation, token_hash, key_id, rotated_at,
                     late_retries, device_name, ip, user_agent, created_at, last_used_at, idle_expires_at, expires_at, device_class)
                     SELECT id, id, 'jeton', 'account', 0, 'pwd', 0, decode(repeat('00', 32), 'hex'), 1, 0, 0, NULL,
                     '192.0.2.1', '{USER_AGENT}', 0, 0, 9e15, 9e15, 'web' FROM users;"
            ))
            .await;
        assert_eq!(bench.text("SHOW full_page_writes").await, "on");
        bench
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn text(&self, sql: &str) -> String {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Refreshes every session once, in an order of its own, and says what was written.
    async fn refresh_all(&mut self, seed: u64) -> Written {
        let (store, generation) = (self.database.stores().sessions, self.generation);
        let mut order: Vec<_> = (1..=self.sessions).collect();
        let mut dice = Dice::new(seed);
        for place in (1..order.len()).rev() {
            let other = usize::try_from(dice.below(place as u64 + 1)).unwrap();
            order.swap(place, other);
        }
        let before = wal::position(&self.client).await;
        let steps = order.into_iter().map(|number| refresh(Arc::clone(&store), number, generation));
        stream::iter(steps).buffer_unordered(CONNECTIONS).collect::<()>().await;
        self.generation += 1;
        wal::written(&self.client, &before).await
    }
}

async fn refresh(store: Arc<dyn SessionStore>, number: usize, generation: u32) {
    assert!(store.advance(step(number, generation)).await.unwrap().is_some());
}

fn hash(generation: u32) -> TokenHash {
    TokenHash::from_bytes([u8::try_from(generation).unwrap(); 32])
}

fn step(number: usize, from: u32) -> Advance {
    Advance {
        session: SessionId::from_uuid(Uuid::from_u128(number as u128)),
        from_generation: from,
        from_hash: hash(from),
        to_generation: from + 1,
        to_hash: hash(from + 1),
        nonce: Nonce::from_bytes([7; 32]),
        key_id: 1,
        attempt_hash: None,
        presenter: Presenter::new("192.0.2.2".parse().ok(), Some(USER_AGENT)),
        now: NOW,
        idle_expires_at: NOW.plus(Duration::from_secs(1_209_600)),
    }
}

/// What the server is sent for one refresh, once the statement is prepared: statements, and waits for an answer.
async fn sent(bench: &mut Bench) -> (usize, usize) {
    let (proxy, url) = Proxy::in_front_of(&bench.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let store = database.stores().sessions;
    refresh(Arc::clone(&store), 1, bench.generation).await;
    proxy.take();
    refresh(Arc::clone(&store), 2, bench.generation).await;
    let sent = proxy.take();
    database.close().await;
    // The others follow, so that all are at one generation again.
    for number in 3..=bench.sessions {
        refresh(bench.database.stores().sessions, number, bench.generation).await;
    }
    bench.generation += 1;
    let count = |kinds: &[char]| sent.iter().filter(|message| kinds.contains(&message.kind)).count();
    (count(&['E', 'Q']), count(&['S', 'Q']))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_is_one_row_on_its_own_page() {
    let (sessions, turns) = (rounds(1_000, 20_000), rounds(3, 5) as u64);
    let of_all = i64::try_from(sessions).unwrap();
    let mut bench = Bench::open(sessions).await;
    let (statements, round_trips) = sent(&mut bench).await;
    assert_eq!((statements, round_trips), (1, 1));
    for (fill, column) in FILL_FACTORS {
        if column.ends_with("as shipped") {
            let shipped = "SELECT array_to_string(reloptions, ',') FROM pg_class WHERE oid = 'sessions'::regclass";
            assert_eq!(bench.text(shipped).await, format!("fillfactor={fill}"));
        } else {
            bench.run(&format!("ALTER TABLE sessions SET (fillfactor = {fill})")).await;
        }
        // As it is after a restore: full pages, no dead row.
        // The accounts forget the locks that opening the sessions took.
        bench.run("VACUUM FULL sessions").await;
        bench.run("VACUUM FREEZE users").await;
        bench.run("CHECKPOINT").await;
        let size = "SELECT pg_relation_size('sessions')";
        let size_before = bench.count(size).await;
        let first = bench.refresh_all(1).await;
        let mut last = Written::default();
        for turn in 2..=turns {
            last = bench.refresh_all(turn).await;
        }
        let size_after = bench.count(size).await;
        let users_locked = bench.count("SELECT count(*) FROM users WHERE xmax::text <> '0'").await;
        let each = |bytes: i64| format!("{:.0} bytes", ratio(bytes, of_all));
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let mut report = Report::of("cost", column)
            .figure("statements, round trips", format!("{statements}, {round_trips}"))
            .figure("log, without page images", each(last.bytes))
            .figure(
                "log, with page images, first refresh of each session after a checkpoint",
                each(first.bytes + first.images),
            )
            .figure("page images, by pages of the table", format!("{} bytes", first.images / (size_before / 8_192)))
            .figure("updates on their own page (HOT), first refresh of each session", percent(first.hot_share()))
            .figure("updates on their own page (HOT), later ones", percent(last.hot_share()))
            .figure("index entries written by later ones", last.index_inserts)
            .figure("accounts locked", users_locked)
            .figure("table before, a session", each(size_before))
            .figure(&format!("table after {turns} refreshes of each, a session"), each(size_after));
        let worth_a_line = last.kinds.iter().filter(|(_, count, _)| *count * 100 >= last.updates);
        for (kind, count, bytes) in worth_a_line {
            let each = ratio(*count, of_all);
            report = report
                .figure(&format!("log records: {kind}"), format!("{each:.2} of {:.0} bytes", ratio(*bytes, *count)));
        }
        report.write();

        assert_eq!(last.updates, of_all, "one row each");
        assert_eq!(users_locked, 0, "an account is read, not locked");
        // A row that moves to another page is locked first, in a record of its own.
        assert!(last.locks <= last.moved(), "{last:?}");
        if fill == 80 {
            assert!(first.hot_share() > 0.9 && last.hot_share() > 0.9, "{first:?} {last:?}");
            assert!(size_after <= size_before * 11 / 10, "{size_before} {size_after}");
        }
        if fill == 100 {
            // The test of the test: where there is no room, it is seen.
            assert!(first.hot_share() < 0.97, "{first:?}");
        }
    }
    bench.database.close().await;
}

/// The arithmetic of `cargo xtask simulate` takes sizes for granted. Here they are measured.
#[test]
fn the_feed_and_the_set_are_as_small_as_the_simulation_takes_them_to_be() {
    let (set, entries) = (RevocationSet::new(), rounds(10_000, 100_000) as u64);
    for n in 0..entries {
        let sid = Uuid::from_u64_pair(n.wrapping_mul(0x2545_f491_4f6c_dd1d), n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        set.revoke_session(sid, UnixTime::from_secs(1_800_000_000));
    }
    assert!(set.memory_bytes() <= set.len() * usize::try_from(sizes::SET_ENTRY_BYTES).unwrap());
}

#[tokio::test]
async fn an_entry_of_the_feed_is_as_short_as_the_simulation_takes_it_to_be() {
    let app = Setup::memory().start();
    let key = app.api_key(&[ApiScope::Revocations]).await;
    app.register("alice@example.com").await;
    let mut lengths = Vec::new();
    for _ in 0..20 {
        let tokens = app.login("alice@example.com").await;
        assert_eq!(app.post("/v1/logout").bearer(&tokens.access).send().await.status, 204);
        app.follow().await;
        lengths.push(app.get("/v1/revocations").bearer(&key).send().await.body.len());
    }
    let each = (lengths[19] - lengths[0]) / 19;
    // The number of an entry grows to nine digits and more.
    let most = each + 10;
    let taken = usize::try_from(sizes::FEED_ENTRY_BYTES).unwrap();
    assert!(most <= taken && taken <= most + 10, "{each} bytes an entry");
}
