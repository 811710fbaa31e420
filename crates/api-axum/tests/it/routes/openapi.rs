//! `/openapi.json`, and that it has every route that is served; `/docs`, which shows it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Setup, document, operation, routes_of};

/// Routes that are pages for people and no interface for programs.
fn is_page(path: &str) -> bool {
    !["/v1/", "/oauth/", "/.well-known/", "/livez", "/readyz", "/openapi.json"]
        .iter()
        .any(|start| path.starts_with(start))
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let served = routes_of(&Setup::memory().start().router);
    let served: BTreeSet<_> = served
        .into_iter()
        .filter(|(_, path)| !is_page(path))
        .map(|(method, path)| (method, path.replace("{*", "{")))
        .collect();
    let mut documented = BTreeSet::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        documented.extend(item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    assert_eq!(served, documented, "left: the router's; right: the document's");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_checked_in() {
    let answer = Setup::memory().start().get("/openapi.json").send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let checked_in = include_str!("../../../../../docs/openapi.json");
    let checked_in: Value = serde_json::from_str(checked_in).unwrap();
    assert!(answer.json() == checked_in, "run `cargo xtask openapi`");
    assert_eq!(checked_in["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_code_of_a_problem_is_an_answer_of_some_operation() {
    let mut answered = BTreeSet::new();
    for answer in document()["components"]["responses"].as_object().unwrap().values() {
        let examples = answer["content"]["application/problem+json"]["examples"].as_object();
        answered.extend(examples.into_iter().flat_map(|examples| examples.keys().cloned()));
    }
    // What only resource servers, layers or unknown paths answer.
    answered.extend(["revocations_stale", "method_not_allowed"].map(str::to_owned));
    let codes: BTreeSet<_> = api_axum::ProblemCode::ALL.iter().map(|code| code.code().to_owned()).collect();
    assert_eq!(answered, codes);
}

#[test]
fn a_path_is_found_by_its_pattern() {
    assert_eq!(operation("GET", "/v1/admin/users/x/sessions").unwrap()["operationId"], "listUserSessions");
    assert_eq!(operation("POST", "/v1/admin/keys/rotate").unwrap()["operationId"], "rotateKeys");
    assert!(operation("GET", "/v1/nowhere").is_none() && operation("PUT", "/v1/me").is_none());
}

#[tokio::test]
async fn the_page_that_shows_it_comes_out_of_the_program_alone() {
    let app = Setup::memory().start();
    let moved = app.get("/docs").send().await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("docs/")));
    let page = app.get("/docs/").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    let text = page.text();
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    assert!(!text.contains("<script>") && !text.contains("onload"), "an inline script: {text}");
    for file in [
        "swagger-ui.css",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "swagger-initializer.js",
    ] {
        assert!(text.contains(file), "{file}: {text}");
        assert_eq!(app.get(&format!("/docs/{file}")).send().await.status, 200, "{file}");
    }
    let start = app.get("/docs/swagger-initializer.js").send().await.text();
    assert!(start.contains("../openapi.json"), "{start}");
    assert_eq!(app.get("/docs/nothing").send().await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn the_page_lets_scripts_of_its_own_server_run_and_no_others() {
    let page = Setup::memory().start().get("/docs/").send().await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}
