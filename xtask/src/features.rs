//! Does each library crate hold with none of its features, with each alone, and with all? By cargo-hack.

use crate::run::{Failure, cargo, run, succeeds};

const PACKAGES: [&str; 8] =
    ["--package", "token-core", "--package", "auth-domain", "--package", "store-diesel", "--package", "api-axum"];

/// Lints the libraries and the binary, as errors, with every choice of one feature. What only tests need is not there.
pub(crate) fn check() -> Result<(), Failure> {
    if !succeeds(&mut cargo(["hack", "--version"])) {
        return Err(Failure::new("cargo-hack is not installed: `cargo install --locked cargo-hack`"));
    }
    let mut command = cargo(["hack", "clippy", "--each-feature", "--lib", "--bins"]);
    command.args(PACKAGES).args(["--", "-D", "warnings"]);
    run(&mut command)
}
