//! `cargo xtask reference`: writes what the book's reference takes from the code, or says where the two differ.

mod cli;
mod http;
mod tables;

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde_json::Value;

use self::tables::{Table, Told};
use crate::run::{Failure, build, cargo, jeton, not_started, root};

/// Write the parts of the reference that come from the code.
///
/// The command line is `jeton help` of every command, HTTP is docs/openapi.json. The tables of settings, errors, security events and
/// metrics keep their words; their names, defaults, codes and kinds come from the program, and it fails where a row is missing or
/// one too many.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask reference\n  \
    cargo xtask reference --check        writes nothing, and fails where a page would change")]
pub(crate) struct Reference {
    /// Write nothing; fail where a page would change.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The tables: the page, the first cell of the header, the list that the program prints, and which of its members are the next cells.
const TABLES: [Table; 5] = [
    Table {
        page: "docs/reference/configuration.md",
        header: "Key",
        list: "settings",
        cells: &["default"],
        only: |name| !name.starts_with("mail."),
    },
    Table {
        page: "docs/how-to/mail.md",
        header: "Key",
        list: "settings",
        cells: &["default"],
        only: |name| name.starts_with("mail."),
    },
    Table { page: "docs/reference/errors.md", header: "Code", list: "problems", cells: &["status"], only: |_| true },
    Table { page: "docs/reference/events.md", header: "Kind", list: "events", cells: &[], only: |_| true },
    Table { page: "docs/reference/metrics.md", header: "Metric", list: "metrics", cells: &["kind"], only: |_| true },
];

impl Reference {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let told = told(&program)?;
        let mut pages =
            vec![("docs/reference/cli.md", cli::page(&program)?), ("docs/reference/http.md", http::page()?)];
        let mut faults = Vec::new();
        for table in &TABLES {
            let (text, found) = table.filled(&read(table.page)?, &told);
            faults.extend(found);
            pages.push((table.page, text));
        }
        for (page, text) in pages {
            if read(page).is_ok_and(|now| now == text) {
                continue;
            }
            if self.check {
                faults.push(format!("{page} is not what the code says: `cargo xtask reference` writes it"));
            } else {
                let path = root().join(page);
                fs::write(&path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
                println!("written: {page}");
            }
        }
        if faults.is_empty() {
            println!("the reference is what the code says");
            return Ok(());
        }
        Err(Failure::new(faults.join("\n")))
    }
}

fn read(page: &str) -> Result<String, Failure> {
    let path = root().join(page);
    fs::read_to_string(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// What `jeton reference` prints.
fn told(program: &Path) -> Result<Told, Failure> {
    let text = printed(jeton(program).arg("reference"))?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("`jeton reference`: {error}")))?;
    Ok(Told(value))
}

/// What a command prints.
fn printed(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::new(format!("{:?}: {}", command, String::from_utf8_lossy(&output.stderr))))
    }
}
