//! Runs the programs that commands are made of, and says which.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Why a command failed, in words for its user.
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Where builds go.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from))
}

/// Cargo, in the workspace's folder, as if it were called from a shell.
///
/// `cargo run` tells this process its own package's name and folder. Passed on, they would make build scripts that watch
/// these variables run again, and everything above them compile again, at each change between the two ways to call.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// The server's own program. Settings of the tests begin like its own, and it refuses to start with one that it does not know.
pub(crate) fn jeton(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("JETON_TEST_") || name.starts_with("JETON_SOAK")) {
            command.env_remove(name);
        }
    }
    command
}

/// Says the command, runs it to its end, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    say(command);
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{}`: {status}", words(command)))) }
}

/// Whether the command runs and succeeds; says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a cargo build and finds the program of this kind (`bin`, `example`) and name among what it made.
pub(crate) fn build(command: &mut Command, kind: &str, name: &str) -> Result<PathBuf, Failure> {
    say(command);
    command.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(Failure(format!("`{}`: {}", words(command), output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find_map(|message| executable(&message, kind, name))
        .ok_or_else(|| Failure(format!("`{}` made no {kind} `{name}`", words(command))))
}

fn executable(message: &Value, kind: &str, name: &str) -> Option<PathBuf> {
    let target = message.get("target")?;
    let fits = target.get("name")? == name && target.get("kind")?.as_array()?.iter().any(|found| found == kind);
    let path = message.get("executable")?.as_str()?;
    (fits && message.pointer("/profile/test")? == false).then(|| path.into())
}

pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!("`{}` does not start: {error}", words(command)))
}

/// Prints the command.
pub(crate) fn say(command: &Command) {
    println!("$ {}", words(command));
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    std::iter::once(program.to_string_lossy()).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::executable;

    #[test]
    fn a_program_is_found_by_its_kind_and_name_and_not_its_test_harness() {
        let made = |test: bool| json!({"target": {"name": "jeton", "kind": ["bin"]}, "profile": {"test": test}, "executable": "target/debug/jeton"});
        assert_eq!(executable(&made(false), "bin", "jeton").unwrap().to_str(), Some("target/debug/jeton"));
        assert_eq!(executable(&made(true), "bin", "jeton"), None);
        assert_eq!(executable(&made(false), "example", "jeton"), None);
        assert_eq!(executable(&json!({"reason": "build-finished"}), "bin", "jeton"), None);
    }
}
