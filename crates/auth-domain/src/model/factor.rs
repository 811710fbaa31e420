//! Second factors: one-time passwords by an app, recovery codes, passkeys.

use super::{AccountId, PasskeyId, SealedBytes, Timestamp};

/// What an account has beside its password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Its app for one-time passwords.
    pub totp: Option<Totp>,
    /// Its passkeys, oldest first (by `created_at`, then id).
    pub passkeys: Vec<Passkey>,
    /// How many recovery codes were not used yet.
    pub recovery_codes: u32,
}

impl Factors {
    /// Whether a password alone does not sign in.
    #[must_use]
    pub fn are_required(&self) -> bool {
        self.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()) || !self.passkeys.is_empty()
    }

    /// What may follow the password, by the names that clients know: `totp`, `passkey`, `recovery_code`.
    #[must_use]
    pub fn methods(&self) -> Vec<&'static str> {
        let totp = self.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some());
        let offered =
            [(totp, "totp"), (!self.passkeys.is_empty(), "passkey"), (self.recovery_codes > 0, "recovery_code")];
        offered.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
    }
}

/// An app for one-time passwords (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    /// Its secret, sealed.
    pub secret: SealedBytes,
    /// Since when it counts: its owner has shown one password of it.
    pub confirmed_at: Option<Timestamp>,
    /// The last step whose password was accepted: none is accepted twice, and none before it.
    pub last_step: u64,
}

/// A passkey (`WebAuthn` credential).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its identifier here.
    pub id: PasskeyId,
    /// Whose it is.
    pub account: AccountId,
    /// Its credential id, unique among all accounts.
    pub credential_id: Vec<u8>,
    /// What its owner calls it.
    pub name: String,
    /// Public key and counter, as the adapter that verifies it keeps them: JSON.
    pub data: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Option<Timestamp>,
}
