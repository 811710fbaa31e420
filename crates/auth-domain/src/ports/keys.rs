//! Signing keys and retired master keys, sealed.

use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::model::{KeyChange, KeyChanged, KeyRefused, RetiredMasterKey, StoredKey};

/// Decides what is to change, from every key as it is (oldest first: by `created_at`, then `kid`). Pure, and may be run again.
pub type KeyJudge = Arc<dyn Fn(&[StoredKey]) -> Result<KeyChange, KeyRefused> + Send + Sync>;

/// Keeps sealed keys. It never sees one in the clear.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// Every signing key, oldest first (by `created_at`, then `kid`).
    async fn list(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Shows the judge every signing key, and does what it decides in the same step: of several servers that change keys at
    /// once each sees what the one before has done. A refusal writes nothing, and neither does a change that is empty.
    ///
    /// A key that the change revokes gets its entry in the feed in the same step, and followers are told of it.
    async fn change(&self, judge: KeyJudge) -> Result<Result<KeyChanged, KeyRefused>, StoreError>;

    /// Every retired master key, by id.
    async fn retired_masters(&self) -> Result<Vec<RetiredMasterKey>, StoreError>;
}
