//! What proves who somebody is, and the adapters that check it.

#[cfg(feature = "argon2")]
mod argon2id;
mod new_password;
#[cfg(feature = "argon2")]
mod stored_hash;
#[cfg(feature = "strength")]
mod strength;

#[cfg(feature = "argon2")]
pub use argon2id::{Argon2Settings, Argon2id, HashingWatch, InvalidArgon2Settings};
pub use new_password::accept;
#[cfg(feature = "argon2")]
pub use stored_hash::UnusableHash;
#[cfg(feature = "strength")]
pub use strength::{Strength, strength};
