//! The server's signing keys: made once, sealed under a master key, the same on every node.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use token_core::{Algorithm, KeyError, SigningKey};
use zeroize::Zeroizing;

use crate::model::{SealedKey, Timestamp};
use crate::ports::{KeyStore, StoreError};
use crate::refresh::MasterKey;

const SEAL_LABEL: &[u8] = b"jeton/signing-key/seal/v1";

/// Why the server has no signing key.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key could not be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored key does not open: it was sealed under a master key that is not configured, or its row was changed.
    #[error("the signing key {kid} does not open with master key {key_id}; is this the master key of this database?")]
    Sealed {
        /// The signing key.
        kid: String,
        /// The master key that its row names.
        key_id: u8,
    },
    /// A key could not be sealed.
    #[error("the signing key cannot be sealed")]
    Sealing,
}

/// Every signing key that the store holds, oldest first; if it holds none of `algorithm`, one is made.
///
/// # Errors
/// When the store fails, or a key does not open under the master keys given.
pub async fn load_or_create(
    store: &dyn KeyStore,
    active: &MasterKey,
    masters: &[MasterKey],
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<Vec<SigningKey>, SigningKeyError> {
    let mut stored = store.list().await?;
    if !stored.iter().any(|key| key.algorithm == algorithm.to_string()) {
        stored = store.adopt(seal(active, &SigningKey::generate(algorithm)?, now)?).await?;
    }
    stored.iter().map(|sealed| open(masters, sealed)).collect()
}

/// Seals a key. Its identity is authenticated with it, so that two rows cannot be swapped.
fn seal(master: &MasterKey, key: &SigningKey, created_at: Timestamp) -> Result<SealedKey, SigningKeyError> {
    let (kid, algorithm) = (key.kid().to_owned(), key.algorithm().to_string());
    let aead = aead(master).ok_or(SigningKeyError::Sealing)?;
    let mut sealed = key.to_bytes().to_vec();
    let nonce = aead
        .seal_in_place_append_tag(Aad::from(identity(&kid, &algorithm, master.id())), &mut sealed)
        .map_err(|_| SigningKeyError::Sealing)?;
    sealed.splice(0..0, nonce.as_ref().iter().copied());
    Ok(SealedKey { kid, algorithm, key_id: master.id(), sealed, created_at })
}

fn open(masters: &[MasterKey], row: &SealedKey) -> Result<SigningKey, SigningKeyError> {
    let refused = || SigningKeyError::Sealed { kid: row.kid.clone(), key_id: row.key_id };
    let master = masters.iter().find(|master| master.id() == row.key_id).ok_or_else(refused)?;
    let (nonce, ciphertext) = row.sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let aad = Aad::from(identity(&row.kid, &row.algorithm, row.key_id));
    let bytes = aead(master)
        .ok_or_else(refused)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut buffer)
        .map_err(|_| refused())?;
    let algorithm = row.algorithm.parse().map_err(|_| refused())?;
    Ok(SigningKey::from_bytes(algorithm, bytes)?)
}

fn aead(master: &MasterKey) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, &*master.derive(SEAL_LABEL)?).ok()
}

fn identity(kid: &str, algorithm: &str, key_id: u8) -> Vec<u8> {
    // Neither name can hold a NUL, so the three parts cannot run into one another.
    [kid.as_bytes(), b"\0", algorithm.as_bytes(), b"\0", &[key_id]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master() -> MasterKey {
        MasterKey::new(1, [1; 32])
    }

    fn sealed() -> SealedKey {
        seal(&master(), &SigningKey::generate(Algorithm::EdDsa).unwrap(), Timestamp::from_secs(1)).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_as_it_was() {
        let row = sealed();
        assert_eq!(open(&[master()], &row).unwrap().kid(), row.kid);
    }

    #[test]
    fn a_sealed_key_does_not_open_under_another_master_key() {
        assert!(open(&[MasterKey::new(1, [2; 32])], &sealed()).is_err());
        assert!(open(&[], &sealed()).is_err());
    }

    #[test]
    fn two_rows_cannot_be_swapped() {
        let (one, other) = (sealed(), sealed());
        let swapped = SealedKey { sealed: other.sealed, ..one };
        assert!(open(&[master()], &swapped).is_err());
    }

    #[test]
    fn a_cut_row_is_refused() {
        let row = SealedKey { sealed: vec![1, 2, 3], ..sealed() };
        assert!(matches!(open(&[master()], &row), Err(SigningKeyError::Sealed { key_id: 1, .. })));
    }
}
