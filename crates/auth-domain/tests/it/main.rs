//! The domain on its in-memory adapters: the contract suite, the rulings, the use cases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod argon2id;
mod classify;
mod contract;
mod feed;
mod login;
mod protocol;
mod refresh;
mod session;
mod world;
