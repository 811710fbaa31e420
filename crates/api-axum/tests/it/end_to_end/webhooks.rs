//! Webhooks: a receiver as an operator would write it, and what it is told, also when it was not there at first.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::home::{Home, ISSUER};
use super::on_both_engines;

on_both_engines!(
    an_event_is_signed_and_a_receiver_that_fails_gets_it_again,
    a_receiver_that_was_down_gets_what_it_missed_when_it_is_up,
);

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Longer than the first back-off, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(40);

/// What has arrived: headers and body.
type Arrived = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

#[derive(Clone)]
struct Receiver {
    arrived: Arrived,
    /// How many deliveries are not taken before one is.
    failures: usize,
}

impl Receiver {
    /// Listens at this address, and answers 500 so many times first.
    async fn start(address: SocketAddr, failures: usize) -> (Self, SocketAddr) {
        let receiver = Self { arrived: Arrived::default(), failures };
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/hook", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, address)
    }

    /// Waits for so many deliveries, each of which must be signed as the standard says.
    async fn deliveries(&self, count: usize) -> Vec<(String, Value)> {
        let arrived = timeout(SOON, async {
            loop {
                let arrived = self.arrived.lock().unwrap().clone();
                if arrived.len() >= count {
                    return arrived;
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
        let signature = Webhook::new(SECRET).unwrap();
        let read = |(headers, body): (HeaderMap, Bytes)| {
            signature.verify(&body, &headers).unwrap();
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            (id, serde_json::from_slice(&body).unwrap())
        };
        arrived.await.unwrap().into_iter().map(read).collect()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut arrived = receiver.arrived.lock().unwrap();
    arrived.push((headers, body));
    if arrived.len() <= receiver.failures { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
}

/// Settings with one webhook.
fn subscribe(home: &Home, address: SocketAddr, kinds: &str) {
    fs::write(home.folder().join("jeton.toml"), table("ops", address, kinds)).unwrap();
}

fn table(name: &str, address: SocketAddr, kinds: &str) -> String {
    format!(
        "[[webhooks]]\nname = \"{name}\"\nurl = \"http://{address}/hook\"\nsecret = \"{SECRET}\"\nevents = [{kinds}]\n"
    )
}

fn any() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

async fn an_event_is_signed_and_a_receiver_that_fails_gets_it_again(home: Home) {
    let (receiver, address) = Receiver::start(any(), 1).await;
    subscribe(&home, address, "\"refresh_replayed\"");
    let server = home.serve();
    let client = server.client();
    let first = client.join("alice@example.com").await;
    let second = client.refresh(&first.refresh, None).await.unwrap().tokens().unwrap();
    client.refresh(&second.refresh, None).await.unwrap().tokens().unwrap();
    assert_eq!(client.refresh(&first.refresh, None).await.unwrap().status, 401, "a replay");

    let deliveries = receiver.deliveries(2).await;
    // The same id and the same body in every attempt; the login before it was not asked for.
    assert_eq!(deliveries[0], deliveries[1]);
    let (_, body) = &deliveries[0];
    assert_eq!(body["type"], "refresh_replayed");
    assert_eq!(body["data"]["session_id"], first.session.as_str());
    assert_eq!(body["data"]["evidence"]["current_generation"], 2);
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'), "{body}");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.deliveries(2).await.len(), 2, "what was taken is not sent again");
    let log = server.stop();
    assert!(!log.contains("whsec_"), "{log}");
}

async fn a_receiver_that_was_down_gets_what_it_missed_when_it_is_up(home: Home) {
    let reserved = TcpListener::bind(any()).await.unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    subscribe(&home, address, "\"session_opened\", \"account_disabled\"");
    let server = home.serve();
    let tokens = server.client().join("alice@example.com").await;
    // Long enough for the first attempt to have failed; the request itself did not wait for it.
    sleep(Duration::from_millis(2_500)).await;
    server.kill();

    let (receiver, _) = Receiver::start(address, 0).await;
    let _server = home.serve();
    let deliveries = receiver.deliveries(1).await;
    assert_eq!(deliveries[0].1["type"], "session_opened");
    assert_eq!(deliveries[0].1["data"]["session_id"], tokens.session.as_str());
    home.run(&["users", "disable", "alice@example.com"]).success();
    let deliveries = receiver.deliveries(2).await;
    assert_eq!(deliveries[1].1["type"], "account_disabled");
    assert_eq!(deliveries[1].1["data"]["actor"]["kind"], "operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_keeps_no_other_waiting() {
    let home = Home::on_sqlite();
    let silent = TcpListener::bind(any()).await.unwrap();
    let (receiver, address) = Receiver::start(any(), 0).await;
    let kinds = "\"session_opened\"";
    let tables = table("slow", silent.local_addr().unwrap(), kinds) + &table("ops", address, kinds);
    fs::write(home.folder().join("jeton.toml"), tables).unwrap();
    let server = home.serve();
    let client = server.client();
    let began = Instant::now();
    client.join("alice@example.com").await;
    receiver.deliveries(1).await;
    client.join("bob@example.com").await;
    receiver.deliveries(2).await;
    // The attempt at the other one takes 15 seconds to fail.
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

#[test]
fn a_webhook_that_is_not_good_is_told_before_the_server_starts() {
    let home = Home::on_sqlite();
    subscribe(&home, any(), "\"session_opend\"");
    let ran = home.run(&["serve"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("webhooks[1].events (jeton.toml): ") && ran.err.contains("session_opend"), "{}", ran.err);
    assert!(!ran.err.contains(SECRET) && !ran.err.contains(ISSUER), "{}", ran.err);
}
