//! A network that loses 30 % of the answers, repeats 10 % of the requests and delays, for 30 simulated days of one honest client.

mod client;
mod network;

use std::collections::HashMap;

use super::home::Home;
use super::report::Report;
use super::rounds;
use super::simulated::{DAY, Micros, Simulated};
use super::support::Tokens;
use client::{Behaviour, Client, Next};
use network::{Event, Network, Weather};

const SEED: u64 = 20_261_001;

/// What came of a client's days.
#[derive(Default)]
struct Run {
    days: u64,
    /// Successors that the client stored.
    refreshes: u64,
    sent: u64,
    lost: u64,
    copies: u64,
    false_logouts: u64,
    /// When each request arrived, and what the server said.
    trace: Vec<(Micros, u16)>,
}

impl Run {
    fn add(mut self, other: &Self) -> Self {
        self.days += other.days;
        self.refreshes += other.refreshes;
        self.sent += other.sent;
        self.lost += other.lost;
        self.copies += other.copies;
        self.false_logouts += other.false_logouts;
        self
    }
}

fn weather(behaviour: Behaviour) -> Weather {
    Weather { lost: 30, repeated: 10, silence: behaviour.silence() }
}

/// Lets one client live through some days.
async fn live(server: &Simulated, behaviour: Behaviour, with_keys: bool, days: u64, seed: u64) -> Run {
    let mut network = Network::new(weather(behaviour), seed);
    let mut client = Client::new(behaviour, with_keys, seed + 1);
    let mut run = Run { days, ..Run::default() };
    // SECURITY I1: a token has one successor, however often it is presented.
    let mut successors = HashMap::<String, String>::new();
    server.set(0);
    client.store(server.login().await.refresh, 0);
    for tab in 0..behaviour.tabs() {
        network.at(client.next_due(), Event::Due { tab });
    }
    while let Some((now, event)) = network.next() {
        if now >= days * DAY {
            break;
        }
        let (tab, next) = match event {
            Event::Due { tab } => (tab, client.due(tab, now)),
            Event::Lost { request } => {
                run.lost += 1;
                (request.tab, client.lost(&request, now))
            }
            Event::Answered { request, successor } => {
                run.refreshes += u64::from(successor.is_some());
                (request.tab, client.answered(&request, successor, now))
            }
            Event::Arrives { request, is_copy } => {
                server.set(now);
                let answer = server.refresh(&request.token, request.key.as_deref()).await;
                run.trace.push((now, answer.status));
                let successor = (answer.status == 200).then(|| Tokens::of(&answer).refresh);
                assert!(successor.is_some() || answer.status == 401, "{}", answer.text());
                if let Some(successor) = &successor {
                    let first = successors.entry(request.token.clone()).or_insert_with(|| successor.clone());
                    assert_eq!(first, successor, "two successors of one token");
                }
                if is_copy {
                    run.copies += 1;
                } else {
                    network.answer(now, request, successor);
                }
                continue;
            }
        };
        match next {
            Next::Send(request) => {
                run.sent += 1;
                network.send(now, request);
            }
            Next::Wait(until) => network.at(until, Event::Due { tab }),
            Next::SignIn => {
                run.false_logouts += 1;
                server.set(now);
                client.store(server.login().await.refresh, now);
                network.at(client.next_due(), Event::Due { tab });
            }
        }
    }
    run
}

/// All behaviours in memory, from several seeds each, as one column of the figures.
async fn column(name: &'static str, with_keys: bool, check: impl Fn(Behaviour, &Run)) {
    let (seeds, days) = (rounds(1, 3) as u64, rounds(10, 30) as u64);
    let mut report = Report::of("lossy", name);
    let mut all = Run::default();
    for behaviour in Behaviour::ALL {
        let mut sum = Run::default();
        for seed in 0..seeds {
            let server = Simulated::in_memory().await;
            sum = sum.add(&live(&server, behaviour, with_keys, days, SEED + 100 * seed).await);
        }
        check(behaviour, &sum);
        let figure = format!("{} in {} days, {} refreshes", sum.false_logouts, sum.days, sum.refreshes);
        report = report.figure(&format!("false logouts: {}", behaviour.words()), figure);
        all = all.add(&sum);
    }
    report
        .figure("requests that the clients sent", all.sent)
        .figure("answers lost", all.lost)
        .figure("requests delivered twice", all.copies)
        .write();
}

/// SECURITY I8. Tabs that do not look refresh twice within seconds; a copy of the first request that comes after that is two
/// generations old, which nobody can tell from a theft.
#[tokio::test]
async fn i8_a_client_with_keys_is_never_logged_out_by_the_network() {
    column("with keys", true, |behaviour, run| {
        assert!(run.refreshes > 10 && run.lost > 10 && run.copies > 0, "{behaviour:?}: {}", run.refreshes);
        assert!(run.false_logouts == 0 || behaviour == Behaviour::TwoHastyTabs, "{behaviour:?}: {}", run.false_logouts);
    })
    .await;
}

/// Without keys nothing is promised beyond the window and the budget. It is the test of the test, too: the same clients on
/// the same network are logged out.
#[tokio::test]
async fn without_keys_the_window_and_the_budget_decide() {
    column("without keys", false, |behaviour, run| {
        let always = matches!(behaviour, Behaviour::Waits | Behaviour::NextStart);
        assert!(!always || run.false_logouts > 0, "{behaviour:?}: {}", run.false_logouts);
    })
    .await;
}

/// SECURITY I8 on the engines themselves: every single answer is the one that the stores in memory gave.
async fn i8_holds_on(home: Home, name: &'static str) {
    let days = rounds(1, 30) as u64;
    let server = Simulated::on(home).await;
    let mut sums = Vec::new();
    for with_keys in [true, false] {
        let memory = Simulated::in_memory().await;
        let expected = live(&memory, Behaviour::Patient, with_keys, days, SEED).await;
        let run = live(&server, Behaviour::Patient, with_keys, days, SEED).await;
        assert_eq!(run.trace, expected.trace);
        sums.push(run);
    }
    server.close().await;
    assert_eq!(sums[0].false_logouts, 0);
    for (run, column) in sums.iter().zip(["with keys", "without keys"]) {
        println!("{name}, {column}: {} of {} refreshes", run.false_logouts, run.refreshes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_sqlite_answers_each_request_as_memory_does() {
    i8_holds_on(Home::on_sqlite(), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_postgresql_answers_each_request_as_memory_does() {
    i8_holds_on(Home::on_postgres().await, "PostgreSQL").await;
}
