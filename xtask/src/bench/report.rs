//! docs/explanation/benchmarks.md, from the figures that the parts left in a folder.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{machine, plots, unwritable};
use crate::run::Failure;

const BEFORE: &str = include_str!("before.md");
const AFTER: &str = include_str!("after.md");
const NOTHING: &str = "Not measured yet.\n";

/// Writes the page and its plots, and says which targets are missed.
pub(super) fn write(folder: &Path, docs: &Path) -> Result<(), Failure> {
    let load = read(&folder.join("load.json"));
    let growth = read(&folder.join("growth.json"));
    let operations = operations(folder);
    let pictures = docs.join("benchmarks");
    fs::create_dir_all(&pictures).map_err(|error| unwritable(&pictures, &error))?;
    let drawn = plots::draw(&load, &growth, &operations, &pictures)?;

    let mut page = BEFORE.to_owned();
    let disk = load.pointer("/machine/disk").or_else(|| growth.pointer("/machine/disk"));
    let _ = writeln!(page, "\nMachine: {}.\n", machine::describe(disk));
    for part in ["criterion", "load", "growth"] {
        let about = read(&folder.join(format!("{part}.about.json")));
        if let Some(date) = about.get("date").and_then(Value::as_str) {
            let short = if about.get("short") == Some(&Value::Bool(true)) { ", **a short run**" } else { "" };
            let _ = writeln!(
                page,
                "- {part}: {date}, commit `{}`, {:.0} minutes{short}",
                text(&about, "commit"),
                number(&about, "minutes")
            );
        }
    }
    page.push_str("\n## Targets over HTTP\n\n");
    verdicts(&mut page, &load);
    picture(&mut page, &drawn, "ratios", "How far each figure is from its target");
    page.push_str("\n## Operations\n\n");
    operations_table(&mut page, &operations);
    page.push_str("\n## Loads\n\n");
    latencies(&mut page, &load);
    for engine in ["SQLite", "PostgreSQL"] {
        let name = format!("latency-{}", engine.to_lowercase());
        picture(&mut page, &drawn, &name, &format!("Latencies at a fixed rate on {engine}, by percentile"));
    }
    page.push_str("\n## Growth\n\n");
    verdicts(&mut page, &growth);
    growth_table(&mut page, &growth);
    picture(&mut page, &drawn, "growth", "Latencies by the size of the table");
    page.push_str("\n## Notes of the run\n\n");
    notes(&mut page, &[&load, &growth]);
    page.push('\n');
    page.push_str(AFTER);

    let path = docs.join("benchmarks.md");
    fs::write(&path, &page).map_err(|error| unwritable(&path, &error))?;
    println!("\n{}", path.display());
    for line in page.lines().filter(|line| line.contains("**MISSED**")) {
        println!("missed: {}", line.replace("| **MISSED**", ""));
    }
    Ok(())
}

fn read(path: &Path) -> Value {
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The files that benches of the libraries left: one a bench, in the order of their names.
fn operations(folder: &Path) -> Vec<Value> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.ends_with(".about.json") && name != "load.json" && name != "growth.json"
        })
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("-")
}

