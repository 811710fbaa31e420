//! `cargo xtask interop`: standard OAuth and JWT libraries of other languages drive a running server.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::run::{Failure, build, cargo, jeton, not_started, root, run, succeeds, target};
use crate::server::Server;

const AUDIENCE: &str = "jeton";
/// The oldest Node with the web's `fetch` and `crypto`.
const OLDEST_NODE: u32 = 18;

/// Let standard clients drive a running server.
///
/// Starts `jeton serve` on SQLite. `authlib` (Python) and `oauth4webapi` (JavaScript) discover it, refresh, introspect and revoke;
/// `PyJWT` and `jose` verify its access tokens from the JWK set. Needs python3 with venv, node with npm, and, at the first time, their
/// registries; what was installed is kept under the target folder.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask interop\n  \
    cargo xtask ci --skip interop        where Python or Node cannot be had")]
pub(crate) struct Interop {}

impl Interop {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self {} = self;
        let (python, node) = (python()?, node()?);
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let folder = Folder::new()?;
        let served = Served::start(&program, &folder.0)?;
        println!("\nPython: Authlib and PyJWT against {}", served.server.base());
        run(served.settings(&mut python.command()))?;
        println!("\nJavaScript: oauth4webapi and jose against {}", served.server.base());
        run(served.settings(&mut node.command()))
    }
}

/// A running server, and a key to introspect with.
struct Served {
    server: Server,
    api_key: String,
}

impl Served {
    fn start(program: &Path, folder: &Path) -> Result<Self, Failure> {
        let listen = free_address()?;
        // Flags, since they win over whatever the environment says.
        let database = format!("sqlite:{}", folder.join("jeton.db").display());
        let flags = ["--database-url", &database, "--issuer", &format!("http://{listen}")].map(str::to_owned);
        let mut server = Server::start(program, &listen, folder, Some(folder.join("server.log")), &flags)?;
        server.wait_until_ready()?;
        let mut command = jeton(program);
        command.args(["apikeys", "create", "--name", "interop", "--scope", "introspect"]).args(flags);
        command.current_dir(folder).env("JETON_DATA_DIR", folder).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| not_started(&command, &error))?;
        if !output.status.success() {
            return Err(Failure::new(format!("`jeton apikeys create`: {}", output.status)));
        }
        Ok(Self { server, api_key: String::from_utf8_lossy(&output.stdout).trim().to_owned() })
    }

    fn settings<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("INTEROP_URL", self.server.base())
            .env("INTEROP_AUDIENCE", AUDIENCE)
            .env("INTEROP_API_KEY", &self.api_key)
    }
}

/// A client's program and its script.
struct Script {
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Script {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        command
    }
}

fn python() -> Result<Script, Failure> {
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
    Ok(Script { program, arguments: vec![source("client.py")] })
}

fn node() -> Result<Script, Failure> {
    let version = Command::new("node").arg("--version").output().ok();
    let major = version.and_then(|output| major_version(&String::from_utf8_lossy(&output.stdout)));
    let Some(major) = major.filter(|major| *major >= OLDEST_NODE && succeeds(Command::new("npm").arg("--version")))
    else {
        return Err(missing(&format!("node {OLDEST_NODE} or newer with npm"), "apt-get install nodejs npm"));
    };
    let (folder, wanted) = (installed("node"), source("package-lock.json"));
    if !is_current(&folder, &wanted)? {
        for file in ["package.json", "package-lock.json"] {
            copy(&source(file), &folder.join(file))?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        remember(&folder, &wanted)?;
    }
    // Modules are looked for above the script, so it has to lie beside them.
    let script = folder.join("client.js");
    copy(&source("client.js"), &script)?;
    // Before version 20 `crypto` is there only on demand.
    let on_demand = (major < 20).then(|| PathBuf::from("--experimental-global-webcrypto"));
    Ok(Script { program: "node".into(), arguments: on_demand.into_iter().chain([script]).collect() })
}

/// The number before the first dot of `v20.1.0`.
fn major_version(said: &str) -> Option<u32> {
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
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

/// A port that was free a moment ago.
fn free_address() -> Result<String, Failure> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| Failure::new(format!("no port is free: {error}")))
}

/// A throw-away folder.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("jeton-interop-{}", std::process::id()));
        let unmade = |error| Failure::new(format!("{} cannot be made: {error}", path.display()));
        fs::create_dir_all(&path).map_err(unmade)?;
        path.canonicalize().map(Self).map_err(unmade)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
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
