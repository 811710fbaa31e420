//! Metrics: complete, documented, drawn, bounded, and without a secret.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;

use api_axum::measure::METRICS;
use reqwest::Method;
use serde_json::json;

use super::super::client::{Client, PASSWORD, Tokens, send};
use super::super::home::Home;
use super::super::on_both_engines;
use super::super::secrets::{Secrets, use_everything};
use super::page::{Page, serve};

on_both_engines!(
    every_metric_is_there_after_a_run_and_the_dashboard_asks_for_no_other,
    no_secret_and_nothing_of_a_request_is_in_the_metrics_of_a_whole_run,
    what_becomes_of_refreshes_and_logins_is_counted,
    what_anybody_makes_up_makes_no_new_series,
);

const EMAIL: &str = "alice@example.com";
/// What the other engine has.
const OF_SQLITE: [&str; 2] = ["jeton_store_commits_total", "jeton_store_steps_total"];
const OF_POSTGRES: [&str; 2] = ["jeton_store_connections", "jeton_store_connections_limit"];

fn book(path: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::fs::read_to_string(docs.join(path)).unwrap()
}

/// The words of a text that could be names of metrics.
fn named_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics = words.filter(|word| word.starts_with("jeton_") || word.starts_with("process_"));
    let suffixes = ["_bucket", "_sum", "_count"];
    metrics.map(|word| suffixes.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned()).collect()
}

