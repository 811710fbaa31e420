//! An old backup is put back: what was ended since must not come back to life, and nobody may miss what ends from now on.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use api_axum::Guard;
use auth_domain::model::SessionId;
use serde_json::Value;
use store_diesel::testing::{shared_server, sqlite_execute};
use tokio_postgres::NoTls;

use super::client::{Client, Tokens};
use super::home::{Home, row};
use super::report::Report;
use super::{engine, on_both_engines};

on_both_engines!(
    without_the_command_old_tokens_diverge_and_what_was_ended_is_back,
    after_the_command_nothing_of_before_is_back_and_followers_miss_nothing,
);

const ALICE: &str = "alice@example.com";

/// What there was when the backup was made, and what happened since.
struct Past {
    home: Home,
    /// A resource server that has followed all along.
    guard: Guard,
    api_key: String,
    /// How far it had come.
    cursor: String,
    /// Was refreshed twice after the backup; this is its last token.
    moved: Tokens,
    /// Was signed out after the backup.
    left: Tokens,
    /// Nothing happened to it.
    idle: Tokens,
    /// Signed in after the backup.
    newcomer: Tokens,
}

impl Past {
    async fn new(home: Home) -> Self {
        // The resource server is to find the restored server where the old one was.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = home.with("JETON_LISTEN", &format!("127.0.0.1:{port}")).with("JETON_THROTTLE__ENABLED", "false");
        let server = home.serve();
        let client = server.client();
        let api_key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success();
        let api_key = api_key.trim().to_owned();
        let (mut moved, left) = (client.join(ALICE).await, client.login(ALICE).await);
        let idle = client.login(ALICE).await;
        server.stop();
        backup(&home).await;

        let server = home.serve();
        let client = server.client();
        let guard = Guard::builder(super::home::ISSUER)
            .audience("jeton")
            .api_key(api_key.clone().into())
            .jwks_url(format!("{}/.well-known/jwks.json", server.url))
            .feed_url(format!("{}/v1/revocations", server.url))
            .start()
            .await
            .unwrap();
        for _ in 0..2 {
            moved = client.refresh(&moved.refresh, None).await.unwrap().tokens().unwrap();
        }
        assert_eq!(client.logout(&left.access).await.unwrap().status, 204);
        // More entries of the feed than are written after the restore.
        for _ in 0..5 {
            let passing = client.login(ALICE).await;
            assert_eq!(client.logout(&passing.access).await.unwrap().status, 204);
        }
        let newcomer = client.login(ALICE).await;
        guard.authenticate::<Value>(&newcomer.access).await.unwrap();
        let cursor = cursor(&client, &api_key).await;
        server.kill();
        restore(&home).await;
        Self { home, guard, api_key, cursor, moved, left, idle, newcomer }
    }
}

async fn cursor(client: &Client, api_key: &str) -> String {
    client.get("/v1/revocations", api_key).await.body["cursor"].as_str().unwrap().to_owned()
}

/// The name of a PostgreSQL database, and of the copy of it that stands for its backup.
fn names(home: &Home) -> (String, String) {
    let name = home.database_url().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    (format!("{name}_backup"), name)
}

async fn on_server(statements: &[String]) {
    let (client, connection) = tokio_postgres::connect(shared_server().await.unwrap().url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await.unwrap();
    }
}

async fn backup(home: &Home) {
    if engine(home) == "SQLite" {
        let copy = home.folder().join("backup.db");
        let into = format!("VACUUM INTO '{}'", copy.display());
        sqlite_execute(&home.data().join("jeton.db"), &into).unwrap();
    } else {
        let (copy, name) = names(home);
        on_server(&[format!("CREATE DATABASE {copy} TEMPLATE {name}")]).await;
    }
}

