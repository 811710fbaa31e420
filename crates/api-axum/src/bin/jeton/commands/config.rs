//! `jeton config show | check`.

use std::fmt::Write as _;

use super::print;
use crate::cli::{ConfigAction, Settings};
use crate::config::{Config, ConfigProblems, Shown};
use crate::failure::Failure;

pub(super) fn run(settings: &Settings, action: ConfigAction) -> Result<(), Failure> {
    match action {
        ConfigAction::Show => print(&as_toml(&Config::load(settings)?.shown)),
        ConfigAction::Check => match Config::load(settings) {
            Ok(_) => print("The configuration is good.\n"),
            Err(problems) => Err(refused(&problems)),
        },
    }
}

/// Here the check itself is what was asked for, so that its answer is 1 and not a wrong usage.
fn refused(problems: &ConfigProblems) -> Failure {
    Failure::new(problems.to_string())
}

fn as_toml(shown: &[Shown]) -> String {
    let lines: Vec<String> = shown.iter().map(|setting| format!("{} = {}", setting.key, setting.value)).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().min(60);
    let mut text = String::new();
    for (line, setting) in lines.iter().zip(shown) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line:width$}  # {}", setting.source);
    }
    text
}
