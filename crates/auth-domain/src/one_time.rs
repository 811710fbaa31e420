//! One-time tokens: made, mailed, presented. The store keeps SHA-256 of the secret, and the secret itself only sealed, until
//! its mail is out.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::{
    AccountId, EmailAddress, Locale, OneTimeId, OneTimeToken, Purpose, Redeem, SealedBytes, Timestamp, TokenMail,
    TokenMailKind, TokenSecret,
};
use crate::ports::{Entropy, EntropyUnavailable, OneTimeTokens, StoreError, random};
use crate::sealing::{Seal, SealError, Sealer};

/// Secret scanners find a leaked token by this.
const PREFIX: &str = "jot_";
const SEAL: &str = "jeton/one-time/seal/v1";

/// The text of a one-time token: `jot_` and base64url of its id and its 32 secret bytes. Zeroed on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OneTimeText(String);

impl OneTimeText {
    /// The text, for its holder alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn of(id: OneTimeId, secret: &TokenSecret) -> Self {
        let bytes = Zeroizing::new([id.as_uuid().as_bytes().as_slice(), secret.as_bytes()].concat());
        // Room for all of it, so that no copy is left behind when it grows.
        let mut text = String::with_capacity(PREFIX.len() + 64);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Self(text)
    }
}

impl fmt::Debug for OneTimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeText(…)")
    }
}

/// What was presented as a token for this purpose, to be looked up; `None` when it has not the form of one.
#[must_use]
pub fn presented(text: &str, purpose: Purpose, now: Timestamp) -> Option<Redeem> {
    let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == 64)?;
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
    let (id, secret) = bytes.split_at_checked(16)?;
    let id = OneTimeId::from_uuid(Uuid::from_slice(id).ok()?);
    let secret = TokenSecret::from_bytes(secret.try_into().ok()?);
    Some(Redeem { id, secret_hash: secret.hash(), purpose, now })
}

/// Makes tokens.
pub(crate) struct OneTime {
    pub(crate) store: Arc<dyn OneTimeTokens>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sealer: Sealer,
}

/// What a token is to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) account: Option<AccountId>,
    pub(crate) bound_to: Option<Timestamp>,
    pub(crate) email: Option<&'a EmailAddress>,
    /// The mail that is to carry it, or, without one, what it carries.
    pub(crate) carries: Carries<'a>,
}

/// What is sealed into a token's row.
#[derive(Clone, Copy)]
pub(crate) enum Carries<'a> {
    /// Its own text, until this mail is out.
    Mail(TokenMailKind, Locale),
    /// State.
    State(&'a [u8]),
}

/// A token could not be made. The request can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenNotMade {
    /// The system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// It could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealError),
}

impl OneTime {
    /// Makes a token. It is in no store yet.
    pub(crate) fn make(&self, wanted: Wanted<'_>, now: Timestamp) -> Result<(OneTimeToken, OneTimeText), TokenNotMade> {
        let id = OneTimeId::new(now, random(&*self.entropy)?);
        let secret = TokenSecret::from_bytes(random(&*self.entropy)?);
        let text = OneTimeText::of(id, &secret);
        let (plain, mail) = match wanted.carries {
            Carries::Mail(kind, locale) => (text.expose().as_bytes(), Some(TokenMail { kind, locale, attempts: 0 })),
            Carries::State(state) => (state, None),
        };
        let name = id.to_string();
        let seal = Seal { purpose: SEAL, identity: &[&name, wanted.purpose.as_str()] };
        let sealed = SealedBytes { key_id: self.sealer.active(), bytes: self.sealer.seal(seal, plain)? };
        let token = OneTimeToken {
            id,
            purpose: wanted.purpose,
            account: wanted.account,
            secret_hash: secret.hash(),
            bound_to: wanted.bound_to,
            email: wanted.email.cloned(),
            sealed: Some(sealed),
            mail,
            created_at: now,
            expires_at: now.plus(wanted.purpose.lifetime()),
        };
        Ok((token, text))
    }

    /// Makes a token and keeps it.
    pub(crate) async fn add<E>(&self, wanted: Wanted<'_>, now: Timestamp) -> Result<OneTimeText, E>
    where
        E: From<TokenNotMade> + From<StoreError>,
    {
        let (token, text) = self.make(wanted, now)?;
        self.store.add(token).await?;
        Ok(text)
    }

    /// What was sealed into the token's row.
    pub(crate) fn open(&self, token: &OneTimeToken) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let Some(sealed) = &token.sealed else { return Ok(Zeroizing::default()) };
        let name = token.id.to_string();
        let seal = Seal { purpose: SEAL, identity: &[&name, token.purpose.as_str()] };
        self.sealer.open(seal, sealed.key_id, &sealed.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written_and_nothing_else_is() {
        let id = OneTimeId::from_uuid(Uuid::from_u128(7));
        let secret = TokenSecret::from_bytes([9; 32]);
        let text = OneTimeText::of(id, &secret);
        let now = Timestamp::from_secs(1);
        let read = presented(text.expose(), Purpose::Invite, now).unwrap();
        assert_eq!((read.id, read.secret_hash, read.purpose), (id, secret.hash(), Purpose::Invite));
        for length in 0..text.expose().len() {
            assert_eq!(presented(&text.expose()[..length], Purpose::Invite, now), None);
        }
        assert_eq!(presented(&format!("{}A", text.expose()), Purpose::Invite, now), None);
        assert_eq!(presented(&text.expose().replace("jot_", "jak_"), Purpose::Invite, now), None);
        assert!(!format!("{text:?}").contains(&text.expose()[4..]));
    }
}
