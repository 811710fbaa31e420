//! Python and Node with exact versions of the libraries that scripts need, kept under the target folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::npm::{Packages, copy, is_current, packages, remember};
use crate::run::{Failure, root, run, succeeds, target};

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
    if !succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        return Err(missing("python3 with venv", "apt-get install python3 python3-venv"));
    }
    let (folder, wanted) = (installed("python"), source("requirements.txt"));
    let program = folder.join("bin").join("python");
    if !is_current(&folder, &wanted)? {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        run(Command::new(&program).args(quiet).arg(&wanted))?;
        remember(&folder, &wanted)?;
    }
    Ok(Language { program, flags: Vec::new(), beside: None })
}

pub(super) fn node() -> Result<Language, Failure> {
    let Packages { folder, node } =
        packages("xtask/interop", "interop/node", "for standard clients to drive the server", "interop")?;
    // Before version 20 `crypto` is there only on demand.
    let on_demand = (node < 20).then_some("--experimental-global-webcrypto");
    // Modules are looked for above the script, so it has to lie beside them.
    Ok(Language { program: "node".into(), flags: on_demand.into_iter().collect(), beside: Some(folder) })
}

fn missing(what: &str, how: &str) -> Failure {
    Failure::new(format!(
        "{what} is needed for standard clients to drive the server: `{how}`; or leave it out: `cargo xtask ci --skip interop`"
    ))
}

fn source(file: &str) -> PathBuf {
    root().join("xtask").join("interop").join(file)
}

/// Where a language's libraries are kept from run to run.
fn installed(language: &str) -> PathBuf {
    target().join("interop").join(language)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_library_has_one_exact_version() {
        let requirements = fs::read_to_string(source("requirements.txt")).unwrap();
        let lines = requirements.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().count() > 2 && lines.into_iter().all(|line| line.contains("==")));
    }
}
