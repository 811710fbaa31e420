//! Clean-up of many rows, on both engines: in batches, beside refreshes, and how long each takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use auth_domain::model::{
    AccountId, AccountQuery, DeliveryAttempt, Endpoint, EventKind, Purpose, Tally, ThrottleKey, Timestamp,
};
use auth_domain::ports::{Retention, Stores, Subscription};
use diesel::connection::SimpleConnection;

use crate::scene::{Postgres, Sqlite, account, at, open, redeem, step, token};

const ROWS: u64 = 10_000;
const BATCH: u32 = 200;

/// 10,000 rows of each kind that nobody needs any more, in the words of either engine.
fn fill(id: &str, key: &str, bytes: &str, numbers: &str) -> String {
    format!(
        "{numbers} INSERT INTO sessions (id, user_id, client_id, scope, auth_time, amr, generation, token_hash, key_id,
             rotated_at, late_retries, created_at, last_used_at, idle_expires_at, expires_at, device_class)
             SELECT {id}, (SELECT id FROM users), 'c', '', 0, '', 0, {bytes}, 0, 0, 0, 0, 0, 1, 1, 'web' FROM numbers;
         {numbers} INSERT INTO revocations (kind, subject, not_before, expires_at)
             SELECT 'key', {bytes}, 0, 1 FROM numbers;
         {numbers} INSERT INTO security_events (id, at, kind, user_id, actor, spread_at)
             SELECT {id}, 1, 'session_opened', (SELECT id FROM users), 'server', 1 FROM numbers;
         INSERT INTO webhook_deliveries (id, event_id, endpoint, attempts, next_at, done_at, outcome)
             SELECT {id}, id, 'e', 1, 1, 1, 'delivered' FROM security_events WHERE at = 1;
         {numbers} INSERT INTO one_time_tokens (id, purpose, user_id, secret_hash, created_at, expires_at)
             SELECT {id}, 'invite', (SELECT id FROM users), {bytes}, 0, 1 FROM numbers;
         {numbers} INSERT INTO login_throttle (key, failures, last_at) SELECT {key}, 1, 0 FROM numbers;"
    )
}

const NOTHING: Retention = Retention {
    revocations: Timestamp::from_micros(0),
    sessions: Timestamp::from_micros(0),
    events: Timestamp::from_micros(0),
    one_time: Timestamp::from_micros(0),
    deliveries: Timestamp::from_micros(0),
};

/// Sweeps one kind after the other, so that every sweep is one batch of rows, while refreshes go on.
async fn all_rows_go_in_batches(stores: &Stores, engine: &str) {
    let until = Timestamp::from_micros(1);
    let owner = account_of(stores).await;
    let session = open(stores, owner, 1).await;
    let stop = Arc::new(AtomicBool::new(false));
    let refreshing = {
        let (stores, stop) = (stores.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let (mut generation, mut longest) = (0, Duration::ZERO);
            while !stop.load(Ordering::SeqCst) {
                let began = Instant::now();
                assert!(stores.sessions.advance(step(session, generation)).await.unwrap().is_some());
                longest = longest.max(began.elapsed());
                generation += 1;
            }
            (generation, longest)
        })
    };
    for (kind, retention) in [
        ("sessions", Retention { sessions: until, ..NOTHING }),
        ("revocations", Retention { revocations: until, ..NOTHING }),
        ("deliveries", Retention { deliveries: until, ..NOTHING }),
        ("events", Retention { events: until, ..NOTHING }),
        ("one-time tokens", Retention { one_time: until, ..NOTHING }),
        ("tallies", Retention { one_time: Timestamp::from_micros(0).plus(Tally::FORGOTTEN), ..NOTHING }),
    ] {
        let mut times = Vec::new();
        loop {
            let began = Instant::now();
            let removed = stores.housekeeping.sweep(retention, BATCH).await.unwrap();
            if removed == 0 {
                break;
            }
            times.push(began.elapsed());
            assert_eq!(removed, u64::from(BATCH), "{kind}");
        }
        assert_eq!(times.len() as u64, ROWS / u64::from(BATCH), "{kind}");
        times.sort_unstable();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{engine}: {BATCH} {kind} at once: median {median:?}, longest {longest:?}");
    }
    stop.store(true, Ordering::SeqCst);
    let (refreshes, longest) = refreshing.await.unwrap();
    println!("{engine}: {refreshes} refreshes beside it, the longest {longest:?}");
    assert_eq!(stores.sessions.list(owner, at(2)).await.unwrap().len(), 1);
}

