//! Which other programs have a file open, as far as the system tells this user.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The ids of the other processes that have this file open. On a system without `/proc` there are none.
pub(super) fn with_open(path: &Path) -> Vec<u32> {
    let Ok(wanted) = fs::metadata(path) else { return Vec::new() };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has_open = |id: &u32| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        files
            .filter_map(|file| fs::metadata(file.path()).ok())
            .any(|file| (file.dev(), file.ino()) == (wanted.dev(), wanted.ino()))
    };
    let mut found: Vec<u32> = ids.filter(|id| *id != std::process::id()).filter(has_open).collect();
    found.sort_unstable();
    found
}
