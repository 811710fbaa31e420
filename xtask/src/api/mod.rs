//! `cargo xtask api`: what the library crates promise to those who embed them, listed and compared with the last release.

mod baseline;
mod json;
mod listing;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::run::{Failure, root};

/// Check the public API of the library crates, or accept a change of it.
///
/// Two questions: is the listing in docs/public-api still what rustdoc says, and does anything break that the baseline, the API of
/// the last release, had? docs/how-to/release.md says when to accept which change.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask api                 check both\n  \
    cargo xtask api --write         accept a change: write the listings anew\n  \
    cargo xtask api --baseline      at a release: what is now is what must not break from here on")]
pub(crate) struct Api {
    /// Write the listings anew instead of comparing them.
    #[arg(long)]
    write: bool,
    /// Make the present API the baseline; writes the listings too.
    #[arg(long)]
    baseline: bool,
}

/// The crates that others embed, and the features with which their API is whole.
const CRATES: [&str; 4] = ["token-core", "auth-domain", "store-diesel", "api-axum"];
const FEATURES: &str = "auth-domain/testing,api-axum/guard";

impl Api {
    /// Checks and writes nothing.
    pub(crate) const CHECK: Self = Self { write: false, baseline: false };

    pub(crate) fn run(self) -> Result<(), Failure> {
        let documented = json::make(&CRATES, FEATURES)?;
        if self.write || self.baseline {
            documented.iter().try_for_each(listing::write)?;
        }
        if self.baseline {
            return documented.iter().try_for_each(baseline::write);
        }
        baseline::installed()?;
        let checks = documented.iter().flat_map(|json| [listing::check(json), baseline::check(json)]);
        let failed: Vec<_> = checks.filter_map(Result::err).map(|failure| failure.to_string()).collect();
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n\n"))) }
    }
}

/// Where listings and baselines are kept.
fn folder() -> PathBuf {
    root().join("docs/public-api")
}

fn unreadable(path: &Path, error: &impl std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
