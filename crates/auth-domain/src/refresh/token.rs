//! The refresh token: its form, its tag, and what it proves before any database is asked.
//!
//! `jrt_` + base64url of `version:u8 | key_id:u8 | session_id:16 | generation:u32 BE | secret:32 | tag:16`. The tag refuses
//! rubbish without a look-up and proves that even an old token was issued here, so that no history of tokens is kept.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::chain::{RotationKeys, TAG, TAG_LABEL};
use crate::model::{SessionId, TokenSecret};

const PREFIX: &str = "jrt_";
const VERSION: u8 = 1;
const TAGGED: usize = 1 + 1 + 16 + 4 + 32;
/// Characters of the base64url part: 70 bytes without padding.
const ENCODED: usize = 94;

/// A refresh token whose tag has been verified: it was issued here, at some time.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedToken {
    /// Its session.
    pub session: SessionId,
    /// Its place in the session's chain.
    pub generation: u32,
    /// Its secret.
    pub secret: TokenSecret,
}

/// A refresh token to give to a client. Zeroed on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RefreshToken(String);

/// The text is not a refresh token that was issued here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token that was issued here")]
pub struct NotIssuedHere;

impl RefreshToken {
    /// Writes and tags the token of a generation, under the master key `key_id`.
    ///
    /// # Errors
    /// When there is no such master key.
    pub(crate) fn seal(
        keys: &RotationKeys,
        key_id: u8,
        session: SessionId,
        generation: u32,
        secret: &TokenSecret,
    ) -> Result<Self, NotIssuedHere> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TAGGED + TAG));
        bytes.extend_from_slice(&[VERSION, key_id]);
        bytes.extend_from_slice(session.as_uuid().as_bytes());
        bytes.extend_from_slice(&generation.to_be_bytes());
        bytes.extend_from_slice(secret.as_bytes());
        let tag = keys.tag(key_id, TAG_LABEL, &bytes).ok_or(NotIssuedHere)?;
        bytes.extend_from_slice(&tag);
        let mut text = String::with_capacity(PREFIX.len() + ENCODED);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        Ok(Self(text))
    }

    /// Seals a token of a test's own making.
    ///
    /// # Errors
    /// When there is no such master key.
    #[cfg(any(fuzzing, feature = "testing"))]
    pub fn seal_presented(keys: &RotationKeys, key_id: u8, token: &PresentedToken) -> Result<Self, NotIssuedHere> {
        Self::seal(keys, key_id, token.session, token.generation, &token.secret)
    }

    /// The token's text, for the client alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, generation, .. } = self;
        f.debug_struct("PresentedToken")
            .field("session", session)
            .field("generation", generation)
            .finish_non_exhaustive()
    }
}

impl PresentedToken {
    /// Reads a token and verifies its tag.
    ///
    /// # Errors
    /// When the form is wrong in any way, its master key is not known, or the tag does not verify. The cases are not told
    /// apart.
    pub fn parse(keys: &RotationKeys, text: &str) -> Result<Self, NotIssuedHere> {
        let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED).ok_or(NotIssuedHere)?;
        let mut bytes = Zeroizing::new([0_u8; TAGGED + TAG]);
        let read = URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes).map_err(|_| NotIssuedHere)?;
        let (tagged, tag) =
            bytes.split_first_chunk::<TAGGED>().filter(|_| read == TAGGED + TAG).ok_or(NotIssuedHere)?;
        let (&[version, key_id], rest) = tagged.split_first_chunk().ok_or(NotIssuedHere)?;
        if version != VERSION || !keys.tag_verifies(key_id, TAG_LABEL, tagged, tag) {
            return Err(NotIssuedHere);
        }
        let (session, rest) = rest.split_first_chunk::<16>().ok_or(NotIssuedHere)?;
        let (generation, rest) = rest.split_first_chunk::<4>().ok_or(NotIssuedHere)?;
        let secret = <[u8; 32]>::try_from(rest).map_err(|_| NotIssuedHere)?;
        Ok(Self {
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            generation: u32::from_be_bytes(*generation),
            secret: TokenSecret::from_bytes(secret),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::refresh::chain::MasterKey;

    fn keys() -> RotationKeys {
        RotationKeys::new(7, [MasterKey::new(7, [7; 32]), MasterKey::new(8, [8; 32])]).unwrap()
    }

    fn session() -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_cdef))
    }

    fn token(key_id: u8, generation: u32) -> RefreshToken {
        RefreshToken::seal(&keys(), key_id, session(), generation, &TokenSecret::from_bytes([3; 32])).unwrap()
    }

    #[test]
    fn a_token_reads_back_as_it_was_written() {
        let presented = PresentedToken::parse(&keys(), token(7, 41).expose()).unwrap();
        let expected = PresentedToken { session: session(), generation: 41, secret: TokenSecret::from_bytes([3; 32]) };
        assert_eq!(presented, expected);
    }

    #[test]
    fn a_token_of_an_older_master_key_still_reads() {
        assert!(PresentedToken::parse(&keys(), token(8, 0).expose()).is_ok());
    }

    #[test]
    fn a_token_begins_with_a_prefix_that_secret_scanners_find_and_is_98_characters_long() {
        let token = token(7, 0);
        assert!(token.expose().starts_with("jrt_"));
        assert_eq!(token.expose().len(), 98);
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let good = token(7, 0);
        let bytes = URL_SAFE_NO_PAD.decode(&good.expose()[4..]).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            let text = format!("jrt_{}", URL_SAFE_NO_PAD.encode(bent));
            assert_eq!(PresentedToken::parse(&keys(), &text), Err(NotIssuedHere), "bit {bit}");
        }
    }

    #[test]
    fn j6_a_non_canonical_last_character_is_refused() {
        let good = token(7, 0).expose().to_owned();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let accepted = alphabet
            .chars()
            .filter(|last| PresentedToken::parse(&keys(), &format!("{}{last}", &good[..97])).is_ok())
            .count();
        assert_eq!(accepted, 1);
    }

    #[test]
    fn the_tag_of_one_master_key_does_not_verify_under_another() {
        let other = RotationKeys::new(7, [MasterKey::new(7, [9; 32])]).unwrap();
        assert_eq!(PresentedToken::parse(&other, token(7, 0).expose()), Err(NotIssuedHere));
    }

    proptest! {
        #[test]
        fn rubbish_is_refused_and_never_panics(text in "\\PC*") {
            prop_assert_eq!(PresentedToken::parse(&keys(), &text), Err(NotIssuedHere));
            let prefixed = format!("jrt_{text}");
            prop_assert_eq!(PresentedToken::parse(&keys(), &prefixed), Err(NotIssuedHere));
        }

        #[test]
        fn rubbish_of_the_right_form_is_refused(bytes in proptest::collection::vec(any::<u8>(), 70)) {
            let text = format!("jrt_{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(PresentedToken::parse(&keys(), &text), Err(NotIssuedHere));
        }
    }
}
