//! `DELETE /v1/me`.

use serde_json::json;

use crate::support::{PASSWORD, Setup};

#[tokio::test]
async fn s3_an_account_is_deleted_with_its_password_and_every_token_of_it_ends_at_once() {
    let app = Setup::memory().start();
    let (here, there) = (app.signed_in("alice@example.com").await, app.login("alice@example.com").await);
    let body = json!({"current_password": PASSWORD});
    let answer = app.delete("/v1/me").bearer(&here.access).json(body).send().await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    for tokens in [here, there] {
        assert_eq!(app.me(&tokens.access).await.problem(), (401, "invalid_token".to_owned()));
        assert_eq!(app.refresh(&tokens.refresh).await.problem(), (401, "invalid_grant".to_owned()));
    }
    let login = json!({"email": "alice@example.com", "password": PASSWORD});
    assert_eq!(app.post("/v1/login").json(login).send().await.problem(), (401, "invalid_credentials".to_owned()));
    app.register("alice@example.com").await;
}

#[tokio::test]
async fn a_wrong_password_deletes_nothing() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    for password in ["", "not the right password", &"a".repeat(1025)] {
        let body = json!({"current_password": password});
        let answer = app.delete("/v1/me").bearer(&tokens.access).json(body).send().await;
        assert_eq!(answer.problem(), (403, "wrong_password".to_owned()));
    }
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test]
async fn without_a_password_nothing_is_deleted() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.delete("/v1/me").bearer(&tokens.access).send().await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test]
async fn p10_guesses_at_the_password_are_throttled() {
    let app = Setup::memory().throttled().start();
    let tokens = app.signed_in("alice@example.com").await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let body = json!({"current_password": "not the right password"});
        statuses.push(app.delete("/v1/me").bearer(&tokens.access).json(body).send().await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
}
