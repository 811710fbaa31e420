//! Rows that no version of the program writes: each is refused with its table and column.

use std::sync::Arc;

use auth_domain::model::{
    AccountId, ApiKey, ApiKeyId, EventKind, EventQuery, KeyChange, KeyState, Passkey, PasskeyId, Purpose,
    RetiredMasterKey, Ruling, SealedBytes, SessionId, ThrottleKey, TokenHash,
};
use auth_domain::ports::{StoreError, Stores};
use diesel::connection::SimpleConnection;

use crate::scene::{
    Postgres, START, Sqlite, account, at, change_keys, end, event, open, redeem, session_id, signing_key, token,
};

/// What somebody did to the database, in words that both engines understand, and the column that then cannot be read.
const DAMAGE: [(&str, &str, &str); 43] = [
    ("UPDATE users SET email = 'no address'", "users", "email"),
    ("UPDATE users SET display_name = ' padded '", "users", "display_name"),
    ("UPDATE users SET roles = 'Admin'", "users", "roles"),
    ("UPDATE sessions SET generation = 4294967296, nonce = token_hash", "sessions", "generation"),
    ("UPDATE sessions SET generation = 1", "sessions", "nonce"),
    ("UPDATE sessions SET key_id = 256", "sessions", "key_id"),
    ("UPDATE sessions SET late_retries = -1", "sessions", "late_retries"),
    ("UPDATE sessions SET late_generation = -1", "sessions", "late_generation"),
    ("UPDATE sessions SET ip = '300.1.1.1'", "sessions", "ip"),
    ("UPDATE sessions SET end_reason = 'bored', ended_by = 'server', revoked_at = 1", "sessions", "end_reason"),
    ("UPDATE sessions SET revoked_at = 1", "sessions", "end_reason"),
    ("UPDATE sessions SET end_reason = 'admin', ended_by = 'admin', revoked_at = 1", "sessions", "ended_by"),
    ("UPDATE sessions SET device_class = 'toaster'", "sessions", "device_class"),
    ("UPDATE revocations SET kind = 'planet'", "revocations", "kind"),
    ("UPDATE revocations SET kind = 'key'", "revocations", "kind"),
    ("UPDATE security_events SET actor = 'nobody'", "security_events", "actor"),
    ("UPDATE security_events SET kind = 'party'", "security_events", "kind"),
    ("UPDATE security_events SET evidence = '{}'", "security_events", "evidence"),
    ("UPDATE signing_keys SET key_id = -1", "signing_keys", "key_id"),
    ("UPDATE signing_keys SET state = 'lost'", "signing_keys", "state"),
    ("UPDATE signing_keys SET state = 'next'", "signing_keys", "state"),
    ("UPDATE signing_keys SET state = 'retired'", "signing_keys", "state"),
    ("UPDATE signing_keys SET state_since = NULL", "signing_keys", "state"),
    ("UPDATE signing_keys SET sealed = substr(sealed, 1, 0)", "signing_keys", "sealed"),
    ("UPDATE retired_master_keys SET id = 256", "retired_master_keys", "id"),
    ("UPDATE retired_master_keys SET key_id = -1", "retired_master_keys", "key_id"),
    ("UPDATE api_keys SET scopes = 'everything'", "api_keys", "scopes"),
    ("UPDATE users SET locale = 'tlh'", "users", "locale"),
    ("UPDATE users SET locale = 'ko-KR'", "users", "locale"),
    ("UPDATE one_time_tokens SET purpose = 'fun'", "one_time_tokens", "purpose"),
    ("UPDATE one_time_tokens SET email = 'no address'", "one_time_tokens", "email"),
    ("UPDATE one_time_tokens SET key_id = 256", "one_time_tokens", "key_id"),
    ("UPDATE one_time_tokens SET key_id = NULL", "one_time_tokens", "key_id"),
    ("UPDATE one_time_tokens SET sealed = NULL", "one_time_tokens", "key_id"),
    ("UPDATE one_time_tokens SET mail_kind = 'chain_letter'", "one_time_tokens", "mail_kind"),
    ("UPDATE one_time_tokens SET mail_kind = NULL, mail_due_at = NULL", "one_time_tokens", "mail_kind"),
    ("UPDATE one_time_tokens SET mail_locale = 'tlh'", "one_time_tokens", "mail_locale"),
    ("UPDATE one_time_tokens SET mail_attempts = -1", "one_time_tokens", "mail_attempts"),
    ("UPDATE totp SET key_id = -1", "totp", "key_id"),
    ("UPDATE totp SET last_step = -1", "totp", "last_step"),
    ("UPDATE passkeys SET credential_id = substr(credential_id, 1, 0)", "passkeys", "credential_id"),
    ("UPDATE login_throttle SET failures = -1", "login_throttle", "failures"),
    ("UPDATE login_throttle SET failures = 4294967296", "login_throttle", "failures"),
];

