//! The operations of this folder, for the OpenAPI document.

use auth_domain::model::ApiScope;
use axum::http::StatusCode;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::stream::StreamQuery;
use super::{FeedBody, PollQuery};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::ProblemCode;

/// What the operations of this file are, for the OpenAPI document.
pub(in crate::routes) fn describe(api: &mut Api) {
    let mut tag =
        api.tag("Revocation feed", "For resource servers: what was revoked, as long as tokens that it kills may live.");
    tag.add(
        Operation::get("/v1/revocations", "pollRevocations")
            .does("What was revoked", "What the reader has not seen. With `wait` the answer comes when there is news, or at the end of the wait. Needs the scope `revocations`.")
            .by_api_key(ApiScope::Revocations)
            .query::<PollQuery>()
            .answers(Answer::json::<FeedBody>(StatusCode::OK, "What is new, and a cursor."))
            .fails([ProblemCode::InvalidCursor]),
    );
    tag.add(
        Operation::get("/v1/revocations/stream", "streamRevocations")
            .does("The same, as it happens", "Server-sent events: each `data` is what the poll answers, and one comes at least every five seconds. Needs the scope `revocations`.")
            .by_api_key(ApiScope::Revocations)
            .query::<StreamQuery>()
            .header("Last-Event-ID", "The cursor of the last event.", ObjectBuilder::new(), "130")
            .answers(Answer::other("Events for as long as the reader stays.", "text/event-stream", events(), Some(json!(EXAMPLE))))
            .fails([ProblemCode::InvalidCursor]),
    );
}

const EXAMPLE: &str = "event: revocations\nid: 130\ndata: {\"entries\":[],\"cursor\":\"130\",\"age_ms\":120}\n\n";

fn events() -> RefOr<Schema> {
    let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    let event = ObjectBuilder::new()
        .description(Some("An event of the stream."))
        .property("event", text("`revocations`."))
        .property("id", text("The cursor."))
        .property("data", text("The JSON that the poll answers."))
        .required("data");
    RefOr::T(event.build().into())
}
