//! The binary as its users meet it: real processes, real HTTP, both engines, and kill -9.

mod cli;
mod client;
mod cluster;
mod connections;
mod control;
mod crash;
mod deaf;
mod deploy;
mod doctor;
mod events;
mod home;
mod housekeeping;
mod import;
mod import_many;
mod keys;
mod limits;
mod mail;
mod main_job;
mod master_key;
mod one_time;
mod operations;
mod owner;
mod propagation;
mod python;
mod races;
mod rotation;
mod secrets;
mod settings;
mod shell;
mod start;
mod stolen;
mod timing;
mod totp;
mod verify;
mod verify_batch;
mod webhooks;
mod world;

/// Makes two tests of each function: one on SQLite, one on PostgreSQL. The function gets a home of its own.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {$(
        mod $name {
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(crate::end_to_end::home::Home::on_sqlite()).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name(crate::end_to_end::home::Home::on_postgres().await).await;
            }
        }
    )+};
}

use on_both_engines;

/// The size of a long test: the small number, or the large one with `JETON_SOAK=1`.
fn rounds(usual: usize, soak: usize) -> usize {
    if std::env::var("JETON_SOAK").is_ok_and(|value| value == "1") { soak } else { usual }
}
