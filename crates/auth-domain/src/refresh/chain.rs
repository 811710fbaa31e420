//! The chain: how each secret follows from the one before, and the keys that only this server holds.
//!
//! `secret_{g+1} = HMAC-SHA256(K_next, "jeton/refresh/next/v1" | session_id | u32(g+1) | nonce | secret_g)`. A repeated
//! request therefore gets the same successor, though no token is stored. `K_tag` and `K_next` come from the master key by
//! HKDF-SHA256 (RFC 5869).

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::{Nonce, SessionId, TokenSecret};

/// Bytes of a tag: HMAC-SHA256, cut.
pub(crate) const TAG: usize = 16;

pub(super) const TAG_LABEL: &[u8] = b"jeton/refresh/tag/v1";
const NEXT_LABEL: &[u8] = b"jeton/refresh/next/v1";

/// A master key: 32 random bytes and the id that tokens and rows carry for it. Every other key of the server follows from
/// it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey {
    id: u8,
    bytes: [u8; 32],
}

impl MasterKey {
    /// Takes 32 random bytes under an id.
    #[must_use]
    pub const fn new(id: u8, bytes: [u8; 32]) -> Self {
        Self { id, bytes }
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// 32 bytes for one purpose, by HKDF-SHA256 (RFC 5869) with the purpose as `info`. `None` never happens for 32 bytes.
    #[must_use]
    pub fn derive(&self, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut out = Zeroizing::new([0; 32]);
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&self.bytes);
        secret.expand(&[purpose], hkdf::HKDF_SHA256).ok()?.fill(&mut *out).ok()?;
        Some(out)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What rotation needs of one master key, and nothing else can be had from: `K_tag` and `K_next`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RotationSecrets {
    id: u8,
    tag: [u8; 32],
    next: [u8; 32],
}

impl RotationSecrets {
    /// Derives them.
    ///
    /// # Errors
    /// When derivation fails.
    pub fn of(master: &MasterKey) -> Result<Self, InvalidMasterKeys> {
        let underivable = InvalidMasterKeys::Underivable(master.id());
        let tag = master.derive(TAG_LABEL).ok_or(underivable)?;
        let next = master.derive(NEXT_LABEL).ok_or(underivable)?;
        Ok(Self { id: master.id(), tag: *tag, next: *next })
    }

    /// The id of their master key.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// Both keys, to be sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        let (tag, next) = bytes.split_at_mut(32);
        tag.copy_from_slice(&self.tag);
        next.copy_from_slice(&self.next);
        bytes
    }

    /// Both keys of the master key `id`, as [`to_bytes`](Self::to_bytes) gave them.
    #[must_use]
    pub fn from_bytes(id: u8, bytes: &[u8]) -> Option<Self> {
        let (tag, next) = bytes.split_at_checked(32)?;
        Some(Self { id, tag: tag.try_into().ok()?, next: next.try_into().ok()? })
    }

    fn parse(&self) -> Pair {
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Pair { tag: key(&self.tag), next: key(&self.next) }
    }
}

impl fmt::Debug for RotationSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotationSecrets").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What rotation needs of every master key: the keys for tags and successors, parsed once.
pub struct RotationKeys {
    active: u8,
    keys: BTreeMap<u8, Pair>,
}

struct Pair {
    tag: hmac::Key,
    next: hmac::Key,
}

/// The ring of master keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMasterKeys {
    /// No key has the id that is to be active.
    #[error("there is no master key with the active id {0}")]
    NoActive(u8),
    /// Two keys have the same id.
    #[error("two master keys have the id {0}")]
    Repeated(u8),
    /// Derivation failed.
    #[error("no key can be derived from the master key {0}")]
    Underivable(u8),
}

impl RotationKeys {
    /// Derives the keys; new tokens are made under `active`, the others only read.
    ///
    /// # Errors
    /// When no key has the active id, or two have the same.
    pub fn new(active: u8, masters: impl IntoIterator<Item = MasterKey>) -> Result<Self, InvalidMasterKeys> {
        let mut keys = BTreeMap::new();
        for master in masters {
            if keys.insert(master.id(), RotationSecrets::of(&master)?.parse()).is_some() {
                return Err(InvalidMasterKeys::Repeated(master.id()));
            }
        }
        if keys.contains_key(&active) { Ok(Self { active, keys }) } else { Err(InvalidMasterKeys::NoActive(active)) }
    }

    /// These keys, and those of master keys that were retired: they only read. A master key that is configured goes first.
    #[must_use]
    pub fn with_retired(mut self, retired: impl IntoIterator<Item = RotationSecrets>) -> Self {
        for secrets in retired {
            self.keys.entry(secrets.id).or_insert_with(|| secrets.parse());
        }
        self
    }

    /// The id of the key that new tokens are made under.
    #[must_use]
    pub const fn active(&self) -> u8 {
        self.active
    }

