//! Operators at work, by HTTP and on the command line, while a server runs.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use super::cli::fed;
use super::client::{Client, PASSWORD, Tokens};
use super::home::{Home, Ran};
use super::on_both_engines;

on_both_engines!(
    s3_a_user_whom_an_operator_disables_is_refused_at_once_and_comes_back_only_by_a_new_login,
    s3_a_user_whom_the_command_line_disables_is_refused_within_a_second,
    s4_the_command_line_lists_devices_and_ends_one_or_all,
    an_api_key_that_the_command_line_made_reads_the_feed_until_it_is_revoked,
    a_stop_ends_the_streams_of_the_feed_and_the_waits_for_it,
    roles_are_given_and_taken_and_a_deleted_account_leaves_its_events,
);

/// The promise is a second; a busy test machine gets a little more before the test calls it broken.
const SOON: Duration = Duration::from_secs(3);

/// An operator's tokens: made by the command line, signed in by HTTP.
async fn operator(home: &Home, client: &Client) -> Tokens {
    let create = ["users", "create", "--email", "root@example.com", "--admin", "--password-stdin"];
    fed(home.jeton(&create), PASSWORD).success();
    client.login("root@example.com").await
}

async fn s3_a_user_whom_an_operator_disables_is_refused_at_once_and_comes_back_only_by_a_new_login(home: Home) {
    let server = home.serve();
    let client = server.client();
    let (root, alice) = (operator(&home, &client).await, client.join("alice@example.com").await);
    assert_eq!(client.get("/v1/admin/users", &alice.access).await.code(), "insufficient_role");
    let found = client.get("/v1/admin/users?email=ali", &root.access).await;
    assert_eq!(found.body["users"].as_array().map(Vec::len), Some(1), "{found:?}");
    let id = found.body["users"][0]["id"].as_str().unwrap();

    let disabled = client.post(&format!("/v1/admin/users/{id}/disable"), &root.access).await;
    assert!(disabled.status < 300, "{disabled:?}");
    assert_eq!(client.me(&alice.access).await.unwrap().code(), "invalid_token");
    assert_eq!(client.refresh(&alice.refresh, None).await.unwrap().code(), "session_revoked");
    assert_eq!(client.try_login("alice@example.com").await.unwrap().code(), "invalid_credentials");

    let enabled = client.post(&format!("/v1/admin/users/{id}/enable"), &root.access).await;
    assert!(enabled.status < 300, "{enabled:?}");
    assert_eq!(client.me(&alice.access).await.unwrap().code(), "invalid_token");
    // An access token that is issued in the second of the disabling would be refused with the older ones.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = client.login("alice@example.com").await;
    assert_eq!(client.me(&again.access).await.unwrap().status, 200);
}

async fn s3_a_user_whom_the_command_line_disables_is_refused_within_a_second(home: Home) {
    let server = home.serve();
    let client = server.client();
    let (alice, bob) = (client.join("alice@example.com").await, client.join("bob@example.com").await);
    home.run(&["users", "disable", "Alice@Example.com"]).success();
    refused_soon(&client, &alice).await;
    assert_eq!(client.me(&bob.access).await.unwrap().status, 200);
    let listed = json(home.run(&["users", "list", "--email", "ali", "--json"]));
    assert!(listed[0]["disabled_at"].is_string(), "{listed}");
    home.run(&["users", "enable", listed[0]["id"].as_str().unwrap()]).success();
    client.login("alice@example.com").await;
}

async fn s4_the_command_line_lists_devices_and_ends_one_or_all(home: Home) {
    let server = home.serve();
    let client = server.client();
    let first = client.join("alice@example.com").await;
    let (second, third) = (client.login("alice@example.com").await, client.login("alice@example.com").await);
    let listed = json(home.run(&["sessions", "list", "alice@example.com", "--json"]));
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&third.session, &second.session, &first.session]);

    home.run(&["sessions", "revoke", &second.session]).success();
    refused_soon(&client, &second).await;
    assert_eq!(client.me(&third.access).await.unwrap().status, 200);
    let again = home.run(&["sessions", "revoke", &second.session]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("has ended already"), "{}", again.err);

    let all = home.run(&["sessions", "revoke", "--all", "alice@example.com"]).success();
    assert_eq!(all, "Ended 2 sessions of alice@example.com.\n");
    refused_soon(&client, &first).await;
    refused_soon(&client, &third).await;
    let events = json(home.run(&["events", "list", "--user", "alice@example.com", "--json"]));
    assert_eq!(events[0]["kind"], "session_ended");
    assert_eq!(events[0]["actor"]["kind"], "operator");
}

