//! Clients at the OAuth endpoints: the one client, which is public, and API keys by way of HTTP Basic.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::OAuthError;
use crate::extract::Form;

/// What `Authorization: Basic` says (RFC 6749 §2.3.1).
pub(super) struct Basic {
    pub(super) id: String,
    pub(super) secret: SecretString,
}

impl Basic {
    /// The credentials of a request; `None` when it has none, or others.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, OAuthError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(OAuthError::invalid_request("Send one Authorization header."));
        }
        let Some((scheme, encoded)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
            return Ok(None);
        };
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Ok(None);
        }
        let malformed = || OAuthError::invalid_client("The Authorization header is malformed.");
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).map_err(|_| malformed())?);
        let pair = str::from_utf8(&decoded).map_err(|_| malformed())?;
        let (id, secret) = pair.split_once(':').ok_or_else(malformed)?;
        Ok(Some(Self { id: decode(id), secret: decode(secret).into() }))
    }
}

/// Both parts are form-encoded before they are joined. Those who forget that send what has no character to decode.
fn decode(part: &str) -> String {
    let part = Zeroizing::new(format!("part={part}"));
    let decoded = form_urlencoded::parse(part.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Checks whom a request says it comes from. It may say nothing: there is one client, and it has no secret.
pub(super) fn check(headers: &HeaderMap, form: &mut Form, client_id: &str) -> Result<(), OAuthError> {
    let in_form = form.take("client_id");
    let refused = || Err(OAuthError::invalid_client("There is no such client, or it has no secret and sent one."));
    if form.take("client_secret").is_some() {
        return refused();
    }
    let named = match (Basic::of(headers)?, in_form) {
        (Some(basic), Some(id)) if basic.id != id.expose_secret() => {
            return Err(OAuthError::invalid_request("The client has two names."));
        }
        (Some(Basic { id, secret }), _) if secret.expose_secret().is_empty() => Some(id),
        (Some(_), _) => return refused(),
        (None, id) => id.map(|id| id.expose_secret().to_owned()),
    };
    if named.is_none_or(|id| id == client_id) { Ok(()) } else { refused() }
}
