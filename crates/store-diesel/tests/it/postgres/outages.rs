//! The server goes away, or the caller does.

use std::time::Duration;

use auth_domain::ports::StoreError;
use store_diesel::{Database, Options};

use crate::scene::{Postgres, a_moment, account, end, eventually, left_by_end, open, session_id, step};

const END_ALL_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'jeton'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_whose_connection_is_cut_is_unavailable_and_the_next_one_works() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let stores = postgres.stores.clone();
    let waiting = tokio::spawn(async move { stores.sessions.advance(step(session, 0)).await });
    postgres.a_step_waits().await;
    other.batch_execute(END_ALL_OTHERS).await.unwrap();
    let cut = waiting.await.unwrap();
    assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");

    other.batch_execute("COMMIT").await.unwrap();
    a_moment().await;
    assert!(postgres.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_while_idle_are_replaced() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    postgres.client().await.batch_execute(END_ALL_OTHERS).await.unwrap();
    a_moment().await;
    assert!(postgres.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
    assert_eq!(postgres.stores.sessions.end(end(owner, session)).await.unwrap().revocations.len(), 1);
    assert_eq!(left_by_end(&postgres.stores, owner).await, (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_finished_though_its_caller_went_away() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let (ended, moved) = (open(&postgres.stores, owner, 1).await, open(&postgres.stores, owner, 2).await);
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();

    let ending = postgres.stores.sessions.end(end(owner, ended));
    tokio::time::timeout(Duration::from_millis(300), ending).await.unwrap_err();
    let moving = postgres.stores.sessions.advance(step(moved, 0));
    tokio::time::timeout(Duration::from_millis(300), moving).await.unwrap_err();
    assert_eq!(left_by_end(&postgres.stores, owner).await, (2, 0, 0), "nothing is half done");

    other.batch_execute("COMMIT").await.unwrap();
    eventually((1, 1, 1), async || left_by_end(&postgres.stores, owner).await).await;
    eventually(1, async || {
        let listed = postgres.stores.sessions.list(owner, crate::scene::at(2)).await.unwrap();
        listed.first().map_or(0, |session| session.facts.generation)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_the_steps_that_have_begun_and_refuses_later_ones() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let stores = postgres.stores.clone();
    let waiting = tokio::spawn(async move { stores.sessions.advance(step(session, 0)).await });
    postgres.a_step_waits().await;
    let closing = async {
        tokio::time::timeout(Duration::from_millis(300), postgres.database.close()).await.unwrap_err();
        other.batch_execute("COMMIT").await.unwrap();
        postgres.database.close().await;
    };
    closing.await;
    assert!(waiting.await.unwrap().unwrap().is_some());
    let later = postgres.stores.sessions.advance(step(session, 1)).await;
    assert!(matches!(later, Err(StoreError::Unavailable(_))), "{later:?}");
    let left =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jeton'";
    eventually(0, async || other.query_one(left, &[]).await.unwrap().get::<_, i64>(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer_is_named_without_its_password() {
    let options = Options { postgres_connect: Duration::from_millis(500), ..Options::default() };
    let url = "postgres://ann:hunter2@127.0.0.1:1/jeton".parse().unwrap();
    let Err(error) = Database::open(&url, &options).await else { panic!("nothing listens there") };
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("refused") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_tables_gives_no_sign_of_life() {
    let empty = crate::scene::unmigrated().await;
    let database = Database::open(&empty.url().parse().unwrap(), &Options::default()).await.unwrap();
    let checked = database.stores().health.check().await;
    assert!(matches!(&checked, Err(StoreError::Unavailable(reason)) if reason.contains("users")), "{checked:?}");
    let moved = database.stores().sessions.advance(step(session_id(1), 0)).await;
    assert!(matches!(moved, Err(StoreError::Unavailable(_))), "{moved:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_gets_no_answer_is_given_up_with_its_connection() {
    let (answer, lock) = (Duration::from_millis(500), Duration::from_secs(60));
    let options =
        Options { postgres_connections: 1, postgres_answer: answer, postgres_lock: lock, ..Options::default() };
    let postgres = Postgres::open_with(options).await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let began = std::time::Instant::now();
    let silent = postgres.stores.sessions.advance(step(session, 0)).await;
    assert!(matches!(&silent, Err(StoreError::Unavailable(reason)) if reason.contains("in time")), "{silent:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    // The only connection of the pool is another one by now.
    postgres.stores.health.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_to_a_server_that_takes_no_writes_is_not_kept() {
    let postgres = Postgres::open_with(Options { postgres_connections: 2, ..Options::default() }).await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    let database: String = other.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    // A connection learns this when it is made, as that to a standby does.
    let alter = async |what: &str| other.batch_execute(&format!("ALTER DATABASE {database} {what}")).await.unwrap();
    alter("SET default_transaction_read_only = on").await;
    other.batch_execute(END_ALL_OTHERS).await.unwrap();
    a_moment().await;
    let refused = postgres.stores.sessions.advance(step(session, 0)).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(reason)) if reason.contains("read-only")), "{refused:?}");
    alter("RESET default_transaction_read_only").await;
    assert!(postgres.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
}
