//! Finds the Bearer token of a request (RFC 6750 §2.1).

use axum::extract::Query;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use token_core::VerifyError;

use super::GuardError;

/// The token in the `Authorization` header, the only place where it counts.
pub(crate) fn token(parts: &Parts) -> Result<&str, GuardError> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Err(GuardError::NoCredentials) };
    if values.next().is_some() {
        return Err(GuardError::Ambiguous);
    }
    let value = value.as_bytes();
    let (scheme, rest) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(GuardError::NoCredentials);
    }
    if in_query(parts) {
        return Err(GuardError::Ambiguous);
    }
    str::from_utf8(rest.trim_ascii()).map_err(|_| GuardError::Refused(VerifyError::NotAJwt))
}

/// Whether the query has an `access_token`, whatever is in it (RFC 6750 §2.3).
fn in_query(parts: &Parts) -> bool {
    Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .is_ok_and(|Query(pairs)| pairs.iter().any(|(name, _)| name == "access_token"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn check(uri: &str, headers: &[&str], expected: &Result<&str, GuardError>) {
        let request = headers.iter().fold(Request::get(uri), |request, value| request.header(AUTHORIZATION, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(&token(&parts), expected, "{uri} {headers:?}");
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for header in ["Bearer abc", "bearer abc", "BEARER  abc"] {
            check("/", &[header], &Ok("abc"));
        }
    }

    #[test]
    fn o4_another_scheme_is_no_credentials() {
        for header in ["Basic YTpi", "Bearerabc", "abc", ""] {
            check("/", &[header], &Err(GuardError::NoCredentials));
        }
        check("/", &[], &Err(GuardError::NoCredentials));
    }

    #[test]
    fn o4_two_methods_at_once_are_refused() {
        check("/", &["Bearer abc", "Bearer abc"], &Err(GuardError::Ambiguous));
        check("/", &["Bearer abc", "Basic YTpi"], &Err(GuardError::Ambiguous));
        check("/?access_token=abc", &["Bearer abc"], &Err(GuardError::Ambiguous));
        check("/?x=1&access%5Ftoken=", &["Bearer abc"], &Err(GuardError::Ambiguous));
    }

    #[test]
    fn o5_a_token_in_the_query_alone_does_not_count() {
        check("/?access_token=abc", &[], &Err(GuardError::NoCredentials));
    }

    #[test]
    fn a_scheme_without_a_token_is_an_empty_token() {
        check("/", &["Bearer"], &Ok(""));
        check("/", &["Bearer "], &Ok(""));
    }
}
