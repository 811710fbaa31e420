//! Python with other software in it, in an environment of its own that is made at the first run and kept.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python that has what stands in `requirements`. Tests run in several processes: the first makes it, and the others wait.
pub(super) fn python(name: &str, requirements: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (environment, installed) = (folder.join("venv"), folder.join("installed"));
    let python = environment.join("bin/python");
    if fs::read_to_string(&installed).ok().as_deref() != Some(requirements) {
        let file = folder.join("requirements.txt");
        fs::write(&file, requirements).unwrap();
        must_run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        must_run(Command::new(&python).args(quiet).arg(&file));
        fs::write(&installed, requirements).unwrap();
    }
    python
}

/// What a program writes with these arguments.
pub(super) fn run(python: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(python);
    command.args(["-c", program]).args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn must_run(command: &mut Command) {
    let needed = "this test needs python3 with venv (apt-get install python3-venv), and PyPI at its first run";
    let status = command.status().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}; {needed}"));
    assert!(status.success(), "{command:?}: {status}; {needed}");
}
