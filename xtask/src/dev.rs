//! `cargo xtask dev`: builds the server, starts it on its embedded default, and shows how to use it.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use clap::Args;

use crate::demo;
use crate::run::{Failure, build, cargo, root};
use crate::server::Server;

/// Run the server here: SQLite, keys and all, with nothing to set up.
///
/// Builds `jeton`, starts `jeton serve`, waits until it is ready, and prints its address with curl lines to copy.
/// Ctrl-C stops it. Settings come from the environment as for `jeton serve` itself (`JETON_DATABASE_URL`, …).
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask dev                      data in ./jeton-data, kept from run to run\n  \
    cargo xtask dev --demo               plays sign up, refresh, a lost answer, a thief … and shows each request\n  \
    cargo xtask dev --release --port 9000\n  \
    JETON_DATABASE_URL=postgres://jeton@127.0.0.1/jeton cargo xtask dev")]
pub(crate) struct Dev {
    /// Build with optimisation: slower to build, faster to run.
    #[arg(long)]
    release: bool,
    /// Listen at this port of the loopback interface [default: `JETON_LISTEN`, else 8080].
    #[arg(long)]
    port: Option<u16>,
    /// Play the main job against the server, explain each request and answer, then leave the server running.
    ///
    /// The data goes to a throw-away folder, unless `JETON_DATA_DIR` names one. Fails when an answer is not what it should be.
    #[arg(long)]
    demo: bool,
    /// Arguments for `jeton serve`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Dev {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (interrupted, interrupt) = mpsc::channel();
        let note = move || {
            // Nobody listens any more when the run is over.
            let _ = interrupted.send(());
        };
        ctrlc::set_handler(note).map_err(|error| Failure::new(format!("Ctrl-C cannot be caught: {error}")))?;
        let mut command = cargo(["build", "--package", "api-axum", "--bin", "jeton"]);
        if self.release {
            command.arg("--release");
        }
        let program = build(&mut command, "bin", "jeton")?;
        let folder = self.data_dir()?;
        let log = self.demo.then(|| folder.path().join("server.log"));
        let mut server = Server::start(&program, &self.listen(), folder.path(), log.clone(), &self.arguments)?;
        server.wait_until_ready()?;
        println!("\nJeton runs at {}, data in {}", server.base(), folder.path().display());
        if self.demo {
            demo::play(server.base())?;
            println!("\nThe server still runs at {}. Its log: {}", server.base(), log.unwrap_or_default().display());
        } else {
            println!("\nCopy and paste:\n\n{}", main_job(server.base())?);
        }
        println!("Ctrl-C stops it.");
        server.run_until(&interrupt)
    }

    fn listen(&self) -> String {
        let address = self.port.map(|port| format!("127.0.0.1:{port}")).or_else(|| std::env::var("JETON_LISTEN").ok());
        address.unwrap_or_else(|| "127.0.0.1:8080".to_owned())
    }

    fn data_dir(&self) -> Result<DataDir, Failure> {
        let (path, throw_away) = match std::env::var_os("JETON_DATA_DIR") {
            Some(named) => (PathBuf::from(named), false),
            None if self.demo => (std::env::temp_dir().join(format!("jeton-demo-{}", std::process::id())), true),
            None => (root().join("jeton-data"), false),
        };
        let unmade = |error| Failure::new(format!("{} cannot be made: {error}", path.display()));
        std::fs::create_dir_all(&path).map_err(unmade)?;
        let path = path.canonicalize().map_err(unmade)?;
        Ok(DataDir { path, throw_away })
    }
}

/// The server's folder; a throw-away one goes with the run.
struct DataDir {
    path: PathBuf,
    throw_away: bool,
}

impl DataDir {
    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.throw_away {
            // What is left lies in the system's temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The README's block for a shell, with this server's address in it.
fn main_job(base: &str) -> Result<String, Failure> {
    let block = include_str!("../../README.md")
        .split_once("## The main job, by curl")
        .and_then(|(_, section)| section.split_once("```sh\n"))
        .and_then(|(_, block)| block.split_once("```"))
        .map(|(block, _)| block.replace("http://127.0.0.1:8080", base));
    block.ok_or_else(|| Failure::new("README.md has no block of curl lines under `The main job, by curl`"))
}

#[cfg(test)]
mod tests {
    use super::main_job;

    #[test]
    fn the_curl_lines_are_the_readmes_with_the_servers_own_address() {
        let block = main_job("http://127.0.0.1:9000").ok().unwrap();
        assert!(block.starts_with("URL=http://127.0.0.1:9000\n"));
        for step in ["/v1/accounts", "/v1/login", "/v1/me", "/v1/refresh", "/v1/sessions"] {
            assert!(block.contains(step), "{step}");
        }
    }
}
