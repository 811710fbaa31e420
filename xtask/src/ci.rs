//! `cargo xtask ci`: every check that a change has to pass.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::run::{Failure, cargo, run};
use crate::{
    api, book, browser, clients, deny, features, fuzz, interop, layers, openapi, reference, schemathesis, test, web,
};

/// Run every check that a change has to pass.
///
/// All steps run, also after one that failed; a table at the end says which held and how long each took.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask ci                       everything\n  \
    cargo xtask ci --skip test           the quick ones\n  \
    cargo xtask ci --only clippy --only layers")]
pub(crate) struct Ci {
    /// Run only this step; may be given again.
    #[arg(long, value_enum)]
    only: Vec<Step>,
    /// Leave this step out; may be given again.
    #[arg(long, value_enum)]
    skip: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Is the source formatted?
    Fmt,
    /// Lints, as errors.
    Clippy,
    /// Does each library crate hold with each of its features alone?
    Features,
    /// Does any crate know one that it must not know?
    Layers,
    /// Rules that no other tool checks: first lines, lengths, twins, documented error codes.
    Tidy,
    /// Does the documentation build without a warning?
    Docs,
    /// Has the public API of a library crate changed, or does it break who relies on it?
    Api,
    /// Licences, banned crates, sources, known vulnerabilities.
    Deny,
    /// Do the console's scripts have their types, and all languages the same words?
    Web,
    /// Is `docs/openapi.json` what the code says?
    Openapi,
    /// Every test, on both databases.
    Test,
    /// Do standard clients of other languages get on with the server, and accept what we accept?
    Interop,
    /// Does the server answer as its OpenAPI document says, whatever it is sent?
    Schemathesis,
    /// Do the console and passkeys work in a real browser, for everybody?
    Browser,
    /// Is the reference what the code says, and the book whole: links, settings, sources, and every command, run?
    Book,
    /// Do the TypeScript and the Rust client stay signed in on a network that loses 30 % of the answers?
    Clients,
    /// Does any input that libFuzzer invents break a promise? 30 seconds a target.
    Fuzz,
}

enum Outcome {
    Held,
    HeldBut(String),
    Failed(Failure),
}

impl Ci {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let steps = Step::value_variants().iter().copied();
        let chosen =
            steps.filter(|step| !self.skip.contains(step) && (self.only.is_empty() || self.only.contains(step)));
        let rows: Vec<_> = chosen.map(timed).collect();
        println!("\n{:<12} {:>7}  outcome", "step", "seconds");
        for (step, took, outcome) in &rows {
            let words = match outcome {
                Outcome::Held => "held".to_owned(),
                Outcome::HeldBut(what) => format!("held, but {what}"),
                Outcome::Failed(failure) => {
                    format!("FAILED: {}", failure.to_string().lines().next().unwrap_or_default())
                }
            };
            println!("{:<12} {:>7.1}  {words}", step.name(), took.as_secs_f32());
        }
        let failed: Vec<_> = rows
            .iter()
            .filter(|(.., outcome)| matches!(outcome, Outcome::Failed(_)))
            .map(|(step, ..)| step.name())
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join(", "))) }
    }
}

fn timed(step: Step) -> (Step, Duration, Outcome) {
    println!("\n=== {} ===", step.name());
    let start = Instant::now();
    let outcome = match step.check() {
        Ok(None) => Outcome::Held,
        Ok(Some(what)) => Outcome::HeldBut(what),
        Err(failure) => {
            println!("{failure}");
            Outcome::Failed(failure)
        }
    };
    (step, start.elapsed(), outcome)
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Features => "features",
            Self::Layers => "layers",
            Self::Tidy => "tidy",
            Self::Docs => "docs",
            Self::Api => "api",
            Self::Deny => "deny",
            Self::Web => "web",
            Self::Openapi => "openapi",
            Self::Test => "test",
            Self::Interop => "interop",
            Self::Schemathesis => "schemathesis",
            Self::Browser => "browser",
            Self::Book => "book",
            Self::Clients => "clients",
            Self::Fuzz => "fuzz",
        }
    }

    /// `Ok(Some(…))` says what could not be checked here.
    fn check(self) -> Result<Option<String>, Failure> {
        match self {
            Self::Fmt => run(&mut cargo(["fmt", "--all", "--check"]))
                .and_then(|()| run(&mut cargo(["fmt", "--manifest-path", "crates/fuzz/Cargo.toml", "--", "--check"]))),
            Self::Clippy => run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
            Self::Features => features::check(),
            Self::Layers => layers::check(),
            Self::Tidy => run(&mut cargo(["test", "--quiet", "--package", "xtask", "tidy"])),
            Self::Docs => run(cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")),
            Self::Api => api::Api::CHECK.run(),
            Self::Deny => return deny::check(),
            Self::Web => web::Web::default().run(),
            Self::Openapi => openapi::Openapi::in_ci(),
            Self::Test => test::Test::default().run(),
            Self::Interop => interop::Interop::default().run(),
            Self::Schemathesis => schemathesis::Schemathesis::default().run(),
            Self::Browser => browser::Browser::default().run(),
            Self::Book => reference::Reference { check: true }.run().and_then(|()| book::Book::default().run()),
            Self::Clients => clients::Clients::default().run(),
            Self::Fuzz => return fuzz::Fuzz::in_ci(),
        }
        .map(|()| None)
    }
}
