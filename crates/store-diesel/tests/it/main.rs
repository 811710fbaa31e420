//! The storage adapters against real databases.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod corrupt;
mod migrations;
mod parity;
mod postgres;
mod races;
mod scene;
mod sqlite;
