//! Whether a store can do its work.

use async_trait::async_trait;

use super::StoreError;

/// Asks a store for a sign of life.
#[async_trait]
pub trait StoreHealth: Send + Sync + 'static {
    /// Answers a trivial question from the database itself.
    ///
    /// # Errors
    /// When it cannot.
    async fn check(&self) -> Result<(), StoreError>;
}
