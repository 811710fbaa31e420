//! What we depend on: licences, banned crates, sources and known vulnerabilities, by cargo-deny.

use crate::run::{Failure, cargo, run, succeeds};
use crate::test::in_ci;

/// Checks with cargo-deny. `Ok(Some(…))` says what could not be checked here.
pub(crate) fn check() -> Result<Option<String>, Failure> {
    if !succeeds(&mut cargo(["deny", "--version"])) {
        let missing = "cargo-deny is not installed: `cargo install --locked cargo-deny`";
        return if in_ci() { Err(Failure::new(missing)) } else { Ok(Some(missing.to_owned())) };
    }
    run(&mut cargo(["deny", "--workspace", "--all-features", "check", "bans", "licenses", "sources"]))?;
    if !succeeds(&mut cargo(["deny", "fetch", "db"])) {
        let offline = "advisories NOT checked: the advisory database cannot be fetched from here";
        println!("{offline}");
        return Ok(Some(offline.to_owned()));
    }
    run(&mut cargo(["deny", "--workspace", "--all-features", "check", "--disable-fetch", "advisories"]))?;
    Ok(None)
}