/// One attempt is free.
const KEY: ThrottleKey = ThrottleKey { hash: [1; 16], free: 1 };

/// An account with a live session, one that was ended, its entry in the feed, its event, a key of each kind, a token, an app, a
/// passkey, and a failed attempt.
async fn fill(stores: &Stores) -> (AccountId, SessionId) {
    let owner = account(stores, 1).await;
    let session = open(stores, owner, 1).await;
    let ended = open(stores, owner, 2).await;
    assert_eq!(stores.sessions.end(end(owner, ended)).await.unwrap().revocations.len(), 1);
    let put = vec![signing_key("kid", KeyState::Active { since: START })];
    let keep = vec![RetiredMasterKey { id: 1, key_id: 2, sealed: vec![1], retired_at: START }];
    change_keys(stores, KeyChange { put, keep, ..KeyChange::default() }).await;
    let key = ApiKey {
        id: ApiKeyId::from_uuid(session.as_uuid()),
        name: "billing".into(),
        secret_hash: TokenHash::from_bytes([1; 32]),
        scopes: Vec::new(),
        created_at: START,
        revoked_at: None,
    };
    stores.api_keys.add(key).await.unwrap();
    stores.one_time.add(token(1, Purpose::ResetPassword, Some(owner))).await.unwrap();
    assert!(stores.factors.begin_totp(owner, SealedBytes { key_id: 1, bytes: vec![1] }).await.unwrap());
    let passkey = Passkey {
        id: PasskeyId::from_uuid(session.as_uuid()),
        account: owner,
        credential_id: vec![1],
        name: "Laptop".into(),
        data: "{}".into(),
        created_at: START,
        last_used_at: None,
    };
    let added = event(owner, EventKind::PasskeyAdded, 1, START);
    assert!(stores.factors.add_passkey(passkey, None, added).await.unwrap());
    assert_eq!(stores.throttle.charge(&[KEY], START).await.unwrap(), None);
    (owner, session)
}

/// The first complaint of any port.
async fn complaint(stores: &Stores, owner: AccountId, session: SessionId) -> Option<StoreError> {
    if let Err(error) = stores.accounts.by_id(owner).await {
        return Some(error);
    }
    if let Err(error) = stores.sessions.settle(session, Arc::new(|_| Ruling::Ended(None))).await {
        return Some(error);
    }
    if let Err(error) = stores.revocations.live(at(3)).await {
        return Some(error);
    }
    if let Err(error) = stores.events.page(EventQuery { account: Some(owner), before: None, limit: 10 }).await {
        return Some(error);
    }
    if let Err(error) = stores.api_keys.list().await {
        return Some(error);
    }
    if let Err(error) = stores.one_time.peek(&redeem(&token(1, Purpose::ResetPassword, Some(owner)))).await {
        return Some(error);
    }
    if let Err(error) = stores.factors.of(owner).await {
        return Some(error);
    }
    match stores.throttle.charge(&[KEY], START).await {
        Ok(wait) => assert!(wait.is_some(), "it is blocked, and so changes nothing"),
        Err(error) => return Some(error),
    }
    if let Err(error) = stores.keys.retired_masters().await {
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
        ("UPDATE one_time_tokens SET secret_hash = x'00'", "one_time_tokens", "secret_hash"),
        ("UPDATE sessions SET token_hash = x'00'", "sessions", "token_hash"),
        ("UPDATE revocations SET subject = x'00'", "revocations", "kind"),
    ] {
        other.batch_execute(damage).unwrap();
        let said = match table {
            "revocations" => sqlite.stores.revocations.live(at(3)).await.err(),
            _ => complaint(&sqlite.stores, owner, session).await,
        };
        assert_corrupt(said.as_ref(), damage, (table, column));
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
