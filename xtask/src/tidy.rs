//! The house's rules that no other tool checks, as tests over the files that git knows.

mod products;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::run::root;

const LONGEST: usize = 400;
/// Put together here, so that this file does not break its own rules.
const UNFINISHED: [&str; 5] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore"),
    concat!("[", "allow("),
];
const ONE_MACHINE: [&str; 3] = [concat!("/work", "/"), concat!("/home", "/"), concat!("/root", "/")];

/// What is wrong with a Rust file, a line each.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push(format!("{path}: the first line does not say what the file is for (`//! …`)"));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        faults.push(format!("{path}: {lines} lines; over {LONGEST} it is probably two things"));
    }
    let unfinished = UNFINISHED.iter().filter(|word| text.contains(**word));
    faults.extend(unfinished.map(|word| format!("{path}: has `{word}`")));
    faults
}

fn paths_of_one_machine(path: &str, text: &str) -> Vec<String> {
    let found = text.lines().enumerate().filter(|(_, line)| ONE_MACHINE.iter().any(|start| line.contains(start)));
    found.map(|(number, line)| format!("{path}:{}: a path of one machine: {}", number + 1, line.trim())).collect()
}

/// The string literals in the bodies of functions named `code` that return a `&'static str`.
fn problem_codes(source: &str) -> BTreeSet<String> {
    let bodies = source.split("fn code(").skip(1).filter_map(|rest| {
        let (signature, body) = rest.split_once('{')?;
        signature.contains("&'static str").then(|| body_of(body))
    });
    bodies.flat_map(|body| body.split('"').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// The first cells of the tables' rows: `` `code` | … ``.
fn documented_codes(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix('`')?.split_once("` |"));
    rows.map(|(code, _)| code.to_owned()).collect()
}

/// What stands before the brace that closes the body.
fn body_of(text: &str) -> &str {
    let mut depth = 1_usize;
    let end = text.find(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The paths of all files that are tracked, or would be.
fn files() -> Vec<String> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let paths = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let paths: Vec<_> = paths.split('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    assert!(!paths.is_empty(), "git lists no file");
    paths
}

fn rust_files() -> Vec<(String, String)> {
    let paths =
        files().into_iter().filter(|path| Path::new(path).extension().is_some_and(|extension| extension == "rs"));
    paths.map(|path| (path.clone(), read(&path))).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths below a folder, relative to it.
fn below(folder: &str) -> BTreeSet<String> {
    let found: BTreeSet<_> = files().iter().filter_map(|path| path.strip_prefix(folder).map(str::to_owned)).collect();
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_rust_file_says_what_it_is_for_is_short_and_finished() {
    assert_none(&rust_files().iter().flat_map(|(path, text)| faults(path, text)).collect::<Vec<_>>());
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let faults = files().into_iter().flat_map(|path| {
        let bytes = std::fs::read(root().join(&path)).unwrap();
        paths_of_one_machine(&path, &String::from_utf8_lossy(&bytes))
    });
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn both_engines_have_the_same_rooms() {
    assert_eq!(below("crates/store-diesel/src/postgres/"), below("crates/store-diesel/src/sqlite/"));
}

#[test]
fn both_engines_have_the_same_migrations_forth_and_back() {
    let steps = below("migrations/postgres/");
    assert_eq!(steps, below("migrations/sqlite/"));
    let backwards = steps.iter().filter_map(|path| path.strip_suffix("up.sql")).map(|start| format!("{start}down.sql"));
    assert_none(&backwards.filter(|path| !steps.contains(path)).collect::<Vec<_>>());
}

#[test]
fn every_problem_code_is_documented_and_no_other() {
    let sources = rust_files().into_iter().filter(|(path, _)| path.starts_with("crates/api-axum/src/problem"));
    let codes: BTreeSet<_> = sources.flat_map(|(_, text)| problem_codes(&text)).collect();
    assert!(codes.len() > 5, "found only {codes:?}");
    assert_eq!(documented_codes(&read("docs/reference/errors.md")), codes);
}

#[test]
fn the_rules_find_what_breaks_them() {
    let good = "//! What it is for.\n\nfn main() {}\n";
    assert_eq!(faults("good.rs", good), Vec::<String>::new());
    assert_eq!(faults("headless.rs", "fn main() {}\n").len(), 1);
    assert_eq!(faults("long.rs", &format!("//! Long.\n{}", "\n".repeat(LONGEST))).len(), 1);
    for word in UNFINISHED {
        assert_eq!(faults("unfinished.rs", &format!("{good}{word}")).len(), 1, "{word}");
    }
    for start in ONE_MACHINE {
        assert_eq!(paths_of_one_machine("README.md", &format!("see\n{start}x")).len(), 1, "{start}");
    }
}

#[test]
fn problem_codes_are_read_from_the_function_that_names_them() {
    let source = r#"
        fn title(self) -> &'static str { "Not found" }
        pub fn code(&self) -> &'static str {
            match self { Self::Gone { .. } => "gone", Self::Other => "other" }
        }
        fn detail() -> String { "never".into() }"#;
    assert_eq!(problem_codes(source), BTreeSet::from(["gone".to_owned(), "other".to_owned()]));
}

#[test]
fn documented_codes_are_read_from_the_rows_of_the_tables() {
    let page = "A `word`.\n\nCode | Status\n--- | ---\n`gone` | 410\n`other` | 500\n`inline` is no row\n";
    assert_eq!(documented_codes(page), BTreeSet::from(["gone".to_owned(), "other".to_owned()]));
}
