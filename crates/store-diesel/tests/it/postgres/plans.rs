//! How PostgreSQL finds the rows of the statements that are asked again and again: by an index, whatever the size of the table.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{Endpoint, EventKind, EventQuery, Purpose, Ruling, ThrottleKey, Timestamp};
use auth_domain::ports::{Stores, Subscription};
use store_diesel::{Database, Options};
use tokio_postgres::Client;

use super::proxy::Proxy;
use crate::scene::{Postgres, account, at, open, redeem, step, token};

/// Enough that reading a table through costs more than any index.
const FILL: &str = "
    INSERT INTO users (id, email, email_canonical, roles, created_at)
        SELECT gen_random_uuid(), 'user@' || n, 'user@' || n, '', 0 FROM generate_series(1, 2000) n;
    INSERT INTO sessions (id, user_id, client_id, scope, auth_time, amr, generation, token_hash, key_id,
        rotated_at, late_retries, created_at, last_used_at, idle_expires_at, expires_at, device_class)
        SELECT gen_random_uuid(), id, 'c', '', 0, '', 0, sha256('x'), 0, 0, 0, n, 0, 10, 10, 'web'
        FROM users, generate_series(1, 5) n;
    INSERT INTO revocations (kind, subject, not_before, expires_at)
        SELECT 'key', sha256('x'), 0, 1 FROM generate_series(1, 10000);
    INSERT INTO one_time_tokens (id, purpose, user_id, secret_hash, created_at, expires_at)
        SELECT gen_random_uuid(), 'invite', id, sha256('x'), 0, 1 FROM users, generate_series(1, 5);
    INSERT INTO security_events (id, at, kind, user_id, actor, spread_at)
        SELECT gen_random_uuid(), 0, 'session_opened', id, 'server', 1 FROM users, generate_series(1, 5);
    INSERT INTO webhook_deliveries (id, event_id, endpoint, attempts, next_at, done_at, outcome)
        SELECT gen_random_uuid(), id, 'e', 1, 0, 1, 'delivered' FROM security_events WHERE spread_at = 1;
    INSERT INTO totp (user_id, key_id, sealed, confirmed_at, last_step) SELECT id, 1, 'x', 1, 0 FROM users;
    INSERT INTO passkeys (id, user_id, credential_id, name, data, created_at)
        SELECT gen_random_uuid(), id, uuid_send(id), 'n', 'd', 0 FROM users;
    INSERT INTO login_throttle (key, failures, last_at)
        SELECT substr(sha256(n::text::bytea), 1, 16), 1, 0 FROM generate_series(1, 10000) n;
    ANALYZE";

/// The statements of one step, and the indexes by which they must find their rows.
struct Watched {
    client: Client,
    proxy: Proxy,
    stores: Stores,
    _postgres: Postgres,
    _database: Database,
}

impl Watched {
    async fn new() -> (Self, auth_domain::model::AccountId, auth_domain::model::SessionId) {
        let postgres = Postgres::open().await;
        let owner = account(&postgres.stores, 1).await;
        let session = open(&postgres.stores, owner, 1).await;
        let client = postgres.client().await;
        client.batch_execute(FILL).await.unwrap();
        let (proxy, url) = Proxy::in_front_of(&postgres.url);
        let options = Options { postgres_connections: 1, ..Options::default() };
        let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
        let stores = database.stores();
        proxy.take();
        (Self { client, proxy, stores, _postgres: postgres, _database: database }, owner, session)
    }

    /// The plans of what was prepared since the last call, for any values or for those in `values`.
    async fn plans(&self, values: Option<&str>) -> String {
        let sent = self.proxy.take();
        let prepared: Vec<String> =
            sent.into_iter().filter(|sent| sent.kind == 'P').filter_map(|sent| sent.sql).collect();
        assert!(!prepared.is_empty(), "nothing was prepared");
        let mode = if values.is_some() { "auto" } else { "force_generic_plan" };
        self.client.batch_execute(&format!("SET plan_cache_mode = {mode}")).await.unwrap();
        let mut plans = String::new();
        for sql in prepared.iter().filter(|sql| !sql.starts_with("INSERT")) {
            self.client.batch_execute(&format!("PREPARE watched{} AS {sql}", types(sql))).await.unwrap();
            let count = (1..30).take_while(|n| sql.contains(&format!("${n}"))).count();
            let values = values.map_or_else(|| vec!["NULL"; count].join(", "), str::to_owned);
            let values = if values.is_empty() { values } else { format!("({values})") };
            let plan = self.client.query(&format!("EXPLAIN (COSTS OFF) EXECUTE watched{values}"), &[]).await.unwrap();
            writeln!(plans, "-- {sql}").unwrap();
            for line in &plan {
                writeln!(plans, "{}", line.get::<_, &str>(0)).unwrap();
            }
            self.client.batch_execute("DEALLOCATE watched").await.unwrap();
        }
        plans
    }

