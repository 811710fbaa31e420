//! The page of the HTTP interface: docs/openapi.json as tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::read;
use crate::run::Failure;

const BEFORE: &str = "\
# HTTP

This page is written by `cargo xtask reference` from `docs/openapi.json`; do not edit it. A running server has the whole of it, with
every field and examples, at `/docs`, and the description itself at `/openapi.json`. Errors are told [on their own page](errors.md).
";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub(super) fn page() -> Result<String, Failure> {
    let text = read("docs/openapi.json")?;
    let api: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("docs/openapi.json: {error}")))?;
    Ok(tables(&api))
}

/// A table for each tag, in the order in which the description lists them.
fn tables(api: &Value) -> String {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let paths = api.get("paths").and_then(Value::as_object);
    for (path, operations) in paths.into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = operations.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("Others");
            let summary = operation.get("summary").and_then(Value::as_str).unwrap_or_default();
            groups.entry(tag).or_default().push(format!("`{} {path}` | {summary}", method.to_uppercase()));
        }
    }
    let tags = api.get("tags").and_then(Value::as_array).into_iter().flatten();
    let listed: Vec<_> = tags.filter_map(|tag| tag.get("name")?.as_str()).collect();
    let place = |tag: &str| listed.iter().position(|name| *name == tag).unwrap_or(listed.len());
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(tag, _)| place(tag));
    let mut page = BEFORE.to_owned();
    for (tag, rows) in groups {
        let _ = write!(page, "\n## {tag}\n\nRequest | What it does\n--- | ---\n{}\n", rows.join("\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tables;

    #[test]
    fn each_tag_has_a_table_in_the_order_of_the_description() {
        let api = json!({
            "tags": [{"name": "Sessions"}, {"name": "Accounts"}],
            "paths": {
                "/v1/me": {"get": {"tags": ["Accounts"], "summary": "The account"}},
                "/v1/sessions": {"get": {"tags": ["Sessions"], "summary": "All"}, "delete": {"tags": ["Sessions"], "summary": "End"}},
            },
        });
        let page = tables(&api);
        let (sessions, accounts) = (page.find("## Sessions").unwrap(), page.find("## Accounts").unwrap());
        assert!(sessions < accounts, "{page}");
        assert!(page.contains("`GET /v1/sessions` | All\n`DELETE /v1/sessions` | End\n"), "{page}");
    }
}
