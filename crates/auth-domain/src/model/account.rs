//! Accounts: who can sign in.

use std::fmt;

use super::{AccountId, EmailAddress, Locale, OneTimeToken, PasswordHash, Redeem, SecurityEvent, Timestamp};

/// An account as its owner and an operator see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// Where its mail goes.
    pub email: EmailAddress,
    /// What its owner wants to be called.
    pub display_name: Option<DisplayName>,
    /// What it may do beyond its own affairs.
    pub roles: Vec<Role>,
    /// The language of its mails.
    pub locale: Locale,
    /// Since when it is known that its owner reads its mail.
    pub email_verified_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Since when it cannot sign in.
    pub disabled_at: Option<Timestamp>,
}

/// An account to register.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its identifier.
    pub id: AccountId,
    /// Where its mail goes; unique in its canonical form.
    pub email: EmailAddress,
    /// What its owner wants to be called.
    pub display_name: Option<DisplayName>,
    /// What it may do beyond its own affairs.
    pub roles: Vec<Role>,
    /// The hash of its password; `None` for one that signs in by a passkey or sets a password by mail.
    pub password_hash: Option<PasswordHash>,
    /// The language of its mails.
    pub locale: Locale,
    /// Whether it is known that its owner reads its mail.
    pub email_verified: bool,
    /// When it is registered.
    pub created_at: Timestamp,
    /// An invitation to use up in the same step.
    pub invite: Option<Redeem>,
    /// A token to add in the same step, which its mail is to carry.
    pub verification: Option<OneTimeToken>,
    /// Recorded in the same step.
    pub event: SecurityEvent,
}

/// Which accounts to read, in the order of their canonical addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountQuery {
    /// How the canonical address begins; empty for all.
    pub prefix: String,
    /// Only those whose canonical address comes after this.
    pub after: Option<String>,
    /// The most that are read.
    pub limit: u32,
}

/// An account and what proves it.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The hash of its password; `None` when it has no password.
    pub password_hash: Option<PasswordHash>,
    /// When the password was last set; `None` when it is the one that it was registered with.
    pub password_changed_at: Option<Timestamp>,
    /// Whether a second factor must follow the password.
    pub second_factor: bool,
}

/// A name to call somebody by: 1 to 100 characters, none of them a control character, no white space around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// Why a display name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a display name has 1 to 100 characters and no control characters")]
pub struct InvalidDisplayName;

impl DisplayName {
    /// Takes a name as it was typed.
    ///
    /// # Errors
    /// When nothing but white space is left, it is too long, or it has control characters.
    pub fn new(typed: &str) -> Result<Self, InvalidDisplayName> {
        let name = typed.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(InvalidDisplayName);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a role, such as `admin`: 1 to 64 of `a-z 0-9 _ - :`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(String);

/// Why a role's name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; a role has 1 to 64 of a-z, 0-9, `_`, `-`, `:`")]
pub struct UnknownRole(pub String);

impl Role {
    /// Takes a role by its name.
    ///
    /// # Errors
    /// When the name has other characters, none, or too many.
    pub fn new(name: &str) -> Result<Self, UnknownRole> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-:".contains(&byte);
        if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(UnknownRole(name.to_owned()))
        }
    }

    /// The role of those who may use the operators' routes.
    pub const ADMIN: &str = "admin";

    /// Whether it is the role of operators.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }

    /// The role's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_with_a_space_is_refused_since_stores_keep_them_in_one_line() {
        assert!(Role::new("ad min").is_err());
        assert!(Role::new("").is_err());
        assert_eq!(Role::new("billing:read").map(|role| role.to_string()), Ok("billing:read".to_owned()));
    }

    #[test]
    fn a_display_name_is_trimmed_and_cannot_break_a_line() {
        assert_eq!(DisplayName::new("  Alice ").map(|name| name.as_str().to_owned()), Ok("Alice".to_owned()));
        assert!(DisplayName::new(" ").is_err());
        assert!(DisplayName::new("Ali\nce").is_err());
        assert!(DisplayName::new(&"a".repeat(101)).is_err());
    }
}
