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

    /// How many of the changes to its form that this program was written for the store lacks. A store without a form of its own
    /// lacks none.
    ///
    /// # Errors
    /// When it cannot tell.
    async fn missing_migrations(&self) -> Result<usize, StoreError> {
        Ok(0)
    }
}
