//! The public API, one item a line, as it was last accepted.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::json::Documented;
use super::{folder, unreadable};
use crate::run::Failure;

/// Fails with the lines that came and went.
pub(super) fn check(documented: &Documented) -> Result<(), Failure> {
    let path = path(documented.name);
    let accepted = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    let found = items(documented)?;
    let difference = difference(&accepted, &found);
    println!("{}: {} public items", documented.name, found.lines().count());
    if difference.is_empty() {
        return Ok(());
    }
    let name = documented.name;
    let wanted = "if that is meant, `cargo xtask api --write`, and a line in the crate's CHANGELOG.md";
    Err(Failure::new(format!("the public API of {name} has changed; {wanted}:\n{}", difference.join("\n"))))
}

/// Accepts the API as it is.
pub(super) fn write(documented: &Documented) -> Result<(), Failure> {
    let path = path(documented.name);
    println!("writing docs/public-api/{}.txt", documented.name);
    let items = items(documented)?;
    fs::create_dir_all(folder()).and_then(|()| fs::write(&path, items)).map_err(|error| unreadable(&path, &error))
}

fn path(name: &str) -> PathBuf {
    folder().join(name).with_extension("txt")
}

/// Without what every type has anyway: blanket, automatic and derived implementations.
fn items(documented: &Documented) -> Result<String, Failure> {
    let api = public_api::Builder::from_rustdoc_json(&documented.json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| unreadable(&documented.json, &error))?;
    let items: Vec<_> = api.items().map(ToString::to_string).collect();
    Ok(items.join("\n") + "\n")
}

fn difference(accepted: &str, found: &str) -> Vec<String> {
    let (before, now): (BTreeSet<_>, BTreeSet<_>) = (accepted.lines().collect(), found.lines().collect());
    let gone = before.difference(&now).map(|line| format!("- {line}"));
    gone.chain(now.difference(&before).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_names_what_went_and_what_came() {
        assert_eq!(
            difference("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"),
            ["- pub fn a()", "+ pub fn c()"]
        );
        assert!(difference("pub fn a()\n", "pub fn a()\n").is_empty());
    }
}
