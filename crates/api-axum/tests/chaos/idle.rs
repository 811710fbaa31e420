//! Ten thousand connections that send nothing, or a byte now and then, beside sessions that are refreshed. SECURITY S12.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::client::Tokens;
use super::flood::{MIB, Refreshed, refresh_all, resident};
use super::home::{Home, Server};
use super::report::Report;
use super::{engine, on_both_engines, rounds};

on_both_engines!(s12_idle_and_slow_connections_hold_no_refresh_up);

const SESSIONS: usize = 50;
/// What a slow connection sends, a byte a second.
const HEAD: &[u8] = b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx-padding: as slow as it goes\r\n";
/// Each has tens of thousands of ports, which are not free again at once.
const SOURCES: u8 = 16;

async fn s12_idle_and_slow_connections_hold_no_refresh_up(home: Home) {
    let engine = engine(&home);
    let (count, is_long) = (rounds(2_000, 10_000), rounds(0, 1) == 1);
    let length = Duration::from_secs(u64::try_from(rounds(4, 20)).unwrap());
    allow_open_files(count + 512);
    let home = home.with("JETON_LOG__LEVEL", "error");

    let server = home.serve_with(&[("JETON_HTTP__MAX_CONNECTIONS", &(count + 512).to_string())]);
    let client = server.client();
    client.register("alice@example.com").await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(client.login("alice@example.com").await);
    }
    refresh_all(&client, &mut sessions, Duration::from_secs(1)).await;
    let rest = resident(&server);
    let quiet = refresh_all(&client, &mut sessions, length).await;
    let crowd = Crowd::begin(&server, count);
    crowd.is_complete().await;
    let crowded = refresh_all(&client, &mut sessions, length).await;
    let most = resident(&server);
    let (open, opened) = crowd.end();
    assert!(open >= count * 4 / 5, "{open}");
    server.stop();

    let beyond = beyond_the_cap(&home, &mut sessions, count, is_long).await;

    assert_eq!((&quiet.errors, &crowded.errors), (&Vec::new(), &Vec::new()));
    let ratio = crowded.p(99).as_secs_f64() / quiet.p(99).as_secs_f64();
    let pair = |refreshed: &Refreshed| format!("{:.1?}, {:.1?}", refreshed.p(50), refreshed.p(99));
    Report::of("idle", engine)
        .figure("connections that are idle or slow", count)
        .figure("of them open on average, and made in all, as the server closed them", format!("{open}, {opened}"))
        .figure("refreshes beside them", crowded.took.len())
        .figure("refreshes that failed", crowded.errors.len())
        .figure("refresh before, median and p99", pair(&quiet))
        .figure("refresh beside them, median and p99", pair(&crowded))
        .figure("p99 beside them by p99 before", format!("{ratio:.2}"))
        .figure("memory before", format!("{} MiB", rest / MIB))
        .figure("memory beside them", format!("{} MiB", most / MIB))
        .figure("connections allowed, where there are too many", beyond.allowed)
        .figure("there: refresh on a connection that was there before, median and p99", pair(&beyond.refreshed))
        .figure("there: new connections that were answered within 30 s", beyond.answered)
        .figure("there: the wait of a new connection, median and longest", beyond.waits)
        .write();
    assert!(!is_long || ratio <= 2.0, "{ratio}");
}

struct Beyond {
    allowed: usize,
    refreshed: Refreshed,
    answered: String,
    waits: String,
}

