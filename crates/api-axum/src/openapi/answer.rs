//! What an operation answers when it does what was asked, and the headers of all answers.

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Schema};

use super::{example, text};

/// The names of the headers that are described once.
const REQUEST_ID: (&str, &str) = ("x-request-id", "RequestId");
const NO_STORE: (&str, &str) = ("Cache-Control", "NoStore");
pub(super) const RETRY_AFTER: (&str, &str) = ("Retry-After", "RetryAfter");
pub(super) const CHALLENGE: (&str, &str) = ("WWW-Authenticate", "Challenge");
pub(super) const SET_COOKIE: (&str, &str) = ("Set-Cookie", "SetCookie");
const ETAG: (&str, &str) = ("ETag", "EntityTag");
const MAX_AGE: (&str, &str) = ("Cache-Control", "MaxAge");

/// Those headers.
pub(super) fn headers() -> [(&'static str, Header); 7] {
    let header = |about: &str, kind, example: Value| {
        let header = HeaderBuilder::new().schema(Some(Object::with_type(kind))).description(Some(about));
        header.example(Some(example)).build()
    };
    let cookie = "The refresh token, and at a login the device token, where they travel in cookies; or an empty one that clears it.";
    [
        (
            REQUEST_ID.1,
            header(
                "Finds the request in the server's log.",
                Type::String,
                text("0198f3a2-9f40-7e61-8c33-6d805fa1be74"),
            ),
        ),
        (NO_STORE.1, header("Nobody may keep the answer.", Type::String, text("no-store"))),
        (RETRY_AFTER.1, header("In how many seconds the same request is worth another try.", Type::Integer, json!(2))),
        (CHALLENGE.1, header("How to prove who asks (RFC 6750, RFC 9470).", Type::String, text("Bearer"))),
        (
            SET_COOKIE.1,
            header(
                cookie,
                Type::String,
                text("__Host-jeton_refresh=jrt_…; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Strict"),
            ),
        ),
        (
            ETAG.1,
            header(
                "What to send as `If-None-Match`.",
                Type::String,
                text("\"q1MKE-RZFJgrefm34_uplM_R8_si9xzqGvvwK0SBR0s\""),
            ),
        ),
        (MAX_AGE.1, header("For how long anybody may keep the answer.", Type::String, text("public, max-age=300"))),
    ]
}

/// Puts a header that is described once into an answer.
pub(super) fn put(response: &mut Response, (name, described): (&str, &str)) {
    let described = Ref::new(format!("#/components/headers/{described}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(described));
}

/// An answer in the making that has what every answer has.
pub(super) fn begin(about: &str) -> Response {
    let mut response = ResponseBuilder::new().description(about).build();
    put(&mut response, REQUEST_ID);
    put(&mut response, NO_STORE);
    response
}

/// An answer to a request that did what was asked.
pub(crate) struct Answer {
    status: StatusCode,
    response: Response,
    /// Its media type, its schema, and an example where the schema has none.
    content: Option<(&'static str, RefOr<Schema>, Option<Value>)>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Answer {
    fn new(status: StatusCode, about: &str) -> Self {
        Self { status, response: begin(about), content: None, schemas: Vec::new() }
    }

    /// JSON of this type.
    pub(crate) fn json<T: ToSchema>(status: StatusCode, about: &str) -> Self {
        let mut answer = Self::new(status, about);
        answer.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut answer.schemas);
        answer.content = Some(("application/json", RefOr::Ref(Ref::from_schema_name(T::name())), None));
        answer
    }

    /// Of another media type.
    pub(crate) fn other(about: &str, media_type: &'static str, schema: RefOr<Schema>, example: Option<Value>) -> Self {
        Self { content: Some((media_type, schema, example)), ..Self::new(StatusCode::OK, about) }
    }

    /// 200 without a body.
    pub(crate) fn empty(about: &str) -> Self {
        Self::new(StatusCode::OK, about)
    }

    /// 204.
    pub(crate) fn done(about: &str) -> Self {
        Self::new(StatusCode::NO_CONTENT, about)
    }

    /// 304.
    pub(crate) fn not_modified(about: &str) -> Self {
        Self::new(StatusCode::NOT_MODIFIED, about)
    }

    /// It may set or clear cookies.
    pub(crate) fn sets_cookies(mut self) -> Self {
        put(&mut self.response, SET_COOKIE);
        self
    }

    /// Anybody may keep it for a while, and ask whether it is still the same.
    pub(crate) fn may_be_kept(mut self) -> Self {
        put(&mut self.response, ETAG);
        put(&mut self.response, MAX_AGE);
        self
    }

    /// What it holds is the parameter of another operation: the place is a JSON pointer into the body.
    pub(crate) fn leads_to(mut self, operation: &str, parameter: &str, place: &str) -> Self {
        let link = LinkBuilder::new().operation_id(operation).parameter(parameter, format!("$response.body#{place}"));
        self.response.links.insert(operation.to_owned(), RefOr::T(link.build()));
        self
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (String, RefOr<Schema>)> {
        self.schemas.iter().cloned()
    }

    /// Status and description, with an example of the body.
    pub(super) fn finish(self, known: &Value) -> (String, Response) {
        let mut response = self.response;
        if let Some((media_type, schema, given)) = self.content {
            let example = given.or_else(|| example::of(&json!(schema), known));
            let content = ContentBuilder::new().schema(Some(schema)).example(example).build();
            response.content.insert(media_type.to_owned(), content.into());
        }
        (self.status.as_u16().to_string(), response)
    }
}
