//! `jeton serve`: the first start, the next ones, and the end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::client::PASSWORD;
use super::home::{Home, Server, bare};
use super::on_both_engines;

on_both_engines!(
    a_stop_finishes_the_request_in_flight_and_takes_no_new_one,
    what_was_acknowledged_is_there_after_a_restart,
);

/// Only the port is given, since another program may have the usual one.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_empty_folder_and_without_settings_it_makes_all_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = Server::start(bare(folder.path(), &["serve", "--listen", "127.0.0.1:0"]), &log);

    let data = folder.path().join("jeton-data");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data.clone()), 0o700);
    assert_eq!(mode(data.join("master.key")), 0o600);
    assert!(data.join("jeton.db").is_file());

    let client = server.client();
    let tokens = client.join("alice@example.com").await;
    assert_eq!(client.me(&tokens.access).await.unwrap().status, 200);
    assert_eq!(client.status("/readyz").await, 200);
    server.stop();
}

#[test]
fn a_machine_without_certificate_authorities_will_do_where_nothing_is_called() {
    let home = Home::on_sqlite().with("SSL_CERT_FILE", "/dev/null").with("SSL_CERT_DIR", "/nonexistent");
    home.serve().stop();

    let webhook = "[[webhooks]]\nname = \"audit\"\nurl = \"http://127.0.0.1:9/\"\nevents = [\"session_opened\"]\n\
        secret = \"whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"\n";
    fs::write(home.folder().join("jeton.toml"), webhook).unwrap();
    let log = Server::try_start(home.jeton(&["serve"]), &home.next_log()).err().unwrap();
    assert!(log.contains("prepare to send webhooks"), "{log}");
}

#[test]
fn a_master_key_that_others_may_read_stops_the_start_with_what_to_do() {
    let home = Home::on_sqlite();
    home.serve().stop();
    let key = home.data().join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("chmod 600"), "{}", ran.err);
}

#[test]
fn a_database_whose_master_key_is_lost_stops_the_start_and_no_other_key_is_made() {
    let home = Home::on_sqlite();
    home.serve().stop();
    let key = home.data().join("master.key");
    fs::remove_file(&key).unwrap();
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("there is no master key, but the database"), "{}", ran.err);
    assert!(!key.exists());
}

#[test]
fn another_master_key_than_the_databases_stops_the_start() {
    let home = Home::on_sqlite();
    home.serve().stop();
    let mut command = home.jeton(&["serve"]);
    command.env("JETON_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let log = Server::try_start(command, &home.next_log()).err().unwrap();
    assert!(log.contains("is this the master key of this database?"), "{log}");
}

#[test]
fn a_second_server_on_the_same_address_fails_at_once() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    let ran = home.run(&["serve", "--listen", &address]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("cannot listen on {address}")), "{}", ran.err);
}

#[test]
fn an_issuer_that_is_not_https_is_warned_about_unless_it_is_this_machine() {
    let home = Home::on_sqlite();
    let quiet = home.serve().stop();
    let warned = home.serve_with(&[("JETON_ISSUER", "http://login.example.com")]).stop();
    assert!(!quiet.contains("is not https"), "{quiet}");
    assert!(warned.contains("is not https"), "{warned}");
}

/// Begins to register: sends the head and a part of the body. What is left of the body comes back with the connection.
async fn half_a_request(server: &Server) -> (TcpStream, String) {
    let address = server.url.trim_start_matches("http://");
    let body = format!(r#"{{"email":"alice@example.com","password":"{PASSWORD}"}}"#);
    let (first, rest) = body.split_at(10);
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(
        connection,
        "POST /v1/accounts HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{first}",
        body.len()
    )
    .unwrap();
    // An answer on another connection shows that the server had time to read the first one's head.
    assert_eq!(server.client().status("/livez").await, 200);
    (connection, rest.to_owned())
}

async fn a_stop_finishes_the_request_in_flight_and_takes_no_new_one(home: Home) {
    let mut server = home.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    let (mut connection, rest) = half_a_request(&server).await;
    server.terminate();
    while TcpStream::connect(&address).is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());

    let server = home.serve();
    server.client().login("alice@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_no_longer_than_it_was_told() {
    let home = Home::on_sqlite();
    let mut server = home.serve_with(&[("JETON_HTTP__SHUTDOWN_TIMEOUT", "100ms")]);
    let _connection = half_a_request(&server).await;
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    assert!(server.log().contains("requests in flight were cut off"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_waiting() {
    let home = Home::on_sqlite();
    let mut server = home.serve_with(&[("JETON_HTTP__SHUTDOWN_TIMEOUT", "1h"), ("JETON_HTTP__REQUEST_TIMEOUT", "1h")]);
    let _connection = half_a_request(&server).await;
    server.terminate();
    while !server.log().contains("no longer accepting connections") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
}

async fn what_was_acknowledged_is_there_after_a_restart(home: Home) {
    let server = home.serve();
    let client = server.client();
    let kept = client.join("alice@example.com").await;
    let ended = client.login("alice@example.com").await;
    let next = client.refresh(&kept.refresh, None).await.unwrap().tokens().unwrap();
    assert_eq!(client.logout(&ended.access).await.unwrap().status, 204);
    server.kill();

    let server = home.serve();
    let client = server.client();
    assert_eq!(client.me(&next.access).await.unwrap().status, 200);
    assert_eq!(client.refresh(&next.refresh, None).await.unwrap().status, 200);
    assert_eq!(client.me(&ended.access).await.unwrap().code(), "invalid_token");
    assert_eq!(client.refresh(&ended.refresh, None).await.unwrap().code(), "session_signed_out");
}
