//! What rustdoc knows of a crate, as JSON.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::unreadable;
use crate::run::{Failure, cargo, run, target};

/// A crate and its documentation as JSON.
pub(super) struct Documented {
    pub(super) name: &'static str,
    pub(super) json: PathBuf,
}

/// The format is not stable, so rustdoc gives it only to those who say that they know; the compiler need not be told, and
/// what it has compiled is used.
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// Documents the crates with these features.
pub(super) fn make(names: &[&'static str], features: &str) -> Result<Vec<Documented>, Failure> {
    let folder = target();
    let rustdoc = folder.join("rustdoc-json.sh");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&rustdoc, RUSTDOC))
        .and_then(|()| fs::set_permissions(&rustdoc, fs::Permissions::from_mode(0o755)))
        .map_err(|error| unreadable(&rustdoc, &error))?;
    let mut command = cargo(["doc", "--lib", "--no-deps", "--features", features]);
    command.args(names.iter().flat_map(|name| ["--package", name]));
    // As docs.rs does, so that what only it sees is checked too.
    let flags = "-Zunstable-options --output-format json --cfg docsrs -D warnings";
    command.env("RUSTDOC", &rustdoc).env("RUSTDOCFLAGS", flags);
    run(&mut command)?;
    let json = |name: &str| folder.join("doc").join(name.replace('-', "_")).with_extension("json");
    Ok(names.iter().map(|name| Documented { name, json: json(name) }).collect())
}
