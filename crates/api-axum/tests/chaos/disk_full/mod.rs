//! The disk is full, or read-only: what has to be written is refused with 503, what needs only to be read goes on, and once
//! there is room again all works without a restart.

use std::fs;
use std::time::{Duration, Instant};

use api_axum::Guard;
use auth_domain::model::SessionId;
use tokio_postgres::NoTls;

use super::client::{Answer, Client, Tokens};
use super::engine;
use super::home::{Home, Server, row};
use super::report::Report;
use super::shim::{PRELOAD, compiled};

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Full,
    ReadOnly,
}

/// Where the fault is made.
enum Disk {
    /// Below SQLite's files: a shim reads the state in this file.
    Shim(std::path::PathBuf),
    /// In PostgreSQL: what it answers with a full or read-only disk, brought about by its own means.
    Server(tokio_postgres::Client),
}

/// PostgreSQL's answer to a table that cannot grow, from a trigger on every table that the requests write to.
const FULL: &str = "CREATE FUNCTION chaos_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file: No space left on device'; END $$;
    CREATE TRIGGER chaos_full BEFORE INSERT OR UPDATE ON sessions EXECUTE FUNCTION chaos_full();
    CREATE TRIGGER chaos_full BEFORE INSERT OR UPDATE ON revocations EXECUTE FUNCTION chaos_full();";
const ROOM: &str =
    "DROP TRIGGER chaos_full ON sessions; DROP TRIGGER chaos_full ON revocations; DROP FUNCTION chaos_full;";
/// What hosted databases do when their disk is nearly full. Sessions take it over when they begin, so all begin anew.
const READ_ONLY: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
    current_database()); END $$;
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();";
/// Sessions that began meanwhile stay read-only: the server has to leave them by itself.
const WRITABLE: &str =
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$;";

impl Disk {
    async fn fail(&self, fault: Fault) {
        match (self, fault) {
            (Self::Shim(state), Fault::Full) => fs::write(state, "full").unwrap(),
            (Self::Shim(state), Fault::ReadOnly) => fs::write(state, "read-only").unwrap(),
            (Self::Server(client), Fault::Full) => client.batch_execute(FULL).await.unwrap(),
            (Self::Server(client), Fault::ReadOnly) => client.batch_execute(READ_ONLY).await.unwrap(),
        }
    }

