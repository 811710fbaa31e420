//! What proves who somebody is, and the adapters that check it.

#[cfg(feature = "argon2")]
mod argon2id;

#[cfg(feature = "argon2")]
pub use argon2id::{Argon2Settings, Argon2id, InvalidArgon2Settings};