async fn an_api_key_that_the_command_line_made_reads_the_feed_until_it_is_revoked(home: Home) {
    let server = home.serve();
    let client = server.client();
    let create = ["apikeys", "create", "--name", "notes", "--scope", "revocations"];
    let key = home.run(&create).success().trim().to_owned();
    assert!(key.starts_with("jak_"), "standard output has the key alone");
    let tokens = client.join("alice@example.com").await;
    assert_eq!(client.logout(&tokens.access).await.unwrap().status, 204);
    let asked = Instant::now();

    // A snapshot does not wait, and the server reads its own entry from the feed like everybody else.
    let mut snapshot = client.get("/v1/revocations", &key).await;
    while snapshot.status == 200
        && snapshot.body["entries"] == Value::Array(Vec::new())
        && asked.elapsed() < Duration::from_secs(5)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
        snapshot = client.get("/v1/revocations", &key).await;
    }
    assert_eq!(snapshot.status, 200, "{snapshot:?}");
    assert_eq!(snapshot.body["entries"][0]["kind"], "session");
    assert_eq!(snapshot.body["entries"][0]["subject"], tokens.session.as_str());
    // A reader who waits is woken by what the command line does.
    let cursor = snapshot.body["cursor"].as_str().unwrap();
    let (waiting, path) = (client.clone(), format!("/v1/revocations?after={cursor}&wait=30"));
    let (held, started) = (key.clone(), Instant::now());
    let news = tokio::spawn(async move { waiting.get(&path, &held).await });
    let next = client.login("alice@example.com").await;
    home.run(&["sessions", "revoke", &next.session]).success();
    let news = news.await.unwrap();
    assert_eq!(news.body["entries"][0]["subject"], next.session.as_str(), "{news:?}");
    assert!(started.elapsed() < Duration::from_secs(25), "it was woken before its time was over");

    let listed = json(home.run(&["apikeys", "list", "--json"]));
    assert_eq!(listed[0]["name"], "notes");
    assert!(!listed.to_string().contains(&key[10..]), "no list shows a key");
    home.run(&["apikeys", "revoke", listed[0]["id"].as_str().unwrap()]).success();
    assert_eq!(client.get("/v1/revocations", &key).await.status, 401);
}

async fn a_stop_ends_the_streams_of_the_feed_and_the_waits_for_it(home: Home) {
    let server = home.serve();
    let client = server.client();
    let key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success().trim().to_owned();
    let stream = client.request(Method::GET, "/v1/revocations/stream").bearer_auth(&key).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let cursor = client.get("/v1/revocations", &key).await.body["cursor"].as_str().unwrap().to_owned();
    let (waiting, held) = (client.clone(), key.clone());
    let wait =
        tokio::spawn(async move { waiting.get(&format!("/v1/revocations?after={cursor}&wait=30"), &held).await });
    tokio::time::sleep(Duration::from_millis(300)).await;

    let started = Instant::now();
    let log = server.stop();
    assert!(started.elapsed() < Duration::from_secs(5), "it waited for its readers: {:?}", started.elapsed());
    assert!(!log.contains("cut off"), "{log}");
    assert_eq!(wait.await.unwrap().body["entries"], serde_json::json!([]));
    let text = stream.text().await.unwrap();
    assert!(text.contains("event: revocations"), "{text}");
}

async fn roles_are_given_and_taken_and_a_deleted_account_leaves_its_events(home: Home) {
    let server = home.serve();
    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    let roles = async |token: &str| client.me(token).await.unwrap().body["roles"].clone();
    home.run(&["users", "role", "alice@example.com", "add", "billing:read"]).success();
    home.run(&["users", "role", "alice@example.com", "add", "admin"]).success();
    let given = client.refresh(&tokens.refresh, None).await.unwrap().tokens().unwrap();
    assert_eq!(roles(&given.access).await, serde_json::json!(["admin", "billing:read"]));
    home.run(&["users", "role", "alice@example.com", "remove", "admin"]).success();
    let taken = client.refresh(&given.refresh, None).await.unwrap().tokens().unwrap();
    assert_eq!(roles(&taken.access).await, serde_json::json!(["billing:read"]));

    let id = client.me(&taken.access).await.unwrap().body["id"].as_str().unwrap().to_owned();
    let unsure = home.run(&["users", "delete", "alice@example.com"]);
    assert_eq!(unsure.code, Some(2));
    assert!(unsure.err.contains("--yes"), "{}", unsure.err);
    home.run(&["users", "delete", "alice@example.com", "--yes"]).success();
    refused_soon(&client, &taken).await;
    assert_eq!(home.run(&["sessions", "list", "alice@example.com"]).code, Some(1));
    let events = json(home.run(&["events", "list", "--user", &id, "--json"]));
    assert_eq!(events[0]["kind"], "account_deleted");
}

/// Waits until the server has read from the feed that a session is over.
async fn refused_soon(client: &Client, tokens: &Tokens) {
    let refused = async {
        while client.me(&tokens.access).await.unwrap().status == 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, refused).await.unwrap();
    assert_eq!(client.me(&tokens.access).await.unwrap().code(), "invalid_token");
}

fn json(ran: Ran) -> Value {
    serde_json::from_str(&ran.success()).unwrap()
}
