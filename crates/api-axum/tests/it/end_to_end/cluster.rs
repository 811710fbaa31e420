//! Two servers on one PostgreSQL.

use std::time::Duration;

use super::client::{Client, Tokens};
use super::home::{Home, Server};

/// 32 bytes that every node is given.
const MASTER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// The promise is a second; a busy test machine gets a little more before the test calls it broken.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(3);

/// Two nodes that start at the same moment on an empty database, each with a data folder of its own.
async fn two_nodes() -> (Home, Server, Server) {
    let home = Home::on_postgres().await.with("JETON_MASTER_KEY", MASTER_KEY);
    let start = |folder: &str| {
        let mut command = home.jeton(&["serve", "--data-dir", folder]);
        command.env("JETON_LOG__FORMAT", "json");
        let log = home.next_log();
        std::thread::spawn(move || Server::start(command, &log))
    };
    let (one, other) = (start("one"), start("other"));
    let (one, other) = (one.join().unwrap(), other.join().unwrap());
    (home, one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_start_at_once_on_an_empty_database_share_their_signing_keys() {
    let (_home, one, other) = two_nodes().await;
    let jwks = async |server: &Server| {
        let path = "/.well-known/jwks.json";
        super::client::send(server.client().request(reqwest::Method::GET, path)).await.unwrap().body
    };
    let keys = jwks(&one).await;
    assert_eq!(keys, jwks(&other).await);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "one that signs and one that waits");

    let tokens = one.client().join("alice@example.com").await;
    assert_eq!(other.client().me(&tokens.access).await.unwrap().status, 200);
    assert_eq!(other.client().refresh(&tokens.refresh, None).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_a_session_that_ends_on_one_node_is_refused_on_the_other() {
    let (_home, one, other) = two_nodes().await;
    let (here, there) = (one.client(), other.client());
    let tokens = here.join("alice@example.com").await;
    assert_eq!(there.me(&tokens.access).await.unwrap().status, 200);
    assert_eq!(here.logout(&tokens.access).await.unwrap().status, 204);
    // The row itself is gone at once; the access token as soon as the other node has read the feed.
    assert_eq!(there.refresh(&tokens.refresh, None).await.unwrap().code(), "session_signed_out");
    refused_soon(&there, &tokens).await;
}

/// Waits until a node has read from the feed that a session is over.
async fn refused_soon(client: &Client, tokens: &Tokens) {
    let refused = async {
        while client.me(&tokens.access).await.unwrap().status == 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(EVERYWHERE_WITHIN, refused).await.unwrap();
    assert_eq!(client.me(&tokens.access).await.unwrap().code(), "invalid_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_a_session_that_the_command_line_ends_is_refused_on_every_node() {
    let (home, one, other) = two_nodes().await;
    let (here, there) = (one.client(), other.client());
    let tokens = here.join("alice@example.com").await;
    let kept = there.login("alice@example.com").await;
    home.run(&["sessions", "revoke", &tokens.session]).success();
    for client in [&here, &there] {
        refused_soon(client, &tokens).await;
        assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().code(), "session_revoked");
        assert_eq!(client.me(&kept.access).await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_another_master_key_does_not_join() {
    let (home, _one, _other) = two_nodes().await;
    let mut command = home.jeton(&["serve", "--data-dir", "third"]);
    command.env_remove("JETON_MASTER_KEY");
    let log = Server::try_start(command, &home.next_log()).err().unwrap();
    assert!(log.contains("of several servers on one database, each needs the same"), "{log}");
}
