//! One-time tokens: random, stored as a hash, good once, for one purpose, for a while.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{AccountId, EmailAddress, Locale, OneTimeId, Timestamp, TokenHash};

/// What a one-time token is for. A token for one purpose is nothing anywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Proves that its holder reads the account's mail.
    VerifyEmail,
    /// Sets a new password in the place of the one that the account had when the token was made.
    ResetPassword,
    /// Proves that its holder reads the mail of the new address.
    ChangeEmail,
    /// Registers an account where registration needs an invitation.
    Invite,
    /// Goes on with a login whose password was right, by a second factor.
    SecondFactor,
    /// Ends what was begun with a passkey.
    Passkey,
}

/// A purpose that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown purpose of a one-time token: {0}")]
pub struct UnknownPurpose(pub String);

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::VerifyEmail, Self::ResetPassword, Self::ChangeEmail, Self::Invite, Self::SecondFactor, Self::Passkey];

    /// The stable name, as stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::Invite => "invite",
            Self::SecondFactor => "second_factor",
            Self::Passkey => "passkey",
        }
    }

    /// How long such a token is good.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        Duration::from_secs(match self {
            Self::VerifyEmail | Self::ChangeEmail => 24 * 3_600,
            Self::ResetPassword => 30 * 60,
            Self::Invite => 7 * 86_400,
            Self::SecondFactor | Self::Passkey => 5 * 60,
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name).ok_or_else(|| UnknownPurpose(name.to_owned()))
    }
}

/// A one-time token as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Its identifier.
    pub id: OneTimeId,
    /// What it is for.
    pub purpose: Purpose,
    /// The account that it is for. `None` for an invitation, for a passkey that is yet to say whose it is, and for one that
    /// is good for nothing: it is kept in place of a real one where nobody must see the difference.
    pub account: Option<AccountId>,
    /// SHA-256 of its secret.
    pub secret_hash: TokenHash,
    /// When the account's password was last changed, as of the token's making: it dies with that password.
    pub bound_to: Option<Timestamp>,
    /// The address that it is about and is mailed to.
    pub email: Option<EmailAddress>,
    /// What else it carries, sealed: the secret, until it has been mailed; the state of what was begun.
    pub sealed: Option<SealedBytes>,
    /// The mail that carries it, and what became of that.
    pub mail: Option<TokenMail>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From here on it is good for nothing.
    pub expires_at: Timestamp,
}

/// Bytes that were sealed under a master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBytes {
    /// The id of the master key.
    pub key_id: u8,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for SealedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedBytes").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The mail that carries a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenMail {
    /// Which mail.
    pub kind: TokenMailKind,
    /// In which language.
    pub locale: Locale,
    /// How many attempts to send it were made.
    pub attempts: u32,
}

/// Which mail carries a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenMailKind {
    /// Confirm the address of a new account.
    VerifyEmail,
    /// Set a new password.
    ResetPassword,
    /// Confirm the new address of an account.
    ChangeEmail,
    /// Somebody wanted to register with the address of an account; here is how to set a new password.
    AlreadyRegistered,
    /// You are invited.
    Invite,
}

impl TokenMailKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::VerifyEmail, Self::ResetPassword, Self::ChangeEmail, Self::AlreadyRegistered, Self::Invite];

    /// The stable name, as stores and templates write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::AlreadyRegistered => "already_registered",
            Self::Invite => "invite",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A token that was presented, to be used up in the same step as what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeem {
    /// The token.
    pub id: OneTimeId,
    /// SHA-256 of the secret that was presented.
    pub secret_hash: TokenHash,
    /// What it must be for.
    pub purpose: Purpose,
    /// Now: it must not have expired.
    pub now: Timestamp,
}

impl Redeem {
    /// Whether it is this token, still good for an account whose password was last changed then.
    #[must_use]
    pub fn fits(&self, token: &OneTimeToken, password_changed_at: Option<Timestamp>) -> bool {
        token.id == self.id
            && token.secret_hash == self.secret_hash
            && token.purpose == self.purpose
            && self.now < token.expires_at
            && token.bound_to == password_changed_at
    }
}
