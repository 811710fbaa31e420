//! The straight way of a refresh, as the server sees it.

use std::sync::Arc;

use auth_domain::model::{Factors, Purpose, Ruling};
use store_diesel::{Database, Options};

use super::proxy::{Proxy, Sent};
use crate::scene::{Postgres, account, open, redeem, step, token};

const COMPARE_AND_SET: &str = "UPDATE sessions SET rotated_at = $1, last_used_at = $1, idle_expires_at = $2, \
    generation = $3, token_hash = $4, nonce = $5, key_id = $6, attempt_hash = $7, ip = $8, user_agent = $9 \
    FROM users WHERE sessions.id = $10 AND sessions.generation = $11 AND sessions.token_hash = $12 \
    AND sessions.revoked_at IS NULL AND sessions.idle_expires_at > $1 AND sessions.expires_at > $1 \
    AND users.id = sessions.user_id AND users.disabled_at IS NULL \
    RETURNING sessions.id, sessions.user_id, sessions.generation, sessions.client_id, sessions.scope, \
    sessions.auth_time, sessions.amr, sessions.idle_expires_at, sessions.expires_at, users.roles";

pub(super) fn kinds(sent: &[Sent]) -> String {
    sent.iter().map(|sent| sent.kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_is_one_statement_and_one_round_trip_once_it_is_prepared() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let (proxy, url) = Proxy::in_front_of(&postgres.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let sessions = database.stores().sessions;

    proxy.take();
    assert!(sessions.advance(step(session, 0)).await.unwrap().is_some());
    let first = proxy.take();
    let prepared: Vec<_> =
        first.iter().filter(|sent| sent.kind == 'P').filter_map(|sent| sent.sql.as_deref()).collect();
    assert_eq!(prepared, [COMPARE_AND_SET], "{first:?}");

    for generation in 1..10 {
        assert!(sessions.advance(step(session, generation)).await.unwrap().is_some());
        // Bind, Execute, Sync: no Parse, no BEGIN, no question whether the connection still works.
        assert_eq!(kinds(&proxy.take()), "BES", "generation {generation}");
    }
    assert!(sessions.advance(step(session, 3)).await.unwrap().is_none());
    assert_eq!(kinds(&proxy.take()), "BES", "one that does not fit");
}

/// Whether a second factor is needed comes with the credentials: what is read together was true together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_factors_and_tokens_are_read_in_one_statement() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let kept = token(1, Purpose::ResetPassword, Some(owner));
    postgres.stores.one_time.add(kept.clone()).await.unwrap();
    let (proxy, url) = Proxy::in_front_of(&postgres.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let stores = database.stores();
    for prepared in [false, true] {
        proxy.take();
        assert!(stores.accounts.credentials(kept.email.as_ref().unwrap()).await.unwrap().is_some());
        assert!(stores.accounts.by_id(owner).await.unwrap().is_some());
        assert_eq!(stores.factors.of(owner).await.unwrap(), Factors::default());
        assert!(stores.one_time.peek(&redeem(&kept)).await.unwrap().is_some());
        if prepared {
            assert_eq!(kinds(&proxy.take()), "BES".repeat(4));
        }
    }
}

/// SECURITY I11: a refused refresh is read, and no transaction is begun for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i11_a_refused_refresh_costs_no_write_transaction() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let (proxy, url) = Proxy::in_front_of(&postgres.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let sessions = database.stores().sessions;
    let refuse = || sessions.settle(session, Arc::new(|_| Ruling::Ended(None)));

    assert_eq!(refuse().await.unwrap(), Ruling::Ended(None));
    proxy.take();
    assert_eq!(refuse().await.unwrap(), Ruling::Ended(None));
    assert_eq!(kinds(&proxy.take()), "BES");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_a_refresh_is_a_transaction_that_leaves_nothing_on_its_connection() {
    let postgres = Postgres::open().await;
    let owner = account(&postgres.stores, 1).await;
    let session = open(&postgres.stores, owner, 1).await;
    let (proxy, url) = Proxy::in_front_of(&postgres.url);
    let options = Options { postgres_connections: 1, ..Options::default() };
    let url = format!("{url}?pooler=transaction");
    let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
    let connecting = proxy.take();
    let queries: Vec<_> =
        connecting.iter().filter(|sent| sent.kind == 'Q').filter_map(|sent| sent.sql.as_deref()).collect();
    assert_eq!(queries, ["BEGIN", "COMMIT"], "whatever is prepared meanwhile is executed where it was prepared");

    for generation in 0..3 {
        assert!(database.stores().sessions.advance(step(session, generation)).await.unwrap().is_some());
        let sent = proxy.take();
        // BEGIN with its settings; Parse, Describe, Sync; Bind, Execute, Sync; Close, Sync; COMMIT.
        assert_eq!(kinds(&sent), "QPDSBESCSQ", "generation {generation}");
        let begin = sent.first().and_then(|sent| sent.sql.as_deref()).unwrap();
        assert!(begin.starts_with("BEGIN ") && begin.contains("SET LOCAL lock_timeout = 5000"), "{begin}");
        assert_eq!(sent.last().and_then(|sent| sent.sql.as_deref()), Some("COMMIT"));
    }
}
