//! Python and Node with exact versions of the libraries that scripts need, kept under the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Failure, root, run, succeeds, target};

/// The oldest Node with the web's `fetch` and `crypto`.
const OLDEST_NODE: u32 = 18;

/// A language with the libraries that its scripts need.
pub(super) struct Language {
    program: PathBuf,
    flags: Vec<&'static str>,
    /// Where scripts have to lie, if not where they are.
    beside: Option<PathBuf>,
}

impl Language {
    /// The command that runs a script of `xtask/interop`.
    pub(super) fn script(&self, name: &str) -> Result<Command, Failure> {
        let path = match &self.beside {
            None => source(name),
            Some(folder) => {
                let path = folder.join(name);
                copy(&source(name), &path)?;
                path
            }
        };
        let mut command = Command::new(&self.program);
        command.args(&self.flags).arg(path).stdin(Stdio::null());
        Ok(command)
    }
}

pub(super) fn python() -> Result<Language, Failure> {
    let program = python_with("interop/python", &source("requirements.txt"), "interop")?;
    Ok(Language { program, flags: Vec::new(), beside: None })
}

/// Python with the libraries that a file asks for, kept in a folder below the target folder, for a step of `cargo xtask ci`.
pub(crate) fn python_with(folder: &str, wanted: &Path, step: &str) -> Result<PathBuf, Failure> {
    if !succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        return Err(missing("python3 with venv", "apt-get install python3 python3-venv", step));
    }
    let folder = target().join(folder);
    let program = folder.join("bin").join("python");
    if !is_current(&folder, wanted)? {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        run(Command::new(&program).args(quiet).arg(wanted))?;
        remember(&folder, wanted)?;
    }
    Ok(program)
}

pub(super) fn node() -> Result<Language, Failure> {
    let version = Command::new("node").arg("--version").output().ok();
    let major = version.and_then(|output| major_version(&String::from_utf8_lossy(&output.stdout)));
    let Some(major) = major.filter(|major| *major >= OLDEST_NODE && succeeds(Command::new("npm").arg("--version")))
    else {
        return Err(missing(&format!("node {OLDEST_NODE} or newer with npm"), "apt-get install nodejs npm", "interop"));
    };
    let (folder, wanted) = (installed("node"), source("package-lock.json"));
    if !is_current(&folder, &wanted)? {
        for file in ["package.json", "package-lock.json"] {
            copy(&source(file), &folder.join(file))?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        remember(&folder, &wanted)?;
    }
    // Before version 20 `crypto` is there only on demand.
    let on_demand = (major < 20).then_some("--experimental-global-webcrypto");
    // Modules are looked for above the script, so it has to lie beside them.
    Ok(Language { program: "node".into(), flags: on_demand.into_iter().collect(), beside: Some(folder) })
}

/// The number before the first dot of `v20.1.0`.
fn major_version(said: &str) -> Option<u32> {
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn missing(what: &str, how: &str, step: &str) -> Failure {
    Failure::new(format!(
        "{what} is needed to drive the server: `{how}`; or leave it out: `cargo xtask ci --skip {step}`"
    ))
}

fn source(file: &str) -> PathBuf {
    root().join("xtask").join("interop").join(file)
}

/// Where a language's libraries are kept from run to run.
fn installed(language: &str) -> PathBuf {
    target().join("interop").join(language)
}

/// Whether the folder holds what the file of versions asks for.
fn is_current(folder: &Path, wanted: &Path) -> Result<bool, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let read = |path: &Path| fs::read(path).ok();
    Ok(read(&folder.join("installed")).is_some_and(|installed| Some(installed) == read(wanted)))
}

fn remember(folder: &Path, wanted: &Path) -> Result<(), Failure> {
    copy(wanted, &folder.join("installed"))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
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
    fn every_library_has_one_exact_version() {
        let requirements = fs::read_to_string(source("requirements.txt")).unwrap();
        let lines = requirements.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().count() > 2 && lines.into_iter().all(|line| line.contains("==")));
        let package: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(source("package.json")).unwrap()).unwrap();
        let versions = package["dependencies"].as_object().unwrap();
        let exact = |version: &serde_json::Value| version.as_str().unwrap().starts_with(|c: char| c.is_ascii_digit());
        assert!(!versions.is_empty() && versions.values().all(exact));
    }
}
