//! What SQLite alone can do to us.

mod contract;
mod file;
mod group_commit;
mod pinned;
