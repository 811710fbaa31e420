//! The domain on its in-memory adapters: the contract suite, the rulings, the use cases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod admin;
mod api_key;
mod argon2id;
mod claims;
mod classify;
mod contract;
mod factors;
mod feed;
mod foreign;
mod keys;
mod login;
mod own_store;
mod passwords;
mod protocol;
mod recovery;
mod refresh;
mod session;
mod single_device;
mod throttle;
mod webhook;
mod world;
