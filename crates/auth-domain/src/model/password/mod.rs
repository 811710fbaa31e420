//! Passwords: their normal form, what is kept of them, and which may be set.

mod block_list;
mod breach;
mod pattern;
mod policy;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

pub use block_list::BlockList;
pub use breach::{NotARange, PasswordDigest};
pub use policy::{ContextWord, PasswordContext, PasswordPolicy, PasswordRefused};

/// A password in Unicode NFC, not longer than [`Password::MAX_BYTES`]. Never cut, never printed, zeroed on drop.
#[derive(Clone)]
pub struct Password(SecretString);

/// The password has more than [`Password::MAX_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password is longer than {} bytes", Password::MAX_BYTES)]
pub struct PasswordTooLong;

impl Password {
    /// The longest password that is ever hashed, in bytes of UTF-8, before and after normalisation.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as it was typed.
    ///
    /// # Errors
    /// When it is too long. Nothing else is refused here: rules for new passwords are in [`PasswordPolicy`].
    pub fn new(typed: &str) -> Result<Self, PasswordTooLong> {
        if typed.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // Room for the longest expansion, so that no copy of the password is left behind by a reallocation.
        let mut normal = String::with_capacity(typed.len() * 3);
        normal.extend(typed.nfc());
        if normal.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        Ok(Self(SecretString::from(normal)))
    }

    /// A password that nobody has, hashed in place of one that may not be.
    #[must_use]
    pub fn placeholder() -> Self {
        Self(SecretString::from("no account has this password"))
    }

    /// The normalised bytes, for hashing.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }

    /// The normalised text.
    pub(crate) fn text(&self) -> &str {
        self.0.expose_secret()
    }

    /// The number of Unicode code points.
    #[must_use]
    pub fn code_points(&self) -> usize {
        self.0.expose_secret().chars().count()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password's hash with its parameters: a PHC string, or as the software wrote it that it was imported from.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Takes what the hashing port or a store gives.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, for the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_a_password_that_grows_beyond_the_limit_by_normalisation_is_refused() {
        // U+FB2C is 3 bytes, its NFC form 6.
        assert!(Password::new(&"\u{fb2c}".repeat(300)).is_err());
    }

    #[test]
    fn p5_every_character_counts_up_to_the_limit() {
        let long = Password::new(&"a".repeat(1024)).unwrap();
        assert_eq!(long.expose().len(), 1024);
    }

    #[test]
    fn p6_two_spellings_of_one_text_are_one_password() {
        let composed = Password::new("caf\u{e9} au lait s'il").unwrap();
        let decomposed = Password::new("cafe\u{301} au lait s'il").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
    }

    #[test]
    fn a_password_and_its_hash_never_show_themselves() {
        let shown = format!("{:?} {:?}", Password::new("hunter2").unwrap(), PasswordHash::new("$argon2id$".into()));
        assert_eq!(shown, "Password(…) PasswordHash(…)");
    }
}
