//! What the settings name on this machine: the data folder, the room on its disk, and how many files may be open.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};
use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::config::Config;

/// Files that the server keeps open beside its connections.
const OTHER_FILES: u64 = 64;

pub(super) fn check(config: &Config, min_free: u64) -> Vec<Finding> {
    vec![folder(&config.data_dir), free(&config.data_dir, min_free), files(config.http.max_connections), authorities()]
}

/// Whether the system knows whose certificates to trust: without, the server reaches nobody by https, and does not start.
fn authorities() -> Finding {
    const CHECK: &str = "configuration.certificates";
    match reqwest::Client::builder().build() {
        Ok(_) => Finding::ok(CHECK, "the system knows whose certificates to trust"),
        Err(_) => Finding::problem(
            CHECK,
            "the system knows no authority of certificates, and the server does not start like this",
            "install ca-certificates, or set SSL_CERT_FILE to a file of them",
        ),
    }
}

fn folder(path: &Path) -> Finding {
    const CHECK: &str = "configuration.data_dir";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Finding::ok(CHECK, format!("there is no data folder {shown} yet; the server makes it"));
        }
        Err(error) => {
            let what = format!("the data folder {shown} cannot be looked at: {error}");
            return Finding::problem(CHECK, what, "let this user into the folders above it");
        }
    };
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_dir() {
        Finding::problem(CHECK, format!("{shown} is no folder"), "name another data_dir, or move the file away")
    } else if access(path, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let what = format!("the data folder {shown} cannot be written by this user");
        Finding::problem(CHECK, what, format!("chown it to the user that the server runs as, and chmod 700 {shown}"))
    } else if mode & 0o077 != 0 {
        let what = format!("the data folder {shown} is open to other users (mode {mode:o})");
        Finding::advice(CHECK, what, format!("chmod 700 {shown}: the database, the master key and mails are in it"))
    } else {
        Finding::ok(CHECK, format!("the data folder {shown} is this user's alone"))
    }
}

/// The room on the disk of the data folder, or of what will hold it.
fn free(path: &Path, min_free: u64) -> Finding {
    const CHECK: &str = "configuration.free_space";
    let there = path.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let mut asked = there.filter_map(|path| statvfs(path).ok());
    let Some(disk) = asked.next() else {
        let what = format!("the room on the disk of {} cannot be told", path.display());
        return Finding::advice(CHECK, what, "see that the folder exists and can be entered");
    };
    let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    let what = format!("the disk of the data folder has {} free", size(bytes));
    if bytes < min_free {
        let todo =
            format!("make room, or say --min-free less than {}; a full disk refuses every login", size(min_free));
        Finding::problem(CHECK, what, todo)
    } else {
        Finding::ok(CHECK, what)
    }
}

fn files(max_connections: usize) -> Finding {
    const CHECK: &str = "configuration.open_files";
    // The server raises its limit as far as it may.
    let Some(limit) = getrlimit(Resource::Nofile).maximum else {
        return Finding::ok(CHECK, "any number of files may be open");
    };
    let room = limit.saturating_sub(OTHER_FILES);
    if room < max_connections as u64 {
        Finding::advice(
            CHECK,
            format!("{limit} files may be open, too few for http.max_connections = {max_connections}"),
            format!("raise the limit (ulimit -n, LimitNOFILE=), or set http.max_connections = {}", room.max(1)),
        )
    } else {
        Finding::ok(CHECK, format!("{limit} files may be open, enough for {max_connections} connections"))
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")];
    let unit = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}
