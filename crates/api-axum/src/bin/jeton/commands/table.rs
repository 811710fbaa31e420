//! Lists for people, as columns, and for machines, as JSON.

use serde_json::Value;

use super::print;
use crate::failure::Failure;

/// Prints rows below a head, each column as wide as it needs to be.
pub(super) fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Result<(), Failure> {
    let head = head.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(rows);
    let mut widths = [0; N];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines() {
        let cells: Vec<String> = widths.iter().zip(line).map(|(width, cell)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    print(&text)
}

/// Prints all of them as one JSON array.
pub(super) fn array(items: impl Iterator<Item = Value>) -> Result<(), Failure> {
    print(&format!("{:#}\n", Value::Array(items.collect())))
}

/// A cell for what may not be there. What others wrote is freed of control characters, which a terminal would obey.
pub(super) fn cell(text: Option<impl ToString>) -> String {
    let text = text.map(|text| text.to_string()).unwrap_or_default();
    let clean: String = text.chars().filter(|character| !character.is_control()).collect();
    if clean.is_empty() { "-".to_owned() } else { clean }
}
