//! Hears of new entries of the feed: those that this process's writer commits. Other processes' are found by polling.

use super::Sqlite;

/// Resolves when there may be new entries.
pub(super) async fn changed(sqlite: &Sqlite) {
    sqlite.pool.news().changed().await;
}
