//! Traces over OTLP: what arrives at a collector, and what does not.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::json;

use super::super::client::{Answer, PASSWORD, Tokens, send};
use super::super::home::{Home, Server};
use super::super::on_both_engines;
use super::super::secrets::{Secrets, use_everything};
use super::collector::{Collector, attribute};

on_both_engines!(
    the_spans_of_a_refresh_arrive_with_its_route_and_status_and_its_steps_below_it,
    no_secret_of_a_whole_run_is_in_its_traces,
);

const EMAIL: &str = "alice@example.com";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn serve(home: &Home, collector: &str, more: &[(&str, &str)]) -> Server {
    home.serve_with(&[&[("JETON_TRACES__OTLP_ENDPOINT", collector)], more].concat())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The one span of that name.
fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    found[0]
}

async fn the_spans_of_a_refresh_arrive_with_its_route_and_status_and_its_steps_below_it(home: Home) {
    let (collector, url) = Collector::start().await;
    let server = serve(&home, &url, &[("JETON_LOG__LEVEL", "error")]);
    let client = server.client();
    let tokens = client.join(EMAIL).await;
    assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().status, 200);
    server.stop();

    let spans = collector.spans();
    let request = only(&spans, "POST /v1/refresh");
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert!(request.parent_span_id.is_empty());
    for (key, expected) in
        [("http.request.method", "POST"), ("http.route", "/v1/refresh"), ("http.response.status_code", "200")]
    {
        assert_eq!(attribute(request, key).as_deref(), Some(expected), "{key}");
    }
    let of_trace: Vec<Span> = spans.iter().filter(|span| span.trace_id == request.trace_id).cloned().collect();
    let refresh = only(&of_trace, "refresh");
    assert_eq!(refresh.parent_span_id, request.span_id);
    for below in ["store", "sign"] {
        let span = only(&of_trace, below);
        assert_eq!(span.parent_span_id, refresh.span_id, "{below}");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    assert_eq!(attribute(only(&of_trace, "store"), "step").as_deref(), Some("session::Advance"));
    let login = only(&spans, "POST /v1/login");
    let hashes = spans.iter().filter(|span| span.trace_id == login.trace_id && span.name == "hash");
    assert_eq!(hashes.count(), 1);
}

async fn no_secret_of_a_whole_run_is_in_its_traces(home: Home) {
    let (collector, url) = Collector::start().await;
    let server = serve(&home, &url, &[("JETON_LOG__LEVEL", "trace")]);
    let mut secrets = Secrets::default();
    secrets.add("the password", PASSWORD.as_bytes());
    use_everything(&server.client(), "alice+traces@example.com", &mut secrets).await;
    server.stop();
    let bytes = collector.bytes();
    secrets.none_in("the traces", &bytes);
    for kept in ["alice", "example.com"] {
        assert!(!bytes.windows(kept.len()).any(|window| window == kept.as_bytes()), "{kept}");
    }
    assert!(collector.spans().len() > 20);
}

/// Refreshes as a part of somebody's trace.
async fn refresh_in_a_trace(server: &Server, tokens: &Tokens) -> Answer {
    let body = json!({ "refresh_token": tokens.refresh });
    let request = server.client().request(Method::POST, "/v1/refresh").json(&body);
    send(request.header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_says_which_trace_a_request_is_a_part_of_and_a_stranger_does_not() {
    for (proxies, is_heard) in [(Some("127.0.0.0/8"), true), (None, false)] {
        let home = Home::on_sqlite();
        let (collector, url) = Collector::start().await;
        let trusted: Vec<_> = proxies.map(|proxies| ("JETON_HTTP__TRUSTED_PROXIES", proxies)).into_iter().collect();
        let server = serve(&home, &url, &trusted);
        let tokens = server.client().join(EMAIL).await;
        assert_eq!(refresh_in_a_trace(&server, &tokens).await.status, 200);
        server.stop();
        let spans = collector.spans();
        let request = only(&spans, "POST /v1/refresh");
        assert_eq!(hex(&request.trace_id) == TRACE, is_heard, "{proxies:?}");
        assert_eq!(hex(&request.parent_span_id) == "b7ad6b7169203331", is_heard);
        let refresh = only(&spans, "refresh");
        assert_eq!(refresh.trace_id, request.trace_id, "its steps go with it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_ratio_of_zero_nothing_arrives() {
    let home = Home::on_sqlite();
    let (collector, url) = Collector::start().await;
    let server = serve(&home, &url, &[("JETON_TRACES__SAMPLE_RATIO", "0")]);
    server.client().join(EMAIL).await;
    server.stop();
    assert!(collector.bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_costs_its_spans_and_nothing_else() {
    let home = Home::on_sqlite();
    let server = serve(&home, "http://127.0.0.1:1", &[]);
    server.client().join(EMAIL).await;
    let log = server.stop();
    assert!(log.contains("the collector of traces does not take them"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_how_long_its_parts_took_only_where_the_settings_want_it() {
    for (wanted, is_told) in [("true", true), ("false", false)] {
        let home = Home::on_sqlite();
        let server = home.serve_with(&[("JETON_HTTP__SERVER_TIMING", wanted), ("JETON_LOG__LEVEL", "error")]);
        server.client().register(EMAIL).await;
        let login = server.client().try_login(EMAIL).await.unwrap();
        assert_eq!(login.status, 200);
        let told = login.headers.get("server-timing").map(|value| value.to_str().unwrap());
        assert_eq!(told.is_some(), is_told);
        let Some(told) = told else { continue };
        let duration = |name: &str| -> f64 {
            let part = told.split(", ").find_map(|part| part.strip_prefix(&format!("{name};dur=")));
            part.unwrap_or_else(|| panic!("{name} is not in {told}")).parse().unwrap()
        };
        let parts = duration("hash") + duration("store") + duration("sign");
        assert!(duration("hash") > 1.0 && parts <= duration("total"), "{told}");
    }
}
