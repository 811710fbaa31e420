//! Signing in and refreshing: the same answer to the same request, and no mercy for an old token.

use std::collections::BTreeSet;
use std::time::Duration;

use auth_domain::model::EventKind;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::json;

use super::{Engine, on_every_store, on_store};
use crate::support::{Answer, TestApp, Tokens};

on_every_store!(
    an_account_registers_signs_in_uses_its_token_and_refreshes,
    i1_a_repeated_refresh_within_the_window_gets_the_byte_same_successor,
    i1_two_hundred_refreshes_of_one_token_at_once_get_one_successor_and_make_one_step,
    i3_a_token_two_generations_old_ends_the_session_and_its_access_tokens,
    i6_after_the_window_the_predecessor_is_a_replay,
    i9_a_forged_token_ends_nothing,
    i6_an_idempotency_key_recovers_long_after_the_window,
    i7_another_idempotency_key_is_a_replay,
    i12_a_session_survives_a_server_that_starts_again,
);

/// The generation in a refresh token (`version | key_id | session:16 | generation:4 | …`).
fn generation(token: &str) -> u32 {
    let bytes = URL_SAFE_NO_PAD.decode(&token[4..]).unwrap();
    u32::from_be_bytes(bytes[18..22].try_into().unwrap())
}

async fn keyed(app: &TestApp, token: &str, key: &str) -> Answer {
    app.post("/v1/refresh").header("idempotency-key", key).json(json!({"refresh_token": token})).send().await
}

/// The last token of a session, and the one before it, learn why it ended; older ones nothing.
async fn assert_ended(app: &TestApp, tokens: &Tokens, code: &str) {
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, code.to_owned()));
}

async fn an_account_registers_signs_in_uses_its_token_and_refreshes(engine: Engine) {
    let app = engine.setup().start();
    let account = app.register("alice@example.com").await;
    let first = app.login("Alice@Example.COM").await;
    assert_eq!(app.me(&first.access).await.json(), account);
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    assert_eq!(second.session, first.session);
    assert_eq!((generation(&first.refresh), generation(&second.refresh)), (0, 1));
    assert_eq!(app.me(&second.access).await.json(), account);
}

async fn i1_a_repeated_refresh_within_the_window_gets_the_byte_same_successor(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    app.clock.advance(Duration::from_secs(30));
    let again = Tokens::of(&app.refresh(&first.refresh).await);
    assert_eq!(again.refresh, second.refresh);
    assert_eq!(app.me(&again.access).await.status, 200);
    assert_eq!(generation(&Tokens::of(&app.refresh(&second.refresh).await).refresh), 2);
}

async fn i1_two_hundred_refreshes_of_one_token_at_once_get_one_successor_and_make_one_step(engine: Engine) {
    let app = engine.setup().start();
    let account = app.register("alice@example.com").await["id"].as_str().unwrap().parse().unwrap();
    let first = app.login("alice@example.com").await;
    let sending = (0..200).map(|_| {
        let sending = app.post("/v1/refresh").json(json!({"refresh_token": first.refresh}));
        tokio::spawn(sending.send())
    });
    let answers = join_all(sending).await.into_iter().map(|answer| Tokens::of(&answer.unwrap()));
    let successors: BTreeSet<_> = answers.map(|tokens| tokens.refresh).collect();
    assert_eq!(successors.len(), 1);
    let successor = successors.first().unwrap();
    assert_eq!(generation(successor), 1);
    let now = auth_domain::ports::Clock::now(&*app.clock);
    let rows = app.stores.sessions.list(account, now).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.facts.generation).collect::<Vec<_>>(), [1]);
    assert_eq!(app.refresh(successor).await.status, 200);
}

async fn i3_a_token_two_generations_old_ends_the_session_and_its_access_tokens(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let other = app.login("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    let third = Tokens::of(&app.refresh(&second.refresh).await);
    assert_eq!(app.me(&third.access).await.status, 200);
    assert_eq!(app.refresh(&first.refresh).await.problem(), (401, "invalid_grant".to_owned()));
    for (tokens, code) in [(&first, "invalid_grant"), (&second, "session_revoked"), (&third, "session_revoked")] {
        assert_ended(&app, tokens, code).await;
    }
    let replays = app.notices().await.into_iter().filter(|kind| *kind == EventKind::RefreshReplayed);
    assert_eq!(replays.count(), 1, "the owner is told once");
    assert_eq!(app.me(&other.access).await.status, 200, "another device is not touched");
    assert_eq!(app.refresh(&other.refresh).await.status, 200);
}

async fn i6_after_the_window_the_predecessor_is_a_replay(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(app.refresh(&first.refresh).await.problem(), (401, "invalid_grant".to_owned()));
    assert_ended(&app, &second, "session_revoked").await;
}

async fn i9_a_forged_token_ends_nothing(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    let good = URL_SAFE_NO_PAD.decode(&first.refresh[4..]).unwrap();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let forged = format!("jrt_{}", URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(app.refresh(&forged).await.problem(), (401, "invalid_grant".to_owned()), "byte {at}");
    }
    assert!(app.mailer.sent().is_empty());
    assert_eq!(app.me(&second.access).await.status, 200);
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
}

async fn i6_an_idempotency_key_recovers_long_after_the_window(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let key = "0190c5f4-8a52-7c3e-b1d0-f3a1c2d4e5f6";
    let second = Tokens::of(&keyed(&app, &first.refresh, key).await);
    app.clock.advance(Duration::from_secs(5 * 3600));
    let again = Tokens::of(&keyed(&app, &first.refresh, key).await);
    assert_eq!(again.refresh, second.refresh);
    assert_eq!(app.me(&again.access).await.status, 200);
}

async fn i7_another_idempotency_key_is_a_replay(engine: Engine) {
    let app = engine.setup().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&keyed(&app, &first.refresh, "the-key-of-the-honest-client").await);
    let thief = keyed(&app, &first.refresh, "the-key-of-another-client").await;
    assert_eq!(thief.problem(), (401, "invalid_grant".to_owned()));
    assert_ended(&app, &second, "session_revoked").await;
}

async fn i12_a_session_survives_a_server_that_starts_again(engine: Engine) {
    let before = engine.setup().start();
    let first = before.signed_in("alice@example.com").await;
    let lost = Tokens::of(&before.refresh(&first.refresh).await);
    drop(before);
    let after = engine.setup().start();
    assert_eq!(Tokens::of(&after.refresh(&first.refresh).await).refresh, lost.refresh);
}
