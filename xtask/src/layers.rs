//! Who may know whom: `cargo tree --invert` of a forbidden dependency has to find nothing.

use std::process::Command;

use crate::run::{Failure, cargo, not_started};

struct Layer {
    package: &'static str,
    /// Empty for the default features.
    features: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const OUTSIDE: &[&str] = &["diesel", "store-diesel", "argon2", "clap", "figment", "libsqlite3-sys", "tokio-postgres"];

const LAYERS: &[Layer] = &[
    Layer {
        package: "token-core",
        features: &[],
        forbidden: &["auth-domain", "store-diesel", "api-axum", "tokio", "axum", "hyper", "diesel", "argon2", "clap"],
    },
    Layer {
        package: "auth-domain",
        features: &[],
        forbidden: &["store-diesel", "api-axum", "tokio", "axum", "hyper", "diesel", "diesel-async", "clap"],
    },
    Layer { package: "store-diesel", features: &[], forbidden: &["api-axum", "axum", "clap", "testcontainers"] },
    Layer { package: "api-axum", features: &["--no-default-features", "--features=guard"], forbidden: OUTSIDE },
    Layer { package: "api-axum", features: &["--no-default-features", "--features=router"], forbidden: OUTSIDE },
    // The part of the guard that the router has knows no network.
    Layer {
        package: "api-axum",
        features: &["--no-default-features", "--features=router"],
        forbidden: &["reqwest", "rustls"],
    },
];

/// Fails with each path from a layer to something that it must not know.
pub(crate) fn check() -> Result<(), Failure> {
    let mut broken = Vec::new();
    for layer in LAYERS {
        let name = [&[layer.package], layer.features].concat().join(" ");
        println!("{name}: without {}", layer.forbidden.join(", "));
        for forbidden in layer.forbidden {
            if let Some(tree) = dependents(layer.package, layer.features, forbidden)? {
                broken.push(format!("{name} must not depend on {forbidden}:\n{tree}"));
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(broken.join("\n"))) }
}

/// The paths from `package` to `dependency` in what it compiles to, or `None` where there is none.
fn dependents(package: &str, features: &[&str], dependency: &str) -> Result<Option<String>, Failure> {
    let mut command: Command =
        cargo(["tree", "--locked", "--edges=normal", "--package", package, "--invert", dependency]);
    command.args(features);
    let output = command.output().map_err(|error| not_started(&command, &error))?;
    let (found, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok((!found.trim().is_empty()).then(|| found.into_owned()));
    }
    // The lock file has several versions, of which this layer may take none: each is looked for by itself.
    if said.contains("is ambiguous") {
        let exact = said.lines().map(str::trim).filter(|line| line.starts_with(&format!("{dependency}@")));
        for version in exact {
            if let Some(tree) = dependents(package, features, version)? {
                return Ok(Some(tree));
            }
        }
        return Ok(None);
    }
    let absent = said.contains(&format!("package ID specification `{dependency}` did not match any packages"));
    if absent { Ok(None) } else { Err(Failure::new(said.into_owned())) }
}

#[cfg(test)]
mod tests {
    use super::dependents;

    #[test]
    fn a_dependency_that_is_there_is_found() {
        let found = dependents("auth-domain", &[], "token-core").ok().flatten();
        assert!(found.is_some_and(|tree| tree.contains("auth-domain")));
    }

    #[test]
    fn a_dependency_that_only_a_feature_brings_is_found_with_that_feature() {
        assert!(
            dependents("api-axum", &["--no-default-features", "--features=server"], "diesel")
                .is_ok_and(|t| t.is_some())
        );
    }

    #[test]
    fn of_a_dependency_with_several_versions_each_is_looked_for() {
        let with = |feature| dependents("api-axum", &["--no-default-features", feature], "argon2");
        assert!(with("--features=server").is_ok_and(|tree| tree.is_some()));
        assert!(with("--features=guard").is_ok_and(|tree| tree.is_none()));
    }

    #[test]
    fn a_dependency_that_is_not_there_is_not_found() {
        assert!(dependents("token-core", &[], "auth-domain").is_ok_and(|tree| tree.is_none()));
        assert!(dependents("token-core", &[], "no-such-package").is_ok_and(|tree| tree.is_none()));
    }

    #[test]
    fn a_misspelt_layer_does_not_pass_in_silence() {
        assert!(!dependents("no-such-layer", &[], "tokio").is_ok_and(|tree| tree.is_none()));
    }
}
