//! The API of the last release, and whether the present one breaks who relies on it: by cargo-semver-checks.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::json::Documented;
use super::{folder, unreadable};
use crate::run::{Failure, cargo, run, succeeds};
use crate::scratch::Folder;

/// Fails when the tool is missing.
pub(super) fn installed() -> Result<(), Failure> {
    let there = succeeds(&mut cargo(["semver-checks", "--version"]));
    let missing = "cargo-semver-checks is not installed: `cargo install --locked cargo-semver-checks`";
    if there { Ok(()) } else { Err(Failure::new(missing)) }
}

/// Fails when something is gone, or asks more, without a version that says so.
pub(super) fn check(documented: &Documented) -> Result<(), Failure> {
    let path = path(documented.name);
    let packed = fs::File::open(&path).map_err(|error| unreadable(&path, &error))?;
    let mut json = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut json).map_err(|error| unreadable(&path, &error))?;
    let scratch = Folder::new()?;
    let baseline = scratch.0.join(documented.name).with_extension("json");
    fs::write(&baseline, json).map_err(|error| unreadable(&baseline, &error))?;
    let mut command = cargo(["semver-checks", "check-release", "--baseline-rustdoc"]);
    command.arg(&baseline).arg("--current-rustdoc").arg(&documented.json);
    let advice = "give it a version that says so, or keep what others rely on; docs/how-to/release.md says how the baseline moves";
    run(&mut command).map_err(|_| Failure::new(format!("{} breaks who relies on it: {advice}", documented.name)))
}

/// Makes the present API the baseline.
pub(super) fn write(documented: &Documented) -> Result<(), Failure> {
    let path = path(documented.name);
    println!("writing docs/public-api/baseline/{}.json.gz", documented.name);
    let json = fs::read(&documented.json).map_err(|error| unreadable(&documented.json, &error))?;
    let mut json: Value = serde_json::from_slice(&json).map_err(|error| unreadable(&documented.json, &error))?;
    forget_prose(&mut json);
    let packed = fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(json.to_string().as_bytes())?;
        packed.finish()
    });
    packed.and_then(|packed| fs::write(&path, packed)).map_err(|error| unreadable(&path, &error))
}

fn path(name: &str) -> PathBuf {
    folder().join("baseline").join(name).with_extension("json.gz")
}

/// Comments and places in files are not compared, and are most of what changes.
fn forget_prose(json: &mut Value) {
    let Some(items) = json.get_mut("index").and_then(Value::as_object_mut) else { return };
    for item in items.values_mut().filter_map(Value::as_object_mut) {
        item.insert("docs".to_owned(), Value::Null);
        item.insert("span".to_owned(), Value::Null);
        item.insert("links".to_owned(), Value::Object(serde_json::Map::new()));
    }
}
