//! `POST /v1/refresh` for a session that is over: its last holder learns what he may know.

use std::time::Duration;

use auth_domain::model::{AccountId, OnLimit};
use serde_json::json;

use crate::support::{ORIGIN, Setup, TestApp, Tokens};

async fn id(app: &TestApp, tokens: &Tokens) -> AccountId {
    app.me(&tokens.access).await.json()["id"].as_str().unwrap().parse().unwrap()
}

async fn check(app: &TestApp, tokens: &Tokens, code: &str, detail: &str) {
    let answer = app.refresh(&tokens.refresh).await;
    assert_eq!(answer.problem(), (401, code.to_owned()));
    assert_eq!(answer.json()["detail"], detail);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

const SIGNED_OUT: &str = "This device was signed out. Sign in again.";
const EVICTED: &str = "This device was signed out because the account signed in on another one. Sign in again.";
const REVOKED: &str = "This session was ended to protect the account. Sign in again.";
const EXPIRED: &str = "This session has expired. Sign in again.";

#[tokio::test]
async fn a_device_that_was_signed_out_from_another_one_learns_so() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    app.delete(&format!("/v1/sessions/{}", there.session)).bearer(&here.access).send().await;
    check(&app, &there, "session_signed_out", SIGNED_OUT).await;
    let third = app.login("alice@example.com").await;
    app.delete("/v1/sessions").bearer(&here.access).send().await;
    check(&app, &third, "session_signed_out", SIGNED_OUT).await;
}

#[tokio::test]
async fn a_device_that_made_room_for_another_one_learns_so() {
    let app = Setup::memory().with_limit(1, OnLimit::EvictOldest).start();
    let first = app.signed_in("alice@example.com").await;
    app.login("alice@example.com").await;
    check(&app, &first, "session_evicted", EVICTED).await;
}

#[tokio::test]
async fn a_session_that_an_operator_or_the_server_ended_is_revoked() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let (first, second) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    let account = id(&app, &first).await;
    let path = format!("/v1/admin/users/{account}/sessions/{}", first.session);
    assert_eq!(app.delete(&path).bearer(&root.access).send().await.status, 204);
    check(&app, &first, "session_revoked", REVOKED).await;
    app.disable(account).await;
    check(&app, &second, "session_revoked", REVOKED).await;
}

#[tokio::test]
async fn o7_a_session_that_was_not_used_for_too_long_has_expired() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(14 * 86_400));
    check(&app, &tokens, "session_expired", EXPIRED).await;
}

#[tokio::test]
async fn o6_who_holds_an_older_token_learns_nothing() {
    let app = Setup::memory().start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    let third = Tokens::of(&app.refresh(&second.refresh).await);
    app.post("/v1/logout").bearer(&third.access).send().await;
    assert_eq!(app.refresh(&first.refresh).await.comparable(), app.refresh("jrt_rubbish").await.comparable());
    check(&app, &second, "session_signed_out", SIGNED_OUT).await;
    check(&app, &third, "session_signed_out", SIGNED_OUT).await;
}

#[tokio::test]
async fn the_cookie_of_a_session_that_is_over_is_cleared() {
    let app = Setup::memory().with_limit(1, OnLimit::EvictOldest).start();
    app.register("alice@example.com").await;
    let cookie = app.cookie_login("alice@example.com").await;
    app.login("alice@example.com").await;
    let sending = app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(&cookie);
    let answer = sending.json(json!({})).send().await;
    assert_eq!(answer.problem(), (401, "session_evicted".to_owned()));
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
}
