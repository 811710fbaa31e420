//! Packages of npm at exact versions, kept under the target folder from run to run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, root, run, succeeds, target};

/// The oldest Node with the web's `fetch` and `crypto`.
const OLDEST_NODE: u32 = 18;

/// Packages that are installed.
pub(crate) struct Packages {
    /// They lie in its `node_modules`.
    pub(crate) folder: PathBuf,
    /// The major version of the Node that is there.
    pub(crate) node: u32,
}

/// Installs what `source/package-lock.json` names into `target/kept`, where that was not done before.
///
/// Without Node or npm it fails, and says what they are needed for and which step of the checks can be left out.
pub(crate) fn packages(source: &str, kept: &str, purpose: &str, step: &str) -> Result<Packages, Failure> {
    let node = node(OLDEST_NODE, purpose, &format!("leave it out: `cargo xtask ci --skip {step}`"))?;
    let (source, folder) = (root().join(source), target().join(kept));
    let wanted = source.join("package-lock.json");
    if !is_current(&folder, &wanted)? {
        for file in ["package.json", "package-lock.json"] {
            copy(&source.join(file), &folder.join(file))?;
        }
        install(&folder)?;
        remember(&folder, &wanted)?;
    }
    Ok(Packages { folder, node })
}

/// The major version of the Node that is there, with npm beside it; otherwise what they are needed for and what else can be done.
pub(crate) fn node(oldest: u32, purpose: &str, otherwise: &str) -> Result<u32, Failure> {
    let version = Command::new("node").arg("--version").output().ok();
    let major = version.and_then(|output| major_version(&String::from_utf8_lossy(&output.stdout)));
    major.filter(|major| *major >= oldest && succeeds(Command::new("npm").arg("--version"))).ok_or_else(|| {
        Failure::new(format!(
            "node {oldest} or newer with npm is needed {purpose}: `apt-get install nodejs npm`, or nodejs.org; or {otherwise}"
        ))
    })
}

/// Installs what the folder's lock file names, and runs no script of a package.
pub(crate) fn install(folder: &Path) -> Result<(), Failure> {
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// The number before the first dot of `v20.1.0`.
fn major_version(said: &str) -> Option<u32> {
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Whether the folder holds what the file of versions asks for.
pub(crate) fn is_current(folder: &Path, wanted: &Path) -> Result<bool, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let read = |path: &Path| fs::read(path).ok();
    Ok(read(&folder.join("installed")).is_some_and(|installed| Some(installed) == read(wanted)))
}

pub(crate) fn remember(folder: &Path, wanted: &Path) -> Result<(), Failure> {
    copy(wanted, &folder.join("installed"))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("{} cannot be copied to {}: {error}", from.display(), to.display()));
    fs::copy(from, to).map(|_| ()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major_version("v20.11.1\n"), Some(20));
        assert_eq!(major_version("sh: node: not found"), None);
    }

    #[test]
    fn every_package_has_one_exact_version() {
        for folder in ["interop", "browser", "web"] {
            let package = fs::read_to_string(root().join("xtask").join(folder).join("package.json")).unwrap();
            let package: serde_json::Value = serde_json::from_str(&package).unwrap();
            let versions = package["dependencies"].as_object().unwrap();
            let exact =
                |version: &serde_json::Value| version.as_str().unwrap().starts_with(|c: char| c.is_ascii_digit());
            assert!(!versions.is_empty() && versions.values().all(exact), "{folder}");
        }
    }
}
