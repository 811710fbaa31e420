//! Examples of whole bodies, made of the examples of their fields.

use serde_json::{Map, Value, json};

/// An example of what the schema describes. Optional fields are in it where they have an example themselves; a required one that
/// may be `null` and has none is `null`.
pub(super) fn of(schema: &Value, known: &Value) -> Option<Value> {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return of(known.get(name.rsplit('/').next()?)?, known);
    }
    if let Some(given) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
        return Some(given.clone());
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().filter_map(|part| of(part, known)?.as_object().cloned());
        let whole = parts.fold(Map::new(), |mut whole, part| {
            whole.extend(part);
            whole
        });
        return Some(Value::Object(whole));
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        return choices
            .iter()
            .filter(|choice| **choice != json!({"type": "null"}))
            .find_map(|choice| of(choice, known));
    }
    if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|found| found == name));
        let filled = fields.iter().filter_map(|(name, field)| {
            let null = (is_required(name) && is_nullable(field)).then_some(Value::Null);
            Some((name.clone(), shallow(field, known, is_required(name)).or(null)?))
        });
        return Some(Value::Object(filled.collect()));
    }
    if let Some(items) = schema.get("items") {
        return Some(of(items, known).map_or_else(|| json!([]), |item| json!([item])));
    }
    schema.pointer("/enum/0").cloned()
}

/// A field that may be left out counts only with an example of its own.
fn shallow(field: &Value, known: &Value, required: bool) -> Option<Value> {
    let own = field.get("example").or_else(|| field.pointer("/examples/0"));
    if required { of(field, known) } else { own.cloned() }
}

fn is_nullable(field: &Value) -> bool {
    field.pointer("/type").and_then(Value::as_array).is_some_and(|types| types.iter().any(|name| name == "null"))
        || field.get("oneOf").and_then(Value::as_array).is_some_and(|of| of.contains(&json!({"type": "null"})))
}
