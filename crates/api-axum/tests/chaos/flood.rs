//! A flood of wrong passwords beside sessions that are refreshed. SECURITY P13.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use super::client::{Client, Tokens, send};
use super::home::{Home, Server};
use super::report::Report;
use super::{engine, on_both_engines, rounds};

on_both_engines!(p13_a_login_flood_holds_no_refresh_up_and_fills_no_memory);

const CONNECTIONS: usize = 200;
const REFRESHES_A_SECOND: usize = 100;
/// Each is refreshed twice a second.
const SESSIONS: usize = 50;
const HASHES_AT_ONCE: usize = 2;
pub(super) const MIB: u64 = 1024;
const HASH_KIB: u64 = 19 * MIB;

/// The process' resident memory, in KiB.
pub(super) fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What became of refreshes.
#[derive(Default)]
pub(super) struct Refreshed {
    pub(super) took: Vec<Duration>,
    pub(super) errors: Vec<String>,
}

impl Refreshed {
    pub(super) fn p(&self, percent: usize) -> Duration {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
    }
}

/// Refreshes all sessions in turn at a fixed rate. What is late counts from when it was due.
pub(super) async fn refresh_all(client: &Client, sessions: &mut [Tokens], length: Duration) -> Refreshed {
    let (start, pause) = (Instant::now(), Duration::from_secs(1) / u32::try_from(REFRESHES_A_SECOND).unwrap());
    let each = sessions.iter_mut().enumerate().map(|(number, tokens)| async move {
        let mut refreshed = Refreshed::default();
        for turn in 0.. {
            let due = start + pause * u32::try_from(turn * SESSIONS + number).unwrap();
            if due >= start + length {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            let answer = client.refresh(&tokens.refresh, None).await;
            refreshed.took.push(due.elapsed());
            match answer.as_ref().and_then(super::client::Answer::tokens) {
                Some(next) => *tokens = next,
                None => refreshed.errors.push(format!("{answer:?}")),
            }
        }
        refreshed
    });
    join_all(each).await.into_iter().fold(Refreshed::default(), |mut all, one| {
        all.took.extend(one.took);
        all.errors.extend(one.errors);
        all
    })
}

/// Connections that try wrong passwords as fast as they are answered; every other one hangs up on each attempt.
struct Flood {
    ends: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Flood {
    fn begin(url: &str) -> Self {
        let (ends, sent, answered) = <(Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let tasks = (0..CONNECTIONS).map(|number| {
            let (ends, sent, answered) = (Arc::clone(&ends), Arc::clone(&sent), Arc::clone(&answered));
            let client = Client::new(url);
            tokio::spawn(async move {
                // They do not march in step.
                tokio::time::sleep(Duration::from_millis(7) * u32::try_from(number).unwrap()).await;
                let body = json!({ "email": format!("user-{number}@example.com"), "password": "wrong horse battery" });
                while !ends.load(Ordering::Relaxed) {
                    let request = client.request(Method::POST, "/v1/login").json(&body);
                    sent.fetch_add(1, Ordering::Relaxed);
                    let hangs_up = number % 2 == 1;
                    let request = if hangs_up { request.timeout(Duration::from_millis(200)) } else { request };
                    match send(request).await {
                        Some(answer) => {
                            assert!([401, 503].contains(&answer.status), "{answer:?}");
                            answered.fetch_add(1, Ordering::Relaxed);
                            if answer.status == 503 {
                                let pause = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
                                tokio::time::sleep(Duration::from_secs(pause)).await;
                            }
                        }
                        None => assert!(hangs_up, "a connection was cut"),
                    }
                }
            })
        });
        let tasks = tasks.collect();
        Self { ends, sent, answered, tasks }
    }

    async fn end(self) -> (usize, usize) {
        self.ends.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        (self.sent.load(Ordering::Relaxed), self.answered.load(Ordering::Relaxed))
    }
}

/// The most memory that was seen until it is dropped.
fn watch(server: &Arc<Server>, ends: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (server, ends) = (Arc::clone(server), Arc::clone(ends));
    tokio::spawn(async move {
        let mut most = 0;
        while !ends.load(Ordering::Relaxed) {
            most = most.max(resident(&server));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        most
    })
}

async fn p13_a_login_flood_holds_no_refresh_up_and_fills_no_memory(home: Home) {
    let engine = engine(&home);
    let length = Duration::from_secs(u64::try_from(rounds(8, 30)).unwrap());
    let is_long = rounds(0, 1) == 1;
    let home = home
        .with("JETON_THROTTLE__ENABLED", "false")
        .with("JETON_PASSWORD__THREADS", &HASHES_AT_ONCE.to_string())
        .with("JETON_LOG__LEVEL", "warn");
    let server = Arc::new(home.serve());
    let rest = resident(&server);
    let client = server.client();
    client.register("alice@example.com").await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(client.login("alice@example.com").await);
    }

    refresh_all(&client, &mut sessions, Duration::from_secs(1)).await;
    let quiet = refresh_all(&client, &mut sessions, length).await;
    let flood = Flood::begin(&server.url);
    let most = watch(&server, &flood.ends);
    // All have begun, and the queue is full by then.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let flooded = refresh_all(&client, &mut sessions, length).await;
    let (sent, answered) = flood.end().await;
    let most = most.await.unwrap();

    let allowed = rest + u64::try_from(HASHES_AT_ONCE).unwrap() * HASH_KIB + 64 * MIB;
    let ratio = flooded.p(99).as_secs_f64() / quiet.p(99).as_secs_f64();
    assert_eq!((&quiet.errors, &flooded.errors), (&Vec::new(), &Vec::new()));
    assert!(flooded.took.len() >= REFRESHES_A_SECOND * usize::try_from(length.as_secs()).unwrap());
    assert!(answered > 100, "it was a flood");
    assert!(most <= allowed, "{most} KiB");
    let pair = |refreshed: &Refreshed| format!("{:.1?}, {:.1?}", refreshed.p(50), refreshed.p(99));
    let mebibytes = |kib: u64| format!("{} MiB", kib / MIB);
    Report::of("flood", engine)
        .figure("refreshes beside the flood", flooded.took.len())
        .figure("refreshes that failed", flooded.errors.len())
        .figure("refresh before the flood, median and p99", pair(&quiet))
        .figure("refresh beside the flood, median and p99", pair(&flooded))
        .figure("p99 beside the flood by p99 before", format!("{ratio:.2}"))
        .figure("logins sent, answered", format!("{sent}, {answered}"))
        .figure("memory at rest", mebibytes(rest))
        .figure("memory at most", mebibytes(most))
        .figure("memory allowed", mebibytes(allowed))
        .write();
    assert!(!is_long || ratio <= 2.0, "{ratio}");
}
