//! Changes of signing keys: one at a time, whole or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth_domain::model::{KeyChange, KeyRefused, KeyRevocation, KeyState, RetiredMasterKey};
use auth_domain::ports::{KeyJudge, StoreError, Stores};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use store_diesel::Options;

use crate::scene::{Postgres, START, Sqlite, at, change_keys, signing_key};

/// A change of every kind at once.
fn everything() -> KeyChange {
    KeyChange {
        put: vec![signing_key("new", KeyState::Next)],
        remove: vec!["old".to_owned()],
        revoke: Some(KeyRevocation { thumbprint: [7; 32], now: at(1), until: at(100) }),
        keep: vec![RetiredMasterKey { id: 1, key_id: 2, sealed: vec![1], retired_at: START }],
        ..KeyChange::default()
    }
}

async fn kids(stores: &Stores) -> Vec<String> {
    stores.keys.list().await.unwrap().into_iter().map(|key| key.kid).collect()
}

async fn add_old(stores: &Stores) {
    change_keys(stores, KeyChange { put: vec![signing_key("old", KeyState::Next)], ..KeyChange::default() }).await;
}

/// A judge that decides on `change`, and how often it was asked.
fn counted(change: KeyChange) -> (KeyJudge, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let judge: KeyJudge = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(change.clone())
    });
    (judge, asked)
}

