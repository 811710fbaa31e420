//! Passwords: their normal form, their length, and what is kept of them.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

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

/// A password's hash with its parameters, as a PHC string.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Takes a PHC string from the hashing port or from a store.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(SecretString::from(phc))
    }

    /// The PHC string, for the store.
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

/// What a new password must satisfy (NIST SP 800-63B-4 §3.1.1.2): a length, and no rules of composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
}

/// Why a new password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer code points than the policy asks for.
    #[error("the password has {length} characters; at least {min} are needed, and a few words make a good one")]
    TooShort {
        /// How many code points it has.
        length: usize,
        /// How many it needs.
        min: usize,
    },
    /// More bytes than are ever hashed.
    #[error(transparent)]
    TooLong(#[from] PasswordTooLong),
}

impl PasswordPolicy {
    /// No policy goes below this, whatever is configured.
    pub const FLOOR: usize = 8;

    /// A policy that asks for `min_length` code points, at least [`Self::FLOOR`].
    #[must_use]
    pub fn new(min_length: usize) -> Self {
        Self { min_length: min_length.clamp(Self::FLOOR, Password::MAX_BYTES) }
    }

    /// Takes a password that somebody wants to set.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn check(&self, typed: &str) -> Result<Password, PasswordRefused> {
        let password = Password::new(typed)?;
        match password.code_points() {
            length if length < self.min_length => Err(PasswordRefused::TooShort { length, min: self.min_length }),
            _ => Ok(password),
        }
    }
}

/// 15 code points.
impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::new(15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_fifteen_characters_are_needed_by_default() {
        let policy = PasswordPolicy::default();
        assert!(matches!(policy.check(&"a".repeat(14)), Err(PasswordRefused::TooShort { length: 14, min: 15 })));
        assert!(policy.check(&"a".repeat(15)).is_ok());
    }

    #[test]
    fn p1_no_policy_goes_below_eight() {
        assert!(PasswordPolicy::new(1).check("1234567").is_err());
        assert!(PasswordPolicy::new(1).check("12345678").is_ok());
    }

    #[test]
    fn p2_length_is_counted_in_code_points_and_64_are_allowed() {
        assert!(PasswordPolicy::default().check(&"한".repeat(14)).is_err());
        assert!(PasswordPolicy::default().check(&"한".repeat(64)).is_ok());
    }

    #[test]
    fn p2_more_than_1024_bytes_are_refused() {
        assert!(PasswordPolicy::default().check(&"a".repeat(1024)).is_ok());
        assert_eq!(PasswordPolicy::default().check(&"a".repeat(1025)).err(), Some(PasswordTooLong.into()));
    }

    #[test]
    fn p2_a_password_that_grows_beyond_the_limit_by_normalisation_is_refused() {
        // U+FB2C is 3 bytes, its NFC form 6.
        assert!(Password::new(&"\u{fb2c}".repeat(300)).is_err());
    }

    #[test]
    fn p3_no_kind_of_character_is_asked_for() {
        for typed in ["aaaaaaaaaaaaaaaa", "                ", "1111111111111111", "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀"]
        {
            assert!(PasswordPolicy::default().check(typed).is_ok(), "{typed}");
        }
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
