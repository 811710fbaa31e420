//! Tables whose first cells come from the program, and whose words are the page's own.

use serde_json::Value;

/// What the program says of itself: lists of objects with a `name`.
pub(super) struct Told(pub(super) Value);

/// A table in a page.
pub(super) struct Table {
    /// The page, from the workspace's folder on.
    pub(super) page: &'static str,
    /// The first cell of its header.
    pub(super) header: &'static str,
    /// The list that has its rows.
    pub(super) list: &'static str,
    /// The members that are its cells after the name. What is null there, or not plain, is the page's own to say.
    pub(super) cells: &'static [&'static str],
    /// Which names belong into this page.
    pub(super) only: fn(&str) -> bool,
}

impl Table {
    /// The page with the program's cells in its rows, and what is wrong with the rows.
    pub(super) fn filled(&self, page: &str, told: &Told) -> (String, Vec<String>) {
        let list = told.0.get(self.list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let name = |row: &Value| row.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut missing: Vec<_> = list.iter().map(name).filter(|name| (self.only)(name)).collect();
        let mut faults =
            if missing.is_empty() { vec![format!("the program has no {}", self.list)] } else { Vec::new() };
        let mut inside = false;
        let mut lines = Vec::new();
        for line in page.lines() {
            let cells: Vec<_> = line.split(" | ").collect();
            if cells.len() > 1 && cells.first() == Some(&self.header) {
                inside = true;
            } else if line.is_empty() {
                inside = false;
            }
            let named = cells.first().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`')).filter(|_| inside);
            let Some(row_name) = named else {
                lines.push(line.to_owned());
                continue;
            };
            let Some(row) = list.iter().find(|row| name(row) == row_name && (self.only)(row_name)) else {
                faults.push(format!("{}: the program has no {row_name}", self.page));
                lines.push(line.to_owned());
                continue;
            };
            missing.retain(|name| name != row_name);
            lines.push(self.row(&cells, row));
        }
        faults.extend(missing.iter().map(|name| format!("{}: no row for `{name}`", self.page)));
        (lines.join("\n") + "\n", faults)
    }

    fn row(&self, cells: &[&str], row: &Value) -> String {
        let mut cells: Vec<_> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        for (cell, member) in cells.iter_mut().skip(1).zip(self.cells) {
            match row.get(*member).and_then(Value::as_str) {
                None => {}
                Some("") => "none".clone_into(cell),
                Some(value) if *member == "default" => *cell = format!("`{value}`"),
                Some(value) => value.clone_into(cell),
            }
        }
        cells.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Table, Told};

    #[test]
    fn names_and_values_come_from_the_program_and_words_from_the_page() {
        let table =
            Table { page: "a.md", header: "Key", list: "settings", cells: &["default"], only: |name| name != "mail" };
        let told = Told(json!({"settings": [
            {"name": "listen", "default": "here"}, {"name": "issuer", "default": null}, {"name": "new", "default": ""}, {"name": "mail"},
        ]}));
        let page = "Key | Default | What\n--- | --- | ---\n`listen` | `there` | where\n`issuer` | from listen | who\n`old` | 1 | gone\n\n`listen` | is kept | here\n";
        let (text, faults) = table.filled(page, &told);
        assert!(text.contains("`listen` | `here` | where\n`issuer` | from listen | who\n"), "{text}");
        assert!(text.ends_with("`listen` | is kept | here\n"), "{text}");
        assert_eq!(faults, ["a.md: the program has no old", "a.md: no row for `new`"]);
    }
}
