//! `POST /v1/me/email` and `POST /v1/email/change`.

use std::time::Duration;

use auth_domain::model::{EventKind, TokenMailKind};
use serde_json::json;

use crate::support::{Answer, PASSWORD, Setup, TestApp, Tokens};

const OLD: &str = "alice@example.com";
const NEW: &str = "alice@new.example";

async fn begin(app: &TestApp, tokens: &Tokens, password: &str, email: &str) -> Answer {
    app.post("/v1/me/email").bearer(&tokens.access).json(json!({"password": password, "email": email})).send().await
}

async fn change(app: &TestApp, token: &str) -> Answer {
    app.post("/v1/email/change").json(json!({"token": token})).send().await
}

#[tokio::test]
async fn an_address_changes_once_who_reads_the_new_ones_mail_says_so() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(OLD).await;
    let begun = begin(&app, &tokens, PASSWORD, NEW).await;
    assert_eq!((begun.status, begun.json()), (202, json!({"status": "mail_sent"})));
    assert_eq!(app.me(&tokens.access).await.json()["email"], OLD);
    let token = app.mailed(TokenMailKind::ChangeEmail).await.unwrap();
    let mail = app.mailer.sent().into_iter().find(|mail| mail.token.as_ref().is_some_and(|(_, sent)| *sent == token));
    assert_eq!(mail.unwrap().to.address(), NEW);
    assert_eq!(change(&app, &token).await.status, 204);
    let account = app.me(&tokens.access).await.json();
    assert_eq!((&account["email"], &account["email_verified"]), (&json!(NEW), &json!(true)));
    assert_eq!(app.login_with(OLD, json!({})).await.problem().1, "invalid_credentials");
    assert_eq!(app.login_with(NEW, json!({})).await.status, 200);
    assert_eq!(change(&app, &token).await.problem(), (410, "invalid_link".to_owned()));
    app.notices().await;
    let told = app
        .mailer
        .sent()
        .into_iter()
        .find(|mail| mail.event.as_ref().is_some_and(|event| event.kind == EventKind::EmailChanged));
    assert_eq!(told.unwrap().to.address(), OLD, "the old address is told");
}

#[tokio::test]
async fn p11_whether_the_new_address_is_taken_is_not_told() {
    let app = Setup::memory().start();
    app.register("bob@example.com").await;
    let tokens = app.signed_in(OLD).await;
    let taken = begin(&app, &tokens, PASSWORD, "bob@example.com").await;
    assert!(app.mailed(TokenMailKind::ChangeEmail).await.is_none());
    assert_eq!(taken.comparable(), begin(&app, &tokens, PASSWORD, NEW).await.comparable());
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(OLD).await;
    begin(&app, &tokens, PASSWORD, NEW).await;
    let token = app.mailed(TokenMailKind::ChangeEmail).await.unwrap();
    app.register(NEW).await;
    assert_eq!(change(&app, &token).await.problem(), (409, "email_taken".to_owned()));
}

#[tokio::test]
async fn the_password_confirms_it_and_the_address_must_be_one() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(OLD).await;
    let wrong = begin(&app, &tokens, "not the right password", NEW).await;
    assert_eq!(wrong.problem(), (403, "wrong_password".to_owned()));
    assert_eq!(begin(&app, &tokens, PASSWORD, "alice").await.problem(), (422, "invalid_email".to_owned()));
}

#[tokio::test]
async fn it_needs_a_recent_login() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(OLD).await;
    app.clock.advance(Duration::from_secs(16 * 60));
    let tokens = Tokens::of(&app.refresh(&tokens.refresh).await);
    assert_eq!(begin(&app, &tokens, PASSWORD, NEW).await.problem(), (401, "step_up_required".to_owned()));
}

#[tokio::test]
async fn p10_guesses_at_the_password_are_throttled() {
    let app = Setup::memory().throttled().start();
    let tokens = app.signed_in(OLD).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(begin(&app, &tokens, "not the right password", NEW).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
}
