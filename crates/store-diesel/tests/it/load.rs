//! How much there is to do, and that more than may wait is refused at once.

use std::time::{Duration, Instant};

use auth_domain::ports::StoreError;
use diesel::connection::SimpleConnection as _;
use store_diesel::{Options, PostgresLoad, SqliteLoad, StoreLoad, migrate};

use crate::scene::{Postgres, Sqlite, account, eventually, open, step};

const LONG: Duration = Duration::from_secs(30);

fn of_postgres(postgres: &Postgres) -> PostgresLoad {
    match postgres.database.load() {
        StoreLoad::Postgres(load) => load,
        StoreLoad::Sqlite(load) => panic!("{load:?}"),
    }
}

fn of_sqlite(sqlite: &Sqlite) -> SqliteLoad {
    match sqlite.database.load() {
        StoreLoad::Sqlite(load) => load,
        StoreLoad::Postgres(load) => panic!("{load:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_step_beyond_those_that_may_wait_is_busy_at_once_and_the_others_are_done() {
    let options = Options { postgres_connections: 1, postgres_queue: 2, postgres_wait: LONG, ..Options::default() };
    let postgres = Postgres::open_with(Options { postgres_lock: LONG, postgres_statement: LONG, ..options }).await;
    let owner = account(&postgres.stores, 1).await;
    let mut sessions = Vec::new();
    for n in 1..=3 {
        sessions.push(open(&postgres.stores, owner, n).await);
    }
    assert_eq!(
        of_postgres(&postgres),
        PostgresLoad { in_use: 0, idle: 1, connections: 1, waiting: 0, queue: 2, refused: 0 }
    );
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let mut steps = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        let (stores, step) = (postgres.stores.clone(), step(*session, 0));
        steps.push(tokio::spawn(async move { stores.sessions.advance(step).await }));
        eventually((1, number), async || {
            let load = of_postgres(&postgres);
            (load.in_use, load.waiting)
        })
        .await;
    }
    let began = Instant::now();
    let refused = postgres.stores.sessions.advance(step(sessions[0], 0)).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "it waited for {:?}", began.elapsed());
    assert_eq!(of_postgres(&postgres).refused, 1);
    other.batch_execute("COMMIT").await.unwrap();
    for step in steps {
        assert!(step.await.unwrap().unwrap().is_some(), "who waited was served");
    }
    let load = of_postgres(&postgres);
    assert_eq!((load.in_use, load.waiting), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_step_that_waited_for_too_long_is_counted_as_refused() {
    let options = Options {
        postgres_connections: 1,
        postgres_wait: Duration::from_millis(50),
        postgres_lock: LONG,
        ..Options::default()
    };
    let postgres = Postgres::open_with(options).await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let stores = postgres.stores.clone();
    let first = tokio::spawn(async move { stores.sessions.advance(step(session, 0)).await });
    postgres.a_step_waits().await;
    let late = postgres.stores.sessions.advance(step(session, 0)).await;
    assert!(matches!(late, Err(StoreError::Busy)), "{late:?}");
    let load = of_postgres(&postgres);
    assert_eq!((load.refused, load.waiting), (1, 0));
    other.batch_execute("COMMIT").await.unwrap();
    assert!(first.await.unwrap().unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_step_beyond_those_that_may_wait_is_busy_at_once_and_the_others_are_done() {
    let sqlite = Sqlite::open_with(Options { sqlite_queue: 2, sqlite_busy: LONG, ..Options::default() }).await;
    let owner = account(&sqlite.stores, 1).await;
    let mut sessions = Vec::new();
    for n in 1..=3 {
        sessions.push(open(&sqlite.stores, owner, n).await);
    }
    let before = of_sqlite(&sqlite);
    assert_eq!((before.writes_waiting, before.reads_waiting, before.queue, before.refused), (0, 0, 2, 0));
    let mut other = sqlite.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mut steps = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        let (stores, step) = (sqlite.stores.clone(), step(*session, 0));
        steps.push(tokio::spawn(async move { stores.sessions.advance(step).await }));
        // The first is with the writer, which waits for the file.
        eventually((before.steps + 1, number), async || {
            let load = of_sqlite(&sqlite);
            (load.steps, load.writes_waiting)
        })
        .await;
    }
    let began = Instant::now();
    let refused = sqlite.stores.sessions.advance(step(sessions[0], 0)).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "it waited for {:?}", began.elapsed());
    assert_eq!(of_sqlite(&sqlite).refused, 1);
    other.batch_execute("COMMIT").unwrap();
    for step in steps {
        assert!(step.await.unwrap().unwrap().is_some(), "who waited was served");
    }
    let after = of_sqlite(&sqlite);
    assert_eq!((after.writes_waiting, after.steps), (0, before.steps + 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_that_were_taken_back_under_a_running_server_are_counted() {
    let (sqlite, postgres) = (Sqlite::open().await, Postgres::open().await);
    let postgres_url = postgres.url.parse().unwrap();
    for (stores, url) in [(&sqlite.stores, &sqlite.url), (&postgres.stores, &postgres_url)] {
        assert_eq!(stores.health.missing_migrations().await.unwrap(), 0, "{url}");
        migrate::down(url, 2).await.unwrap();
        assert_eq!(stores.health.missing_migrations().await.unwrap(), 2, "{url}");
    }
}