    async fn mend(&self, fault: Fault) {
        match (self, fault) {
            (Self::Shim(state), _) => fs::write(state, "").unwrap(),
            (Self::Server(client), Fault::Full) => client.batch_execute(ROOM).await.unwrap(),
            (Self::Server(client), Fault::ReadOnly) => client.batch_execute(WRITABLE).await.unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_reads_goes_on_and_the_rest_comes_back_by_itself_on_sqlite() {
    let home = Home::on_sqlite();
    let state = home.folder().join("disk");
    let (shim, data) = (compiled("disk_full/shim.c", home.folder()), home.data());
    let home = home
        .with(PRELOAD, shim.to_str().unwrap())
        .with("SHIM_DISK", state.to_str().unwrap())
        .with("SHIM_FOLDER", data.to_str().unwrap());
    hold(home, Disk::Shim(state)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_reads_goes_on_and_the_rest_comes_back_by_itself_on_postgres() {
    let home = Home::on_postgres().await;
    let (client, connection) = tokio_postgres::connect(&home.database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    hold(home, Disk::Server(client)).await;
}

async fn hold(home: Home, disk: Disk) {
    let server = home.serve();
    let client = server.client();
    let api_key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success();
    // A resource server, which follows this server by another address than its tokens name.
    let guard = Guard::builder(super::home::ISSUER)
        .audience("jeton")
        .api_key(api_key.trim().into())
        .jwks_url(format!("{}/.well-known/jwks.json", server.url))
        .feed_url(format!("{}/v1/revocations", server.url))
        .start()
        .await
        .unwrap();
    let mut refused = 0;
    let mut back = Duration::ZERO;
    for fault in [Fault::Full, Fault::ReadOnly] {
        let email = format!("{fault:?}@example.com").to_lowercase();
        let (tokens, leaving) = (client.join(&email).await, client.login(&email).await);
        disk.fail(fault).await;
        for _ in 0..3 {
            refused += is_refused(&client, fault, &tokens, &leaving).await;
            goes_on(&client, &guard, fault, &tokens, &leaving).await;
        }
        disk.mend(fault).await;
        back = back.max(comes_back(&home, &client, &tokens, &leaving).await);
    }
    let log = stop(server);
    assert!(!log.contains("panicked"), "{log}");
    Report::of("disk_full", engine(&home))
        .figure("requests that had to be written, all answered 503", refused)
        .figure("longest time until they passed again, in ms", back.as_millis())
        .write();
}

fn stop(server: Server) -> String {
    server.stop()
}

/// Refreshing, signing out, signing in: 503, with a code and a time to come again.
async fn is_refused(client: &Client, fault: Fault, tokens: &Tokens, leaving: &Tokens) -> usize {
    let answers = [
        client.refresh(&tokens.refresh, Some("0123456789abcdef")).await,
        client.logout(&leaving.access).await,
        client.try_login(&format!("{fault:?}@example.com").to_lowercase()).await,
    ];
    for answer in &answers {
        let Answer { status, headers, .. } = answer.as_ref().unwrap();
        let answer = answer.as_ref().unwrap();
        assert_eq!((*status, answer.code()), (503, "unavailable"), "{fault:?}: {answer:?}");
        let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(wait >= 1, "{fault:?}");
    }
    answers.len()
}

/// Verification here and at a resource server, the keys, and what is only read.
async fn goes_on(client: &Client, guard: &Guard, fault: Fault, tokens: &Tokens, leaving: &Tokens) {
    for access in [&tokens.access, &leaving.access] {
        assert_eq!(client.me(access).await.unwrap().status, 200, "{fault:?}: nothing that was refused was done");
        guard.authenticate::<serde_json::Value>(access).await.unwrap();
    }
    assert_eq!(client.status("/.well-known/jwks.json").await, 200, "{fault:?}");
    assert_eq!(client.get("/v1/sessions", &tokens.access).await.status, 200, "{fault:?}");
    assert_eq!(client.status("/livez").await, 200, "{fault:?}");
}

/// The same requests pass, as if they had never been refused. Answers how long that took.
async fn comes_back(home: &Home, client: &Client, tokens: &Tokens, leaving: &Tokens) -> Duration {
    let database = home.database().await;
    let at_stake = async |tokens: &Tokens| row(&database, tokens.session.parse::<SessionId>().unwrap()).await;
    assert_eq!(at_stake(tokens).await, Some((0, false)));
    assert_eq!(at_stake(leaving).await, Some((0, false)));
    let mended = Instant::now();
    let moved = loop {
        let answer = client.refresh(&tokens.refresh, Some("0123456789abcdef")).await.unwrap();
        match answer.tokens() {
            Some(moved) => break moved,
            None => assert!(answer.status == 503 && mended.elapsed() < Duration::from_secs(20), "{answer:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let took = mended.elapsed();
    // Several connections may have to be made anew: a client that is told to come again does so.
    let left = loop {
        let answer = client.logout(&leaving.access).await.unwrap();
        if answer.status != 503 || mended.elapsed() > Duration::from_secs(20) {
            break answer;
        }
    };
    assert_eq!(left.status, 204, "{left:?}");
    assert_eq!(client.me(&leaving.access).await.unwrap().status, 401);
    assert_eq!(client.me(&moved.access).await.unwrap().status, 200);
    assert_eq!(at_stake(tokens).await, Some((1, false)));
    assert_eq!(at_stake(leaving).await, Some((0, true)));
    database.close().await;
    took
}
