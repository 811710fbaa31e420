//! Form bodies of the OAuth endpoints (RFC 6749, appendix B): each parameter once, unknown ones passed over.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use secrecy::SecretString;

use super::body::read;
use crate::problem::{Problem, ProblemCode};

/// The most bytes that a form may have.
const LIMIT: usize = 16 * 1024;

/// The parameters of a form. One without a value counts as left out (RFC 6749 §3.2).
pub(crate) struct Form(BTreeMap<String, SecretString>);

impl Form {
    /// Takes a parameter out.
    pub(crate) fn take(&mut self, name: &str) -> Option<SecretString> {
        self.0.remove(name)
    }

    /// Takes a parameter out that must be there.
    pub(crate) fn require(&mut self, name: &'static str) -> Result<SecretString, Problem> {
        self.take(name).ok_or_else(|| invalid(format!("The parameter `{name}` is missing.")))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !declares_form(request.headers()) {
            return Err(invalid(
                "Send the body as a form, with the header `Content-Type: application/x-www-form-urlencoded`."
                    .to_owned(),
            ));
        }
        let bytes = read(request.into_body(), LIMIT).await?;
        parse(&bytes).map(Self)
    }
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, SecretString>, Problem> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        // An empty one counts too: it must not hide a repetition.
        if parameters.insert(name.into_owned(), SecretString::from(value.into_owned())).is_some() {
            return Err(invalid("A parameter occurs twice.".to_owned()));
        }
    }
    parameters.retain(|_, value| !secrecy::ExposeSecret::expose_secret(value).is_empty());
    Ok(parameters)
}

fn declares_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    value.to_str().is_ok_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemCode::InvalidRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn parsed(body: &str) -> Option<Vec<(String, String)>> {
        let parameters = parse(body.as_bytes()).ok()?;
        Some(parameters.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect())
    }

    #[test]
    fn parameters_are_decoded_and_empty_ones_count_as_left_out() {
        let expected = vec![("a".to_owned(), "b c+d".to_owned())];
        assert_eq!(parsed("a=b+c%2Bd&e=&f"), Some(expected));
        assert_eq!(parsed(""), Some(vec![]));
    }

    #[test]
    fn o2_a_repeated_parameter_is_refused_however_it_is_written() {
        for body in ["a=1&a=2", "a=1&a=1", "a=1&%61=2", "a=&a=1", "a&a"] {
            assert_eq!(parsed(body), None, "{body}");
        }
    }
}
