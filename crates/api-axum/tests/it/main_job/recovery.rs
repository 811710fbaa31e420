//! Accounts that are easy to recover and hard to steal, on every store: mails, one-time tokens, throttling.

use std::time::Duration;

use auth_domain::model::{EventKind, TokenMailKind};
use futures_util::future::join_all;
use serde_json::json;

use super::{Engine, on_every_store, on_store};
use crate::support::{Answer, PASSWORD, TestApp, Tokens};

on_every_store!(
    who_forgot_his_password_sets_a_new_one_by_mail_and_every_session_ends,
    s9_of_a_hundred_uses_of_one_link_exactly_one_sets_the_password,
    an_address_is_verified_and_changed_by_mail_and_the_old_one_is_told,
    p11_registration_and_recovery_tell_nobody_who_has_an_account,
    p10_what_one_node_counts_the_other_one_knows,
    p10_an_attack_from_fifty_networks_does_not_lock_the_owner_out,
);

const ALICE: &str = "alice@example.com";
const NEW: &str = "an entirely different sentence";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    app.post("/v1/password/forgot").json(json!({"email": email})).send().await
}

async fn reset(app: &TestApp, token: &str) -> u16 {
    app.post("/v1/password/reset").json(json!({"token": token, "new_password": NEW})).send().await.status
}

async fn who_forgot_his_password_sets_a_new_one_by_mail_and_every_session_ends(engine: Engine) {
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(forgot(&app, ALICE).await.status, 202);
    let token = app.mailed(TokenMailKind::ResetPassword).await.unwrap();
    assert_eq!(reset(&app, &token).await, 204);
    assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
    assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "session_revoked".to_owned()));
    assert_eq!(app.login_with(ALICE, json!({})).await.problem().1, "invalid_credentials");
    let login = app.post("/v1/login").json(json!({"email": ALICE, "password": NEW})).send().await;
    assert_eq!(app.me(&Tokens::of(&login).access).await.json()["email_verified"], true);
    assert_eq!(reset(&app, &token).await, 410);
    assert!(app.notices().await.contains(&EventKind::PasswordReset));
}

async fn s9_of_a_hundred_uses_of_one_link_exactly_one_sets_the_password(engine: Engine) {
    let app = engine.setup().start();
    app.register(ALICE).await;
    forgot(&app, ALICE).await;
    let token = app.mailed(TokenMailKind::ResetPassword).await.unwrap();
    let statuses = join_all((0..100).map(|_| reset(&app, &token))).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 410).count(), 99);
}

async fn an_address_is_verified_and_changed_by_mail_and_the_old_one_is_told(engine: Engine) {
    const OTHER: &str = "alice@new.example";
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    let verify = app.mailed(TokenMailKind::VerifyEmail).await.unwrap();
    assert_eq!(app.post("/v1/email/verify").json(json!({"token": verify})).send().await.status, 204);
    let body = json!({"password": PASSWORD, "email": OTHER});
    assert_eq!(app.post("/v1/me/email").bearer(&tokens.access).json(body).send().await.status, 202);
    let change = app.mailed(TokenMailKind::ChangeEmail).await.unwrap();
    assert_eq!(app.post("/v1/email/change").json(json!({"token": change})).send().await.status, 204);
    assert_eq!(app.me(&tokens.access).await.json()["email"], OTHER);
    app.notices().await;
    let of_change = |kind: EventKind| kind == EventKind::EmailChanged;
    let mails = app.mailer.sent();
    let told = mails.iter().find(|mail| mail.event.as_ref().is_some_and(|event| of_change(event.kind)));
    assert_eq!(told.unwrap().to.address(), ALICE);
}

async fn p11_registration_and_recovery_tell_nobody_who_has_an_account(engine: Engine) {
    let app = engine.setup().verified_only().start();
    let register = async || app.post("/v1/accounts").json(json!({"email": ALICE, "password": PASSWORD})).send().await;
    let first = register().await;
    assert_eq!((first.status, first.comparable()), (202, register().await.comparable()));
    let known = forgot(&app, ALICE).await;
    assert_eq!((known.status, known.comparable()), (202, forgot(&app, "nobody@example.com").await.comparable()));
    app.mailed(TokenMailKind::ResetPassword).await;
    assert!(app.mailer.sent().iter().all(|mail| mail.to.address() == ALICE), "who has no account gets no mail");
}

async fn p10_what_one_node_counts_the_other_one_knows(engine: Engine) {
    let (one, other) = (engine.setup().throttled().start(), engine.setup().throttled().start());
    one.register(ALICE).await;
    let guess = async |app: &TestApp| {
        let body = json!({"email": ALICE, "password": "not the right password"});
        app.post("/v1/login").json(body).send().await.status
    };
    let mut statuses = Vec::new();
    for n in 0..6 {
        statuses.push(guess(if n % 2 == 0 { &one } else { &other }).await);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    one.clock.advance(Duration::from_secs(1));
    assert_eq!(guess(&one).await, 401);
}

async fn p10_an_attack_from_fifty_networks_does_not_lock_the_owner_out(engine: Engine) {
    let app = engine.setup().throttled().start();
    app.register(ALICE).await;
    let login = async |from: &str, password: &str, device: Option<&str>| {
        let body = json!({"email": ALICE, "password": password, "device_token": device});
        app.post("/v1/login").from(from.parse().unwrap()).json(body).send().await
    };
    let home = "198.51.100.1:1";
    let first = login(home, PASSWORD, None).await.json();
    for n in 0..50 {
        login(&format!("203.0.113.{n}:1"), "not the right password", None).await;
    }
    assert_eq!(login("203.0.113.99:1", "not the right password", None).await.status, 429);
    assert_eq!(login(home, PASSWORD, first["device_token"].as_str()).await.status, 200);
}
