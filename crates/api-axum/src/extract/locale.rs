//! The language that a client's mails are to be in.

use auth_domain::model::Locale;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// The language that the body names, or, where it names none that there is, the one that the reader prefers.
pub(crate) fn locale(named: Option<&str>, headers: &HeaderMap) -> Locale {
    named.and_then(Locale::from_tag).unwrap_or_else(|| {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        Locale::preferred(&lines.collect::<Vec<_>>().join(","))
    })
}
