//! API keys.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{ApiKey, ApiKeyId, Timestamp};

/// Keeps API keys, without their secrets.
#[async_trait]
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Adds a key.
    async fn add(&self, key: ApiKey) -> Result<(), StoreError>;

    /// The key, revoked or not.
    async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Every key, newest first (by `created_at`, then id).
    async fn list(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key. `false` when there is none that could be revoked.
    async fn revoke(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError>;
}
