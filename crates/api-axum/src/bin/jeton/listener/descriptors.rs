//! How many connections the process may have open at all: each is a file to the system.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are kept back for the database, the log and the system.
const OTHER_FILES: u64 = 64;

/// Raises the limit of open files as far as the system lets the process, and lowers a cap that would not fit into it, so
/// that a crowd of connections never takes the database its files.
pub(crate) fn within_open_files(max_connections: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    let Some(limit) = limit else { return max_connections };
    let room = usize::try_from(limit.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1);
    if room < max_connections {
        tracing::warn!(
            max_connections,
            open_files = limit,
            connections = room,
            "the system's limit of open files allows fewer connections than http.max_connections; raise it (ulimit -n, \
             LimitNOFILE=)"
        );
    }
    max_connections.min(room)
}