    async fn check(&self, indexes: &[&str]) {
        held(&self.plans(None).await, indexes);
    }
}

/// The types of a statement's values where the server cannot tell them from the statement.
fn types(sql: &str) -> &'static str {
    match sql {
        sql if !sql.contains("unnest(") => "",
        sql if sql.contains("login_throttle") => "(bytea[], bigint[], bigint)",
        _ => "(bigint, bigint[], bigint[])",
    }
}

fn held(plans: &str, indexes: &[&str]) {
    for index in indexes {
        let ways = ["using", "on"].map(|word| format!("{word} {index}"));
        assert!(plans.lines().any(|line| ways.iter().any(|way| line.contains(way))), "no {index}:\n{plans}");
    }
    assert!(!plans.contains("Seq Scan"), "{plans}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_and_what_follows_it_find_their_rows_by_their_primary_keys() {
    let (watched, _, session) = Watched::new().await;
    watched.stores.sessions.advance(step(session, 0)).await.unwrap().unwrap();
    watched.check(&["sessions_pkey", "users_pkey"]).await;
    let _ = watched.stores.sessions.settle(session, Arc::new(|_| Ruling::Ended(None))).await.unwrap();
    watched.check(&["sessions_pkey", "users_pkey"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_an_account_are_found_by_their_index() {
    let (watched, owner, _) = Watched::new().await;
    assert_eq!(watched.stores.sessions.list(owner, at(1)).await.unwrap().len(), 1);
    watched.check(&["sessions_of_user", "users_pkey"]).await;
}

/// For any value a third of the table could follow; what is asked is what follows the last one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_in_the_feed_is_found_by_its_number() {
    let (watched, ..) = Watched::new().await;
    assert_eq!(watched.stores.revocations.after(9_998, &[]).await.unwrap().len(), 2);
    held(&watched.plans(Some("9998")).await, &["revocations_pkey"]);
    assert_eq!(watched.stores.revocations.after(9_999, &[(3, 4)]).await.unwrap().len(), 3);
    held(&watched.plans(Some("9999, '{3}', '{4}'")).await, &["revocations_pkey"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_found_by_its_address_and_by_its_id() {
    let (watched, owner, _) = Watched::new().await;
    let email = watched.stores.accounts.by_id(owner).await.unwrap().unwrap().account.email;
    watched.check(&["users_pkey"]).await;
    assert!(watched.stores.accounts.credentials(&email).await.unwrap().is_some());
    watched.check(&["users_email_canonical_key"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_token_is_taken_by_its_id_and_mailed_by_when_it_is_due() {
    let (watched, owner, _) = Watched::new().await;
    let kept = token(1, Purpose::ResetPassword, Some(owner));
    watched.stores.one_time.add(kept.clone()).await.unwrap();
    watched.proxy.take();
    assert_eq!(watched.stores.one_time.claim_mail(at(1), at(2), 10).await.unwrap().len(), 1);
    watched.check(&["one_time_tokens_due", "one_time_tokens_pkey"]).await;
    assert!(watched.stores.one_time.take(redeem(&kept)).await.unwrap().is_some());
    watched.check(&["one_time_tokens_pkey"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_their_account_or_by_being_new_and_deliveries_by_when_they_are_due() {
    let (watched, owner, _) = Watched::new().await;
    let query = EventQuery { account: Some(owner), before: None, limit: 10 };
    assert!(!watched.stores.events.page(query).await.unwrap().is_empty());
    watched.check(&["security_events_of_user"]).await;
    let endpoint = Endpoint("e".to_owned());
    let wanted = [Subscription { endpoint: endpoint.clone(), kinds: EventKind::ALL.to_vec() }];
    assert!(watched.stores.webhooks.spread(&wanted, at(1), 10).await.unwrap() > 0);
    watched.check(&["security_events_to_spread"]).await;
    assert!(!watched.stores.webhooks.claim(&[endpoint], at(1), at(2), 10).await.unwrap().is_empty());
    watched.check(&["webhook_deliveries_due"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_counted_by_their_key() {
    let (watched, ..) = Watched::new().await;
    let keys = [ThrottleKey { hash: [7; 16], free: 5 }];
    let wait: Option<Duration> = watched.stores.throttle.charge(&keys, Timestamp::from_micros(1)).await.unwrap();
    assert_eq!(wait, None);
    watched.check(&["login_throttle_pkey"]).await;
}
