//! `POST /v1/login/passkey/begin` and `POST /v1/login/passkey`.

use std::time::Duration;

use auth_domain::model::OnLimit;
use serde_json::{Value, json};

use crate::support::{Answer, FakeWebAuthn, ORIGIN, Setup, TestApp, Tokens};

const ALICE: &str = "alice@example.com";

async fn with_passkey(setup: Setup) -> TestApp {
    let app = setup.start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(app.add_passkey(&tokens, "key-1").await.status, 201);
    app
}

async fn login(app: &TestApp, ceremony: &str, credential: Value) -> Answer {
    app.post("/v1/login/passkey").json(json!({"ceremony": ceremony, "credential": credential})).send().await
}

#[tokio::test]
async fn whichever_passkey_the_browser_holds_is_asked_for() {
    let app = with_passkey(Setup::memory()).await;
    for sending in [app.post("/v1/login/passkey/begin"), app.post("/v1/login/passkey/begin").json(json!({}))] {
        let answer = sending.send().await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(answer.shown(), {".body.ceremony" => "[token]"}, @r#"
            {
              "status": 200,
              "body": {
                "ceremony": "[token]",
                "options": {
                  "allowCredentials": []
                }
              }
            }
            "#);
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password() {
    let app = with_passkey(Setup::memory()).await;
    let answer = login(&app, &app.ceremony().await, FakeWebAuthn::answer("key-1")).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(app.me(&tokens.access).await.json()["email"], ALICE);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let factors = app.get("/v1/me/factors").bearer(&tokens.access).send().await.json();
    assert_eq!(factors["passkeys"][0]["last_used_at"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn p11_every_passkey_that_is_not_accepted_gets_the_same_answer() {
    let app = with_passkey(Setup::memory()).await;
    let expected = login(&app, &app.ceremony().await, FakeWebAuthn::bad_answer("key-1")).await;
    assert_eq!(expected.problem(), (401, "invalid_passkey".to_owned()));
    for credential in [FakeWebAuthn::answer("key-9"), json!({}), json!({"id": 7})] {
        let answer = login(&app, &app.ceremony().await, credential.clone()).await;
        assert_eq!(answer.comparable(), expected.comparable(), "{credential}");
    }
    let unknown = login(&app, "jot_x", FakeWebAuthn::answer("key-1")).await;
    assert_eq!(unknown.comparable(), expected.comparable());
}

#[tokio::test]
async fn a_ceremony_ends_once_and_in_time() {
    let app = with_passkey(Setup::memory()).await;
    let ceremony = app.ceremony().await;
    assert_eq!(login(&app, &ceremony, FakeWebAuthn::answer("key-1")).await.status, 200);
    assert_eq!(login(&app, &ceremony, FakeWebAuthn::answer("key-1")).await.problem().1, "invalid_passkey");
    let late = app.ceremony().await;
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(login(&app, &late, FakeWebAuthn::answer("key-1")).await.problem().1, "invalid_passkey");
}

#[tokio::test]
async fn the_device_is_named_and_makes_room_as_at_a_login_by_password() {
    let app = with_passkey(Setup::memory().with_limit(1, OnLimit::Deny)).await;
    let refused = login(&app, &app.ceremony().await, FakeWebAuthn::answer("key-1")).await;
    assert_eq!(refused.problem(), (409, "session_limit_reached".to_owned()));
    let body = json!({
        "ceremony": app.ceremony().await,
        "credential": FakeWebAuthn::answer("key-1"),
        "device_name": "Phone",
        "device_class": "mobile",
        "end_session": refused.json()["sessions"][0]["id"],
    });
    let tokens = Tokens::of(&app.post("/v1/login/passkey").json(body).send().await);
    let sessions = app.get("/v1/sessions").bearer(&tokens.access).send().await.json();
    let phone = &sessions["sessions"][0];
    assert_eq!([&phone["device_name"], &phone["device_class"]], ["Phone", "mobile"]);
}

#[tokio::test]
async fn s5_a_page_gets_its_tokens_in_cookies() {
    let app = with_passkey(Setup::memory()).await;
    let body = json!({
        "ceremony": app.ceremony().await,
        "credential": FakeWebAuthn::answer("key-1"),
        "transport": "cookie",
    });
    let cross = app.post("/v1/login/passkey").header("origin", "https://evil.example").json(body.clone()).send().await;
    assert_eq!(cross.problem(), (403, "cross_site_request".to_owned()));
    let answer = app.post("/v1/login/passkey").header("origin", ORIGIN).json(body).send().await;
    assert_eq!((answer.status, answer.json().get("refresh_token")), (200, None));
    assert!(answer.refresh_cookie().is_some() && answer.device_cookie().is_some());
}

#[tokio::test]
async fn where_passkeys_are_not_set_up_there_are_none() {
    let mut setup = Setup::memory();
    setup.webauthn = None;
    let app = setup.start();
    let expected = (404, "passkeys_unavailable".to_owned());
    assert_eq!(app.post("/v1/login/passkey/begin").send().await.problem(), expected);
    assert_eq!(login(&app, "jot_x", json!({})).await.problem(), expected);
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(app.post("/v1/me/passkeys/begin").bearer(&tokens.access).send().await.problem(), expected);
}
