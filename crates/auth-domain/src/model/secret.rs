//! Secrets and what is kept of them. Each has its own type, none can be printed, all compare in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

bytes32!(
    /// The 32 secret bytes of one generation of a refresh token. Only the client keeps them.
    TokenSecret
);
bytes32!(
    /// SHA-256 of a [`TokenSecret`]: what the store keeps of it.
    TokenHash
);
bytes32!(
    /// The fresh random bytes that a rotation stores and its successor is derived from.
    Nonce
);
bytes32!(
    /// SHA-256 of an [`IdempotencyKey`]: what the store keeps of it.
    AttemptHash
);

impl TokenSecret {
    /// What the store keeps of this secret.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(&self.0))
    }
}

/// The `Idempotency-Key` of a refresh request: the client keeps it beside the token before it sends, and can repeat the
/// request with it at any later time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct IdempotencyKey(String);

/// Why an `Idempotency-Key` was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key has 16 to 255 visible ASCII characters; a random UUID is a good one")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Takes the header's value.
    ///
    /// # Errors
    /// Fewer than 16 characters (it could be guessed), more than 255, or one that is not visible ASCII.
    pub fn new(key: &str) -> Result<Self, InvalidIdempotencyKey> {
        if (16..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(key.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }

    /// What the store keeps of this key.
    #[must_use]
    pub fn hash(&self) -> AttemptHash {
        AttemptHash(sha256(self.0.as_bytes()))
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

fn sha256(data: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    let mut out = [0; 32];
    // SHA-256 is 32 bytes by definition, so the lengths always agree.
    out.copy_from_slice(digest.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_shows_itself_in_debug() {
        let shown = format!("{:?} {:?}", TokenSecret::from_bytes([65; 32]), IdempotencyKey::new(&"A".repeat(16)));
        assert!(!shown.contains("65") && !shown.contains("AAAA"), "{shown}");
    }

    #[test]
    fn an_idempotency_key_that_could_be_guessed_is_refused() {
        assert_eq!(IdempotencyKey::new("15-characters-x").err(), Some(InvalidIdempotencyKey));
        assert_eq!(IdempotencyKey::new(&"a".repeat(256)).err(), Some(InvalidIdempotencyKey));
        assert_eq!(IdempotencyKey::new("with a space in it").err(), Some(InvalidIdempotencyKey));
    }

    #[test]
    fn the_hash_of_a_secret_is_its_sha_256() {
        let hash = TokenSecret::from_bytes([0; 32]).hash();
        assert_eq!(hash.as_bytes()[..4], [0x66, 0x68, 0x7a, 0xad]);
    }
}
