//! The answer to whoever asks for a mail.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What it says.
#[derive(Serialize, ToSchema)]
#[schema(as = MailSent)]
pub(crate) struct MailSentBody {
    #[schema(value_type = String, examples("mail_sent"))]
    status: &'static str,
}

/// 202: a mail is on its way, if the address is one that gets it. Which is not told, so this has no other form.
pub(crate) struct MailSent;

impl IntoResponse for MailSent {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, axum::Json(MailSentBody { status: "mail_sent" })).into_response()
    }
}
