//! The headers of every answer, and paths and methods that do not exist.

use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, Setup, TestApp};

async fn answers_of_every_kind(app: &TestApp) -> Vec<Answer> {
    let tokens = app.signed_in("alice@example.com").await;
    vec![
        app.me(&tokens.access).await,
        app.refresh(&tokens.refresh).await,
        app.get("/.well-known/jwks.json").send().await,
        app.get("/livez").send().await,
        app.me("rubbish").await,
        app.post("/v1/accounts").json(json!({})).send().await,
        app.get("/nowhere").send().await,
        app.post("/livez").send().await,
        app.post("/v1/logout").bearer(&tokens.access).send().await,
    ]
}

#[tokio::test]
async fn s7_every_answer_forbids_sniffing_storing_framing_and_referring() {
    let app = Setup::memory().start();
    for answer in answers_of_every_kind(&app).await {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        let public = answer.header("content-type") == Some("application/jwk-set+json");
        assert_eq!(answer.header("cache-control"), Some(if public { "public, max-age=300" } else { "no-store" }));
        assert_eq!(answer.header("strict-transport-security"), None);
        assert_eq!(answer.header("access-control-allow-origin"), None, "no other origin may read an answer");
    }
}

#[tokio::test]
async fn s7_hsts_is_sent_where_the_operator_says_so() {
    let mut setup = Setup::memory();
    setup.settings.hsts = true;
    for answer in answers_of_every_kind(&setup.start()).await {
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_the_servers_own() {
    let app = Setup::memory().start();
    let mut ids: Vec<_> = answers_of_every_kind(&app)
        .await
        .iter()
        .map(|answer| answer.header("x-request-id").unwrap().parse::<uuid::Uuid>().unwrap())
        .collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
    let forged = app.get("/livez").header("x-request-id", "forged\u{e9}").send().await;
    assert!(forged.header("x-request-id").unwrap().parse::<uuid::Uuid>().is_ok());
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let app = Setup::memory().start();
    for path in ["/", "/v1", "/v1/", "/v1/login/", "/V1/me", "/v1//me", "/.well-known/x", "/v1/sessions/a/b", "/%ff"] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn s7_a_method_that_does_not_exist_is_refused_with_those_that_do() {
    let app = Setup::memory().start();
    for (path, allowed) in [
        ("/v1/accounts", "POST"),
        ("/v1/login", "POST"),
        ("/v1/refresh", "POST"),
        ("/v1/logout", "POST"),
        ("/v1/me", "GET,HEAD,PATCH,DELETE"),
        ("/v1/sessions", "GET,HEAD,DELETE"),
        ("/v1/sessions/x", "PATCH,DELETE"),
        ("/v1/events", "GET,HEAD"),
        ("/v1/revocations", "GET,HEAD"),
        ("/v1/revocations/stream", "GET,HEAD"),
        ("/v1/admin/users", "GET,HEAD"),
        ("/v1/admin/users/x", "GET,HEAD,DELETE"),
        ("/v1/admin/users/x/disable", "POST"),
        ("/v1/admin/users/x/enable", "POST"),
        ("/v1/admin/users/x/roles", "PUT"),
        ("/v1/admin/users/x/sessions", "GET,HEAD,DELETE"),
        ("/v1/admin/users/x/sessions/y", "DELETE"),
        ("/v1/admin/users/x/events", "GET,HEAD"),
        ("/v1/admin/events", "GET,HEAD"),
        ("/v1/admin/keys", "GET,HEAD"),
        ("/v1/admin/keys/rotate", "POST"),
        ("/v1/admin/keys/x", "DELETE"),
        ("/v1/admin/keys/x/revoke", "POST"),
        ("/oauth/token", "POST"),
        ("/oauth/revoke", "POST"),
        ("/oauth/introspect", "POST"),
        ("/.well-known/oauth-authorization-server", "GET,HEAD"),
        ("/.well-known/jwks.json", "GET,HEAD"),
        ("/livez", "GET,HEAD"),
        ("/readyz", "GET,HEAD"),
    ] {
        for method in [Method::GET, Method::PUT, Method::OPTIONS, Method::TRACE, Method::PATCH] {
            if allowed.split(',').any(|known| known == method.as_str()) {
                continue;
            }
            let answer = app.request(method.clone(), path).send().await;
            assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()), "{method} {path}");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
}
