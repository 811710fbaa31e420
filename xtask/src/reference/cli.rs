//! The page of the command line: `jeton help` of every command.

use std::fmt::Write as _;
use std::path::Path;

use super::printed;
use crate::run::{Failure, jeton};

const BEFORE: &str = "\
# Command line

This page is written by `cargo xtask reference` from `jeton help`; do not edit it.

Every command takes the [settings](configuration.md) too, by flags, environment or file; their flags are listed once, at the top.
";

/// The headings under which every command repeats the same.
const SETTINGS: &str = "Settings:\n";

pub(super) fn page(program: &Path) -> Result<String, Failure> {
    let mut page = BEFORE.to_owned();
    add(&mut page, program, &mut Vec::new())?;
    Ok(page)
}

/// The command's help, and that of the commands below it.
fn add(page: &mut String, program: &Path, path: &mut Vec<String>) -> Result<(), Failure> {
    let mut command = jeton(program);
    // `help serve` is as long as `serve --help`.
    command.arg("help").args(path.iter()).env("COLUMNS", "100").env("NO_COLOR", "1").env_remove("JETON_CONFIG");
    let help = printed(&mut command)?;
    let shown = if path.is_empty() { help.clone() } else { without_settings(&help) };
    let title = std::iter::once("jeton").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let depth = "#".repeat(path.len().saturating_add(2).min(4));
    let _ = write!(page, "\n{depth} {title}\n\n```text\n{}\n```\n", trimmed(&shown));
    for name in commands(&help) {
        path.push(name);
        add(page, program, path)?;
        path.pop();
    }
    Ok(())
}

/// The commands that a help lists, save `help` itself.
fn commands(help: &str) -> Vec<String> {
    let list = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap_or_default());
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The help without the flags that every command has: from their heading to the next part that begins at the margin.
fn without_settings(help: &str) -> String {
    let Some((before, rest)) = help.split_once(SETTINGS) else {
        return help.to_owned();
    };
    let mut after = rest.split_inclusive('\n').skip_while(|line| line.starts_with(' ') || line.trim().is_empty());
    before.to_owned() + &after.by_ref().collect::<String>()
}

fn trimmed(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{commands, without_settings};

    const HELP: &str = "Manage accounts\n\nUsage: jeton users <COMMAND>\n\nCommands:\n  list    Find accounts\n  create  Create one; asks\n            for more\n  help    Print help\n\nSettings:\n      --listen <ADDRESS>\n          Serve there\n\nExamples:\n  jeton users list\n";

    #[test]
    fn the_commands_of_a_help_are_found() {
        assert_eq!(commands(HELP), ["list", "create"]);
        assert_eq!(commands("Usage: jeton serve\n"), Vec::<String>::new());
    }

    #[test]
    fn settings_are_shown_once() {
        let shown = without_settings(HELP);
        assert!(!shown.contains("--listen") && shown.ends_with("Examples:\n  jeton users list\n"), "{shown}");
    }
}
