//! The server's own trouble: said with a code and a time to come back, never with its inside (SECURITY O17, S10).

use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{ApiScope, EventKind, KeyPolicy};
use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, Broken, Health, INSIDE, PASSWORD, Setup, TestApp, Tokens, Trouble};

async fn every_route(app: &TestApp, access: &str, refresh: &str, key: &str) -> Vec<Answer> {
    let user = "/v1/admin/users/01890000-0000-7000-8000-000000000000";
    let credentials = json!({"email": "bob@example.com", "password": PASSWORD});
    vec![
        app.post("/v1/accounts").json(credentials.clone()).send().await,
        app.post("/v1/login").json(credentials).send().await,
        app.refresh(refresh).await,
        app.post("/v1/logout").bearer(access).send().await,
        app.me(access).await,
        app.patch("/v1/me").bearer(access).json(json!({"display_name": "A"})).send().await,
        app.delete("/v1/me").bearer(access).json(json!({"current_password": PASSWORD})).send().await,
        app.get("/v1/sessions").bearer(access).send().await,
        app.delete("/v1/sessions").bearer(access).send().await,
        app.request(Method::DELETE, "/v1/sessions/01890000-0000-7000-8000-000000000000").bearer(access).send().await,
        app.patch("/v1/sessions/01890000-0000-7000-8000-000000000000")
            .bearer(access)
            .json(json!({"device_name": null}))
            .send()
            .await,
        app.get("/v1/events").bearer(access).send().await,
        app.get("/v1/admin/users").bearer(access).send().await,
        app.get(user).bearer(access).send().await,
        app.delete(user).bearer(access).send().await,
        app.get("/v1/admin/events").bearer(access).send().await,
        app.get("/v1/revocations").bearer(key).send().await,
        app.get("/v1/revocations/stream").bearer(key).send().await,
    ]
}

#[tokio::test]
async fn o17_a_store_in_trouble_is_a_problem_that_tells_nothing_of_the_inside() {
    for (trouble, status, code, retry_after) in [
        (Trouble::Conflict, 503, "busy", Some("1")),
        (Trouble::Busy, 503, "busy", Some("1")),
        (Trouble::Unavailable, 503, "unavailable", Some("2")),
        (Trouble::Corrupt, 500, "internal", None),
    ] {
        let stores = Broken::new();
        let app = Setup::over(stores.stores()).start();
        let tokens = app.admin("alice@example.com").await;
        let key = app.api_key(&ApiScope::ALL).await;
        stores.set(Some(trouble));
        for answer in every_route(&app, &tokens.access, &tokens.refresh, &key).await {
            assert_eq!(answer.problem(), (status, code.to_owned()), "{trouble:?}");
            assert_eq!(answer.header("retry-after"), retry_after);
            for inside in [INSIDE, "db.internal", "sessions", "token_hash", "conflict"] {
                assert!(!answer.text().contains(inside), "{}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn a_hasher_with_too_much_to_do_is_busy() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    app.hasher.set_busy();
    let credentials = json!({"email": "alice@example.com", "password": PASSWORD});
    let login = app.post("/v1/login").json(credentials).send().await;
    let registration = json!({"email": "bob@example.com", "password": PASSWORD});
    let register = app.post("/v1/accounts").json(registration).send().await;
    let confirmation = json!({"current_password": PASSWORD});
    let delete = app.delete("/v1/me").bearer(&tokens.access).json(confirmation).send().await;
    for answer in [login, register, delete] {
        assert_eq!(answer.problem(), (503, "busy".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn a_server_that_could_not_read_its_keys_for_too_long_signs_nothing_until_it_can() {
    let app = Setup::memory().start_with_keys(KeyPolicy::default()).await;
    let tokens = app.signed_in("alice@example.com").await;
    app.clock.advance(Duration::from_secs(61));
    let login = app.login_with("alice@example.com", json!({})).await;
    for answer in [login, app.refresh(&tokens.refresh).await] {
        assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
    assert_eq!(app.me(&tokens.access).await.status, 200, "what it signed before is still good");
    app.wait(0).await;
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200, "the same token again");
}

#[tokio::test]
async fn s10_a_panic_is_answered_without_detail_and_the_server_goes_on() {
    let setup = Setup::memory();
    let app = Setup { health: Arc::new(Health::Panics), ..setup }.start();
    let answer = app.get("/readyz").send().await;
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 500,
      "body": {
        "code": "internal",
        "detail": "Something went wrong in the server. The operator finds the reason in its log.",
        "status": 500,
        "title": "Internal error",
        "type": "urn:jeton:problem:internal"
      }
    }
    "#);
    assert!(answer.header("x-request-id").is_some(), "it can be found in the log");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(app.get("/livez").send().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_at_its_deadline() {
    let mut setup = Setup { health: Arc::new(Health::NeverAnswers), ..Setup::memory() };
    // Shorter than a check of the database has patience.
    setup.settings.request_timeout = Duration::from_millis(1_500);
    let app = setup.start();
    let started = tokio::time::Instant::now();
    let answer = app.get("/readyz").send().await;
    assert_eq!(started.elapsed().as_millis(), 1_500);
    assert_eq!(answer.problem(), (503, "timeout".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn s3_a_client_that_hangs_up_cancels_nothing() {
    let stores = Broken::new();
    let app = Setup::over(stores.stores()).start();
    let first = app.signed_in("alice@example.com").await;
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    let third = Tokens::of(&app.refresh(&second.refresh).await);
    stores.slow_down(Duration::from_secs(1));
    let thief = tokio::time::timeout(Duration::from_millis(1), app.refresh(&first.refresh)).await;
    assert!(thief.is_err(), "the thief hung up before there was an answer");
    tokio::time::sleep(Duration::from_secs(10)).await;
    stores.slow_down(Duration::ZERO);
    assert_eq!(app.me(&third.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&third.refresh).await.problem(), (401, "session_revoked".to_owned()));
    assert!(app.notices().await.contains(&EventKind::RefreshReplayed), "the owner is told");
}

#[tokio::test(start_paused = true)]
async fn i12_a_refresh_that_was_answered_too_late_can_be_sent_again() {
    let stores = Broken::new();
    let mut setup = Setup::over(stores.stores());
    setup.settings.request_timeout = Duration::from_millis(500);
    let app = setup.start();
    let first = app.signed_in("alice@example.com").await;
    stores.slow_down(Duration::from_secs(1));
    assert_eq!(app.refresh(&first.refresh).await.problem(), (503, "timeout".to_owned()));
    tokio::time::sleep(Duration::from_secs(10)).await;
    stores.slow_down(Duration::ZERO);
    let second = Tokens::of(&app.refresh(&first.refresh).await);
    assert_eq!(app.refresh(&second.refresh).await.status, 200);
}
