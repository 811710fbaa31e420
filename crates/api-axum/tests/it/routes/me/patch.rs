//! `PATCH /v1/me`.

use serde_json::{Value, json};

use crate::support::Setup;

#[tokio::test]
async fn a_display_name_is_set_left_and_cleared() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let name = async |body: Value| {
        let answer = app.patch("/v1/me").bearer(&tokens.access).json(body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["display_name"].clone()
    };
    assert_eq!(name(json!({"display_name": " Élodie "})).await, "Élodie");
    assert_eq!(name(json!({})).await, "Élodie", "what is left out stays");
    assert_eq!(name(json!({"display_name": null})).await, Value::Null);
    assert_eq!(app.me(&tokens.access).await.json()["display_name"], Value::Null);
}

#[tokio::test]
async fn nothing_but_the_display_name_can_be_changed() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for field in ["email", "roles", "id", "password", "created_at"] {
        let answer = app.patch("/v1/me").bearer(&tokens.access).json(json!({field: "x"})).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{field}");
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for name in ["", " ", "a\0b"] {
        let answer = app.patch("/v1/me").bearer(&tokens.access).json(json!({"display_name": name})).send().await;
        assert_eq!(answer.problem(), (422, "invalid_request".to_owned()), "{name:?}");
    }
}
