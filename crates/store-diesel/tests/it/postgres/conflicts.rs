//! Others want the same rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth_domain::model::{EndSessions, EndTarget, Judge, Opened, Ruling, SessionLimit};
use auth_domain::ports::StoreError;
use store_diesel::Options;

use crate::scene::{Postgres, account, at, end, eventually, left_by_end, new_session, open, session_id, step};

/// Makes the next `times` updates of a session fail with `sqlstate`, and no more after these.
async fn fail_updates(postgres: &Postgres, sqlstate: &str, times: u32) {
    // A sequence goes on whether or not the transaction that asked it is undone.
    let sql = format!(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('failures') <= {times} THEN
                 RISE
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER fail BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION fail();"
    );
    let raise = format!("RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = 'deadlock detected';");
    postgres.client().await.batch_execute(&sql.replace("RISE", &raise)).await.unwrap();
}

/// A judge that ends the session, and how often it was asked.
fn replay(ending: EndSessions) -> (Judge, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let judge: Judge = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ruling::Replay(ending.clone())
    });
    (judge, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_postgresql_undid_is_run_again_and_writes_once() {
    for sqlstate in ["40001", "40P01"] {
        let postgres = Postgres::open().await;
        let owner = account(&postgres.stores, 1).await;
        let session = open(&postgres.stores, owner, 1).await;
        fail_updates(&postgres, sqlstate, 2).await;

        let (judge, asked) = replay(end(owner, session));
        let ruling = postgres.stores.sessions.settle(session, judge).await.unwrap();
        assert!(matches!(ruling, Ruling::Replay(_)), "{sqlstate}: {ruling:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 4, "{sqlstate}: once before the lock, three times under it");
        assert_eq!(left_by_end(&postgres.stores, owner).await, (0, 1, 1), "{sqlstate}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_undone_again_and_again_is_a_conflict_and_leaves_nothing() {
    for sqlstate in ["40001", "40P01"] {
        let postgres = Postgres::open().await;
        let owner = account(&postgres.stores, 1).await;
        let session = open(&postgres.stores, owner, 1).await;
        fail_updates(&postgres, sqlstate, 1_000).await;

        let ended = postgres.stores.sessions.end(end(owner, session)).await;
        assert!(matches!(ended, Err(StoreError::Conflict)), "{sqlstate}: {ended:?}");
        assert_eq!(left_by_end(&postgres.stores, owner).await, (1, 0, 0), "{sqlstate}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_postgresql_could_not_serialize_is_run_again() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    fail_updates(&postgres, "40001", 2).await;
    assert!(postgres.stores.sessions.advance(step(session, 0)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_with_another_program_is_survived() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    // The other way round: the session first, then its account.
    other.batch_execute("BEGIN; UPDATE sessions SET scope = 'other'").await.unwrap();
    let stores = postgres.stores.clone();
    let deleting = tokio::spawn(async move { stores.accounts.delete(owner, at(2), at(900)).await });
    postgres.a_step_waits().await;
    // Waits for the account, which the deletion holds; the deletion has waited for longer, so it is the one to give way.
    other.batch_execute("UPDATE users SET roles = 'other'; COMMIT").await.unwrap();
    let ending = deleting.await.unwrap().unwrap().unwrap();
    assert_eq!(ending.revocations.len(), 1);
    let deadlocks =
        "SELECT pg_stat_force_next_flush(), deadlocks FROM pg_stat_database WHERE datname = current_database()";
    eventually(true, async || other.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(1) > 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_others_hold_for_too_long_is_busy() {
    let options = Options { postgres_lock: Duration::from_millis(200), ..Options::default() };
    let postgres = Postgres::open_with(options).await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE; SELECT 1 FROM users FOR UPDATE").await.unwrap();

    let sessions = &postgres.stores.sessions;
    assert!(matches!(sessions.advance(step(session, 0)).await, Err(StoreError::Busy)));
    assert!(matches!(sessions.settle(session, replay(end(owner, session)).0).await, Err(StoreError::Busy)));
    assert!(matches!(sessions.end(end(owner, session)).await, Err(StoreError::Busy)));
    let opened = sessions.open(new_session(owner, 2), SessionLimit::default()).await;
    assert!(matches!(opened, Err(StoreError::Busy)), "{opened:?}");

    other.batch_execute("COMMIT").await.unwrap();
    assert!(sessions.advance(step(session, 0)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_with_no_connection_to_give_is_busy() {
    let options = Options { postgres_connections: 1, postgres_wait: Duration::from_millis(100), ..Options::default() };
    let postgres = Postgres::open_with(options).await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; SELECT 1 FROM sessions FOR UPDATE").await.unwrap();
    let stores = postgres.stores.clone();
    let waiting = tokio::spawn(async move { stores.sessions.advance(step(session, 0)).await });
    postgres.a_step_waits().await;
    assert!(matches!(postgres.stores.health.check().await, Err(StoreError::Busy)));
    other.batch_execute("COMMIT").await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_some());
    postgres.stores.health.check().await.unwrap();
}

/// Logins hold the account and end sessions; ending all locks the sessions alone. Neither may wait for the other in a
/// circle, nor end a session twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evictions_and_endings_that_race_end_each_session_once() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let limit = SessionLimit { max_per_account: std::num::NonZeroU32::new(3), ..SessionLimit::default() };
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=60 {
        let stores = postgres.stores.clone();
        tasks.spawn(async move {
            if n % 3 == 0 {
                let mut all = end(owner, session_id(n));
                all.target = EndTarget::All(owner);
                all.event = None;
                stores.sessions.end(all).await.unwrap().revocations.len()
            } else {
                match stores.sessions.open(new_session(owner, n), limit).await.unwrap() {
                    Opened::Opened { evicted, .. } => evicted.len(),
                    refused => panic!("{refused:?}"),
                }
            }
        });
    }
    let told: usize = tasks.join_all().await.into_iter().sum();
    let live = postgres.stores.sessions.list(owner, at(2)).await.unwrap().len();
    assert!(live <= 3, "{live}");
    let feed = postgres.stores.revocations.live(at(2)).await.unwrap();
    let subjects: std::collections::HashSet<_> = feed.iter().map(|entry| entry.kind.subject()).collect();
    assert_eq!((feed.len(), subjects.len()), (told, told));
    assert_eq!(live + told, 40, "every session is either live or was ended once");
}
