//! The answer to whoever asks for a mail.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// 202: a mail is on its way, if the address is one that gets it. Which is not told, so this has no other form.
pub(crate) struct MailSent;

impl IntoResponse for MailSent {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, axum::Json(serde_json::json!({ "status": "mail_sent" }))).into_response()
    }
}