#[test]
fn the_book_explains_every_metric_and_no_other() {
    let page = book("reference/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix('`')?.split_once("` |"));
    // The outcomes of a refresh have a table too.
    let explained: BTreeSet<_> =
        rows.map(|(name, _)| name).filter(|name| name.contains('_') && !named_in(name).is_empty()).collect();
    assert_eq!(explained, METRICS.iter().map(|metric| metric.name).collect());
    for metric in METRICS {
        let row = page.lines().find(|line| line.starts_with(&format!("`{}` |", metric.name))).unwrap();
        for label in metric.labels {
            assert!(row.contains(&format!("`{label}`")), "{row} does not explain {label}");
        }
    }
    let alerts = named_in(&book("how-to/operations.md"));
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    assert!(alerts.is_subset(&known), "{:?}", alerts.difference(&known));
    assert!(alerts.len() > 10, "{alerts:?}");
}

async fn every_metric_is_there_after_a_run_and_the_dashboard_asks_for_no_other(home: Home) {
    let others = if home.database_url().starts_with("sqlite:") { OF_POSTGRES } else { OF_SQLITE };
    let (server, url) = serve(&home, &[]).await;
    let client = server.client();
    let tokens = client.join(EMAIL).await;
    assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().status, 200);
    let page = Page::read(&url).await;
    let expected: BTreeSet<_> =
        METRICS.iter().map(|metric| metric.name).filter(|name| !others.contains(name)).collect();
    assert_eq!(page.names(), expected);

    let dashboard = book("how-to/operations/grafana.json");
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let mut asked = BTreeSet::new();
    for panel in parsed["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            asked.extend(named_in(target["expr"].as_str().unwrap()));
        }
    }
    let names = page.names();
    let missing: Vec<_> =
        asked.iter().filter(|name| !names.contains(name.as_str()) && !others.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "the dashboard asks for {missing:?}");
    assert!(asked.len() >= 20, "{asked:?}");
    assert_eq!(
        page.value(&format!("jeton_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))).to_bits(),
        1_f64.to_bits()
    );
    assert!(page.value("process_resident_memory_bytes") > 1e6);
    assert!(page.value("process_start_time_seconds") > 1.7e9);
}

async fn no_secret_and_nothing_of_a_request_is_in_the_metrics_of_a_whole_run(home: Home) {
    let (server, url) = serve(&home, &[]).await;
    let client = server.client();
    let mut secrets = Secrets::default();
    secrets.add("the password", PASSWORD.as_bytes());
    use_everything(&client, "alice+metrics@example.com", &mut secrets).await;
    let tokens = client.join("bob.of.the.metrics@example.com").await;
    let me = client.me(&tokens.access).await.unwrap().body;
    let one = client.request(Method::DELETE, &format!("/v1/sessions/{}", tokens.session));
    assert_eq!(send(one.bearer_auth(&tokens.access)).await.unwrap().status, 204);
    let page = Page::read(&url).await;
    assert!(secrets.len() > 20);
    secrets.none_in("the metrics", page.0.as_bytes());
    for kept in ["alice", "bob", "example.com", &tokens.session, me["id"].as_str().unwrap(), "127.0.0.1"] {
        assert!(!page.0.contains(kept), "{kept}:\n{}", page.0);
    }
}

async fn what_becomes_of_refreshes_and_logins_is_counted(home: Home) {
    let (server, url) = serve(&home, &[]).await;
    let client = server.client();
    let first = client.join(EMAIL).await;
    let login = |password: &str| {
        let body = json!({ "email": EMAIL, "password": password });
        send(client.request(Method::POST, "/v1/login").json(&body))
    };
    assert_eq!(login("incorrect horse battery staple").await.unwrap().status, 401);
    let next = |tokens: &Tokens| {
        let (client, token) = (client.clone(), tokens.refresh.clone());
        async move { client.refresh(&token, None).await.unwrap() }
    };
    let second = next(&first).await.tokens().unwrap();
    assert_eq!(next(&first).await.tokens().unwrap().refresh, second.refresh, "the same again");
    let third = next(&second).await.tokens().unwrap();
    assert_eq!(next(&first).await.status, 401, "a used one came back");
    assert_eq!(next(&third).await.status, 401, "and ended the session");
    assert_eq!(client.refresh("jrt_rubbish", None).await.unwrap().status, 401);
    let by_form = client.request(Method::POST, "/oauth/token");
    let by_form = by_form.header("content-type", "application/x-www-form-urlencoded");
    let body = "grant_type=refresh_token&client_id=jeton&refresh_token=jrt_rubbish";
    assert_eq!(send(by_form.body(body)).await.unwrap().status, 400);

    let page = Page::read(&url).await;
    for (series, expected) in [
        (r#"jeton_refreshes_total{outcome="rotated"}"#, 2.0),
        (r#"jeton_refreshes_total{outcome="retry"}"#, 1.0),
        (r#"jeton_refreshes_total{outcome="replay"}"#, 1.0),
        (r#"jeton_refreshes_total{outcome="ended"}"#, 1.0),
        (r#"jeton_refreshes_total{outcome="not_issued_here"}"#, 2.0),
        (r#"jeton_refreshes_total{outcome="diverged"}"#, 0.0),
        (r#"jeton_logins_total{method="password",outcome="signed_in"}"#, 1.0),
        (r#"jeton_logins_total{method="password",outcome="refused"}"#, 1.0),
        (r#"jeton_http_request_duration_seconds_count{method="POST",route="/v1/refresh",status="2xx"}"#, 3.0),
        (r#"jeton_http_request_duration_seconds_count{method="POST",route="/v1/refresh",status="4xx"}"#, 3.0),
        (r#"jeton_http_problems_total{code="invalid_credentials"}"#, 1.0),
        (r#"jeton_http_problems_total{code="busy"}"#, 0.0),
        ("jeton_revocations", 1.0),
        ("jeton_hashing_duration_seconds_count", 3.0),
        ("jeton_hashing_wait_seconds_count", 3.0),
        ("jeton_hashing_queue_limit", 256.0),
        ("jeton_http_connections_limit", 4096.0),
    ] {
        let value = page.value(series);
        assert!((value - expected).abs() < 1e-9, "{series} is {value}, not {expected}");
    }
    assert!(page.value("jeton_http_connections") >= 1.0, "the client keeps one");
    assert!(page.value("jeton_feed_age_seconds") < 10.0);
}

async fn what_anybody_makes_up_makes_no_new_series(home: Home) {
    let (server, url) = serve(&home, &[]).await;
    let client = server.client();
    let stranger = async |number: usize| {
        let method = Method::from_bytes(format!("METHOD{number}").as_bytes()).unwrap();
        for (method, path) in [
            (method.clone(), "/v1/me".to_owned()),
            (method, format!("/made-up-{number}")),
            (Method::GET, format!("/made-up-{number}?and={number}")),
            (Method::DELETE, format!("/v1/sessions/made-up-{number}")),
        ] {
            let answer = send(client.request(method, &path)).await.unwrap();
            assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        }
    };
    stranger(0).await;
    let before = Page::read(&url).await;
    for number in 1..30 {
        stranger(number).await;
    }
    let after = Page::read(&url).await;
    assert_eq!(before.series(), after.series());
    assert!(!after.0.contains("made-up") && !after.0.contains("METHOD"), "{}", after.0);
    let none = r#"jeton_http_request_duration_seconds_count{method="other",route="none",status="4xx"}"#;
    assert!((after.value(none) - 30.0).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_listener_serves_no_metrics_and_the_other_one_nothing_else_but_health() {
    let home = Home::on_sqlite();
    let (server, url) = serve(&home, &[]).await;
    assert_eq!(server.client().status("/metrics").await, 404);
    let operators = Client::new(&url);
    assert_eq!((operators.status("/livez").await, operators.status("/readyz").await), (200, 200));
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/v1/me", "/.well-known/jwks.json", "/v1/admin/users"] {
        assert_eq!(plain.get(format!("{url}{path}")).send().await.unwrap().status(), 404, "{path}");
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_usual_place_is_taken_the_server_goes_without_metrics_and_says_so() {
    // Ours, or another program's: it is taken either way.
    let _taken = TcpListener::bind("127.0.0.1:9464");
    let home = Home::on_sqlite();
    let mut command = home.jeton(&["serve"]);
    command.env_remove("JETON_METRICS__LISTEN");
    let server = super::super::home::Server::start(command, &home.next_log());
    assert_eq!(server.client().status("/readyz").await, 200);
    let log = server.stop();
    assert!(log.contains("no metrics: another program listens there"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_was_asked_for_and_is_taken_keeps_the_server_from_starting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::on_sqlite().with("JETON_METRICS__LISTEN", &address);
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("cannot listen on {address} for metrics")), "{}", ran.err);
}
