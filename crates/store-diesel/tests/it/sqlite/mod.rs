//! What SQLite alone can do to us.

mod contract;
mod feed;
mod file;
mod group_commit;
mod pinned;
mod plans;
mod throttle;
mod told;
