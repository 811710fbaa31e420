//! Rows that no version of the program writes: each is refused with its table and column.

use std::sync::Arc;

use auth_domain::model::{AccountId, Ruling, SealedKey, SessionId};
use auth_domain::ports::{StoreError, Stores};
use diesel::connection::SimpleConnection;

use crate::scene::{Postgres, START, Sqlite, account, at, end, open, session_id};

/// What somebody did to the database, in words that both engines understand, and the column that then cannot be read.
const DAMAGE: [(&str, &str, &str); 14] = [
    ("UPDATE users SET email = 'no address'", "users", "email"),
    ("UPDATE users SET display_name = ' padded '", "users", "display_name"),
    ("UPDATE users SET roles = 'Admin'", "users", "roles"),
    ("UPDATE sessions SET generation = 4294967296, nonce = token_hash", "sessions", "generation"),
    ("UPDATE sessions SET generation = 1", "sessions", "nonce"),
    ("UPDATE sessions SET key_id = 256", "sessions", "key_id"),
    ("UPDATE sessions SET late_retries = -1", "sessions", "late_retries"),
    ("UPDATE sessions SET late_generation = -1", "sessions", "late_generation"),
    ("UPDATE sessions SET ip = '300.1.1.1'", "sessions", "ip"),
    ("UPDATE sessions SET end_reason = 'bored', revoked_at = 1", "sessions", "end_reason"),
    ("UPDATE revocations SET kind = 'planet'", "revocations", "kind"),
    ("UPDATE security_events SET kind = 'party'", "security_events", "kind"),
    ("UPDATE security_events SET evidence = '{}'", "security_events", "evidence"),
    ("UPDATE signing_keys SET key_id = -1", "signing_keys", "key_id"),
];

/// An account with a live session, one that was ended, its entry in the feed, its event, and a key.
async fn fill(stores: &Stores) -> (AccountId, SessionId) {
    let owner = account(stores, 1).await;
    let session = open(stores, owner, 1).await;
    let ended = open(stores, owner, 2).await;
    assert_eq!(stores.sessions.end(end(owner, ended)).await.unwrap().revocations.len(), 1);
    let key = SealedKey { kid: "kid".into(), algorithm: "EdDSA".into(), key_id: 1, sealed: vec![1], created_at: START };
    stores.keys.adopt(key).await.unwrap();
    (owner, session)
}

/// The first complaint of any port.
async fn complaint(stores: &Stores, owner: AccountId, session: SessionId) -> Option<StoreError> {
    if let Err(error) = stores.accounts.by_id(owner).await {
        return Some(error);
    }
    if let Err(error) = stores.sessions.settle(session, Arc::new(|_| Ruling::Ended)).await {
        return Some(error);
    }
    if let Err(error) = stores.revocations.live(at(3)).await {
        return Some(error);
    }
    if let Err(error) = stores.events.of_account(owner, 10).await {
        return Some(error);
    }
    stores.keys.list().await.err()
}

fn assert_corrupt(complaint: Option<&StoreError>, damage: &str, expected: (&str, &str)) {
    match complaint {
        Some(StoreError::Corrupt { table, column }) => assert_eq!((*table, *column), expected, "{damage}"),
        other => panic!("{damage}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_rows_that_no_version_writes_are_corrupt() {
    let sqlite = Sqlite::open().await;
    let (owner, session) = fill(&sqlite.stores).await;
    assert!(complaint(&sqlite.stores, owner, session).await.is_none());
    let mut other = sqlite.connection();
    for (damage, table, column) in DAMAGE {
        other
            .batch_execute(&format!(
                "PRAGMA ignore_check_constraints = ON; CREATE TEMP TABLE before AS SELECT * FROM {table}; {damage}"
            ))
            .unwrap();
        assert_corrupt(complaint(&sqlite.stores, owner, session).await.as_ref(), damage, (table, column));
        other
            .batch_execute(&format!(
                "PRAGMA foreign_keys = OFF; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM before; DROP TABLE before"
            ))
            .unwrap();
    }
    for (damage, table, column) in [
        ("UPDATE sessions SET token_hash = x'00'", "sessions", "token_hash"),
        ("UPDATE revocations SET subject = x'00'", "revocations", "subject"),
    ] {
        other.batch_execute(damage).unwrap();
        if table == "sessions" {
            assert_corrupt(complaint(&sqlite.stores, owner, session).await.as_ref(), damage, (table, column));
        } else {
            assert_corrupt(sqlite.stores.revocations.live(at(3)).await.err().as_ref(), damage, (table, column));
        }
    }
    assert_eq!(session, session_id(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_rows_that_no_version_writes_are_corrupt() {
    let postgres = Postgres::open().await;
    let (owner, session) = fill(&postgres.stores).await;
    assert!(complaint(&postgres.stores, owner, session).await.is_none());
    let other = postgres.client().await;
    let checks = "SELECT conrelid::regclass::text, conname::text FROM pg_constraint
                  WHERE contype = 'c' AND connamespace = 'public'::regnamespace";
    for check in other.query(checks, &[]).await.unwrap() {
        let (table, name): (String, String) = (check.get(0), check.get(1));
        other.batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await.unwrap();
    }
    for (damage, table, column) in DAMAGE {
        other.batch_execute(&format!("CREATE TEMP TABLE before AS SELECT * FROM {table}; {damage}")).await.unwrap();
        assert_corrupt(complaint(&postgres.stores, owner, session).await.as_ref(), damage, (table, column));
        other
            .batch_execute(&format!(
                "SET session_replication_role = replica; DELETE FROM {table};
                 INSERT INTO {table} SELECT * FROM before; DROP TABLE before"
            ))
            .await
            .unwrap();
    }
}
