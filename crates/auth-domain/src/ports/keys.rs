//! Signing keys, sealed.

use async_trait::async_trait;

use super::StoreError;
use crate::model::SealedKey;

/// Keeps sealed signing keys. It never sees one in the clear.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// Every key, oldest first (by `created_at`, then `kid`).
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Adds `first` if the store holds no key of its algorithm, and answers every key as [`list`](Self::list) does. Of
    /// several servers that start at once exactly one adds its key, and all get the same answer.
    async fn adopt(&self, first: SealedKey) -> Result<Vec<SealedKey>, StoreError>;
}
