//! `POST /v1/me/password`.

use serde_json::json;

use crate::support::{Answer, PASSWORD, Setup, TestApp, Tokens};

const NEW: &str = "an entirely different sentence";

async fn change(app: &TestApp, tokens: &Tokens, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    app.post("/v1/me/password").bearer(&tokens.access).json(body).send().await
}

#[tokio::test]
async fn s3_a_new_password_ends_every_other_session_at_once() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    assert_eq!(change(&app, &here, PASSWORD, NEW).await.status, 204);
    assert_eq!([app.me(&here.access).await.status, app.me(&there.access).await.status], [200, 401]);
    assert_eq!(app.refresh(&there.refresh).await.problem(), (401, "session_revoked".to_owned()));
    assert_eq!(app.login_with("alice@example.com", json!({})).await.problem().1, "invalid_credentials");
    let login = app.post("/v1/login").json(json!({"email": "alice@example.com", "password": NEW}));
    assert_eq!(login.send().await.status, 200);
}

#[tokio::test]
async fn the_current_password_must_be_right() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for wrong in ["", "not the right password", &"a".repeat(1025)] {
        assert_eq!(change(&app, &tokens, wrong, NEW).await.problem(), (403, "wrong_password".to_owned()));
    }
    assert_eq!(app.login_with("alice@example.com", json!({})).await.status, 200);
}

#[tokio::test]
async fn p4_the_new_password_must_be_one_that_the_policy_accepts() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for (new, code) in [
        ("short", "password_too_short"),
        (&"a".repeat(1025), "password_too_long"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_guessable"),
        ("alice@example.com", "password_guessable"),
    ] {
        assert_eq!(change(&app, &tokens, PASSWORD, new).await.problem(), (422, code.to_owned()), "{new:.20}");
    }
}

#[tokio::test]
async fn p10_guesses_at_the_current_password_are_throttled() {
    let app = Setup::memory().throttled().start();
    let tokens = app.signed_in("alice@example.com").await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(change(&app, &tokens, "not the right password", NEW).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
}
