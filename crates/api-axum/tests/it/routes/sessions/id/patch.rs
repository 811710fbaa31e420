//! `PATCH /v1/sessions/{id}`.

use serde_json::{Value, json};

use crate::support::{Setup, TestApp, Tokens};

async fn rename(app: &TestApp, by: &Tokens, id: &str, body: Value) -> (u16, String) {
    let answer = app.patch(&format!("/v1/sessions/{id}")).bearer(&by.access).json(body).send().await;
    if answer.status == 204 { (204, answer.text()) } else { answer.problem() }
}

async fn name(app: &TestApp, by: &Tokens, id: &str) -> Value {
    let listed = app.get("/v1/sessions").bearer(&by.access).send().await.json();
    let found = listed["sessions"].as_array().unwrap().iter().find(|session| session["id"] == id).cloned();
    found.unwrap()["device_name"].clone()
}

#[tokio::test]
async fn a_device_is_named_and_unnamed_from_another_one() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    let named = rename(&app, &here, &there.session, json!({"device_name": " Télé "})).await;
    assert_eq!(named, (204, String::new()));
    assert_eq!(name(&app, &here, &there.session).await, "Télé");
    assert_eq!(name(&app, &here, &here.session).await, Value::Null);
    assert_eq!(rename(&app, &here, &there.session, json!({"device_name": null})).await.0, 204);
    assert_eq!(name(&app, &here, &there.session).await, Value::Null);
}

#[tokio::test]
async fn a_name_must_be_there_and_be_one() {
    let app = Setup::memory().start();
    let here = app.signed_in("alice@example.com").await;
    for body in [json!({}), json!({"device_name": ""}), json!({"device_name": "a\nb"}), json!({"device_name": 1})] {
        let refused = rename(&app, &here, &here.session, body.clone()).await;
        assert_eq!(refused, (422, "invalid_request".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_device_of_another_account_or_one_that_is_signed_out_is_not_found() {
    let app = Setup::memory().start();
    let (alice, bob) = (app.signed_in("alice@example.com").await, app.signed_in("bob@example.com").await);
    let over = app.login("bob@example.com").await;
    app.post("/v1/logout").bearer(&over.access).send().await;
    for id in [&alice.session, &over.session, "x", "00000000-0000-0000-0000-000000000000"] {
        let answer = rename(&app, &bob, id, json!({"device_name": "mine"})).await;
        assert_eq!(answer, (404, "session_not_found".to_owned()), "{id}");
    }
    assert_eq!(name(&app, &alice, &alice.session).await, Value::Null);
}
