//! The page for people at `/` and the files that it is made of.

use api_axum::ConsoleSettings;
use auth_domain::model::RegistrationMode;
use axum::Router;
use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, ORIGIN, PASSWORD, Sending, Setup, TestApp};

fn with_console() -> TestApp {
    let mut setup = Setup::memory();
    setup.settings.console = Some(ConsoleSettings {
        product: "Notes".to_owned(),
        registration: RegistrationMode::Invite,
        passkeys: true,
        outbox: false,
    });
    setup.start()
}

/// The files that the page's own text names.
fn named_in(page: &str) -> Vec<String> {
    let parts = page.split('"').filter(|part| part.starts_with("console/"));
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_is_at_the_root_and_every_file_that_it_names_is_there() {
    let app = with_console();
    let page = app.get("/").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let files = named_in(&page.text());
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let answer = app.get(&format!("/{file}")).send().await;
        let media_type = match file.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)), "{file}");
    }
}

/// The modules that a module imports, as addresses below `/console/`.
fn imported_by(module: &str, source: &str) -> Vec<String> {
    let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
    let names = source.lines().filter_map(|line| line.strip_suffix("';")?.rsplit_once("from '").map(|(_, name)| name));
    names
        .map(|name| {
            let mut parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
            for part in name.split('/') {
                match part {
                    "." => {}
                    ".." => assert!(parts.pop().is_some(), "{module} imports {name}"),
                    part => parts.push(part),
                }
            }
            parts.join("/")
        })
        .collect()
}

#[tokio::test]
async fn every_module_that_a_module_imports_is_there() {
    let app = with_console();
    let (mut seen, mut next) = (Vec::new(), vec!["app.js".to_owned()]);
    while let Some(module) = next.pop() {
        if seen.contains(&module) {
            continue;
        }
        let answer = app.get(&format!("/console/{module}")).send().await;
        assert_eq!(answer.status, 200, "{module}");
        next.extend(imported_by(&module, &answer.text()));
        seen.push(module);
    }
    assert!(seen.len() > 20, "{seen:?}");
    for view in ["views/sign-in.js", "views/devices.js", "words/ko/problems.js"] {
        assert!(seen.iter().any(|module| module == view), "{view} is never imported");
    }
}

fn assert_protected(answer: &Answer) {
    let policy = answer.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.split("; ").any(|part| part == directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
    assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.header("permissions-policy").unwrap().contains("camera=()"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn s7_the_page_and_its_files_allow_nothing_from_elsewhere() {
    let app = with_console();
    for path in ["/", "/console/app.js", "/console/style.css", "/console/icon.svg"] {
        assert_protected(&app.get(path).send().await);
    }
}

#[tokio::test]
async fn who_has_a_file_is_spared_its_body_and_asks_each_time() {
    let app = with_console();
    for path in ["/", "/console/app.js"] {
        let first = app.get(path).send().await;
        let etag = first.header("etag").unwrap();
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let again = app.get(path).header("if-none-match", etag).send().await;
        assert_eq!((again.status, again.text().as_str(), again.header("etag")), (304, "", Some(etag)), "{path}");
        assert_protected(&again);
        let other = app.get(path).header("if-none-match", "\"other\"").send().await;
        assert_eq!((other.status, other.body == first.body), (200, true));
    }
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_found() {
    let app = with_console();
    for path in [
        "/console",
        "/console/",
        "/console/nothing.js",
        "/console/index.html",
        "/console/views",
        "/console/../mod.rs",
        "/console/%2e%2e/mod.rs",
        "/console/..%2fmod.rs",
        "/console//app.js",
        "/index.html",
    ] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn head_gives_the_headers_alone_and_other_methods_are_refused() {
    let app = with_console();
    for path in ["/", "/console/app.js", "/console/settings.json"] {
        let head = app.request(Method::HEAD, path).send().await;
        let get = app.get(path).send().await;
        assert_eq!((head.status, head.text().as_str(), head.header("etag")), (200, "", get.header("etag")), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = app.request(method.clone(), path).send().await;
            assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()), "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        }
    }
}

#[tokio::test]
async fn the_page_is_told_what_the_operator_decided() {
    let answer = with_console().get("/console/settings.json").send().await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let expected = json!({
        "product": "Notes", "issuer": ORIGIN, "registration": "invite", "passkeys": true, "outbox": false,
        "password_min_length": 15,
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
}

async fn get(router: &Router, path: &str) -> Answer {
    Sending::new(router.clone(), Method::GET, path).send().await
}

/// Where an address leads that stands in the page at this path.
fn resolved(page: &str, address: &str) -> String {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{address}")
}

#[tokio::test]
async fn under_a_prefix_the_page_names_its_files_below_it() {
    let nested = Router::new().nest("/of/auth", with_console().router);
    let served = Router::new().nest_service("/of/auth", with_console().router);
    for (app, path) in [(&nested, "/of/auth"), (&served, "/of/auth"), (&served, "/of/auth/")] {
        let page = get(app, path).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert_protected(&page);
        let text = page.text();
        let files: Vec<_> = text.split('"').filter(|part| part.contains("console/")).collect();
        assert!(files.len() > 4, "{files:?}");
        for file in files {
            let address = resolved(path, file);
            assert!(address.starts_with("/of/auth/console/"), "{address}");
            assert_eq!(get(app, &address).await.status, 200, "{address}");
        }
    }
    let (bare, slash) = (get(&served, "/of/auth").await, get(&served, "/of/auth/").await);
    assert_ne!(bare.header("etag"), slash.header("etag"));
    assert_eq!(get(&nested, "/of/auth/nowhere").await.problem(), (404, "not_found".to_owned()));
    let account = json!({"email": "alice@example.com", "password": PASSWORD});
    let answer = Sending::new(nested, Method::POST, "/of/auth/v1/accounts").json(account).send().await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn a_prefix_that_a_stranger_chose_does_not_become_a_part_of_the_page() {
    let app = Router::new().nest("/of/{tenant}", with_console().router);
    assert_eq!(get(&app, "/of/acme-1").await.status, 200);
    for path in ["/of/a\"onload=x", "/of/a%22b", "/of/%3Cscript%3E"] {
        assert_eq!(get(&app, path).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn without_the_setting_there_is_no_page() {
    let app = Setup::memory().start();
    for path in ["/", "/console/app.js", "/console/settings.json"] {
        assert_eq!(app.get(path).send().await.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn every_page_that_mails_lead_to_is_there() {
    let app = with_console();
    let mut views = String::new();
    for view in ["sign-up", "password", "verify-email"] {
        views += &app.get(&format!("/console/views/{view}.js")).send().await.text();
    }
    for page in ["verify-email", "reset-password", "change-email", "invite"] {
        assert!(views.contains(&format!("path: '/{page}'")), "{page}");
    }
}
