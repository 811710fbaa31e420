//! What Jeton survives: real servers, real databases, and faults that are made on purpose. One file a fault.
//!
//! `cargo xtask chaos` runs all of it at full length and writes the figures into `docs/explanation/reliability.md`; without
//! `JETON_SOAK=1` each scenario is a short form of itself.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "../it/end_to_end/client.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod client;
mod clock;
mod cluster;
mod cost;
mod crowd;
mod dice;
mod disk_full;
mod failover;
mod failpoints;
mod flood;
#[path = "../it/end_to_end/home.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod home;
mod idle;
mod journal;
mod kill;
mod lossy;
mod pgbouncer;
mod postgres_faults;
mod power_loss;
mod report;
mod restore;
mod shim;
mod simulated;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod support;
mod thief;
mod upgrade;

/// Makes two tests of each function: one on SQLite, one on PostgreSQL. The function gets a home of its own.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {$(
        mod $name {
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(crate::home::Home::on_sqlite()).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(crate::home::Home::on_postgres().await).await;
            }
        }
    )+};
}

use on_both_engines;

/// The kind of the home's database: a column of the figures.
fn engine(home: &home::Home) -> &'static str {
    if home.database_url().starts_with("sqlite:") { "SQLite" } else { "PostgreSQL" }
}

/// The size of a scenario: the small number, or the large one with `JETON_SOAK=1`.
fn rounds(usual: usize, soak: usize) -> usize {
    if std::env::var("JETON_SOAK").is_ok_and(|value| value == "1") { soak } else { usual }
}
