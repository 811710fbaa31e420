//! Random kill -9 while many clients refresh, use, sign out and replay, and a journal of all that they saw.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::crowd::{CLIENTS, Run, email};
use super::dice::Dice;
use super::home::Home;
use super::journal::{Line, Outcome, check};
use super::report::Report;
use super::{engine, on_both_engines, rounds};

on_both_engines!(i1_to_i5_i10_i12_hold_through_random_kills);

/// The longest that a server lives in one round.
const ROUND: Duration = Duration::from_secs(5);

/// SECURITY I1 to I5, I8, I10 and I12, checked from the history.
async fn i1_to_i5_i10_i12_hold_through_random_kills(home: Home) {
    let seed = std::env::var("JETON_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_731);
    let (engine, kills) = (engine(&home), rounds(15, 60));
    let journal = soak(home, seed, kills, |_, _| {}).await;
    let violations = check(&journal);
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    let count = |wanted: fn(&Line) -> bool| journal.iter().filter(|line| wanted(line)).count();
    let moved = count(|line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. }));
    let lost = count(|line| matches!(line, Line::Answered { outcome: Outcome::Unknown, .. }));
    let refused = count(|line| matches!(line, Line::Answered { outcome: Outcome::Refused, .. }));
    // A run in which nothing was lost or refused proves nothing.
    assert!(moved > 100 && lost > 5 && refused > 5, "{moved} {lost} {refused}");
    Report::of("kill", engine)
        .figure("kill -9", kills)
        .figure("refreshes that were answered", moved)
        .figure("answers that were lost", lost)
        .figure("requests that were refused", refused)
        .figure("violations of an invariant", violations.len())
        .write();
}

/// The test of the test: the same clients find out a server that loses commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_back_to_an_older_database_is_found() {
    let journal = soak(Home::on_sqlite(), 1, 4, |home, round| {
        let (data, copy) = (home.data(), home.folder().join("copy"));
        let (from, to) = if round == 0 { (&data, &copy) } else { (&copy, &data) };
        let of_database = |folder: &Path| {
            let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
            files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("jeton.db")).collect::<Vec<_>>()
        };
        fs::create_dir_all(to).unwrap();
        for file in of_database(to) {
            fs::remove_file(file).unwrap();
        }
        for file in of_database(from) {
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    })
    .await;
    let broken: BTreeSet<_> = check(&journal).into_iter().map(|violation| violation.invariant).collect();
    assert!(broken.contains("I4"), "{broken:?}");
}

/// Lets the clients work while the server is killed again and again. `meddle` is called after each kill.
pub(super) async fn soak(home: Home, seed: u64, rounds: usize, mut meddle: impl FnMut(&Home, usize)) -> Vec<Line> {
    // A retry without a key may come as late as a server takes to start again, and nothing may be refused for its age.
    let home = home.with("JETON_REFRESH__RETRY_WINDOW", "5m").with("JETON_TOKENS__ACCESS_TTL", "1d");
    let home = home.with("JETON_LOG__LEVEL", "warn");
    let run = Run::new();
    let mut dice = Dice::new(seed);
    let mut server = home.serve();
    for client in 0..CLIENTS {
        server.client().register(&email(client)).await;
    }
    run.open(&[&server.url]);
    let clients = run.begin(seed);

    for round in 0..rounds {
        run.wait_for(20 + dice.below(150), ROUND).await;
        server.kill();
        run.close();
        // Nobody is in the middle of anything from here on until the gate is open again.
        let quiet = run.gate.write().await;
        meddle(&home, round);
        // The server is to recover what is there by itself, so nobody opens it before.
        server = home.serve();
        run.write_rows(&home.database_url()).await;
        drop(quiet);
        run.open(&[&server.url]);
    }
    run.end();
    for client in clients {
        client.await.unwrap();
    }
    server.stop();
    run.journal()
}
