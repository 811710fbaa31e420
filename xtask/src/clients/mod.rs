//! `cargo xtask clients`: the TypeScript and the Rust client against a running server, behind a network that loses 30 % of the answers.

mod native;
mod proxy;
mod typescript;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use self::proxy::Counts;
use crate::run::{Failure, build, cargo};
use crate::scratch::{Folder, free_address};
use crate::server::Server;
use crate::test::Postgres;

/// Without a word of grace: a repeated refresh is forgiven for its `Idempotency-Key` alone.
const STRICT: &str = "[refresh]\nretry_window = \"0s\"\n\n[metrics]\nlisten = \"off\"\n";

/// Let the clients stay signed in on a bad network.
///
/// Builds `clients/typescript` and passes its tests; starts `jeton serve`, without any grace for repeated refreshes, and before it
/// `examples/lossy_proxy.rs`, which loses 30 % of the answers and delivers 10 % of the requests twice. Each client refreshes a
/// thousand times, from ten tabs or processes too, and is killed again and again; none may be signed out. A client without keys, and
/// tabs that do not look at each other, must be: or the network would prove nothing. Needs node with npm, at the first time its
/// registry, and Chromium with its driver.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask clients\n  \
    cargo xtask clients rust --refreshes 100\n  \
    cargo xtask clients --engine postgres\n  \
    cargo xtask ci --skip clients        where Node or Chromium cannot be had")]
pub(crate) struct Clients {
    /// The part to run; all when none is named.
    #[arg(value_enum)]
    only: Option<Part>,
    /// How often each client refreshes [default: 1000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..))]
    refreshes: Option<u32>,
    /// Where the server keeps its sessions. PostgreSQL is found as `cargo xtask test` finds it; with `TEST_DATABASE_URL` the tables are
    /// made in the database that it names.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The TypeScript client in Node.
    Typescript,
    /// The same in the tabs of a Chromium.
    Browser,
    /// The Rust client.
    Rust,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Engine {
    #[default]
    Sqlite,
    Postgres,
}

/// What a client's part runs with.
struct World {
    server: Server,
    /// The programs of the examples.
    client: PathBuf,
    proxy: PathBuf,
    folder: PathBuf,
    refreshes: u32,
}

/// What happened to a client on its network.
struct Told {
    who: &'static str,
    counts: Counts,
}

impl Clients {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let began = Instant::now();
        let wants = |part| self.only.is_none_or(|only| only == part);
        println!("[1/5] building");
        let package = if self.only == Some(Part::Rust) { None } else { Some(typescript::build()?) };
        let programs = Programs::build()?;
        println!("[2/5] starting the server");
        let postgres = match self.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Postgres::start(&programs.postgres)?),
        };
        let folder = Folder::new()?;
        let world = programs.world(&folder, postgres.as_ref(), self.refreshes.unwrap_or(1_000))?;
        let mut told = Vec::new();
        println!("[3/5] TypeScript in Node");
        if let Some(package) = package.as_ref().filter(|_| wants(Part::Typescript)) {
            told.extend(package.in_node(&world)?);
        }
        println!("[4/5] TypeScript in a browser");
        if let Some(package) = package.as_ref().filter(|_| wants(Part::Browser)) {
            told.extend(package.in_a_browser(&world)?);
        }
        println!("[5/5] Rust");
        if wants(Part::Rust) {
            told.extend(native::play(&world)?);
        }
        Counts::print(&told);
        println!("Nobody was signed out who should not be. {} s", began.elapsed().as_secs());
        Ok(())
    }
}

struct Programs {
    jeton: PathBuf,
    client: PathBuf,
    proxy: PathBuf,
    postgres: PathBuf,
}

impl Programs {
    /// All at once and of the whole workspace, as the tests build them, so that nothing compiles twice.
    fn build() -> Result<Self, Failure> {
        let examples = ["--example", "client", "--example", "lossy_proxy", "--example", "test_postgres"];
        let jeton = build(cargo(["build", "--workspace", "--bin", "jeton"]).args(examples), "bin", "jeton")?;
        // Cargo puts examples beside the programs.
        let example = |name| jeton.with_file_name("examples").join(name);
        Ok(Self { client: example("client"), proxy: example("lossy_proxy"), postgres: example("test_postgres"), jeton })
    }

    fn world(self, folder: &Folder, postgres: Option<&Postgres>, refreshes: u32) -> Result<World, Failure> {
        let config = folder.0.join("strict.toml");
        fs::write(&config, STRICT).map_err(|error| Failure::new(format!("{}: {error}", config.display())))?;
        let listen = free_address()?;
        let database = match postgres {
            Some(postgres) => postgres.url.clone(),
            None => format!("sqlite:{}", folder.0.join("jeton.db").display()),
        };
        let issuer = format!("http://{listen}");
        let config = config.display().to_string();
        let flags = ["--config", &config, "--database-url", &database, "--issuer", &issuer].map(str::to_owned);
        let mut server = Server::start(&self.jeton, &listen, &folder.0, Some(folder.0.join("server.log")), &flags)?;
        server.wait_until_ready()?;
        Ok(World { server, client: self.client, proxy: self.proxy, folder: folder.0.clone(), refreshes })
    }
}