    /// The secret of generation `generation`, from the one before it. `None` when the master key is not known.
    #[must_use]
    pub fn successor(
        &self,
        key_id: u8,
        session: SessionId,
        generation: u32,
        nonce: &Nonce,
        secret: &TokenSecret,
    ) -> Option<TokenSecret> {
        let mut context = hmac::Context::with_key(&self.keys.get(&key_id)?.next);
        context.update(NEXT_LABEL);
        context.update(session.as_uuid().as_bytes());
        context.update(&generation.to_be_bytes());
        context.update(nonce.as_bytes());
        context.update(secret.as_bytes());
        let mut digest = Zeroizing::new([0; 32]);
        digest.copy_from_slice(context.sign().as_ref());
        Some(TokenSecret::from_bytes(*digest))
    }

    /// A tag that only this server can make, for one kind of token. `None` when the master key is not known.
    pub(crate) fn tag(&self, key_id: u8, label: &[u8], tagged: &[u8]) -> Option<[u8; TAG]> {
        let mut context = hmac::Context::with_key(&self.keys.get(&key_id)?.tag);
        context.update(label);
        context.update(tagged);
        context.sign().as_ref().first_chunk().copied()
    }

    pub(crate) fn tag_verifies(&self, key_id: u8, label: &[u8], tagged: &[u8], tag: &[u8]) -> bool {
        self.tag(key_id, label, tagged).is_some_and(|expected| expected.ct_eq(tag).into())
    }
}

impl fmt::Debug for RotationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotationKeys").field("active", &self.active).field("ids", &self.keys.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> RotationKeys {
        RotationKeys::new(1, [MasterKey::new(1, [1; 32]), MasterKey::new(2, [2; 32])]).unwrap()
    }

    fn session(n: u128) -> SessionId {
        SessionId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn the_same_step_gives_the_same_successor() {
        let step =
            || keys().successor(1, session(1), 1, &Nonce::from_bytes([5; 32]), &TokenSecret::from_bytes([6; 32]));
        assert_eq!(step(), step());
    }

    #[test]
    fn another_key_session_generation_nonce_or_secret_gives_another_successor() {
        let keys = keys();
        let nonce = |n| Nonce::from_bytes([n; 32]);
        let secret = |n| TokenSecret::from_bytes([n; 32]);
        let base = keys.successor(1, session(1), 1, &nonce(5), &secret(6));
        for other in [
            keys.successor(2, session(1), 1, &nonce(5), &secret(6)),
            keys.successor(1, session(2), 1, &nonce(5), &secret(6)),
            keys.successor(1, session(1), 2, &nonce(5), &secret(6)),
            keys.successor(1, session(1), 1, &nonce(4), &secret(6)),
            keys.successor(1, session(1), 1, &nonce(5), &secret(7)),
        ] {
            assert!(other.is_some() && other != base);
        }
    }

    #[test]
    fn an_unknown_master_key_makes_nothing() {
        let nonce = Nonce::from_bytes([5; 32]);
        assert_eq!(keys().successor(9, session(1), 1, &nonce, &TokenSecret::from_bytes([6; 32])), None);
        assert_eq!(keys().tag(9, TAG_LABEL, b"x"), None);
    }

    #[test]
    fn a_ring_without_its_active_key_or_with_a_key_twice_is_refused() {
        let twice = [MasterKey::new(1, [1; 32]), MasterKey::new(1, [2; 32])];
        assert_eq!(RotationKeys::new(1, twice).err(), Some(InvalidMasterKeys::Repeated(1)));
        assert_eq!(RotationKeys::new(3, [MasterKey::new(1, [1; 32])]).err(), Some(InvalidMasterKeys::NoActive(3)));
    }

    #[test]
    fn a_retired_master_key_goes_on_reading_what_was_made_under_it() {
        let secrets = RotationSecrets::of(&MasterKey::new(2, [2; 32])).unwrap();
        let secrets = RotationSecrets::from_bytes(2, &*secrets.to_bytes()).unwrap();
        let one = RotationKeys::new(1, [MasterKey::new(1, [1; 32])]).unwrap().with_retired([secrets]);
        let (nonce, secret) = (Nonce::from_bytes([5; 32]), TokenSecret::from_bytes([6; 32]));
        let step = |ring: &RotationKeys| ring.successor(2, session(1), 1, &nonce, &secret);
        assert!(step(&one).is_some());
        assert_eq!(step(&one), step(&keys()));
        assert_eq!(one.tag(2, TAG_LABEL, b"x"), keys().tag(2, TAG_LABEL, b"x"));
        assert_eq!(one.active(), 1);
    }

    #[test]
    fn a_tag_for_one_kind_of_token_is_none_for_another() {
        let tag = keys().tag(1, b"jeton/device/tag/v1", b"x").unwrap();
        assert!(keys().tag_verifies(1, b"jeton/device/tag/v1", b"x", &tag));
        assert!(!keys().tag_verifies(1, TAG_LABEL, b"x", &tag));
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let master = MasterKey::new(1, [1; 32]);
        assert_ne!(master.derive(TAG_LABEL), master.derive(NEXT_LABEL));
    }
}
