//! `cargo xtask interop`: standard OAuth and JWT libraries of other languages drive a running server, and verify what we verify.

mod differential;
pub(crate) mod installed;

use std::path::Path;
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use self::installed::{node, python};
use crate::run::{Failure, build, cargo, jeton, not_started, run};
use crate::scratch::{Folder, free_address};
use crate::server::Server;

const AUDIENCE: &str = "jeton";

/// Let standard clients drive a running server.
///
/// Starts `jeton serve` on SQLite. `authlib` (Python) and `oauth4webapi` (JavaScript) discover it, refresh, introspect and revoke;
/// `PyJWT` and `jose` verify its access tokens from the JWK set. Then the differential run: thousands of tokens, good and bent, are
/// verified by `jeton verify`, `PyJWT` and `jose`, and it fails where we accept what one of them refuses. Needs python3 with venv, node with npm, and, at the first time, their
/// registries; what was installed is kept under the target folder.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask interop\n  \
    cargo xtask interop differential     only that\n  \
    cargo xtask ci --skip interop        where Python or Node cannot be had")]
pub(crate) struct Interop {
    /// The part to run; both when none is named.
    #[arg(value_enum)]
    only: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Standard clients drive a running server.
    Clients,
    /// Other libraries verify what we verify.
    Differential,
}

impl Interop {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (python, node) = (python()?, node()?);
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let folder = Folder::new()?;
        if self.only != Some(Part::Differential) {
            let served = Served::start(&program, &folder.0)?;
            println!("\nPython: Authlib and PyJWT against {}", served.server.base());
            run(served.settings(&mut python.script("client.py")?))?;
            println!("\nJavaScript: oauth4webapi and jose against {}", served.server.base());
            run(served.settings(&mut node.script("client.js")?))?;
        }
        if self.only != Some(Part::Clients) {
            println!("\nThe differential run: jeton verify, PyJWT and jose on the same tokens");
            differential::run(&program, &python, &node, &folder.0)?;
        }
        Ok(())
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
