//! `POST /v1/logout`.

use std::time::Duration;

use serde_json::json;

use crate::support::{Broken, ORIGIN, Setup, TestApp, Tokens, Trouble};

async fn assert_ended(app: &TestApp, tokens: &Tokens) {
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "session_signed_out".to_owned()));
}

#[tokio::test]
async fn s3_a_logout_by_access_token_ends_both_tokens_at_once() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let other = app.login("alice@example.com").await;
    let answer = app.post("/v1/logout").bearer(&tokens.access).send().await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_ended(&app, &tokens).await;
    assert_eq!(app.me(&other.access).await.status, 200, "another device stays signed in");
}

#[tokio::test]
async fn s3_a_logout_by_refresh_token_ends_both_tokens_at_once() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let body = json!({"refresh_token": tokens.refresh});
    assert_eq!(app.post("/v1/logout").json(body).send().await.status, 204);
    assert_ended(&app, &tokens).await;
}

#[tokio::test]
async fn s3_a_logout_by_cookie_ends_the_session_and_clears_the_cookie() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    let request = || app.post("/v1/logout").header("sec-fetch-site", "same-origin").refresh_cookie(&cookie);
    let answer = request().json(json!({})).send().await;
    assert_eq!(answer.status, 204);
    insta::assert_snapshot!(answer.header("set-cookie").unwrap(), @"__Host-jeton_refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(app.refresh(&cookie).await.problem(), (401, "session_signed_out".to_owned()));
}

#[tokio::test]
async fn s6_another_site_signs_nobody_out() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    let sending = app.post("/v1/logout").header("origin", "https://evil.example").refresh_cookie(&cookie);
    assert_eq!(sending.json(json!({})).send().await.problem(), (403, "cross_site_request".to_owned()));
    assert_eq!(app.refresh(&cookie).await.status, 200);
}

#[tokio::test]
async fn a_logout_can_be_repeated() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for _ in 0..2 {
        let body = json!({"refresh_token": tokens.refresh});
        assert_eq!(app.post("/v1/logout").json(body).send().await.status, 204);
        assert_eq!(app.post("/v1/logout").bearer(&tokens.access).send().await.status, 204);
    }
}

#[tokio::test]
async fn a_refresh_token_that_nobody_knows_is_answered_like_any_other() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let forged = tokens.forged();
    for token in ["", "rubbish", "\0", &forged] {
        assert_eq!(app.post("/v1/logout").json(json!({"refresh_token": token})).send().await.status, 204);
    }
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test]
async fn an_expired_access_token_is_refused_since_it_ends_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(901));
    let answer = app.post("/v1/logout").bearer(&tokens.access).send().await;
    assert_eq!(answer.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn an_expired_access_token_does_not_hinder_a_refresh_token_beside_it() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(901));
    let body = json!({"refresh_token": tokens.refresh});
    assert_eq!(app.post("/v1/logout").bearer(&tokens.access).json(body).send().await.status, 204);
    assert_ended(&app, &tokens).await;
}

#[tokio::test]
async fn o4_without_credentials_the_challenge_is_bare() {
    let app = Setup::memory().start();
    let answer = app.post("/v1/logout").send().await;
    assert_eq!(answer.problem(), (401, "authentication_required".to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn a_cookie_and_a_body_token_together_are_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let sending = app.post("/v1/logout").header("origin", ORIGIN).refresh_cookie(&tokens.refresh);
    let answer = sending.json(json!({"refresh_token": tokens.refresh})).send().await;
    assert_eq!(answer.problem(), (400, "ambiguous_credentials".to_owned()));
}

#[tokio::test]
async fn o12_a_logout_that_could_not_commit_is_not_answered_with_success() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let tokens = app.signed_in("alice@example.com").await;
    stores.set(Some(Trouble::Unavailable));
    let body = json!({"refresh_token": tokens.refresh});
    let by_refresh = app.post("/v1/logout").json(body).send().await;
    let by_access = app.post("/v1/logout").bearer(&tokens.access).send().await;
    let by_cookie =
        app.post("/v1/logout").header("origin", ORIGIN).refresh_cookie(&tokens.refresh).json(json!({})).send().await;
    for answer in [by_refresh, by_access, by_cookie] {
        assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
        assert_eq!(answer.header("set-cookie"), None, "the cookie is still needed");
    }
}
