//! Second factors on every store.

use std::time::Duration;

use auth_domain::model::EventKind;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Engine, on_every_store, on_store};
use crate::support::{Answer, FakeWebAuthn, PASSWORD, TestApp, Tokens, recovery_codes};

on_every_store!(
    an_app_a_recovery_code_and_a_passkey_each_end_a_login,
    s9_of_twenty_uses_of_one_code_exactly_one_signs_in,
    a_passkey_signs_in_alone_is_listed_and_is_removed,
    a_proof_makes_an_old_login_a_recent_one_on_every_node,
    an_operator_removes_every_second_factor,
);

const ALICE: &str = "alice@example.com";

async fn second(app: &TestApp, mfa_token: &str, code: &str) -> Answer {
    app.post("/v1/login/mfa").json(json!({"mfa_token": mfa_token, "code": code})).send().await
}

async fn by_passkey(app: &TestApp, credential: &str) -> Answer {
    let body = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer(credential)});
    app.post("/v1/login/passkey").json(body).send().await
}

async fn factors(app: &TestApp, tokens: &Tokens) -> Value {
    app.get("/v1/me/factors").bearer(&tokens.access).send().await.json()
}

async fn an_app_a_recovery_code_and_a_passkey_each_end_a_login(engine: Engine) {
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, codes) = app.add_totp(&tokens).await;
    let by_app = Tokens::of(&second(&app, &app.mfa_token(ALICE).await, &app.code(&secret)).await);
    assert_eq!(app.add_passkey(&by_app, "key-1").await.status, 201);
    Tokens::of(&second(&app, &app.mfa_token(ALICE).await, &codes[7]).await);
    let mfa_token = app.mfa_token(ALICE).await;
    let passkey = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer("key-1")});
    let answer = app.post("/v1/login/mfa").json(json!({"mfa_token": mfa_token, "passkey": passkey})).send().await;
    let shown = factors(&app, &Tokens::of(&answer)).await;
    assert_eq!((shown["totp"].is_object(), &shown["recovery_codes"]), (true, &json!(9)));
    let told = app.notices().await;
    for kind in [EventKind::TotpAdded, EventKind::PasskeyAdded, EventKind::RecoveryCodeUsed] {
        assert!(told.contains(&kind), "{kind:?}: {told:?}");
    }
}

async fn s9_of_twenty_uses_of_one_code_exactly_one_signs_in(engine: Engine) {
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    let (secret, codes) = app.add_totp(&tokens).await;
    for code in [app.code(&secret), codes[0].clone()] {
        // The last token is the one that counts, and it too signs in once.
        let mfa_token = app.mfa_token(ALICE).await;
        let answers = join_all((0..20).map(|_| second(&app, &mfa_token, &code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{code}");
    }
}

async fn a_passkey_signs_in_alone_is_listed_and_is_removed(engine: Engine) {
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    assert_eq!(recovery_codes(&app.add_passkey(&tokens, "key-1").await).len(), 10);
    app.clock.advance(Duration::from_secs(60));
    let tokens = Tokens::of(&by_passkey(&app, "key-1").await);
    let listed = factors(&app, &tokens).await["passkeys"][0].clone();
    assert_eq!([&listed["name"], &listed["last_used_at"]], ["Key", "2026-01-01T00:01:00Z"]);
    let path = format!("/v1/me/passkeys/{}", listed["id"].as_str().unwrap());
    assert_eq!(app.patch(&path).bearer(&tokens.access).json(json!({"name": "Blue"})).send().await.status, 204);
    assert_eq!(factors(&app, &tokens).await["passkeys"][0]["name"], "Blue");
    assert_eq!(app.delete(&path).bearer(&tokens.access).send().await.status, 204);
    assert_eq!(by_passkey(&app, "key-1").await.problem(), (401, "invalid_passkey".to_owned()));
    assert_eq!(factors(&app, &tokens).await, json!({"totp": null, "passkeys": [], "recovery_codes": 0}));
}

async fn a_proof_makes_an_old_login_a_recent_one_on_every_node(engine: Engine) {
    let app = engine.setup().start();
    let tokens = app.signed_in(ALICE).await;
    app.clock.advance(Duration::from_secs(16 * 60));
    let tokens = Tokens::of(&app.refresh(&tokens.refresh).await);
    let begin = async |access: &str| app.post("/v1/me/totp").bearer(access).send().await.status;
    assert_eq!(begin(&tokens.access).await, 401);
    let proof = app.post("/v1/me/reauthenticate").bearer(&tokens.access).json(json!({"password": PASSWORD}));
    let proved = proof.send().await.json();
    assert_eq!(begin(proved["access_token"].as_str().unwrap()).await, 200);
    let next = Tokens::of(&app.refresh(&tokens.refresh).await);
    assert_eq!(begin(&next.access).await, 200, "the session's row has it");
}

async fn an_operator_removes_every_second_factor(engine: Engine) {
    let app = engine.setup().start();
    let root = app.admin("root@example.com").await;
    let tokens = app.signed_in(ALICE).await;
    let id = app.me(&tokens.access).await.json()["id"].as_str().unwrap().to_owned();
    app.add_totp(&tokens).await;
    assert_eq!(app.login_with(ALICE, json!({})).await.problem().1, "mfa_required");
    let answer = app.delete(&format!("/v1/admin/users/{id}/factors")).bearer(&root.access).send().await;
    assert_eq!((answer.status, answer.json()), (200, json!({"removed": 1})));
    assert_eq!(app.login_with(ALICE, json!({})).await.status, 200);
}
