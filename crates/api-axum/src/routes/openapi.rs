//! `/openapi.json`: the document of this interface; and `/docs`, a page that shows it.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::openapi::{Answer, Api, Operation, openapi};
use crate::state::ApiState;

/// The document, made once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| json!(openapi()).to_string().into());

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    let router = Router::new().route("/openapi.json", get(document));
    #[cfg(feature = "docs-page")]
    let router = router.merge(crate::docs_page::router());
    router
}

/// `GET /openapi.json`: 200 and the document.
async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// What the operation of this file is, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Operations", "For whoever runs the server, and for whoever asks what it is.");
    let example = json!({"openapi": "3.1.0", "info": {"title": "Jeton", "version": "0.1.0"}, "paths": {}});
    let schema: Schema = ObjectBuilder::new().schema_type(Type::Object).build().into();
    tag.add(
        Operation::get("/openapi.json", "getOpenapi")
            .does("This document", "An OpenAPI document (version 3.1) of every operation that is served.")
            .answers(Answer::other("The document.", "application/json", RefOr::T(schema), Some(example))),
    );
}
