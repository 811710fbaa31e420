//! `POST /v1/password/forgot` and `POST /v1/password/reset`.

use std::time::Duration;

use auth_domain::model::TokenMailKind;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Setup, TestApp};

const ALICE: &str = "alice@example.com";
const NEW: &str = "an entirely different sentence";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    app.post("/v1/password/forgot").json(json!({"email": email})).send().await
}

async fn reset(app: &TestApp, token: &str, new: &str) -> Answer {
    app.post("/v1/password/reset").json(json!({"token": token, "new_password": new})).send().await
}

/// The token that the mail to Alice carries.
async fn mailed(app: &TestApp) -> String {
    assert_eq!(forgot(app, ALICE).await.status, 202);
    app.mailed(TokenMailKind::ResetPassword).await.unwrap()
}

#[tokio::test]
async fn p11_whether_there_is_such_an_account_is_not_told() {
    let app = Setup::memory().start();
    app.register(ALICE).await;
    let disabled = app.register("disabled@example.com").await;
    app.disable(disabled["id"].as_str().unwrap().parse().unwrap()).await;
    let expected = forgot(&app, ALICE).await;
    assert_eq!((expected.status, expected.json()), (202, json!({"status": "mail_sent"})));
    for email in ["nobody@example.com", "disabled@example.com", "alice", "", "ALICE@example.com"] {
        assert_eq!(forgot(&app, email).await.comparable(), expected.comparable(), "{email:?}");
    }
}

#[tokio::test]
async fn s3_a_password_that_is_reset_ends_every_session() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(reset(&app, &mailed(&app).await, NEW).await.status, 204);
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "session_revoked".to_owned()));
    let login = async |password: &str| {
        app.post("/v1/login").json(json!({"email": ALICE, "password": password})).send().await.status
    };
    assert_eq!([login(PASSWORD).await, login(NEW).await], [401, 200]);
}

#[tokio::test]
async fn every_token_that_is_good_for_nothing_gets_the_same_answer() {
    let app = Setup::memory().start();
    app.register(ALICE).await;
    let verify = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    let replaced = mailed(&app).await;
    let used = mailed(&app).await;
    assert_eq!(reset(&app, &used, NEW).await.status, 204);
    let expired = mailed(&app).await;
    app.clock.advance(Duration::from_secs(30 * 60));
    let expected = reset(&app, "jot_x", NEW).await;
    insta::assert_json_snapshot!(expected.shown(), @r#"
    {
      "status": 410,
      "body": {
        "code": "invalid_link",
        "detail": "this link was used, has expired, or is not the last one; ask for a new one",
        "status": 410,
        "title": "Invalid link",
        "type": "urn:jeton:problem:invalid_link"
      }
    }
    "#);
    for (what, token) in [("used", &used), ("replaced", &replaced), ("expired", &expired), ("for mail", &verify)] {
        assert_eq!(reset(&app, token, NEW).await.comparable(), expected.comparable(), "{what}");
    }
}

#[tokio::test]
async fn a_new_password_that_is_refused_leaves_the_token_good() {
    let app = Setup::memory().start();
    app.register(ALICE).await;
    let token = mailed(&app).await;
    assert_eq!(reset(&app, &token, "short").await.problem(), (422, "password_too_short".to_owned()));
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_kills_the_token() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let token = mailed(&app).await;
    app.clock.advance(Duration::from_secs(1));
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    assert_eq!(app.post("/v1/me/password").bearer(&tokens.access).json(change).send().await.status, 204);
    assert_eq!(reset(&app, &token, "one more different sentence").await.problem(), (410, "invalid_link".to_owned()));
}

#[tokio::test]
async fn who_reads_the_mail_has_proved_that_the_address_is_his() {
    let app = Setup::memory().verified_only().start();
    app.post("/v1/accounts").json(json!({"email": ALICE, "password": PASSWORD})).send().await;
    assert_eq!(reset(&app, &mailed(&app).await, NEW).await.status, 204);
    let login = app.post("/v1/login").json(json!({"email": ALICE, "password": NEW})).send().await;
    assert_eq!(login.status, 200);
}

#[tokio::test]
async fn p10_the_sixth_mail_to_one_address_waits_whether_there_is_an_account_or_not() {
    let app = Setup::memory().throttled().start();
    app.register(ALICE).await;
    let mut answers: Vec<Vec<(u16, Value)>> = Vec::new();
    for email in [ALICE, "nobody@example.com"] {
        let mut of_one = Vec::new();
        for _ in 0..6 {
            let answer = forgot(&app, email).await;
            of_one.push((answer.status, answer.json()));
        }
        answers.push(of_one);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][5].1["code"], "too_many_attempts");
}
