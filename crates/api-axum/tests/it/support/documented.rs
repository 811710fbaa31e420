//! Every answer that a test gets is compared with the OpenAPI document, so that each test of a route proves a part of it.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(api_axum::openapi()).unwrap());

/// The document that the router serves.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// The operation of a request; `None` where the path is none of the document's, or does not know the method.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // One that stands there as it is goes before one that has a parameter in its place.
    let fits = |pattern: &str| {
        let (asked, known) = (path.split('/'), pattern.split('/'));
        asked.clone().count() == known.clone().count()
            && asked.zip(known).all(|(asked, known)| asked == known || (known.starts_with('{') && !asked.is_empty()))
    };
    let item = paths.get(path).or_else(|| paths.iter().find(|(pattern, _)| fits(pattern)).map(|(_, item)| item))?;
    item.get(method.to_lowercase())
}

/// Asserts that the document has this answer: its status, its media type, its code, its fields and its headers.
pub(super) fn assert(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let Some(operation) = operation(method, path) else { return };
    let place = format!("{method} {path}: {status} {}", String::from_utf8_lossy(body));
    let answer = resolved(&operation["responses"][status.to_string()]);
    assert!(answer.is_object(), "not in the OpenAPI document: {place}");
    for name in ["retry-after", "www-authenticate", "set-cookie", "etag"] {
        let named =
            answer["headers"].as_object().is_some_and(|known| known.keys().any(|key| key.eq_ignore_ascii_case(name)));
        assert!(named || !headers.contains_key(name), "a header that is not in the OpenAPI document: {name}: {place}");
    }
    let media_type = headers.get("content-type").map(|value| value.to_str().unwrap().split(';').next().unwrap());
    let content = answer["content"].as_object();
    let Some(media_type) = media_type else {
        assert!(content.is_none(), "no body, and the OpenAPI document has one: {place}");
        return;
    };
    let content = content.and_then(|content| content.get(media_type));
    let content = content.unwrap_or_else(|| panic!("{media_type} is not in the OpenAPI document: {place}"));
    if media_type.ends_with("json") {
        let value = serde_json::from_slice(body).unwrap();
        fits(&content["schema"], &value, &place);
    }
}

fn resolved(value: &'static Value) -> &'static Value {
    value["$ref"].as_str().map_or(value, |reference| DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap())
}

/// Asserts that a value has the fields of its schema and no others, and that what is one of several is one of them.
fn fits(schema: &'static Value, value: &Value, place: &str) {
    let schema = resolved(schema);
    if let Some(parts) = schema["allOf"].as_array() {
        let parts: Vec<_> = parts.iter().map(resolved).collect();
        return object(&parts, value, place);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let of_kind = |choice: &&Value| {
            has_type(choice, value)
                && choice["required"]
                    .as_array()
                    .is_none_or(|names| names.iter().all(|name| value.get(name.as_str().unwrap()).is_some()))
        };
        let chosen = choices.iter().map(resolved).rfind(of_kind);
        return fits(chosen.unwrap_or_else(|| panic!("none of several: {value}: {place}")), value, place);
    }
    if let Some(known) = schema["enum"].as_array() {
        assert!(known.contains(value), "{value} is not in the OpenAPI document: {place}");
    }
    assert!(has_type(schema, value), "{value} has another type in the OpenAPI document: {place}");
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for value in values {
            fits(items, value, place);
        }
    }
    if schema.get("properties").is_some() && value.is_object() {
        object(&[schema], value, place);
    }
}

/// An object of one or several schemas.
fn object(parts: &[&'static Value], value: &Value, place: &str) {
    let fields = value.as_object().unwrap_or_else(|| panic!("{value} is no object: {place}"));
    let flat: Vec<_> = parts
        .iter()
        .flat_map(|part| match part["allOf"].as_array() {
            Some(parts) => parts.iter().map(resolved).collect(),
            None => vec![*part],
        })
        .collect();
    for part in &flat {
        for name in part["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(name.as_str().unwrap()), "{name} is missing: {place}");
        }
    }
    // A JWK has what its kind has.
    let is_open = place.contains("jwks.json");
    for (name, value) in fields {
        let known: Vec<_> = flat.iter().filter_map(|part| part["properties"].get(name)).collect();
        assert!(is_open || !known.is_empty(), "{name} is not in the OpenAPI document: {place}");
        for schema in known {
            fits(schema, value, place);
        }
    }
}

fn has_type(schema: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("a type that nobody knows: {other}"),
    };
    match &schema["type"] {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        _ => true,
    }
}
