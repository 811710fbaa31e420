//! The TypeScript client: built, its own tests, and its tests against a running server.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::proxy::Proxy;
use super::{Told, World};
use crate::npm;
use crate::run::{Failure, root, run};

/// The oldest Node that the client is made for.
const OLDEST_NODE: u32 = 20;

/// The package, compiled.
pub(super) struct Package {
    folder: PathBuf,
}

/// Compiles the package and passes the tests that need no server.
pub(super) fn build() -> Result<Package, Failure> {
    npm::node(OLDEST_NODE, "for the TypeScript client", "`cargo xtask clients rust`, which runs without")?;
    let package = Package { folder: root().join("clients").join("typescript") };
    package.install()?;
    // What was compiled before from a source that is gone must not be run.
    for made in ["dist", "build"] {
        let path = package.folder.join(made);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        }
    }
    run(package.npm().args(["test", "--silent"]))?;
    Ok(package)
}

impl Package {
    fn npm(&self) -> Command {
        let mut command = Command::new("npm");
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// The compiler, in the version of the lock file, unless it is there.
    fn install(&self) -> Result<(), Failure> {
        let (wanted, installed) = (self.folder.join("package-lock.json"), self.folder.join("node_modules"));
        if !npm::is_current(&installed, &wanted)? {
            npm::install(&self.folder)?;
            npm::remember(&installed, &wanted)?;
        }
        Ok(())
    }

    /// Its tests against the server, each on a network of its own.
    pub(super) fn in_node(&self, world: &World) -> Result<Vec<Told>, Failure> {
        let mut told = Vec::new();
        let refreshes = u64::from(world.refreshes);
        for (seed, who, test, at_least) in [
            (1, "one page", "lossy", Some(refreshes)),
            (2, "ten tabs", "tabs", Some(refreshes / 10)),
            (3, "killed", "crash", Some(20)),
            (4, "without keys", "naive", None),
        ] {
            let proxy = Proxy::start(&world.proxy, world.server.base(), seed)?;
            self.test(world, &format!("real/{test}"), proxy.url())?;
            let counts = proxy.end()?;
            match at_least {
                Some(refreshes) => counts.check(who, refreshes)?,
                None if counts.get("refused") == 0 => {
                    return Err(Failure::new("a client without keys was never refused: the network proves nothing"));
                }
                None => {}
            }
            told.push(Told { who, counts });
        }
        self.test(world, "real/session", world.server.base())?;
        Ok(told)
    }

    /// Its tests in the tabs of a real browser.
    pub(super) fn in_a_browser(&self, world: &World) -> Result<Option<Told>, Failure> {
        let proxy = Proxy::start(&world.proxy, world.server.base(), 5)?;
        self.test(world, "browser/tabs", proxy.url())?;
        self.test(world, "browser/console", proxy.url())?;
        self.test(world, "browser/passkey", proxy.url())?;
        let counts = proxy.end()?;
        Ok(Some(Told { who: "browser", counts }))
    }

    fn test(&self, world: &World, name: &str, lossy: &str) -> Result<(), Failure> {
        let mut command = Command::new("node");
        command.args(["--test", "--test-reporter=spec", &format!("build/test/{name}.test.js")]);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.env("JETON_TEST_URL", world.server.base()).env("JETON_TEST_LOSSY_URL", lossy);
        command.env("JETON_TEST_FOLDER", &world.folder).env("JETON_TEST_REFRESHES", world.refreshes.to_string());
        command.env("JETON_TEST_ISSUER", &world.issuer).env("JETON_TEST_SITE", &world.site);
        run(&mut command)
    }
}
