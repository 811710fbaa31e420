//! A rolling upgrade: an old and a new server on one database, clients on both, and migrations beneath the old one.
//!
//! `JETON_CHAOS_OLD_BINARY` names the old program. Without it both are this version, and the migrations of a next one are
//! made up: tables, columns and indexes that are added, as every migration must keep to.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::NoTls;

use super::client::{Client, Tokens};
use super::home::{Home, Server};
use super::report::Report;
use super::rounds;

const CLIENTS: usize = 8;
/// 32 bytes that all servers are given.
const MASTER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// What a next version may do beneath this one.
const NEXT: &str =
    "CREATE TABLE of_a_next_version (id BIGINT PRIMARY KEY, session UUID REFERENCES sessions (id) ON DELETE CASCADE);
    ALTER TABLE sessions ADD COLUMN of_a_next_version TEXT;
    ALTER TABLE users ADD COLUMN of_a_next_version BIGINT NOT NULL DEFAULT 7;
    ALTER TABLE revocations ADD COLUMN of_a_next_version TEXT;
    ALTER TABLE security_events ADD COLUMN of_a_next_version TEXT;
    CREATE INDEX of_a_next_version_by_user ON sessions (user_id, of_a_next_version);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000');";

/// What the clients saw.
#[derive(Default)]
struct Seen {
    refreshes: AtomicUsize,
    /// No whole answer, or 503: repeated on another server.
    repeated: AtomicUsize,
    over: AtomicBool,
}

fn start(home: &Home, folder: &str, program: Option<&str>) -> Server {
    let mut command = match program {
        Some(program) => home.dress(Command::new(program)),
        None => home.jeton(&[]),
    };
    command.args(["serve", "--data-dir", folder]);
    Server::start(command, &home.next_log())
}

/// Refreshes on each server in turn, and uses what it got on another. An honest client: it repeats what was not answered,
/// with the same key.
async fn refresh(mut tokens: Tokens, servers: watch::Receiver<Vec<String>>, seen: Arc<Seen>) {
    let mut turn = 0_usize;
    while !seen.over.load(Ordering::Relaxed) {
        let key = format!("{turn:016}");
        let next = loop {
            turn += 1;
            let urls = servers.borrow().clone();
            let answer = Client::new(&urls[turn % urls.len()]).refresh(&tokens.refresh, Some(&key)).await;
            match answer {
                Some(answer) if answer.status != 503 => break answer,
                _ => drop(seen.repeated.fetch_add(1, Ordering::Relaxed)),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        tokens = next.tokens().unwrap_or_else(|| panic!("logged out: {next:?}"));
        seen.refreshes.fetch_add(1, Ordering::Relaxed);
        let urls = servers.borrow().clone();
        if let Some(used) = Client::new(&urls[(turn + 1) % urls.len()]).me(&tokens.access).await {
            assert!(matches!(used.status, 200 | 503), "{used:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_out_while_the_servers_change_beneath_them() {
    let home = Home::on_postgres().await.with("JETON_MASTER_KEY", MASTER_KEY).with("JETON_THROTTLE__ENABLED", "false");
    let old_program = std::env::var("JETON_CHAOS_OLD_BINARY").ok();
    let pause = Duration::from_secs(rounds(2, 15) as u64);
    let old = start(&home, "old", old_program.as_deref());
    let (servers, given) = watch::channel(vec![old.url.clone()]);
    let seen = Arc::new(Seen::default());
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let tokens = old.client().join(&format!("client{client}@example.com")).await;
        clients.push(tokio::spawn(refresh(tokens, given.clone(), Arc::clone(&seen))));
    }
    tokio::time::sleep(pause).await;

    // The new one migrates what the old one serves, and joins.
    let new = start(&home, "new", None);
    servers.send_replace(vec![old.url.clone(), new.url.clone()]);
    tokio::time::sleep(pause).await;
    // A next version migrates beneath both.
    let (client, connection) = tokio_postgres::connect(&home.database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(NEXT).await.unwrap();
    tokio::time::sleep(pause).await;
    let login = old.client().try_login("client0@example.com").await.unwrap();
    assert_eq!(login.status, 200, "an old server lets in on a newer database: {login:?}");

    // One that knows less than the database does not start on it: whoever goes back is told.
    let refused = home.run(&["serve", "--data-dir", "older"]);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.contains("migrated by a newer version"), "{}", refused.err);

    // The old one leaves while it is used: what it has begun is finished, what comes later goes elsewhere.
    servers.send_replace(vec![new.url.clone()]);
    let log = old.stop();
    assert!(!log.contains("panicked"), "{log}");
    tokio::time::sleep(pause).await;
    seen.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(!new.stop().contains("panicked"));
    let (refreshes, repeated) = (seen.refreshes.load(Ordering::Relaxed), seen.repeated.load(Ordering::Relaxed));
    assert!(refreshes > CLIENTS * 10, "{refreshes} refreshes");
    assert!(repeated * 20 < refreshes, "{repeated} of {refreshes} were repeated");
    let of = if old_program.is_some() { "PostgreSQL, two versions" } else { "PostgreSQL" };
    Report::of("upgrade", of)
        .figure("refreshes that were answered", refreshes)
        .figure("requests that were not answered, or with 503, and repeated", repeated)
        .write();
}