async fn nothing_is_left_of_a_change_that_fails(stores: &Stores) {
    let failed = stores.keys.change(counted(everything()).0).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(kids(stores).await, ["old"]);
    assert_eq!(stores.keys.retired_masters().await.unwrap(), []);
    assert_eq!(stores.revocations.live(at(2)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_change_whose_entry_in_the_feed_fails_on_sqlite() {
    let sqlite = Sqlite::open().await;
    add_old(&sqlite.stores).await;
    let fail = "CREATE TRIGGER fail BEFORE INSERT ON revocations BEGIN SELECT RAISE(ABORT, 'no entries'); END";
    sqlite.connection().batch_execute(fail).unwrap();
    nothing_is_left_of_a_change_that_fails(&sqlite.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_change_whose_entry_in_the_feed_fails_on_postgresql() {
    let postgres = Postgres::open().await;
    add_old(&postgres.stores).await;
    let fail = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no entries'; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON revocations FOR EACH ROW EXECUTE FUNCTION fail()";
    postgres.client().await.batch_execute(fail).await.unwrap();
    nothing_is_left_of_a_change_that_fails(&postgres.stores).await;
}

/// A refusal, and a decision that there is nothing to do.
async fn decide_nothing(stores: &Stores) {
    let refused = stores.keys.change(Arc::new(|_| Err(KeyRefused::Signs("old".to_owned())))).await.unwrap();
    assert_eq!(refused, Err(KeyRefused::Signs("old".to_owned())));
    let overruled = Some(KeyRefused::Signs("old".to_owned()));
    let changed = change_keys(stores, KeyChange { overruled: overruled.clone(), ..KeyChange::default() }).await;
    assert_eq!((changed.change.overruled, changed.revocations), (overruled, Vec::new()));
    assert_eq!(changed.keys, stores.keys.list().await.unwrap());
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Integer)]
    data_version: i32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_decides_nothing_writes_nothing_on_sqlite() {
    let sqlite = Sqlite::open().await;
    let mut other = sqlite.connection();
    // Changes whenever another connection has written.
    let mut version =
        || -> i32 { diesel::sql_query("PRAGMA data_version").get_result::<Version>(&mut other).unwrap().data_version };
    let before = version();
    add_old(&sqlite.stores).await;
    let after = version();
    assert_ne!(before, after);
    decide_nothing(&sqlite.stores).await;
    assert_eq!(version(), after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_decides_nothing_writes_nothing_on_postgresql() {
    let postgres = Postgres::open().await;
    add_old(&postgres.stores).await;
    let client = postgres.client().await;
    let fail = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'written'; END $$";
    client.batch_execute(fail).await.unwrap();
    for table in ["signing_keys", "retired_master_keys", "revocations"] {
        let guard = "FOR EACH STATEMENT EXECUTE FUNCTION fail()";
        let sql = format!("CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON {table} {guard}");
        client.batch_execute(&sql).await.unwrap();
    }
    decide_nothing(&postgres.stores).await;
    let written = postgres.stores.keys.change(counted(everything()).0).await;
    assert!(matches!(&written, Err(StoreError::Unavailable(reason)) if reason == "written"), "{written:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_postgresql_undid_is_judged_again_and_written_once() {
    for sqlstate in ["40001", "40P01"] {
        let postgres = Postgres::open().await;
        add_old(&postgres.stores).await;
        // A sequence goes on whether or not the transaction that asked it is undone.
        let fail = format!(
            "CREATE SEQUENCE failures;
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('failures') <= 2 THEN
                     RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = 'deadlock detected';
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER fail BEFORE INSERT ON revocations FOR EACH ROW EXECUTE FUNCTION fail()"
        );
        postgres.client().await.batch_execute(&fail).await.unwrap();
        let (judge, asked) = counted(everything());
        let changed = postgres.stores.keys.change(judge).await.unwrap().unwrap();
        assert_eq!((asked.load(Ordering::SeqCst), changed.revocations.len()), (3, 1), "{sqlstate}");
        assert_eq!(kids(&postgres.stores).await, ["new"], "{sqlstate}");
        assert_eq!(postgres.stores.revocations.live(at(2)).await.unwrap(), changed.revocations, "{sqlstate}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_waits_for_the_one_before_it_and_sees_what_it_did_while_others_read() {
    let postgres = Postgres::open().await;
    let other = postgres.client().await;
    let begun = "BEGIN; LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO signing_keys (kid, algorithm, key_id, sealed, created_at, state) VALUES ('theirs', 'EdDSA', 1, 'x', 1, 'next')";
    other.batch_execute(begun).await.unwrap();
    let stores = postgres.stores.clone();
    let judge: KeyJudge = Arc::new(|keys| {
        let remove = keys.iter().map(|key| key.kid.clone()).collect();
        Ok(KeyChange { put: vec![signing_key("ours", KeyState::Next)], remove, ..KeyChange::default() })
    });
    let changing = tokio::spawn(async move { stores.keys.change(judge).await });
    postgres.a_step_waits().await;
    assert_eq!(kids(&postgres.stores).await, [""; 0]);
    other.batch_execute("COMMIT").await.unwrap();
    let changed = changing.await.unwrap().unwrap().unwrap();
    assert_eq!(changed.change.remove, ["theirs"]);
    assert_eq!(kids(&postgres.stores).await, ["ours"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_others_hold_up_for_too_long_is_busy_and_may_come_again() {
    let options = Options { postgres_lock: Duration::from_millis(200), ..Options::default() };
    let postgres = Postgres::open_with(options).await;
    add_old(&postgres.stores).await;
    let other = postgres.client().await;
    other.batch_execute("BEGIN; LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
    let (judge, asked) = counted(everything());
    let busy = postgres.stores.keys.change(Arc::clone(&judge)).await;
    assert!(matches!(busy, Err(StoreError::Busy)), "{busy:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing is judged without the lock");
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(postgres.stores.keys.change(judge).await.unwrap().unwrap().revocations.len(), 1);
}

async fn a_judge_that_panics_changes_nothing_and_holds_nobody_up(stores: &Stores) {
    add_old(stores).await;
    let failed = stores.keys.change(Arc::new(|_| panic!("the judge's own fault"))).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    assert_eq!(kids(stores).await, ["old"]);
    change_keys(stores, everything()).await;
    assert_eq!(kids(stores).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_panics_changes_nothing_and_holds_nobody_up_on_sqlite() {
    a_judge_that_panics_changes_nothing_and_holds_nobody_up(&Sqlite::open().await.stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_panics_changes_nothing_and_holds_nobody_up_on_postgresql() {
    a_judge_that_panics_changes_nothing_and_holds_nobody_up(&Postgres::open().await.stores).await;
}
