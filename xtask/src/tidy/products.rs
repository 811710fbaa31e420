//! The library crates as products: what their manifests, front pages and packages say is so.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{assert_none, read};
use crate::run::cargo;

const CRATES: [&str; 4] = ["token-core", "auth-domain", "store-diesel", "api-axum"];

fn said(command: &mut Command) -> String {
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// The manifests as cargo reads them.
fn packages() -> Vec<Value> {
    let metadata = said(&mut cargo(["metadata", "--no-deps", "--format-version", "1", "--locked"]));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn package(name: &str) -> Value {
    packages().into_iter().find(|package| package["name"] == name).unwrap()
}

fn front_page(name: &str) -> String {
    read(&format!("crates/{name}/src/lib.rs"))
}

/// The first cells of the table below the heading `# Features`.
fn documented_features(front_page: &str) -> BTreeSet<String> {
    let section = front_page.split_once("//! # Features\n").expect("a heading `# Features`").1;
    let section = section.split("//! # ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("//! `")?.split_once("` |"));
    rows.map(|(feature, _)| feature.to_owned()).collect()
}

#[test]
fn every_feature_is_on_its_crates_front_page_and_no_other() {
    for name in CRATES {
        let manifest = package(name);
        let features = manifest["features"].as_object().unwrap().keys().cloned();
        let features: BTreeSet<_> = features.filter(|feature| feature != "default").collect();
        assert_eq!(documented_features(&front_page(name)), features, "{name}");
    }
}

#[test]
fn features_are_read_from_the_rows_of_their_own_table() {
    let page = "//! `no` | one\n//! # Features\n//!\n//! Feature | Brings\n//! --- | ---\n//! `a` | A\n//! # Next\n//! `b` | B\n";
    assert_eq!(documented_features(page), BTreeSet::from(["a".to_owned()]));
}

#[test]
fn every_manifest_says_what_a_registry_asks() {
    let faults = CRATES.iter().flat_map(|name| {
        let manifest = package(name);
        let empty = |field: &str| match &manifest[field] {
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => true,
        };
        let fields = ["description", "license", "readme", "rust_version", "keywords", "categories"];
        let mut faults: Vec<_> =
            fields.iter().filter(|field| empty(field)).map(|field| format!("{name}: no {field}")).collect();
        if manifest.pointer("/metadata/docs/rs").is_none() {
            faults.push(format!("{name}: nothing for docs.rs"));
        }
        faults
    });
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn every_package_carries_its_licences_its_readme_and_its_changelog() {
    let mut faults = Vec::new();
    for name in CRATES {
        let list = said(&mut cargo(["package", "--list", "--allow-dirty", "--quiet", "--package", name]));
        let files: BTreeSet<_> = list.lines().collect();
        let wanted = ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "src/lib.rs"];
        faults.extend(wanted.iter().filter(|file| !files.contains(*file)).map(|file| format!("{name}: no {file}")));
        let included =
            super::rust_files().into_iter().filter(|(path, _)| path.starts_with(&format!("crates/{name}/src/")));
        for (path, text) in included {
            let depth = path.matches('/').count() - 2;
            let outside = format!("\"{}", "../".repeat(depth + 1));
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            faults.extend(shipped.contains(&outside).then(|| format!("{path}: takes a file from outside its package")));
        }
    }
    let migrations = said(&mut cargo(["package", "--list", "--allow-dirty", "--quiet", "--package", "store-diesel"]));
    assert!(migrations.contains("migrations/sqlite/") && migrations.contains("migrations/postgres/"), "{migrations}");
    assert_none(&faults);
}

#[test]
fn every_changelog_has_the_version_of_its_crate_or_what_is_unreleased() {
    for name in CRATES {
        let (changelog, version) = (read(&format!("crates/{name}/CHANGELOG.md")), package(name)["version"].clone());
        let released = format!("## [{}]", version.as_str().unwrap());
        assert!(changelog.contains("## [Unreleased]") || changelog.contains(&released), "{name}");
    }
}

/// One number in all places: the workspace's, the fuzz targets', and what readers are told.
#[test]
fn the_oldest_toolchain_is_the_same_everywhere() {
    let named: BTreeSet<_> = packages().iter().map(|package| package["rust_version"].to_string()).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    let version = named.first().unwrap().trim_matches('"').to_owned();
    assert!(read("crates/fuzz/Cargo.toml").contains(&format!("rust-version = \"{version}\"")), "crates/fuzz");
    assert!(read("README.md").contains(&format!("Rust {version} or later")), "README.md");
    assert!(read("docs/how-to/release.md").contains(&format!("Rust {version}")), "docs/how-to/release.md");
    assert!(!read("clippy.toml").contains("msrv") || read("clippy.toml").contains(&version), "clippy.toml");
    for name in CRATES {
        assert!(read(&format!("crates/{name}/README.md")).contains(&format!("Rust {version} or later")), "{name}");
    }
}
