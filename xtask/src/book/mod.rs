//! `cargo xtask book`: builds the book, follows its links, checks its blocks, and runs its commands.

mod blocks;
mod expected;
mod links;
mod page;
mod sandbox;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Args;

use self::page::Page;
use self::sandbox::Sandbox;
use crate::run::{Failure, build, cargo, root, run, succeeds, target};
use crate::scratch::Folder;
use crate::test::{Postgres, in_ci};

const INSTALL: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --locked mdbook --version 0.5.4 --no-default-features --features search";

/// Build the book from docs/, and check it.
///
/// Every page is in the table of contents; no link or anchor is dead; JSON parses; settings pass `jeton config check`; sources are
/// part of what compiles. Every shell command is run, in the order of its page, in a folder to throw away, with the real `jeton`
/// and, where a page asks for it, a throw-away PostgreSQL; where a block of text follows, it is compared with what was printed.
/// Comments in the pages say what differs: `xtask/src/book/page.rs` reads them. What is not run has its reason there, and is
/// counted at the end.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask book                     everything\n  \
    cargo xtask book how-to/cluster      only the pages whose path has this in it; links of all\n  \
    cargo xtask book --no-run            builds, and follows links; the book is target/book/index.html")]
pub(crate) struct Book {
    /// Run no command.
    #[arg(long)]
    no_run: bool,
    /// Only pages whose path has one of these in it.
    pages: Vec<String>,
}

impl Book {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if !succeeds(Command::new("mdbook").arg("--version")) {
            return Err(Failure::new(format!("mdbook is not installed: {INSTALL}")));
        }
        run(Command::new("mdbook").args(["build", "docs"]).current_dir(root()))?;
        let pages = pages()?;
        let mut faults =
            links::faults(&pages.iter().map(|(page, _)| page).collect::<Vec<_>>(), &root(), &target().join("book"));
        faults.extend(
            pages
                .iter()
                .flat_map(|(page, _)| page.faults.iter().map(|fault| format!("{}: {fault}", page.path.display()))),
        );
        println!("{} pages, {} links", pages.len(), pages.iter().map(|(page, _)| page.links.len()).sum::<usize>());
        if !self.no_run {
            faults.extend(self.run_pages(&pages)?);
        }
        if faults.is_empty() {
            return Ok(());
        }
        println!("\n{}", faults.join("\n\n"));
        Err(Failure::new(format!("{} faults in the book", faults.len())))
    }

    fn run_pages(&self, pages: &[(Page, String)]) -> Result<Vec<String>, Failure> {
        let jeton = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let chosen: Vec<_> = pages.iter().filter(|(page, _)| self.chosen(&page.path)).collect();
        let with_database = |page: &Page| page.setup.iter().any(|setup| setup == "postgres");
        let postgres = if chosen.iter().any(|(page, _)| with_database(page)) {
            // After the tests of a whole run their build is there; otherwise this one is smaller.
            let mut command = if in_ci() {
                cargo(["test", "--workspace", "--no-run"])
            } else {
                cargo(["build", "--package", "store-diesel", "--features", "testing", "--example", "test_postgres"])
            };
            Some(Postgres::start(&build(&mut command, "example", "test_postgres")?)?)
        } else {
            None
        };
        let scratch = Folder::new()?;
        let (mut faults, mut ran, mut left_out) = (Vec::new(), 0_usize, Vec::new());
        for (number, (page, text)) in chosen.iter().enumerate() {
            let server = postgres.as_ref().filter(|_| with_database(page)).map(|postgres| postgres.url.as_str());
            let start = Instant::now();
            let sandbox = Sandbox::new(scratch.0.join(format!("page{number}")), text, &jeton, server)?;
            faults.extend(blocks::faults(page, &sandbox));
            match shell::run(page, &sandbox) {
                Ok(0) => {}
                Ok(count) => {
                    ran = ran.saturating_add(count);
                    println!("{}: {count} held, {:.1} s", page.path.display(), start.elapsed().as_secs_f32());
                }
                Err(found) => {
                    println!("{}: FAILED", page.path.display());
                    faults.extend(found);
                }
            }
            left_out.extend(page.steps.iter().filter_map(|step| {
                let reason = step.notes.not_run.as_ref()?;
                Some(format!("  {}:{}: {reason}", page.path.display(), step.line))
            }));
        }
        println!("\n{ran} blocks were run, {} were not:\n{}", left_out.len(), left_out.join("\n"));
        Ok(faults)
    }

    fn chosen(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.pages.is_empty() || self.pages.iter().any(|part| path.contains(part.as_str()))
    }
}

/// The README, and every page below `docs`, by path, with its text.
fn pages() -> Result<Vec<(Page, String)>, Failure> {
    let mut paths = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(root().join(&folder)).map_err(failed)?.flatten() {
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(root().join(&path));
        let text = text.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        Ok((Page::read(path, &text), text))
    };
    paths.into_iter().map(read).collect()
}
