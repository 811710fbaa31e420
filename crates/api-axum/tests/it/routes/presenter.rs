//! SECURITY S8: where a request comes from, behind proxies and without.

use api_axum::TrustedProxies;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Setup, TestApp, Tokens};

const CLIENT: &str = "203.0.113.9";

fn behind(proxies: &[&str]) -> Setup {
    let mut setup = Setup::memory();
    setup.settings.trusted_proxies = TrustedProxies::parse(proxies).unwrap();
    setup
}

/// The address that a session has which was opened over this connection, with these lines of `X-Forwarded-For`.
async fn address(app: &TestApp, peer: &str, lines: &[&str]) -> Value {
    let body = json!({"email": "alice@example.com", "password": PASSWORD});
    let login = app.post("/v1/login").from(peer.parse().unwrap()).header("forwarded", "for=192.0.2.60");
    let login = lines.iter().fold(login, |login, line| login.header("x-forwarded-for", line));
    let tokens = Tokens::of(&login.json(body).send().await);
    let sessions = app.get("/v1/sessions").bearer(&tokens.access).send().await.json();
    let of_this = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true);
    of_this.unwrap()["ip"].clone()
}

#[tokio::test]
async fn s8_without_configured_proxies_forwarded_headers_are_ignored() {
    let app = behind(&[]).start();
    app.register("alice@example.com").await;
    assert_eq!(address(&app, "10.0.0.1:1", &[CLIENT]).await, "10.0.0.1");
}

#[tokio::test]
async fn s8_behind_a_proxy_the_right_most_hop_that_is_none_of_them_counts() {
    let app = behind(&["10.0.0.0/8", "fd00::1"]).start();
    app.register("alice@example.com").await;
    assert_eq!(address(&app, "10.0.0.1:1", &["1.1.1.1, 203.0.113.9, 10.2.3.4"]).await, CLIENT);
    assert_eq!(address(&app, "[fd00::1]:1", &["1.1.1.1", "[2001:db8::7]:443"]).await, "2001:db8::7");
    assert_eq!(address(&app, "192.0.2.1:1", &[CLIENT]).await, "192.0.2.1", "who is no proxy is not believed");
}

#[tokio::test]
async fn s8_throttling_goes_by_that_hop_whatever_stands_left_of_it() {
    let mut setup = behind(&["10.0.0.0/8"]).throttled();
    setup.policies.throttle.network_free = 3;
    let app = setup.start();
    let mut statuses = Vec::new();
    for n in 0..4 {
        let body = json!({"email": format!("nobody{n}@example.com"), "password": PASSWORD});
        let login = app.post("/v1/login").from("10.0.0.1:1".parse().unwrap());
        let spoofed = format!("198.51.100.{n}, {CLIENT}");
        statuses.push(login.header("x-forwarded-for", &spoofed).json(body).send().await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 429]);
}

#[tokio::test]
async fn s8_two_addresses_of_one_ipv6_network_are_one() {
    let mut setup = Setup::memory().throttled();
    setup.policies.throttle.network_free = 1;
    let app = setup.start();
    let mut statuses = Vec::new();
    for peer in ["[2001:db8::1]:1", "[2001:db8::ffff:2]:1", "[2001:db8:0:1::1]:1"] {
        let body = json!({"email": format!("nobody{}@example.com", statuses.len()), "password": PASSWORD});
        statuses.push(app.post("/v1/login").from(peer.parse().unwrap()).json(body).send().await.status);
    }
    assert_eq!(statuses, [401, 429, 401]);
}
