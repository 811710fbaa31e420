//! `POST /v1/me/reauthenticate` (RFC 9470).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, FakeWebAuthn, PASSWORD, Setup, TestApp, Tokens};

const ALICE: &str = "alice@example.com";

async fn prove(app: &TestApp, access: &str, proof: Value) -> Answer {
    app.post("/v1/me/reauthenticate").bearer(access).json(proof).send().await
}

/// A session whose login is 16 minutes ago.
async fn old_session(app: &TestApp) -> Tokens {
    let tokens = app.signed_in(ALICE).await;
    app.clock.advance(Duration::from_secs(16 * 60));
    Tokens::of(&app.refresh(&tokens.refresh).await)
}

fn access(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_password_makes_an_old_login_a_recent_one() {
    let app = Setup::memory().start();
    let tokens = old_session(&app).await;
    let begin = async |access: &str| app.post("/v1/me/totp").bearer(access).send().await;
    assert_eq!(begin(&tokens.access).await.problem(), (401, "step_up_required".to_owned()));
    let answer = prove(&app, &tokens.access, json!({"password": PASSWORD})).await;
    insta::assert_json_snapshot!(answer.shown(), {".body.access_token" => "[access token]"}, @r#"
    {
      "status": 200,
      "body": {
        "access_token": "[access token]",
        "auth_time": 1767226560,
        "expires_in": 900,
        "token_type": "Bearer"
      }
    }
    "#);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(begin(&access(&answer)).await.status, 200);
    let next = Tokens::of(&app.refresh(&tokens.refresh).await);
    assert_eq!(begin(&next.access).await.status, 200, "the session remembers it");
}

#[tokio::test]
async fn a_wrong_proof_is_refused_and_ends_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let passkey = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer("key-9")});
    for (proof, status, code) in [
        (json!({"password": "not the right password"}), 403, "wrong_password"),
        (json!({"code": "123456"}), 422, "wrong_code"),
        (json!({"passkey": passkey}), 422, "passkey_refused"),
    ] {
        assert_eq!(prove(&app, &tokens.access, proof).await.problem(), (status, code.to_owned()));
    }
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test]
async fn an_account_with_a_second_factor_proves_itself_by_that() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, _) = app.add_totp(&tokens).await;
    let refused = prove(&app, &tokens.access, json!({"password": PASSWORD})).await;
    assert_eq!(refused.problem(), (403, "second_factor_required".to_owned()));
    assert_eq!(refused.json()["methods"], json!(["totp", "recovery_code"]));
    let proved = access(&prove(&app, &tokens.access, json!({"code": app.code(&secret)})).await);
    assert_eq!(app.delete("/v1/me/totp").bearer(&proved).send().await.status, 204);
}

#[tokio::test]
async fn a_passkey_proves_it_too() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    app.add_passkey(&tokens, "key-1").await;
    let passkey = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer("key-1")});
    let proved = access(&prove(&app, &tokens.access, json!({"passkey": passkey})).await);
    assert_eq!(app.post("/v1/me/recovery-codes").bearer(&proved).send().await.status, 200);
}

#[tokio::test]
async fn one_proof_is_presented_and_not_none_and_not_two() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let passkey = json!({"ceremony": "jot_x", "credential": {}});
    for proof in [
        json!({}),
        json!({"password": PASSWORD, "code": "123456"}),
        json!({"password": PASSWORD, "passkey": passkey}),
        json!({"code": "123456", "passkey": passkey}),
        json!({"password": PASSWORD, "code": "123456", "passkey": passkey}),
    ] {
        assert_eq!(prove(&app, &tokens.access, proof).await.problem(), (422, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn how_it_was_proved_is_in_the_events() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    app.clock.advance(Duration::from_secs(1));
    prove(&app, &tokens.access, json!({"password": PASSWORD})).await;
    let events = app.get("/v1/events").bearer(&tokens.access).send().await.json();
    let last = &events["events"][0];
    assert_eq!([&last["kind"], &last["detail"]], ["reauthenticated", "pwd"]);
}
