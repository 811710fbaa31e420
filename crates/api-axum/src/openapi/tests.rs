//! That every example can be read as what it is an example of, and that no operation is half described.

use axum::extract::Query;
use serde_json::Value;
use utoipa::openapi::path::Parameter;

use super::{Api, openapi};
use crate::extract::{WireBody, WireQuery};
use crate::routes;

/// Reads an example, or says why it cannot be read.
type ReadBody = fn(&Value) -> Result<(), String>;

/// How the router would read what an operation gives as examples.
pub(super) struct Reads {
    id: String,
    body: Option<ReadBody>,
    query: Option<Result<(), String>>,
}

impl Reads {
    pub(super) fn of(id: &str) -> Self {
        Self { id: id.to_owned(), body: None, query: None }
    }

    pub(super) fn body<T: WireBody>(&mut self) {
        self.body =
            Some(|example| serde_json::from_value::<T>(example.clone()).map(drop).map_err(|error| error.to_string()));
    }

    pub(super) fn query<Q: WireQuery>(&mut self, parameters: &[Parameter]) {
        let given = serde_json::to_value(parameters).unwrap();
        let pairs = given.as_array().unwrap().iter().filter_map(|parameter| {
            let value = match parameter.get("example")? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((parameter["name"].as_str()?.to_owned(), value))
        });
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let uri = format!("/?{query}").parse().unwrap();
        self.query = Some(Query::<Q>::try_from_uri(&uri).map(drop).map_err(|error| format!("{query}: {error}")));
    }
}

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

/// Every operation, with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_example_of_a_request_is_read_by_the_type_that_reads_requests() {
    let document = document();
    let mut api = Api::default();
    routes::describe(&mut api);
    let mut checked = 0;
    for operation in &api.operations {
        let id = &operation.reads.id;
        if let Some(read) = operation.reads.body {
            let found = operations(&document).into_iter().find(|(_, found)| found["operationId"] == **id).unwrap().1;
            let example = &found["requestBody"]["content"]["application/json"]["example"];
            read(example).unwrap_or_else(|error| panic!("{id}: {example}: {error}"));
            checked += 1;
        }
        if let Some(read) = &operation.reads.query {
            assert_eq!(read, &Ok(()), "{id}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_a_description_and_a_tag() {
    let document = document();
    let mut names: Vec<_> = Vec::new();
    for (place, operation) in operations(&document) {
        for field in ["operationId", "summary", "description"] {
            assert!(operation[field].as_str().is_some_and(|text| !text.is_empty()), "{place}: {field}");
        }
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
        names.push(operation["operationId"].to_string());
    }
    let many = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), many);
}

/// The answer itself, where it is shared.
fn resolved<'a>(document: &'a Value, answer: &'a Value) -> &'a Value {
    let name = answer["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/responses/"));
    name.map_or(answer, |name| &document["components"]["responses"][name])
}

#[test]
fn every_operation_has_examples_of_what_it_reads_and_of_each_answer() {
    let document = document();
    for (place, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let optional = parameter["required"] != true;
            assert!(optional || !parameter["example"].is_null(), "{place}: {parameter}");
        }
        for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            assert!(!content["example"].is_null(), "{place}: the body as {media_type}");
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            for (media_type, content) in resolved(&document, answer)["content"].as_object().into_iter().flatten() {
                let several = content["examples"].as_object().is_some_and(|examples| !examples.is_empty());
                assert!(several || !content["example"].is_null(), "{place}: {status} as {media_type}");
            }
        }
    }
}

#[test]
fn every_required_field_of_an_answer_is_in_its_example() {
    let document = document();
    let mut checked = 0;
    for (place, operation) in operations(&document) {
        for answer in operation["responses"].as_object().unwrap().values() {
            let content = &answer["content"]["application/json"];
            let Some(name) = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else {
                continue;
            };
            let schema = &document["components"]["schemas"][name];
            for field in schema["required"].as_array().into_iter().flatten() {
                let field = field.as_str().unwrap();
                assert!(content["example"].get(field).is_some(), "{place}: {field}: {}", content["example"]);
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
                Value::String(reference) if name == "$ref" => found.push(reference.clone()),
                other => references(other, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 500, "{}", found.len());
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}
