//! SQLite loses power: what was not flushed is gone, or there in part. SECURITY I1 to I5, I8, I10 and I12 hold all the same.

mod disk;

use std::collections::BTreeSet;
use std::fs;

use store_diesel::testing::sqlite_integrity;

use super::dice::Dice;
use super::home::Home;
use super::journal::{Line, Outcome, check};
use super::kill::soak;
use super::report::Report;
use super::shim::{PRELOAD, compiled};
use super::{engine, rounds};

/// What a run left.
struct Run {
    journal: Vec<Line>,
    losses: usize,
    /// Sectors of 512 bytes that were written and not flushed: those that are gone, and those that are there.
    gone: usize,
    there: usize,
}

async fn run(home: Home, seed: u64, losses: usize) -> Run {
    let (data, shadow) = (home.data(), home.folder().join("shadow"));
    // The shim follows a folder that is there when the server starts.
    fs::create_dir_all(&data).unwrap();
    disk::prepare(&shadow);
    let shim = compiled("power_loss/shim.c", home.folder());
    let home = home
        .with(PRELOAD, shim.to_str().unwrap())
        .with("SHIM_SHADOWED", data.to_str().unwrap())
        .with("SHIM_SHADOW", shadow.to_str().unwrap());
    let (mut gone, mut there) = (0, 0);
    let mut dice = Dice::new(seed);
    let journal = soak(home, seed, losses, |home, _| {
        let lost = disk::lose_power(&data, &shadow, &mut dice);
        (gone, there) = (gone + lost.gone, there + lost.there);
        // On a copy: the server is to recover what is there by itself.
        let copy = home.folder().join("copy");
        fs::create_dir_all(&copy).unwrap();
        for name in ["jeton.db", "jeton.db-wal"] {
            let _ = fs::remove_file(copy.join(name));
            if data.join(name).exists() {
                fs::copy(data.join(name), copy.join(name)).unwrap();
            }
        }
        let _ = fs::remove_file(copy.join("jeton.db-shm"));
        assert_eq!(sqlite_integrity(&copy.join("jeton.db")), "ok", "seed {seed}");
    })
    .await;
    Run { journal, losses, gone, there }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_and_the_database_is_whole() {
    let seed = std::env::var("JETON_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_801);
    let home = Home::on_sqlite();
    let column = engine(&home);
    let run = run(home, seed, rounds(12, 120)).await;
    let violations = check(&run.journal);
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    let moved = |line: &&Line| matches!(line, Line::Answered { outcome: Outcome::Successor { .. }, .. });
    let answered = run.journal.iter().filter(moved).count();
    // A run in which everything had been flushed proves nothing.
    assert!(answered > 100 && run.gone > 5 && run.gone + run.there > 10, "{answered} {} {}", run.gone, run.there);
    Report::of("power_loss", column)
        .figure("losses of power", run.losses)
        .figure("refreshes that were answered", answered)
        .figure("sectors of 512 bytes that were written, not flushed, and lost", run.gone)
        .figure("sectors that were written, not flushed, and kept", run.there)
        .figure("violations of an invariant", violations.len())
        .write();
}

/// The test of the test: where SQLite does not flush before it answers, the same run finds commits that are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_flush_each_commit_is_found() {
    let home = Home::on_sqlite().with("FAILPOINTS", "sqlite-synchronous=return(NORMAL)");
    let run = run(home, 1, 4).await;
    let broken: BTreeSet<_> = check(&run.journal).into_iter().map(|violation| violation.invariant).collect();
    assert!(broken.contains("I4"), "{broken:?}");
}
