//! Who may use the operators' routes.

use axum::http::Method;
use serde_json::json;

use crate::support::{Setup, TestApp, routes_of};

fn routes() -> Vec<(Method, String)> {
    let user = "/v1/admin/users/00000000-0000-0000-0000-000000000000";
    vec![
        (Method::GET, "/v1/admin/users".to_owned()),
        (Method::GET, user.to_owned()),
        (Method::DELETE, user.to_owned()),
        (Method::POST, format!("{user}/disable")),
        (Method::POST, format!("{user}/enable")),
        (Method::PUT, format!("{user}/roles")),
        (Method::GET, format!("{user}/sessions")),
        (Method::DELETE, format!("{user}/sessions")),
        (Method::DELETE, format!("{user}/sessions/00000000-0000-0000-0000-000000000000")),
        (Method::GET, format!("{user}/events")),
        (Method::DELETE, format!("{user}/factors")),
        (Method::POST, "/v1/admin/invites".to_owned()),
        (Method::GET, "/v1/admin/events".to_owned()),
        (Method::GET, "/v1/admin/keys".to_owned()),
        (Method::POST, "/v1/admin/keys/rotate".to_owned()),
        (Method::POST, "/v1/admin/keys/x/revoke".to_owned()),
        (Method::DELETE, "/v1/admin/keys/x".to_owned()),
    ]
}

async fn refused(app: &TestApp, access: &str) {
    for (method, path) in routes() {
        let sending = app.request(method.clone(), &path).bearer(access).json(json!({"roles": []}));
        let answer = sending.send().await;
        assert_eq!(answer.problem(), (403, "insufficient_role".to_owned()), "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="insufficient_scope""#));
    }
}

#[test]
fn no_route_of_the_operators_is_forgotten_here() {
    let served = routes_of(&Setup::memory().start().router);
    assert_eq!(served.iter().filter(|(_, path)| path.starts_with("/v1/admin/")).count(), routes().len());
}

#[tokio::test]
async fn o4_whoever_is_no_operator_is_told_so_and_nothing_else() {
    let app = Setup::memory().start();
    let alice = app.signed_in("alice@example.com").await;
    refused(&app, &alice.access).await;
}

#[tokio::test]
async fn o4_without_credentials_the_challenge_is_bare() {
    let app = Setup::memory().start();
    for (method, path) in routes() {
        let answer = app.request(method, &path).send().await;
        assert_eq!(answer.problem(), (401, "authentication_required".to_owned()), "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn an_operator_who_was_disabled_by_another_one_is_out_at_once() {
    let app = Setup::memory().start();
    let (root, other) = (app.admin("root@example.com").await, app.admin("other@example.com").await);
    let id = app.me(&other.access).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app.post(&format!("/v1/admin/users/{id}/disable")).bearer(&root.access).send().await.status, 204);
    let answer = app.get("/v1/admin/users").bearer(&other.access).send().await;
    assert_eq!(answer.problem(), (401, "invalid_token".to_owned()));
}
