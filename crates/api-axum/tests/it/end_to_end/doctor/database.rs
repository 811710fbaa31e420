//! The database: gone, read-only, of another version, or one that forgets.

use std::fs;

use store_diesel::testing::{PostgresServer, TestDatabase, sqlite_execute};
use tokio_postgres::NoTls;

use super::super::home::Home;
use super::super::on_both_engines;
use super::configuration::{as_nobody, chmod};
use super::{Seen, doctor, doctor_with};

on_both_engines!(a_database_is_told_to_be_new_up_to_date_behind_or_ahead,);

/// Runs a statement on a PostgreSQL database.
pub(super) async fn sql(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// The name of a database, from its URL.
fn name(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

async fn a_database_is_told_to_be_new_up_to_date_behind_or_ahead(home: Home) {
    let new = doctor(&home, &[]);
    new.expect(
        if new.has("database.migrations") { "database.migrations" } else { "database.reachable" },
        "ok",
        "makes",
    );
    new.expect("keys.rotation", "ok", "no signing keys yet");
    home.run(&["migrate", "up"]).success();
    doctor(&home, &[]).expect("database.migrations", "ok", "migrations are applied");
    home.run(&["migrate", "down", "--yes"]).success();
    let behind = doctor(&home, &[]);
    behind.expect("database.migrations", "advice", "1 migrations are pending, from 2");
    behind.expect("keys.sealed", "advice", "could not be looked at");
    home.run(&["migrate", "up"]).success();
    let ahead = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    if home.database_url().starts_with("sqlite:") {
        sqlite_execute(&home.data().join("jeton.db"), ahead).unwrap();
    } else {
        sql(&home.database_url(), ahead).await;
    }
    doctor(&home, &[]).expect("database.migrations", "problem", "newer version");
}

#[test]
fn a_database_that_cannot_be_reached_is_a_problem_and_the_rest_is_looked_at() {
    let home = Home::on_sqlite();
    let gone = doctor_with(&home, &[("JETON_DATABASE_URL", "postgres://jeton:hunter2@127.0.0.1:1/jeton")]);
    gone.expect("database.reachable", "problem", "postgres://jeton@127.0.0.1:1/jeton: PostgreSQL cannot be reached");
    assert!(gone.has("servers.ready") && gone.has("mail.transport"));
    fs::create_dir(home.data()).unwrap();
    fs::write(home.data().join("jeton.db"), "this is a letter to a friend, and no database at all").unwrap();
    doctor(&home, &[]).expect("database.reachable", "problem", "not a database");
}

#[test]
fn an_sqlite_database_that_cannot_be_written_is_a_problem() {
    let home = Home::on_sqlite();
    home.run(&["migrate"]).success();
    doctor(&home, &[]).expect("database.writable", "ok", "can be written");
    let file = home.data().join("jeton.db");
    sqlite_execute(&file, "PRAGMA journal_mode = DELETE").unwrap();
    chmod(&file, 0o444);
    chmod(&home.data(), 0o555);
    Seen::of(as_nobody(&home)).expect("database.writable", "problem", "allow this user to write");
    chmod(&home.data(), 0o755);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_that_cannot_be_written_is_a_problem() {
    let home = Home::on_postgres().await;
    home.run(&["migrate"]).success();
    doctor(&home, &[]).expect("database.writable", "ok", "can be written");
    let url = home.database_url();
    sql(&url, &format!("ALTER DATABASE \"{}\" SET default_transaction_read_only = on", name(&url))).await;
    doctor(&home, &[]).expect("database.writable", "problem", "read-only");
    let reader = format!("reader_{}", name(&url));
    let writing = format!("{url}?options=-c%20default_transaction_read_only%3Doff");
    let make = format!(
        "CREATE ROLE \"{reader}\" LOGIN PASSWORD 'secret'; \
         ALTER ROLE \"{reader}\" SET default_transaction_read_only = off; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{reader}\""
    );
    sql(&writing, &make).await;
    let host = url.rsplit_once('@').unwrap().1;
    let seen = doctor(&home, &["--database-url", &format!("postgres://{reader}:secret@{host}")]);
    sql(&writing, &format!("DROP OWNED BY \"{reader}\"; DROP ROLE \"{reader}\"")).await;
    seen.expect("database.writable", "problem", "may not write to its tables");
}

#[test]
fn an_sqlite_database_that_forgets_at_a_loss_of_power_is_a_problem() {
    let home = Home::on_sqlite();
    home.run(&["migrate"]).success();
    doctor(&home, &[]).expect("database.durable", "ok", "synchronous = FULL");
    let careless = [("FAILPOINTS", "sqlite-synchronous=return(NORMAL)")];
    doctor_with(&home, &careless).expect("database.durable", "problem", "synchronous = 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_server_that_forgets_at_a_loss_of_power_is_a_problem() {
    let server = PostgresServer::start_durable().await.unwrap();
    let database = TestDatabase::create(server.url(), "", async |_| Ok::<(), std::io::Error>(())).await.unwrap();
    let home = Home::on_sqlite().with("JETON_DATABASE_URL", database.url());
    doctor(&home, &[]).expect("database.durable", "ok", "synchronous_commit = on");
    let url = database.url();
    sql(url, &format!("ALTER DATABASE \"{}\" SET synchronous_commit = off", name(url))).await;
    doctor(&home, &[]).expect("database.durable", "problem", "synchronous_commit is off");
    for setting in ["full_page_writes", "fsync"] {
        sql(url, &format!("ALTER SYSTEM SET {setting} = off")).await;
        sql(url, "SELECT pg_reload_conf(), pg_sleep(0.3)").await;
        doctor(&home, &[]).expect("database.durable", "problem", &format!("{setting} is off"));
    }
}

#[test]
fn the_files_of_an_sqlite_database_are_for_its_owner_alone() {
    let home = Home::on_sqlite();
    home.run(&["migrate"]).success();
    doctor(&home, &[]).expect("database.file_mode", "ok", "nobody else");
    chmod(&home.data().join("jeton.db"), 0o644);
    doctor(&home, &[]).expect("database.file_mode", "problem", "mode 644");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_is_named_and_connections_that_postgresql_does_not_allow_are_counted() {
    let home = Home::on_postgres().await;
    home.run(&["migrate"]).success();
    let plain = doctor(&home, &[]);
    plain.expect("database.connections", "ok", "one server takes up to 16");
    assert!(!plain.has("database.pooler"));
    let many = [("JETON_DATABASE__CONNECTIONS", "10000")];
    doctor_with(&home, &many).expect("database.connections", "advice", "too few for one server's 10000");
    let pooled = format!("{}?pooler=transaction", home.database_url());
    doctor(&home, &["--database-url", &pooled]).expect("database.pooler", "ok", "transaction mode");
}
