//! Attempts on PostgreSQL: what a blocked one costs, and many at once on several nodes.

use auth_domain::model::ThrottleKey;
use store_diesel::{Database, Options};
use tokio::task::JoinSet;

use super::proxy::Proxy;
use super::round_trip::kinds;
use crate::scene::{Postgres, at};

const fn key(n: u8, free: u32) -> ThrottleKey {
    ThrottleKey { hash: [n; 16], free }
}

/// Every row with its place, the transaction that wrote it, and who locked it last.
async fn rows(postgres: &Postgres) -> Vec<String> {
    let rows = "SELECT concat_ws(' ', encode(key, 'hex'), failures, last_at, ctid, xmin, xmax)
                FROM login_throttle ORDER BY key";
    postgres.client().await.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn failures(postgres: &Postgres) -> Vec<i64> {
    let failures = "SELECT failures FROM login_throttle ORDER BY key";
    postgres.client().await.query(failures, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// SECURITY S11: it is read, and no transaction is begun for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_blocked_attempt_is_one_read_and_touches_no_row() {
    let postgres = Postgres::open().await;
    let (proxy, url) = Proxy::in_front_of(&postgres.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let throttle = database.stores().throttle;
    for _ in 0..3 {
        assert_eq!(throttle.charge(&[key(1, 3)], at(0)).await.unwrap(), None);
    }
    let before = rows(&postgres).await;
    assert_eq!(before.len(), 1);
    proxy.take();
    for _ in 0..50 {
        for keys in [&[key(1, 3)][..], &[key(2, 3), key(1, 3)]] {
            assert!(throttle.charge(keys, at(0)).await.unwrap().is_some());
            // Bind, Execute, Sync: nothing but the look.
            assert_eq!(kinds(&proxy.take()), "BES");
        }
    }
    assert_eq!(rows(&postgres).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_turns_out_blocked_under_the_lock_leaves_nothing() {
    let postgres = Postgres::open().await;
    assert_eq!(postgres.stores.throttle.charge(&[key(2, 3)], at(0)).await.unwrap(), None);
    let other = postgres.client().await;
    other.batch_execute("BEGIN; UPDATE login_throttle SET failures = 3").await.unwrap();
    let throttle = postgres.stores.throttle.clone();
    let charging = tokio::spawn(async move { throttle.charge(&[key(1, 3), key(2, 3), key(3, 3)], at(0)).await });
    postgres.a_step_waits().await;
    other.batch_execute("COMMIT").await.unwrap();
    assert!(charging.await.unwrap().unwrap().is_some());
    assert_eq!(failures(&postgres).await, [3], "neither counted nor were the new keys added");
}

/// SECURITY S9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_two_nodes_together_let_no_more_through_than_are_free() {
    let postgres = Postgres::open().await;
    let node = Database::open(&postgres.url.parse().unwrap(), &Options::default()).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let throttle = if n % 2 == 0 { node.stores().throttle } else { postgres.stores.throttle.clone() };
        let keys = if n % 3 == 0 { [key(1, 7), key(2, 50)] } else { [key(2, 50), key(1, 7)] };
        tasks.spawn(async move { throttle.charge(&keys, at(0)).await.unwrap().is_none() });
    }
    let let_through = tasks.join_all().await.into_iter().filter(|let_through| *let_through).count();
    assert_eq!((let_through, failures(&postgres).await), (7, vec![7, 7]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_and_their_forgiving_never_wait_for_each_other_in_a_circle() {
    let postgres = Postgres::open().await;
    let keys = [key(1, 1_000), key(2, 1_000)];
    let mut tasks = JoinSet::new();
    for n in 0..120_usize {
        let throttle = postgres.stores.throttle.clone();
        tasks.spawn(async move {
            assert_eq!(throttle.charge(&[keys[n % 2], keys[1 - n % 2]], at(0)).await.unwrap(), None);
            // The one is forgotten, and one attempt of the other taken back, and the other way round.
            throttle.forgive(&[keys[n % 2]], &[keys[1 - n % 2]]).await.unwrap();
        });
    }
    tasks.join_all().await;
    let deadlocks =
        "SELECT pg_stat_force_next_flush(), deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(postgres.client().await.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(1), 0);
}
