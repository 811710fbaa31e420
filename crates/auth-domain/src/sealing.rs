//! Sealing: what must lie in the database and be read by this server alone is encrypted under a master key.
//!
//! AES-256-GCM under a key that HKDF-SHA256 derives from the master key for one purpose. What the sealed bytes belong to is
//! authenticated with them, so that they cannot be moved to another row.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::refresh::{InvalidMasterKeys, MasterKey};

/// The master keys of this server: one seals, all open.
#[derive(Clone)]
pub struct Sealer {
    active: u8,
    masters: Vec<MasterKey>,
}

/// What is sealed: the purpose that its key is derived for, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Seal<'a> {
    /// The purpose, such as `jeton/signing-key/seal/v1`.
    pub purpose: &'static str,
    /// What the sealed bytes belong to. None of its parts may hold a NUL.
    pub identity: &'a [&'a str],
}

/// Why something is not sealed or does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed under a master key that is not configured.
    #[error("it was sealed under the master key {0}, which is not configured; configure it again")]
    UnknownMasterKey(u8),
    /// It does not open: it was changed, belongs to something else, or the master key is another one.
    #[error("it does not open with the master key {0}; is this the master key of this database?")]
    DoesNotOpen(u8),
    /// The cryptographic library could not seal.
    #[error("the cryptographic library could not seal")]
    Sealing,
}

impl Sealer {
    /// Seals under `active`, and opens what any of the master keys has sealed.
    ///
    /// # Errors
    /// When no key has the active id, or two have the same.
    pub fn new(active: u8, masters: impl IntoIterator<Item = MasterKey>) -> Result<Self, InvalidMasterKeys> {
        let masters: Vec<_> = masters.into_iter().collect();
        for (index, master) in masters.iter().enumerate() {
            if masters.iter().skip(index + 1).any(|other| other.id() == master.id()) {
                return Err(InvalidMasterKeys::Repeated(master.id()));
            }
        }
        if masters.iter().any(|master| master.id() == active) {
            Ok(Self { active, masters })
        } else {
            Err(InvalidMasterKeys::NoActive(active))
        }
    }

    /// The id of the master key that seals.
    #[must_use]
    pub const fn active(&self) -> u8 {
        self.active
    }

    pub(crate) fn masters(&self) -> &[MasterKey] {
        &self.masters
    }

    /// Seals `plain` under the active master key.
    ///
    /// # Errors
    /// [`SealError::Sealing`] when the cryptographic library fails.
    pub fn seal(&self, seal: Seal<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let aead = self.aead(self.active, seal.purpose)?;
        let mut sealed = plain.to_vec();
        let nonce = aead
            .seal_in_place_append_tag(Aad::from(seal.authenticated(self.active)), &mut sealed)
            .map_err(|_| SealError::Sealing)?;
        sealed.splice(0..0, nonce.as_ref().iter().copied());
        Ok(sealed)
    }

    /// Opens what was sealed under the master key `key_id`.
    ///
    /// # Errors
    /// When that master key is not known, or the bytes do not open.
    pub fn open(&self, seal: Seal<'_>, key_id: u8, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let refused = SealError::DoesNotOpen(key_id);
        let aead = self.aead(key_id, seal.purpose)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(refused)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let belongs_to = Aad::from(seal.authenticated(key_id));
        let length = aead
            .open_in_place(Nonce::assume_unique_for_key(*nonce), belongs_to, &mut buffer)
            .map_err(|_| refused)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn aead(&self, key_id: u8, purpose: &str) -> Result<RandomizedNonceKey, SealError> {
        let master = self.masters.iter().find(|master| master.id() == key_id);
        let key = master.ok_or(SealError::UnknownMasterKey(key_id))?.derive(purpose.as_bytes());
        let aead = key.and_then(|key| RandomizedNonceKey::new(&AES_256_GCM, &*key).ok());
        aead.ok_or(SealError::Sealing)
    }
}

impl Seal<'_> {
    /// The parts, each ended by a NUL, which none of them can hold, and the master key's id.
    fn authenticated(&self, key_id: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in self.identity {
            bytes.extend_from_slice(part.as_bytes());
            bytes.push(0);
        }
        bytes.push(key_id);
        bytes
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("active", &self.active).field("masters", &self.masters).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal<'_> = Seal { purpose: "jeton/test/v1", identity: &["row", "1"] };

    fn sealer(id: u8, byte: u8) -> Sealer {
        Sealer::new(id, [MasterKey::new(id, [byte; 32])]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_as_it_was() {
        let sealed = sealer(1, 1).seal(SEAL, b"secret").unwrap();
        assert_eq!(sealer(1, 1).open(SEAL, 1, &sealed).unwrap().as_slice(), b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn it_opens_for_its_own_row_purpose_and_master_key_only() {
        let sealed = sealer(1, 1).seal(SEAL, b"secret").unwrap();
        let refused = Some(SealError::DoesNotOpen(1));
        assert_eq!(sealer(1, 1).open(Seal { identity: &["row", "2"], ..SEAL }, 1, &sealed).err(), refused);
        assert_eq!(sealer(1, 1).open(Seal { identity: &["row1", ""], ..SEAL }, 1, &sealed).err(), refused);
        assert_eq!(sealer(1, 1).open(Seal { purpose: "jeton/other/v1", ..SEAL }, 1, &sealed).err(), refused);
        assert_eq!(sealer(1, 2).open(SEAL, 1, &sealed).err(), refused);
        assert_eq!(sealer(2, 1).open(SEAL, 1, &sealed).err(), Some(SealError::UnknownMasterKey(1)));
        assert_eq!(sealer(2, 1).open(SEAL, 2, &sealed).err(), Some(SealError::DoesNotOpen(2)));
    }

    #[test]
    fn what_was_cut_or_bent_does_not_open() {
        let sealed = sealer(1, 1).seal(SEAL, b"secret").unwrap();
        for length in 0..sealed.len() {
            assert!(sealer(1, 1).open(SEAL, 1, &sealed[..length]).is_err());
        }
        for index in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[index] ^= 1;
            assert!(sealer(1, 1).open(SEAL, 1, &bent).is_err());
        }
    }

    #[test]
    fn a_ring_without_its_active_key_or_with_a_key_twice_is_refused() {
        let twice = [MasterKey::new(1, [1; 32]), MasterKey::new(1, [2; 32])];
        assert_eq!(Sealer::new(1, twice).err(), Some(InvalidMasterKeys::Repeated(1)));
        assert_eq!(Sealer::new(3, [MasterKey::new(1, [1; 32])]).err(), Some(InvalidMasterKeys::NoActive(3)));
    }
}
