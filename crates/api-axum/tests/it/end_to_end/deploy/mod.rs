//! The files of `docs/deploy`: what they say is what the server knows, and proxies that are set up by them work.

mod files;
mod kubernetes;
mod proxied;
mod systemd;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::python::{python, run};

/// What the schemas of Kubernetes and Compose come with, and a parser of YAML.
const REQUIREMENTS: &str = include_str!("requirements.txt");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploy")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// The documents of a YAML file, as JSON.
fn yaml(name: &str) -> Vec<Value> {
    let program = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let path = folder().join(name);
    serde_json::from_str(&run(&python("deploy", REQUIREMENTS), program, &[path.to_str().unwrap()])).unwrap()
}

/// Runs one of the programs of the Python environment, which must find nothing wrong.
fn judged_good(program: &str, arguments: &[&str]) {
    let program = python("deploy", REQUIREMENTS).with_file_name(program);
    let output = Command::new(program).args(arguments).current_dir(folder()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Whether an image is named by more than a name that moves.
fn is_pinned(image: &str) -> bool {
    let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag);
    image.contains("@sha256:") || tag.is_some_and(|tag| !tag.is_empty() && tag != "latest")
}