pub(super) fn number(value: &Value, name: &str) -> f64 {
    value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Three digits that mean something, and no more.
fn short(number: f64) -> String {
    match number.abs() {
        n if n.is_nan() => "-".to_owned(),
        n if n >= 100.0 => format!("{number:.0}"),
        n if n >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

fn outcome(met: bool) -> &'static str {
    if met { "met" } else { "**MISSED**" }
}

fn verdicts(page: &mut String, found: &Value) {
    let rows = list(found, "rows");
    if rows.is_empty() {
        page.push_str(NOTHING);
        return;
    }
    page.push_str("What | On | Ours | Limit | The limit is | Ratio | Target | Outcome\n--- | --- | --- | --- | --- | --- | --- | ---\n");
    for row in rows {
        let unit = text(row, "unit");
        let alone = row.get("ratio").is_none_or(Value::is_null);
        let target = format!("{} {}", text(row, "sense"), number(row, "target"));
        let (limit, ratio, target) = if alone {
            ("-".to_owned(), "-".to_owned(), format!("{target} {unit}"))
        } else {
            (
                format!("{} {unit}", short(number(row, "limit"))),
                format!("{:.2}x", number(row, "ratio")),
                format!("{target}x"),
            )
        };
        let _ = writeln!(
            page,
            "{} | {} | {} {unit} | {limit} | {} | {ratio} | {target} | {}",
            text(row, "what"),
            text(row, "engine"),
            short(number(row, "ours")),
            text(row, "limit_is"),
            outcome(row.get("met") == Some(&Value::Bool(true))),
        );
    }
}

/// A bench's rows hold `ours_ns`; where there is a limit `limit_ns`, `limit` and `ratio`; and `target`, the highest ratio, or
/// `target_ns`, the longest time.
fn operations_table(page: &mut String, benches: &[Value]) {
    if benches.iter().all(|bench| list(bench, "rows").is_empty()) {
        page.push_str(NOTHING);
        return;
    }
    page.push_str(
        "Operation | Ours | Limit | The limit is | Ratio | Target | Outcome\n--- | --- | --- | --- | --- | --- | ---\n",
    );
    for row in benches.iter().flat_map(|bench| list(bench, "rows")) {
        let (ours, ratio) = (number(row, "ours_ns"), number(row, "ratio"));
        let nanoseconds = |n: f64| if n.is_nan() { "-".to_owned() } else { format!("{} ns", short(n)) };
        let (target, met) = match (number(row, "target_ns"), number(row, "target")) {
            (most, _) if !most.is_nan() => (format!("at most {most} ns"), Some(ours <= most)),
            (_, most) if !most.is_nan() => (format!("at most {most}x"), Some(ratio <= most)),
            _ => ("-".to_owned(), None),
        };
        let ratio = if ratio.is_nan() { "-".to_owned() } else { format!("{ratio:.2}x") };
        let _ = writeln!(
            page,
            "{} | {} | {} | {} | {ratio} | {target} | {}",
            text(row, "operation"),
            nanoseconds(ours),
            nanoseconds(number(row, "limit_ns")),
            text(row, "limit"),
            met.map_or("-", outcome),
        );
    }
}

fn latencies(page: &mut String, load: &Value) {
    let rows = list(load, "latencies");
    if rows.is_empty() {
        page.push_str(NOTHING);
        return;
    }
    let _ = writeln!(
        page,
        "{} clients, {} rounds of {} s after a warm-up of a fifth; medians over the rounds; the open loop is one round a rate.\n",
        number(load, "clients"),
        number(load, "rounds"),
        number(load, "seconds"),
    );
    page.push_str("On | Load | Way | A second (least to most) | p50 | p99 | p99.9 | Server's CPU a request | Failed\n--- | --- | --- | --- | --- | --- | --- | --- | ---\n");
    for row in rows {
        let rates = if number(row, "rounds") > 1.0 {
            format!(" ({:.0} to {:.0})", number(row, "rate_least"), number(row, "rate_most"))
        } else {
            String::new()
        };
        let _ = writeln!(
            page,
            "{} | {} | {} | {:.0}{rates} | {} | {} | {} | {} | {}",
            text(row, "engine"),
            text(row, "load"),
            text(row, "way"),
            number(row, "rate"),
            time(number(row, "p50_us")),
            time(number(row, "p99_us")),
            time(number(row, "p999_us")),
            time(number(row, "cpu_us")),
            failed(row),
        );
    }
}

fn growth_table(page: &mut String, growth: &Value) {
    let rows = list(growth, "curves");
    if rows.is_empty() {
        return;
    }
    page.push_str("\nOn | Load | Sessions | A second | p50 | p99 | p99.9 | Failed\n--- | --- | --- | --- | --- | --- | --- | ---\n");
    for row in rows {
        let _ = writeln!(
            page,
            "{} | {} | {} | {:.0} | {} | {} | {} | {}",
            text(row, "engine"),
            text(row, "load"),
            number(row, "sessions"),
            number(row, "rate"),
            time(number(row, "p50_us")),
            time(number(row, "p99_us")),
            time(number(row, "p999_us")),
            failed(row),
        );
    }
}

fn time(microseconds: f64) -> String {
    if microseconds.is_nan() {
        return "-".to_owned();
    }
    if microseconds < 1_000.0 {
        format!("{} µs", short(microseconds))
    } else {
        format!("{} ms", short(microseconds / 1_000.0))
    }
}

fn failed(row: &Value) -> String {
    let count = number(row, "failed");
    if count > 0.0 { format!("{count} ({})", text(row, "first_failure")) } else { "0".to_owned() }
}

fn notes(page: &mut String, parts: &[&Value]) {
    let mut seen: Vec<&str> = parts.iter().flat_map(|part| list(part, "notes")).filter_map(Value::as_str).collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.is_empty() {
        page.push_str("None.\n");
    }
    for note in seen {
        let _ = writeln!(page, "- {note}");
    }
}

fn picture(page: &mut String, drawn: &[String], name: &str, words: &str) {
    if drawn.iter().any(|found| found == name) {
        let _ = writeln!(page, "\n![{words}](benchmarks/{name}.svg)");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missed_target_is_said_so() {
        let row = |met| json!({"what": "x", "engine": "SQLite", "unit": "/s", "ours": 1.0, "limit": 2.0, "limit_is": "l", "ratio": 0.5, "sense": "at least", "target": 0.6, "met": met});
        let mut page = String::new();
        verdicts(&mut page, &json!({"rows": [row(false)]}));
        assert!(page.contains("x | SQLite | 1.00 /s | 2.00 /s | l | 0.50x | at least 0.6x | **MISSED**"), "{page}");
        page.clear();
        verdicts(&mut page, &json!({"rows": [row(true)]}));
        assert!(!page.contains("MISSED"));
    }

    #[test]
    fn an_operation_is_held_to_its_ratio_or_to_its_time() {
        let mut page = String::new();
        operations_table(
            &mut page,
            &[json!({"rows": [
                {"operation": "verify", "ours_ns": 110.0, "limit_ns": 100.0, "limit": "bare", "ratio": 1.1, "target": 1.08},
                {"operation": "cached", "ours_ns": 250.0, "target_ns": 300.0},
            ]})],
        );
        assert!(page.contains("verify | 110 ns | 100 ns | bare | 1.10x | at most 1.08x | **MISSED**"), "{page}");
        assert!(page.contains("cached | 250 ns | - | - | - | at most 300 ns | met"), "{page}");
    }
}
