//! The feed of one process: its own writer's revocations wake it, and numbers are looked up by the primary key.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{KeyChange, KeyRefused, KeyRevocation, KeyState};
use auth_domain::ports::Stores;
use diesel::connection::SimpleConnection;
use tokio::time::timeout;

use crate::scene::{Sqlite, account, at, change_keys, end, open, signing_key};

async fn news(stores: &Stores) -> bool {
    timeout(Duration::from_millis(300), stores.revocations.changed()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_news_and_nothing_else_is() {
    let sqlite = Sqlite::open().await;
    let owner = account(&sqlite.stores, 1).await;
    let session = open(&sqlite.stores, owner, 1).await;
    assert!(!news(&sqlite.stores).await, "a login is none");
    let (heard, ended) = tokio::join!(news(&sqlite.stores), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sqlite.stores.sessions.end(end(owner, session)).await.unwrap()
    });
    assert_eq!((heard, ended.revocations.len()), (true, 1));
    assert!(!news(&sqlite.stores).await);
    assert!(sqlite.stores.sessions.end(end(owner, session)).await.unwrap().revocations.is_empty());
    assert!(!news(&sqlite.stores).await, "it had ended before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_news_and_other_changes_of_keys_are_not() {
    let sqlite = Sqlite::open().await;
    let quiet = KeyChange { put: vec![signing_key("kid", KeyState::Next)], ..KeyChange::default() };
    change_keys(&sqlite.stores, quiet).await;
    sqlite.stores.keys.change(Arc::new(|_| Err(KeyRefused::Signs("kid".to_owned())))).await.unwrap().unwrap_err();
    assert!(!news(&sqlite.stores).await);
    let revoke = KeyRevocation { thumbprint: [7; 32], now: at(1), until: at(100) };
    change_keys(&sqlite.stores, KeyChange { revoke: Some(revoke), ..KeyChange::default() }).await;
    assert!(news(&sqlite.stores).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_numbers_are_found_and_each_once() {
    let sqlite = Sqlite::open().await;
    sqlite
        .connection()
        .batch_execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
             INSERT INTO revocations (kind, subject, not_before, expires_at) SELECT 'user', randomblob(16), 0, 0 FROM n",
        )
        .unwrap();
    let found = sqlite.stores.revocations.after(19_999, &[(5, 5), (9, 10), (10, 10), (20_000, 20_001)]).await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 9, 10, 20_000]);
    assert_eq!(sqlite.stores.revocations.live(at(0)).await.unwrap(), [], "all are past");
}

#[derive(diesel::QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_numbers_are_looked_up_by_the_primary_key() {
    let sqlite = Sqlite::open().await;
    let explain = diesel::sql_query(
        "EXPLAIN QUERY PLAN SELECT seq, kind, subject, not_before, expires_at FROM revocations WHERE seq > ?1
    UNION SELECT seq, kind, subject, not_before, expires_at FROM json_each(?2) AS missing CROSS JOIN revocations
        WHERE seq BETWEEN missing.value ->> 0 AND missing.value ->> 1
    ORDER BY seq",
    );
    let plan = diesel::RunQueryDsl::load::<Plan>(explain, &mut sqlite.connection()).unwrap();
    let plan: Vec<_> = plan.into_iter().map(|line| line.detail).collect();
    let searched = plan.iter().filter(|line| line.starts_with("SEARCH revocations USING INTEGER PRIMARY KEY"));
    assert_eq!(searched.count(), 2, "{plan:#?}");
    assert!(!plan.iter().any(|line| line.starts_with("SCAN revocations")), "{plan:#?}");
}