/// Puts the backup in the place of the database. The servers must be dead.
async fn restore(home: &Home) {
    if engine(home) == "SQLite" {
        for name in ["jeton.db-wal", "jeton.db-shm"] {
            let _ = fs::remove_file(home.data().join(name));
        }
        fs::copy(home.folder().join("backup.db"), home.data().join("jeton.db")).unwrap();
    } else {
        let (copy, name) = names(home);
        on_server(&[
            format!("DROP DATABASE {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE {copy}"),
            format!("DROP DATABASE {copy}"),
        ])
        .await;
    }
}

/// Why the command is needed: the backup's state is taken for the truth.
async fn without_the_command_old_tokens_diverge_and_what_was_ended_is_back(home: Home) {
    let past = Past::new(home).await;
    let server = past.home.serve();
    let client = server.client();
    let database = past.home.database().await;

    let refused = client.refresh(&past.moved.refresh, None).await.unwrap();
    assert_eq!((refused.status, refused.code()), (401, "invalid_grant"), "{refused:?}");
    let moved: SessionId = past.moved.session.parse().unwrap();
    assert_eq!(row(&database, moved).await, Some((0, false)), "nothing is revoked");
    let events = client.get("/v1/events", &past.idle.access).await;
    let diverged =
        |event: &Value| event["kind"] == "refresh_diverged" && event["session_id"] == past.moved.session.as_str();
    assert!(events.body["events"].as_array().unwrap().iter().any(diverged), "{events:?}");

    assert_eq!(client.refresh(&past.left.refresh, None).await.unwrap().status, 200, "it had been signed out");
    let leaving = client.login(ALICE).await;
    assert_eq!(client.logout(&leaving.access).await.unwrap().status, 204);
    let news = client.get(&format!("/v1/revocations?wait=1&after={}", past.cursor), &past.api_key).await;
    assert_eq!(news.body["entries"], serde_json::json!([]), "a reader that is ahead skips what is new");
    database.close().await;
}

async fn after_the_command_nothing_of_before_is_back_and_followers_miss_nothing(home: Home) {
    let past = Past::new(home).await;
    let unsure = past.home.run(&["after-restore"]);
    assert_eq!(unsure.code, Some(2), "{}", unsure.err);
    let done = past.home.run(&["after-restore", "--yes"]).success();
    assert!(done.starts_with("Ended 3 sessions"), "{done}");

    let server = past.home.serve();
    let client = server.client();
    let database = past.home.database().await;
    let mut refused = 0;
    for tokens in [&past.moved, &past.left, &past.idle, &past.newcomer] {
        assert_eq!(client.refresh(&tokens.refresh, None).await.unwrap().status, 401);
        assert_eq!(client.me(&tokens.access).await.unwrap().status, 401);
        let session: SessionId = tokens.session.parse().unwrap();
        assert_ne!(row(&database, session).await.map(|(_, ended)| ended), Some(false));
        refused += 2;
    }
    database.close().await;

    // Nothing that ends from now on is skipped by a reader who had come further than the backup.
    let leaving = client.login(ALICE).await;
    wait(|| async { past.guard.authenticate::<Value>(&leaving.access).await.is_ok() }).await;
    assert_eq!(client.logout(&leaving.access).await.unwrap().status, 204);
    let (mut cursor, begun) = (past.cursor.clone(), Instant::now());
    loop {
        let news = client.get(&format!("/v1/revocations?wait=5&after={cursor}"), &past.api_key).await;
        if news.body["entries"].as_array().unwrap().iter().any(|entry| entry["subject"] == leaving.session.as_str()) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{news:?}");
        news.body["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    wait(|| async { past.guard.authenticate::<Value>(&leaving.access).await.is_err() }).await;
    wait(|| async { past.guard.authenticate::<Value>(&past.newcomer.access).await.is_err() }).await;
    Report::of("restore", engine(&past.home))
        .figure("tokens of before the restore that were tried, all refused", refused)
        .write();
}

/// Until it is so; a guard asks for keys that it does not know once in ten seconds.
async fn wait<F: Future<Output = bool>>(so: impl Fn() -> F) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
