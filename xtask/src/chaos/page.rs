//! The tables of the scenarios in the documentation: each between two marks that it finds again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Failure, root};

const PAGES: [&str; 2] = ["docs/explanation/reliability.md", "docs/explanation/scaling.md"];
const END: &str = "<!-- /figures -->";

/// A table: its columns in order, and each line's figures by column.
#[derive(Default)]
struct Table {
    columns: Vec<String>,
    lines: Vec<(String, BTreeMap<String, String>)>,
}

impl Table {
    fn add(&mut self, column: &str, figures: &[Value]) {
        self.columns.push(column.to_owned());
        for figure in figures {
            let text = |member: &str| figure.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (name, value) = (text("name"), text("value"));
            let known = self.lines.iter().position(|(line, _)| *line == name);
            let at = known.unwrap_or_else(|| {
                self.lines.push((name, BTreeMap::new()));
                self.lines.len().saturating_sub(1)
            });
            if let Some((_, line)) = self.lines.get_mut(at) {
                line.insert(column.to_owned(), value);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = format!("What | {}\n---{}\n", self.columns.join(" | "), " | ---".repeat(self.columns.len()));
        for (name, figures) in &self.lines {
            text.push_str(name);
            for column in &self.columns {
                text.push_str(" | ");
                text.push_str(figures.get(column).map_or("", String::as_str));
            }
            text.push('\n');
        }
        text
    }
}

/// Puts the reports of this folder into the pages. Scenarios without a report keep the figures that they have.
pub(super) fn fill(reports: &Path) -> Result<(), Failure> {
    let mut tables = read(reports)?;
    for page in PAGES {
        let path = root().join(page);
        let failed = |error| Failure::new(format!("{}: {error}", path.display()));
        let mut text = fs::read_to_string(&path).map_err(failed)?;
        tables.retain(|scenario, table| match replaced(&text, scenario, &table.text()) {
            Some(filled) => {
                text = filled;
                println!("{scenario}: written to {page}");
                false
            }
            None => true,
        });
        fs::write(&path, text).map_err(failed)?;
    }
    match tables.keys().next() {
        None => Ok(()),
        Some(scenario) => Err(Failure::new(format!(
            "no page has a place for `{scenario}`: add `{}` and `{END}` to one of {}",
            mark(scenario),
            PAGES.join(", ")
        ))),
    }
}

fn read(reports: &Path) -> Result<BTreeMap<String, Table>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", reports.display()));
    let entries = fs::read_dir(reports).map_err(|error| failed(&error))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    // By name, which begins with the scenario: its columns come in the order of the alphabet, SQLite last.
    files.sort();
    let mut tables = BTreeMap::<String, Table>::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| failed(&error))?;
        let report: Value = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        let text = |member: &str| report.get(member).and_then(Value::as_str).unwrap_or_default();
        let figures = report.get("figures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        tables.entry(text("scenario").to_owned()).or_default().add(text("column"), figures);
    }
    Ok(tables)
}

fn mark(scenario: &str) -> String {
    format!("<!-- figures: {scenario} -->")
}

/// The page with another table at the scenario's place; `None` when it has no such place.
fn replaced(page: &str, scenario: &str, table: &str) -> Option<String> {
    let mark = mark(scenario);
    let (before, rest) = page.split_once(&mark)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{mark}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Table, replaced};

    #[test]
    fn a_table_has_a_column_for_each_report_and_a_line_for_each_figure() {
        let mut table = Table::default();
        table.add("PostgreSQL", &[json!({"name": "kills", "value": "3"}), json!({"name": "lost", "value": "0"})]);
        table.add("SQLite", &[json!({"name": "lost", "value": "1"})]);
        assert_eq!(table.text(), "What | PostgreSQL | SQLite\n--- | --- | ---\nkills | 3 | \nlost | 0 | 1\n");
    }

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page =
            "a\n<!-- figures: kill -->\nold\n<!-- /figures -->\nb\n<!-- figures: other -->\nkept\n<!-- /figures -->\n";
        let wanted = page.replace("old", "new");
        assert_eq!(replaced(page, "kill", "new\n").unwrap(), wanted);
        assert_eq!(replaced(page, "unknown", ""), None);
    }
}
