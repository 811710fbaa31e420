//! `/v1/me/passkeys`.

use serde_json::{Value, json};

use crate::support::{FakeWebAuthn, Setup, TestApp, Tokens, recovery_codes};

const ALICE: &str = "alice@example.com";

async fn listed(app: &TestApp, tokens: &Tokens) -> Vec<Value> {
    let factors = app.get("/v1/me/factors").bearer(&tokens.access).send().await.json();
    factors["passkeys"].as_array().unwrap().clone()
}

/// Signs in by this passkey alone.
async fn by_passkey(app: &TestApp, credential: &str) -> Tokens {
    let body = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer(credential)});
    Tokens::of(&app.post("/v1/login/passkey").json(body).send().await)
}

#[tokio::test]
async fn the_first_passkey_comes_with_recovery_codes_and_the_second_without() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let first = app.add_passkey(&tokens, "key-1").await;
    insta::assert_json_snapshot!(first.shown(), {".body.id" => "[id]", ".body.recovery_codes" => "[codes]"}, @r#"
    {
      "status": 201,
      "body": {
        "created_at": "2026-01-01T00:00:00Z",
        "id": "[id]",
        "last_used_at": null,
        "name": "Key",
        "recovery_codes": "[codes]"
      }
    }
    "#);
    assert_eq!(recovery_codes(&first).len(), 10);
    let tokens = by_passkey(&app, "key-1").await;
    let second = app.add_passkey(&tokens, "key-2").await;
    assert_eq!((second.status, second.json().get("recovery_codes")), (201, None));
}

#[tokio::test]
async fn a_browser_is_told_which_passkeys_there_are_already() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    app.add_passkey(&tokens, "key-1").await;
    let tokens = by_passkey(&app, "key-1").await;
    let begun = app.post("/v1/me/passkeys/begin").bearer(&tokens.access).send().await;
    assert_eq!(begun.json()["options"], json!({"user": ALICE, "excludeCredentials": ["key-1"]}));
}

#[tokio::test]
async fn a_passkey_that_is_not_accepted_is_not_added() {
    let app = Setup::memory().start();
    let (alice, bob) = (app.signed_in(ALICE).await, app.signed_in("bob@example.com").await);
    app.add_passkey(&bob, "key-1").await;
    let known = app.add_passkey(&alice, "key-1").await;
    assert_eq!(known.problem(), (422, "passkey_refused".to_owned()));
    let begun = app.post("/v1/me/passkeys/begin").bearer(&alice.access).send().await.json();
    for (ceremony, answer) in [
        (begun["ceremony"].clone(), FakeWebAuthn::bad_answer("key-2")),
        (begun["ceremony"].clone(), FakeWebAuthn::answer("key-2")),
        (json!(app.ceremony().await), FakeWebAuthn::answer("key-2")),
        (json!("jot_x"), FakeWebAuthn::answer("key-2")),
    ] {
        let body = json!({"ceremony": ceremony, "credential": answer, "name": "Key"});
        let answer = app.post("/v1/me/passkeys").bearer(&alice.access).json(body).send().await;
        assert_eq!(answer.comparable(), known.comparable(), "bad, used up, of another kind, or none");
    }
    assert_eq!(listed(&app, &alice).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_passkey_is_renamed() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let id = app.add_passkey(&tokens, "key-1").await.json()["id"].as_str().unwrap().to_owned();
    let rename = app.patch(&format!("/v1/me/passkeys/{id}")).bearer(&tokens.access).json(json!({"name": " Yubikey "}));
    assert_eq!(rename.send().await.status, 204);
    assert_eq!(listed(&app, &tokens).await[0]["name"], "Yubikey");
}

#[tokio::test]
async fn a_passkey_is_removed_and_signs_in_no_more() {
    let app = Setup::memory().start();
    let tokens = app.signed_in(ALICE).await;
    let id = app.add_passkey(&tokens, "key-1").await.json()["id"].as_str().unwrap().to_owned();
    let tokens = by_passkey(&app, "key-1").await;
    assert_eq!(app.delete(&format!("/v1/me/passkeys/{id}")).bearer(&tokens.access).send().await.status, 204);
    let body = json!({"ceremony": app.ceremony().await, "credential": FakeWebAuthn::answer("key-1")});
    let answer = app.post("/v1/login/passkey").json(body).send().await;
    assert_eq!(answer.problem(), (401, "invalid_passkey".to_owned()));
}

#[tokio::test]
async fn nobody_touches_the_passkey_of_another_account() {
    let app = Setup::memory().start();
    let (alice, bob) = (app.signed_in(ALICE).await, app.signed_in("bob@example.com").await);
    let id = app.add_passkey(&alice, "key-1").await.json()["id"].as_str().unwrap().to_owned();
    for id in [id.as_str(), "x", "01890000-0000-7000-8000-000000000000"] {
        let path = format!("/v1/me/passkeys/{id}");
        let rename = app.patch(&path).bearer(&bob.access).json(json!({"name": "Mine"})).send().await;
        let remove = app.delete(&path).bearer(&bob.access).send().await;
        for answer in [rename, remove] {
            assert_eq!(answer.problem(), (404, "factor_not_found".to_owned()), "{id}");
        }
    }
    assert_eq!(listed(&app, &alice).await[0]["name"], "Key");
}

#[tokio::test]
async fn an_account_has_twenty_passkeys_at_most() {
    let app = Setup::memory().start();
    let mut tokens = app.signed_in(ALICE).await;
    for n in 0..20 {
        assert_eq!(app.add_passkey(&tokens, &format!("key-{n}")).await.status, 201);
        tokens = by_passkey(&app, "key-0").await;
    }
    let answer = app.post("/v1/me/passkeys/begin").bearer(&tokens.access).send().await;
    assert_eq!(answer.problem(), (409, "too_many_passkeys".to_owned()));
}
