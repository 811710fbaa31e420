//! `DELETE /v1/admin/users/{id}/factors`.

use serde_json::json;

use crate::support::{Setup, TestApp};

async fn remove(app: &TestApp, access: &str, id: &str) -> crate::support::Answer {
    app.delete(&format!("/v1/admin/users/{id}/factors")).bearer(access).send().await
}

#[tokio::test]
async fn who_has_lost_every_second_factor_is_helped_by_an_operator() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    let alice = app.signed_in("alice@example.com").await;
    let id = app.me(&alice.access).await.json()["id"].as_str().unwrap().to_owned();
    app.add_passkey(&alice, "key-1").await;
    assert_eq!(app.login_with("alice@example.com", json!({})).await.status, 401);
    let answer = remove(&app, &root.access, &id).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"removed": 1})));
    assert_eq!(app.login_with("alice@example.com", json!({})).await.status, 200);
    assert_eq!(remove(&app, &root.access, &id).await.json(), json!({"removed": 0}));
    let events = app.get("/v1/events").bearer(&alice.access).send().await.json();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert!(kinds.contains(&json!("passkey_removed")), "{kinds:?}");
}

#[tokio::test]
async fn an_account_that_is_none_has_none() {
    let app = Setup::memory().start();
    let root = app.admin("root@example.com").await;
    for id in ["x", "01890000-0000-7000-8000-000000000000"] {
        assert_eq!(remove(&app, &root.access, id).await.problem(), (404, "account_not_found".to_owned()));
    }
}
