//! The domain on its in-memory adapters: the contract suite, the rulings, the use cases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod admin;
mod api_key;
mod argon2id;
mod classify;
mod contract;
mod feed;
mod keys;
mod login;
mod protocol;
mod refresh;
mod session;
mod webhook;
mod world;
