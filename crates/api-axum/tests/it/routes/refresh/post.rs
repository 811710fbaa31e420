//! `POST /v1/refresh` with the token in the body.

use std::time::Duration;

use auth_domain::model::EventKind;
use serde_json::json;

use crate::support::{Broken, Setup, Tokens, Trouble};

#[tokio::test]
async fn a_refresh_gives_the_successor_and_a_fresh_access_token() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(600));
    let answer = app.refresh(&first.refresh).await;
    insta::assert_json_snapshot!(answer.shown(), {
        ".body.access_token" => "[access token]",
        ".body.refresh_token" => "[refresh token]",
        ".body.session_id" => "[id]",
    }, @r#"
    {
      "status": 200,
      "body": {
        "access_token": "[access token]",
        "expires_in": 900,
        "refresh_expires_in": 1209600,
        "refresh_token": "[refresh token]",
        "scope": "account",
        "session_id": "[id]",
        "token_type": "Bearer"
      }
    }
    "#);
    let second = Tokens::of(&answer);
    assert_eq!(second.session, first.session);
    assert_ne!(second.refresh, first.refresh);
    app.clock.advance(Duration::from_secs(400));
    assert_eq!(app.me(&first.access).await.status, 401, "the first access token has expired");
    assert_eq!(app.me(&second.access).await.status, 200);
}

#[tokio::test]
async fn s1_the_refresh_life_ends_with_the_session_at_the_latest() {
    let app = Setup::memory().start();
    let mut tokens = app.signed_in("alice@example.com").await;
    for _ in 0..8 {
        app.clock.advance(Duration::from_secs(10 * 86_400));
        tokens = Tokens::of(&app.refresh(&tokens.refresh).await);
    }
    app.clock.advance(Duration::from_secs(9 * 86_400));
    let answer = app.refresh(&tokens.refresh).await;
    assert_eq!(answer.json()["refresh_expires_in"], 86_400, "89 of 90 days are over");
    app.clock.advance(Duration::from_secs(86_400));
    let last = app.refresh(&Tokens::of(&answer).refresh).await;
    assert_eq!(last.problem(), (401, "session_expired".to_owned()));
}

#[tokio::test]
async fn every_refresh_token_that_gives_nothing_gets_the_same_answer() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let forged = tokens.forged();
    let expected = app.refresh("jrt_rubbish").await;
    insta::assert_json_snapshot!(expected.shown(), @r#"
    {
      "status": 401,
      "body": {
        "code": "invalid_grant",
        "detail": "the refresh token is not valid; sign in again",
        "status": 401,
        "title": "Invalid refresh token",
        "type": "urn:jeton:problem:invalid_grant"
      }
    }
    "#);
    let mut answers = vec![app.refresh("").await, app.refresh(&forged).await, app.refresh("\u{1F511}\0").await];

    let second = Tokens::of(&app.refresh(&tokens.refresh).await);
    let third = Tokens::of(&app.refresh(&second.refresh).await);
    answers.push(app.refresh(&tokens.refresh).await); // a replay, which ends the session
    answers.push(app.refresh(&tokens.refresh).await); // an old one, of a session that has ended
    assert_eq!(app.refresh(&third.refresh).await.problem(), (401, "session_revoked".to_owned()));
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.comparable(), expected.comparable(), "answer {n}");
    }
    assert_eq!(expected.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn a_replay_sends_the_owner_a_mail() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
    assert!(!app.notices().await.contains(&EventKind::RefreshReplayed));
    assert_eq!(app.refresh(&first.refresh).await.status, 401);
    assert!(app.notices().await.contains(&EventKind::RefreshReplayed));
}

#[tokio::test]
async fn without_any_token_the_request_is_invalid() {
    let app = Setup::memory().start();
    let empty = app.post("/v1/refresh").send().await;
    let bare = app.post("/v1/refresh").json(json!({})).send().await;
    let null = app.post("/v1/refresh").json(json!({"refresh_token": null})).send().await;
    for answer in [empty, bare, null] {
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn a_malformed_idempotency_key_is_refused_and_the_token_stays_as_good_as_it_was() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let request = || app.post("/v1/refresh").json(json!({"refresh_token": tokens.refresh}));
    let twice = request()
        .header("idempotency-key", "5f2c7d90-first-attempt")
        .header("idempotency-key", "5f2c7d90-other-attempt")
        .send()
        .await;
    let mut answers = vec![twice];
    for key in ["", "too-short", "with a space in it", "schl\u{fc}ssel-mit-umlaut", &"k".repeat(256)] {
        answers.push(request().header("idempotency-key", key).send().await);
    }
    for answer in answers {
        assert_eq!(answer.problem(), (400, "invalid_idempotency_key".to_owned()));
    }
    let first = Tokens::of(&request().header("idempotency-key", "5f2c7d90-first-attempt").send().await);
    assert_ne!(first.refresh, tokens.refresh);
}

#[tokio::test]
async fn i12_after_a_server_failure_the_same_token_can_be_tried_again() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (503, "unavailable".to_owned()));
    stores.set(None);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}