async fn account_of(stores: &Stores) -> AccountId {
    let query = AccountQuery { prefix: String::new(), after: None, limit: 1 };
    stores.accounts.search(query).await.unwrap()[0].id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_rows_of_each_kind_go_in_batches_on_sqlite() {
    let sqlite = Sqlite::open().await;
    account(&sqlite.stores, 1).await;
    let numbers =
        format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})");
    sqlite.connection().batch_execute(&fill("randomblob(16)", "randomblob(16)", "randomblob(32)", &numbers)).unwrap();
    all_rows_go_in_batches(&sqlite.stores, "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_rows_of_each_kind_go_in_batches_on_postgresql() {
    let postgres = Postgres::open().await;
    account(&postgres.stores, 1).await;
    let numbers = format!("WITH numbers AS (SELECT generate_series(1, {ROWS}))");
    let bytes = "decode(repeat('ab', 32), 'hex')";
    postgres
        .client()
        .await
        .batch_execute(&fill("gen_random_uuid()", "uuid_send(gen_random_uuid())", bytes, &numbers))
        .await
        .unwrap();
    all_rows_go_in_batches(&postgres.stores, "PostgreSQL").await;
}

/// An event goes only after its deliveries, and these only once they are done.
async fn what_is_on_its_way_stays(stores: &Stores) {
    let owner = account(stores, 1).await;
    open(stores, owner, 1).await;
    let wanted = Subscription { endpoint: Endpoint("e".into()), kinds: vec![EventKind::SessionOpened] };
    let late = Retention { events: at(100), deliveries: at(100), ..NOTHING };
    assert_eq!(stores.housekeeping.sweep(late, BATCH).await.unwrap(), 0, "it was not spread");
    assert_eq!(stores.webhooks.spread(std::slice::from_ref(&wanted), at(1), 10).await.unwrap(), 2);
    assert_eq!(stores.housekeeping.sweep(late, BATCH).await.unwrap(), 1, "nobody wants to know of the registration");
    assert_eq!(stores.housekeeping.sweep(late, BATCH).await.unwrap(), 0, "it was not delivered");
    let claimed = stores.webhooks.claim(&[wanted.endpoint], at(1), at(60), 10).await.unwrap();
    let delivered = DeliveryAttempt::Delivered;
    stores.webhooks.note(claimed[0].id, delivered, at(2)).await.unwrap();
    let early = Retention { deliveries: at(1), ..late };
    assert_eq!(stores.housekeeping.sweep(early, BATCH).await.unwrap(), 0, "the delivery is kept for a while");
    assert_eq!(stores.housekeeping.sweep(late, BATCH).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_on_its_way_stays_on_sqlite() {
    what_is_on_its_way_stays(&Sqlite::open().await.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_on_its_way_stays_on_postgresql() {
    what_is_on_its_way_stays(&Postgres::open().await.stores).await;
}

/// What is good for a while goes at its end, and not before.
async fn tokens_and_tallies_go_when_they_count_for_nothing(stores: &Stores) {
    let owner = account(stores, 1).await;
    let kept = token(1, Purpose::ResetPassword, Some(owner));
    stores.one_time.add(kept.clone()).await.unwrap();
    let key = [ThrottleKey { hash: [1; 16], free: 1 }];
    assert_eq!(stores.throttle.charge(&key, at(0)).await.unwrap(), None);
    assert_eq!(stores.housekeeping.sweep(Retention { one_time: at(59), ..NOTHING }, BATCH).await.unwrap(), 0);
    assert_eq!(stores.one_time.peek(&redeem(&kept)).await.unwrap(), Some(kept.clone()));
    assert_eq!(stores.housekeeping.sweep(Retention { one_time: at(60), ..NOTHING }, BATCH).await.unwrap(), 1);
    assert_eq!(stores.one_time.peek(&redeem(&kept)).await.unwrap(), None);
    let day = at(0).plus(Tally::FORGOTTEN);
    let almost = Timestamp::from_micros(day.as_micros() - 1);
    assert_eq!(stores.housekeeping.sweep(Retention { one_time: almost, ..NOTHING }, BATCH).await.unwrap(), 0);
    assert!(stores.throttle.charge(&key, at(0)).await.unwrap().is_some(), "it is still counted");
    assert_eq!(stores.housekeeping.sweep(Retention { one_time: day, ..NOTHING }, BATCH).await.unwrap(), 1);
    assert_eq!(stores.throttle.charge(&key, at(0)).await.unwrap(), None, "it is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_tallies_go_when_they_count_for_nothing_on_sqlite() {
    tokens_and_tallies_go_when_they_count_for_nothing(&Sqlite::open().await.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_tallies_go_when_they_count_for_nothing_on_postgresql() {
    tokens_and_tallies_go_when_they_count_for_nothing(&Postgres::open().await.stores).await;
}