/// The same crowd before a server that allows fewer connections: as it comes, in the long form.
async fn beyond_the_cap(home: &Home, sessions: &mut [Tokens], count: usize, is_long: bool) -> Beyond {
    let allowed = if is_long { 4_096 } else { count * 4 / 10 };
    let server = home.serve_with(&[("JETON_HTTP__MAX_CONNECTIONS", &allowed.to_string())]);
    let client = server.client();
    refresh_all(&client, sessions, Duration::from_secs(1)).await;
    let crowd = Crowd::begin(&server, count);
    // Every place is taken, and so is the queue of those that wait for one.
    let refreshed = refresh_all(&client, sessions, Duration::from_secs(3)).await;
    let tries = 16;
    let newcomers = (0..tries).map(|_| async {
        let sent = Instant::now();
        let request = server.client().request(reqwest::Method::GET, "/livez").timeout(Duration::from_secs(30));
        request.send().await.is_ok_and(|answer| answer.status() == 200).then(|| sent.elapsed())
    });
    let mut waits: Vec<_> = join_all(newcomers).await.into_iter().flatten().collect();
    crowd.end();
    server.stop();
    waits.sort_unstable();
    let (middle, last) = (waits.get(waits.len() / 2), waits.last());
    assert!(last.is_some(), "nobody comes in while there are too many");
    let answered = format!("{} of {tries}", waits.len());
    Beyond { allowed, refreshed, answered, waits: format!("{:.1?}, {:.1?}", middle.unwrap(), last.unwrap()) }
}

/// As the server does for itself.
fn allow_open_files(count: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let enough = maximum.is_none_or(|maximum| maximum >= count as u64 + 64);
    assert!(enough, "{count} connections need as many open files; the system allows {maximum:?} (ulimit -Hn)");
}

/// Half of them idle, half of them slow; one that the server closes comes again.
struct Crowd {
    ends: Arc<AtomicBool>,
    counts: Arc<Counts>,
    wanted: usize,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    opened: AtomicUsize,
    /// How many were open each time they were counted, since they all were.
    seen: Mutex<Vec<usize>>,
}

impl Crowd {
    fn begin(server: &Server, wanted: usize) -> Self {
        let target: SocketAddr = server.url.trim_start_matches("http://").parse().unwrap();
        let (ends, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let (until, counted) = (Arc::clone(&ends), Arc::clone(&counts));
        // A thread of its own, so that who refreshes does not wait for the crowd in here.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for number in 0..wanted {
                    tokio::spawn(stay(number, target, Arc::clone(&counted)));
                    if number % 50 == 0 {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                while !until.load(Ordering::Relaxed) {
                    counted.seen.lock().unwrap().push(counted.open.load(Ordering::Relaxed));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        Self { ends, counts, wanted, thread }
    }

    async fn is_complete(&self) {
        let began = Instant::now();
        while self.counts.open.load(Ordering::Relaxed) < self.wanted * 98 / 100 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", self.counts.open.load(Ordering::Relaxed));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.counts.seen.lock().unwrap().clear();
    }

    /// Those that were open on average, and those that were opened in all.
    fn end(self) -> (usize, usize) {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let seen = self.counts.seen.lock().unwrap();
        (seen.iter().sum::<usize>() / seen.len().max(1), self.counts.opened.load(Ordering::Relaxed))
    }
}

/// One of the crowd, until the runtime ends.
async fn stay(number: usize, target: SocketAddr, counts: Arc<Counts>) {
    let source = Ipv4Addr::new(127, 0, 1, 1 + u8::try_from(number % usize::from(SOURCES)).unwrap());
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        let Ok(connection) = socket.connect(target).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        counts.open.fetch_add(1, Ordering::Relaxed);
        counts.opened.fetch_add(1, Ordering::Relaxed);
        linger(connection, number.is_multiple_of(2)).await;
        counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Holds the connection until the server closes it.
async fn linger(mut connection: TcpStream, is_slow: bool) {
    let mut byte = [0];
    for sent in HEAD.iter().cycle() {
        let wait = if is_slow { Duration::from_secs(1) } else { Duration::from_secs(3_600) };
        match tokio::time::timeout(wait, connection.read(&mut byte)).await {
            Ok(Ok(1)) => {}
            Ok(_) => return,
            Err(_) if is_slow => {
                if connection.write_all(&[*sent]).await.is_err() {
                    return;
                }
            }
            Err(_) => {}
        }
    }
}
