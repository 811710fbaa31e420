//! Passkeys: the ceremonies of `WebAuthn` Level 3, as one adapter verifies them.

use crate::model::{AccountId, Passkey};

/// Begins and ends ceremonies. It computes and keeps nothing: what must be kept between the two travels as `state`, sealed.
pub trait WebAuthn: Send + Sync + 'static {
    /// Begins to add a passkey (§7.1). Those that exist are excluded.
    fn begin_registration(&self, user: PasskeyUser<'_>, existing: &[Passkey]) -> Result<Ceremony, WebAuthnError>;

    /// Ends it with the browser's answer (JSON).
    fn finish_registration(&self, state: &[u8], answer: &str) -> Result<NewPasskey, WebAuthnError>;

    /// Begins to sign in with one of these (§7.2), or, when there are none, with whichever the browser holds.
    fn begin_authentication(&self, allowed: &[Passkey]) -> Result<Ceremony, WebAuthnError>;

    /// The credential id that the browser's answer (JSON) names. Nothing is verified yet.
    fn credential_id(&self, answer: &str) -> Result<Vec<u8>, WebAuthnError>;

    /// Ends it with the browser's answer, by this passkey. The user was verified (by a gesture, a PIN) on the authenticator.
    fn finish_authentication(
        &self,
        state: &[u8],
        answer: &str,
        passkey: &Passkey,
    ) -> Result<UsedPasskey, WebAuthnError>;
}

/// Whose a new passkey is to be.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyUser<'a> {
    /// The account: the user handle.
    pub account: AccountId,
    /// Its mail address.
    pub name: &'a str,
    /// What it wants to be called.
    pub display_name: &'a str,
}

/// A ceremony that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// What the browser needs: `PublicKeyCredentialCreationOptions` or `…RequestOptions`, as JSON.
    pub options: String,
    /// What its end needs.
    pub state: Vec<u8>,
}

/// A passkey that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its credential id.
    pub credential_id: Vec<u8>,
    /// Public key and counter, as [`Passkey::data`].
    pub data: String,
}

/// A passkey that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedPasskey {
    /// Public key and counter from now on, as [`Passkey::data`].
    pub data: String,
}

/// A ceremony failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebAuthnError {
    /// The browser's answer is not one, or does not verify.
    #[error("the passkey's answer is refused: {0}")]
    Refused(String),
    /// The ceremony could not be begun.
    #[error("the passkey cannot be asked: {0}")]
    Unable(String),
}
