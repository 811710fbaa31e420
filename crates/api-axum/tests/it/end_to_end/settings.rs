//! What the operator writes is what the server does.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{PASSWORD, send};
use super::home::Home;

const KEY_1: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KEY_2: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// A part of a token, decoded.
fn part(token: &str, number: usize) -> Value {
    let bytes = token_core::strict::base64url(token.split('.').nth(number).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_as_they_were_ordered() {
    let home = Home::on_sqlite()
        .with("JETON_ISSUER", "https://login.example.com")
        .with("JETON_AUDIENCE", "https://api.example.com")
        .with("JETON_TOKENS__ACCESS_TTL", "5m")
        .with("JETON_TOKENS__ALGORITHM", "ES256")
        .with("JETON_REFRESH__IDLE", "1h")
        .with("JETON_REFRESH__ABSOLUTE", "2h");
    let server = home.serve();
    let client = server.client();
    assert_eq!(client.register("alice@example.com").await.status, 201);
    let answer = client.try_login("alice@example.com").await.unwrap();
    assert_eq!((&answer.body["expires_in"], &answer.body["refresh_expires_in"]), (&json!(300), &json!(3600)));
    assert!(answer.headers.contains_key("strict-transport-security"), "the issuer is https");
    let access = answer.tokens().unwrap().access;
    assert_eq!(part(&access, 0)["alg"], "ES256");
    let claims = part(&access, 1);
    assert_eq!(claims["iss"], "https://login.example.com");
    assert_eq!(claims["aud"], "https://api.example.com");
    assert_eq!(client.me(&access).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_algorithm_takes_over_when_verifiers_have_seen_its_key_and_the_old_tokens_stay_good() {
    let home = Home::on_sqlite().with("JETON_TOKENS__JWKS_MAX_AGE", "1s").with("JETON_TOKENS__KEY_MARGIN", "2s");
    let server = home.serve();
    let old = server.client().join("alice@example.com").await;
    server.stop();
    let server = home.serve_with(&[("JETON_TOKENS__ALGORITHM", "ES256")]);
    let client = server.client();
    let (mut tokens, started) = (old.clone(), Instant::now());
    loop {
        tokens = client.refresh(&tokens.refresh, None).await.unwrap().tokens().unwrap();
        if part(&tokens.access, 0)["alg"] == "ES256" {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it never takes over");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(started.elapsed() > Duration::from_secs(1), "no verifier could have seen it");
    assert_eq!(client.me(&old.access).await.unwrap().status, 200);
    let jwks = send(client.request(Method::GET, "/.well-known/jwks.json")).await.unwrap().body;
    let algorithms = jwks["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap());
    assert!(algorithms.collect::<Vec<_>>().contains(&"EdDSA"), "{jwks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_evicts_the_first_or_is_denied() {
    let home = Home::on_sqlite().with("JETON_SESSIONS__MAX_PER_ACCOUNT", "1");
    let server = home.serve();
    let first = server.client().join("alice@example.com").await;
    let second = server.client().login("alice@example.com").await;
    assert_eq!(server.client().me(&first.access).await.unwrap().code(), "invalid_token");
    assert_eq!(server.client().me(&second.access).await.unwrap().status, 200);
    server.stop();

    let server = home.serve_with(&[("JETON_SESSIONS__ON_LIMIT", "deny")]);
    let third = server.client().try_login("alice@example.com").await.unwrap();
    assert_eq!((third.status, third.code()), (409, "session_limit_reached"));
    assert_eq!(server.client().me(&second.access).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_as_long_as_the_operator_asks() {
    let home = Home::on_sqlite().with("JETON_PASSWORD__MIN_LENGTH", &(PASSWORD.len() + 1).to_string());
    let server = home.serve();
    let answer = server.client().register("alice@example.com").await;
    assert_eq!(answer.code(), "password_too_short");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_master_key_takes_over_without_ending_a_session() {
    let home = Home::on_sqlite();
    let server = home.serve_with(&[("JETON_MASTER_KEY", KEY_1)]);
    let old = server.client().join("alice@example.com").await;
    server.stop();

    let server = home.serve_with(&[("JETON_MASTER_KEY", &format!("2:{KEY_2},1:{KEY_1}"))]);
    let client = server.client();
    assert_eq!(client.me(&old.access).await.unwrap().status, 200);
    let new = client.refresh(&old.refresh, None).await.unwrap().tokens().unwrap();
    let again = client.refresh(&old.refresh, None).await.unwrap().tokens().unwrap();
    assert_eq!(new.refresh, again.refresh);
    let key_id = |token: &str| token_core::strict::base64url(token.trim_start_matches("jrt_")).unwrap()[1];
    assert_eq!((key_id(&old.refresh), key_id(&new.refresh)), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_people_is_there_unless_the_operator_takes_it_away() {
    let home = Home::on_sqlite().with("JETON_PRODUCT", "Notes").with("JETON_REGISTRATION__MODE", "closed");
    let server = home.serve();
    let client = server.client();
    let page = client.request(Method::GET, "/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("console/app.js"));
    let told = send(client.request(Method::GET, "/console/settings.json")).await.unwrap().body;
    assert_eq!((&told["product"], &told["registration"]), (&json!("Notes"), &json!("closed")));
    assert_eq!((&told["passkeys"], &told["outbox"]), (&json!(false), &json!(true)), "an address has no passkeys");
    server.stop();

    let server = home.serve_with(&[("JETON_CONSOLE__ENABLED", "false")]);
    for path in ["/", "/console/app.js", "/console/settings.json"] {
        let answer = send(server.client().request(Method::GET, path)).await.unwrap();
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
}
