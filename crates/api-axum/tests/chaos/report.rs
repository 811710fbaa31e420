//! The figures of a scenario: printed, and kept as JSON in the folder that `JETON_CHAOS_OUT` names.

use std::fmt::Display;
use std::path::PathBuf;

use serde_json::{Value, json};

/// What one run of a scenario showed. `cargo xtask chaos` puts it into the scenario's table in `docs/explanation/reliability.md`.
pub(crate) struct Report {
    scenario: &'static str,
    column: &'static str,
    figures: Vec<Value>,
}

impl Report {
    /// A report that fills one column of the scenario's table: an engine, mostly.
    pub(crate) fn of(scenario: &'static str, column: &'static str) -> Self {
        Self { scenario, column, figures: Vec::new() }
    }

    /// Adds a line: what was counted or measured, and the figure with its unit.
    pub(crate) fn figure(mut self, name: &str, value: impl Display) -> Self {
        self.figures.push(json!({ "name": name, "value": value.to_string() }));
        self
    }

    /// Prints it and writes the file. To be called once all assertions have held: what is written is what was proven.
    pub(crate) fn write(self) {
        let Self { scenario, column, figures } = self;
        println!("{scenario}, {column}:");
        for figure in &figures {
            println!("  {}: {}", figure["name"].as_str().unwrap(), figure["value"].as_str().unwrap());
        }
        let Some(folder) = std::env::var_os("JETON_CHAOS_OUT").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let short = super::rounds(1, 2) == 1;
        let report = json!({ "scenario": scenario, "column": column, "short": short, "figures": figures });
        std::fs::write(folder.join(format!("{scenario}-{column}.json")), report.to_string()).unwrap();
    }
}
