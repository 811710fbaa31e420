//! `/docs`: a page that shows the OpenAPI document: Swagger UI, out of the program itself.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_swagger_ui::Config;

use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// Scripts and styles of the page's own files alone, and requests to its own server. Swagger UI sets styles on elements, which
/// needs the one exception, and draws its icons from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Beside the page, so that it is found under whatever prefix the router is mounted.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("../openapi.json").display_request_duration(true).try_it_out_enabled(true);
    Arc::new(config.validator_url("none").with_credentials(false))
});

/// The routes.
pub(crate) fn router() -> Router<ApiState> {
    Router::new()
        .route("/docs", get(async || moved()))
        .route("/docs/", get(async || file("index.html")))
        .route("/docs/{*file}", get(one))
}

/// To the folder, by a relative address, for the same reason.
fn moved() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "docs/")]).into_response()
}

async fn one(path: Result<Path<String>, PathRejection>) -> Response {
    path.map_or_else(|_| nothing_here(), |Path(name)| file(&name))
}

fn file(name: &str) -> Response {
    let headers = |media_type: &str| -> Option<[(HeaderName, HeaderValue); 3]> {
        Some([
            (CONTENT_TYPE, HeaderValue::try_from(media_type).ok()?),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        ])
    };
    match utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => match headers(&file.content_type) {
            Some(headers) => (headers, file.bytes.into_owned()).into_response(),
            None => nothing_here(),
        },
        Ok(None) => nothing_here(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn nothing_here() -> Response {
    Problem::new(ProblemCode::NotFound, "There is nothing at this path.").into_response()
}
