//! The OpenAPI 3.1 document of the router, made of what each route module says about its operations.
//!
//! Schemas come from the wire types themselves; examples are made of the examples of their fields. What all operations have in
//! common, such as what a bad access token is answered with, stands here once.

mod answer;
mod example;
mod failure;
mod operation;
mod schema;
mod security;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Schema,
};

pub(crate) use answer::Answer;
pub(crate) use operation::Operation;
pub(crate) use schema::{always, audience, ceremony_options, credential, device_class, jwk_set};

use crate::routes;

const ABOUT: &str = "\
An authentication service: short-lived signed access tokens, long-lived refresh tokens that rotate, and every signed-in device \
visible and ended at once.

- A failed request is answered with a problem (RFC 9457); decide by its `code`. At `/oauth/…` it is an error of RFC 6749.
- Every answer has an `x-request-id`, which finds the request in the server's log, and `Cache-Control: no-store` unless it says \
otherwise.
- After a 503 the same request can be sent again, a refresh with the same token too.
- Bodies are small and strict: a field that the route does not know is refused.";

/// The document of [`router`](crate::router), for you to serve, to merge into your own, or to make clients from. `GET /openapi.json`
/// answers it, and `docs/openapi.json` is a copy.
///
/// Its one server is `.`, the folder that the document lies in, so it is true under whatever prefix the router is mounted.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut api = Api::default();
    routes::describe(&mut api);
    api.finish()
}

/// The document in the making.
#[derive(Default)]
pub(crate) struct Api {
    tags: Vec<(&'static str, &'static str)>,
    operations: Vec<Operation>,
}

/// Operations that belong together.
pub(crate) struct Tag<'a> {
    name: &'static str,
    operations: &'a mut Vec<Operation>,
}

impl Api {
    /// Operations that belong together, and what they are for.
    pub(crate) fn tag(&mut self, name: &'static str, about: &'static str) -> Tag<'_> {
        if self.tags.iter().all(|(known, _)| *known != name) {
            self.tags.push((name, about));
        }
        Tag { name, operations: &mut self.operations }
    }

    fn schemas(&self) -> BTreeMap<String, RefOr<Schema>> {
        let used = self.operations.iter().flat_map(Operation::schemas);
        used.chain(failure::schemas()).collect()
    }

    fn finish(self) -> OpenApi {
        let schemas = self.schemas();
        let known = json!(schemas);
        let mut paths = PathsBuilder::new();
        let mut items: BTreeMap<&'static str, PathItem> = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for operation in self.operations {
            let (path, method) = operation.place();
            let item = PathItem::new(method, operation.finish(&known, &mut failures));
            match items.get_mut(path) {
                Some(found) => found.merge_operations(item),
                None => {
                    items.insert(path, item);
                }
            }
        }
        for (path, item) in items {
            paths = paths.path(path, item);
        }
        let mut components = ComponentsBuilder::new().schemas_from_iter(schemas).responses_from_iter(failures);
        for (name, example) in failure::examples() {
            components = components.example(name, example);
        }
        for (name, header) in answer::headers() {
            components = components.header(name, header);
        }
        for (name, scheme) in security::schemes() {
            components = components.security_scheme(name, scheme);
        }
        let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
        let info = InfoBuilder::new().title("Jeton").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
        let tags =
            self.tags.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
        OpenApiBuilder::new()
            .info(info.license(Some(license)))
            .servers(Some([Server::new(".")]))
            .tags(Some(tags))
            .paths(paths)
            .components(Some(components.build()))
            .build()
    }
}

impl Tag<'_> {
    /// One more operation.
    pub(crate) fn add(&mut self, operation: Operation) -> &mut Self {
        self.operations.push(operation.tagged(self.name));
        self
    }
}

/// What a field holds, as JSON.
fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}
