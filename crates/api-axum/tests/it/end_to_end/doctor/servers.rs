//! What stands in front, and what runs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::super::home::Home;
use super::super::on_both_engines;
use super::{address, doctor, doctor_with};

on_both_engines!(a_server_that_runs_is_asked_whether_it_is_ready,);

async fn a_server_that_runs_is_asked_whether_it_is_ready(home: Home) {
    let server = home.serve();
    let listen = &address(&server.url).to_owned();
    doctor(&home, &["--listen", listen]).expect("servers.ready", "ok", "is ready");
    home.run(&["migrate", "down", "--yes"]).success();
    let seen = doctor(&home, &["--listen", listen]);
    seen.expect("servers.ready", "problem", "is not ready (503 Service Unavailable): migrations: ");
    drop(server);
    doctor(&home, &["--listen", listen]).expect("servers.ready", "ok", "no server runs");
}

#[test]
fn another_program_at_the_address_is_a_problem() {
    let home = Home::on_sqlite();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = silent.local_addr().unwrap().to_string();
    doctor(&home, &["--listen", &listen]).expect("servers.ready", "problem", "did not answer within");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 1_024]).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    });
    doctor(&home, &["--listen", &listen]).expect("servers.ready", "problem", "another program answers");
    answering.join().unwrap();
    // TEST-NET-1 (RFC 5737) is no machine's.
    doctor(&home, &["--listen", "192.0.2.1:8080"]).expect("servers.ready", "problem", "");
}

#[test]
fn metrics_are_where_the_settings_say_or_it_is_told() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("servers.metrics", "advice", "metrics are off");
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let at = free();
    let server = home.serve_with(&[("JETON_METRICS__LISTEN", &at)]);
    let running = [("JETON_LISTEN", address(&server.url)), ("JETON_METRICS__LISTEN", &at)];
    doctor_with(&home, &running).expect("servers.metrics", "ok", "/metrics answers");
    let elsewhere = free();
    let missing = [running[0], ("JETON_METRICS__LISTEN", &elsewhere)];
    doctor_with(&home, &missing).expect("servers.metrics", "problem", "does not answer, though a server runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_of_a_cluster_are_counted_and_old_ones_are_told() {
    let home = Home::on_postgres().await;
    doctor(&home, &[]).expect("servers.cluster", "ok", "no server is connected");
    let (_one, _two) = (home.serve(), home.serve());
    doctor(&home, &[]).expect("servers.cluster", "ok", "2 servers are connected");
    let old = format!("{}?application_name=jeton%2F0.0.9%20old:1", home.database_url());
    let (_client, connection) = tokio_postgres::connect(&old, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let mixed = doctor(&home, &[]);
    mixed.expect("servers.cluster", "advice", "3 servers are connected");
    mixed.expect("servers.cluster", "advice", "0.0.9 on old:1");
}

#[test]
fn two_servers_on_an_sqlite_database_are_worth_a_word() {
    let home = Home::on_sqlite();
    let one = home.serve();
    doctor(&home, &[]).expect("servers.cluster", "ok", &format!("(process {})", one.id()));
    let _two = home.serve();
    doctor(&home, &[]).expect("servers.cluster", "advice", "2 other programs have the database open");
}

#[test]
fn a_proxy_that_is_not_trusted_is_worth_a_word_and_everybody_trusted_is_a_problem() {
    let home = Home::on_sqlite();
    doctor(&home, &[]).expect("proxies.trusted", "ok", "none is needed");
    let public = [("JETON_ISSUER", "https://127.0.0.1:1")];
    let seen = doctor_with(&home, &public);
    seen.expect("proxies.trusted", "advice", "every client seems to have its address");
    seen.expect("proxies.public_address", "advice", "seen from here");
    let trusting = |list| doctor_with(&home, &[public[0], ("JETON_HTTP__TRUSTED_PROXIES", list)]);
    trusting("127.0.0.1").expect("proxies.trusted", "ok", "127.0.0.1");
    trusting("10.0.0.0/8,0.0.0.0/0").expect("proxies.trusted", "problem", "anybody can claim any address");
}
