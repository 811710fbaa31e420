//! The storage adapters against real databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod corrupt;
mod housekeeping;
mod keys;
mod limits;
mod load;
mod migrations;
mod parity;
mod passwords;
mod postgres;
mod races;
mod rows;
mod scene;
mod sqlite;
mod upgrade;
mod upgrade_accounts;
