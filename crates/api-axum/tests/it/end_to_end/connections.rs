//! Connections that are slow, silent, too many or too large. SECURITY S12.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::client::send;
use super::home::{Home, Server};

/// A little less than the deadline for a request's head in these tests, and long enough for it to have passed on a busy
/// machine.
const BY_THE_DEADLINE: Range<Duration> = Duration::from_millis(900)..SOON;
const SOON: Duration = Duration::from_secs(8);

fn serve(more: &[(&str, &str)]) -> (Home, Server) {
    let home = Home::on_sqlite()
        .with("JETON_HTTP__HEADER_TIMEOUT", "1s")
        .with("JETON_HTTP__REQUEST_TIMEOUT", "2s")
        .with("JETON_LOG__LEVEL", "warn");
    let server = home.serve_with(more);
    (home, server)
}

fn connect(server: &Server) -> TcpStream {
    let connection = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    connection.set_read_timeout(Some(SOON)).unwrap();
    connection
}

/// Reads to the end of the connection and answers what came. An end by a reset is an end.
fn read_all(mut connection: TcpStream) -> String {
    let mut bytes = Vec::new();
    match connection.read_to_end(&mut bytes) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("the connection stays open: {error}"),
        _ => String::from_utf8(bytes).unwrap(),
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

#[test]
fn s12_a_connection_that_sends_nothing_is_closed_by_the_deadline() {
    let (_home, server) = serve(&[]);
    let (took, answer) = timed(|| read_all(connect(&server)));
    assert_eq!(answer, "");
    assert!(BY_THE_DEADLINE.contains(&took), "{took:?}");
}

#[test]
fn s12_a_connection_that_sends_a_byte_now_and_then_is_closed_by_the_same_deadline() {
    let (_home, server) = serve(&[]);
    let mut connection = connect(&server);
    let (took, ()) = timed(|| {
        for byte in b"GET /livez HTTP/1.1\r\nx-padding: ".iter().chain(std::iter::repeat(&b'x')) {
            if connection.write_all(&[*byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(BY_THE_DEADLINE.contains(&took), "{took:?}");
}

#[test]
fn s12_a_connection_that_stays_idle_after_an_answer_is_closed() {
    let (_home, server) = serve(&[]);
    let mut connection = connect(&server);
    connection.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(read_all(connection).starts_with("HTTP/1.1 200 "));
}

#[test]
fn s12_a_body_that_does_not_come_or_comes_too_slowly_is_given_up() {
    let (_home, server) = serve(&[]);
    let head = b"POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n";
    let mut silent = connect(&server);
    silent.write_all(head).unwrap();
    let mut slow = connect(&server);
    slow.write_all(head).unwrap();
    let (took, ()) = timed(|| {
        while slow.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(took < SOON, "{took:?}");
    let answer = read_all(silent);
    // Whether the body or the whole request is given up first is a matter of microseconds.
    assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[test]
fn s12_a_client_that_never_reads_its_answers_is_cut_off() {
    let (_home, server) = serve(&[]);
    let mut connection = connect(&server);
    connection.set_write_timeout(Some(SOON)).unwrap();
    let requests = b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    // Its own buffers and the server's fill up; then nothing moves until the deadline.
    let error = loop {
        if let Err(error) = connection.write_all(&requests) {
            break error;
        }
    };
    assert!(
        matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe),
        "the connection stays open: {error}"
    );
}

#[test]
fn s12_connections_beyond_the_cap_wait_until_others_end() {
    let (_home, server) = serve(&[("JETON_HTTP__MAX_CONNECTIONS", "2")]);
    let (one, other) = (connect(&server), connect(&server));
    let mut third = connect(&server);
    third.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    third.set_read_timeout(Some(BY_THE_DEADLINE.start / 4)).unwrap();
    let waiting = third.read(&mut [0]).unwrap_err();
    assert!(matches!(waiting.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{waiting}");
    drop((one, other));
    third.set_read_timeout(Some(SOON)).unwrap();
    assert!(read_all(third).starts_with("HTTP/1.1 200 "));
}

#[test]
fn s12_a_head_without_end_is_refused() {
    let (_home, server) = serve(&[]);
    let mut connection = connect(&server);
    let head = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(100_000));
    // It may be refused before it is sent whole.
    let _ = connection.write_all(head.as_bytes());
    let answer = read_all(connection);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn s12_a_crowd_that_exceeds_the_systems_limit_of_open_files_does_not_stop_the_server() {
    let home = Home::on_sqlite().with("JETON_HTTP__HEADER_TIMEOUT", "1s").with("JETON_LOG__LEVEL", "warn");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 80 && exec \"$@\"", "sh"]).arg(env!("CARGO_BIN_EXE_jeton")).arg("serve");
    let server = Server::start(home.dress(command), &home.next_log());
    assert!(server.log().contains("allows fewer connections than http.max_connections"), "{}", server.log());
    let crowd: Vec<_> = (0..40).map(|_| connect(&server)).collect();
    // The crowd is closed by the deadline, some at a time, and then the others have their turn.
    server.client().join("alice@example.com").await;
    drop(crowd);
    assert!(!server.log().contains("no connection can be accepted"), "{}", server.log());
}

#[tokio::test]
async fn s12_a_body_of_three_megabytes_is_refused() {
    let (_home, server) = serve(&[]);
    let body = json!({ "email": "alice@example.com", "password": "x".repeat(3_000_000) });
    // A server that closes while the client still writes may cut its own answer off.
    if let Some(answer) = send(server.client().request(Method::POST, "/v1/login").json(&body)).await {
        assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    }
    assert_eq!(server.client().status("/livez").await, 200);
}
