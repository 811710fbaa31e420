//! JSON bodies: small, strict, and never echoed in an error.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::body::read;
use crate::problem::{Problem, ProblemCode};

/// A body that a route reads.
pub(crate) trait WireBody: DeserializeOwned {
    /// The most bytes that it may have.
    const LIMIT: usize = 4 * 1024;
}

/// A body that must be there.
pub(crate) struct Json<T>(pub(crate) T);

/// A body that may be left out.
pub(crate) struct OptionalJson<T>(pub(crate) Option<T>);

impl<T: WireBody, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !declares_json(request.headers()) {
            return Err(not_declared());
        }
        let bytes = read(request.into_body(), T::LIMIT).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: WireBody, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let declared = declares_json(request.headers());
        let bytes = read(request.into_body(), T::LIMIT).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        if !declared {
            return Err(not_declared());
        }
        parse(&bytes).map(|body| Self(Some(body)))
    }
}

/// Whether the one `Content-Type` is `application/json`, with any parameters.
pub(crate) fn declares_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    value.to_str().is_ok_and(|value| {
        value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
    })
}

fn not_declared() -> Problem {
    Problem::new(
        ProblemCode::UnsupportedMediaType,
        "Send the body as JSON, with the header `Content-Type: application/json`.",
    )
}

/// Parses a body. The message of a failure names places and fields; what the client sent as a value never appears in it.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| match error.inner().classify() {
            Category::Data => Problem::new(ProblemCode::InvalidRequest, describe(&error)),
            Category::Io | Category::Syntax | Category::Eof => not_json(error.inner()),
        })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    // serde reads a struct from an array of its fields too; nobody means that.
    match bytes.trim_ascii_start().first() {
        Some(b'{') => Ok(parsed),
        _ => Err(Problem::new(ProblemCode::InvalidRequest, NOT_AN_OBJECT)),
    }
}

const NOT_AN_OBJECT: &str = "The body must be a JSON object with the fields that this route knows.";

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::new(ProblemCode::InvalidJson, format!("The body is not JSON: see line {line}, column {column}."))
}

/// Says what is wrong with which field. serde's own messages cite values, so only their names of fields are used.
fn describe(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    const KINDS: [(&str, &str); 3] = [
        ("missing field `", "is missing"),
        ("unknown field `", "is not a field that this route knows"),
        ("duplicate field `", "occurs twice"),
    ];
    let message = error.inner().to_string();
    let named = KINDS.into_iter().find_map(|(kind, text)| {
        message.strip_prefix(kind).and_then(|rest| rest.split_once('`')).map(|(name, _)| (name, text))
    });
    let outermost = error.path().iter().next();
    match (named, outermost) {
        // Of a field within a field only the outermost name: whatever lies below it came from the client.
        (Some((name, _)), Some(Segment::Map { key })) if name != key => wrong(key),
        (Some((name, text)), _) => format!("The field `{}` {text}.", printable(name)),
        (None, Some(Segment::Map { key })) => wrong(key),
        (None, _) => NOT_AN_OBJECT.to_owned(),
    }
}

fn wrong(field: &str) -> String {
    format!("The field `{}` has a wrong type or value.", printable(field))
}

fn printable(name: &str) -> String {
    name.chars().take(64).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "password")]
        _password: SecretString,
        #[serde(default, rename = "count")]
        _count: Option<u8>,
        #[serde(default, rename = "inner")]
        _inner: Option<Inner>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "name")]
        _name: String,
    }

    fn check(body: &[u8], code: ProblemCode, detail: &str) {
        let Err(problem) = parse::<Sample>(body) else { panic!("{body:?} was accepted") };
        assert_eq!((problem.code(), problem.detail()), (code, detail));
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_and_its_value_is_not() {
        let detail = "The field `count` has a wrong type or value.";
        check(br#"{"password":"x","count":"hunter2"}"#, ProblemCode::InvalidRequest, detail);
        check(br#"{"password":"x","count":70000}"#, ProblemCode::InvalidRequest, detail);
        let detail = "The field `password` has a wrong type or value.";
        check(br#"{"password":["hunter2"]}"#, ProblemCode::InvalidRequest, detail);
    }

    #[test]
    fn a_missing_an_unknown_and_a_repeated_field_are_named() {
        check(b"{}", ProblemCode::InvalidRequest, "The field `password` is missing.");
        let unknown = br#"{"password":"x","pass\nword":"hunter2"}"#;
        check(unknown, ProblemCode::InvalidRequest, r"The field `pass\nword` is not a field that this route knows.");
        let twice = br#"{"password":"x","password":"hunter2"}"#;
        check(twice, ProblemCode::InvalidRequest, "The field `password` occurs twice.");
    }

    #[test]
    fn of_what_is_wrong_within_a_field_the_field_alone_is_named() {
        let detail = "The field `inner` has a wrong type or value.";
        for inner in [r#"{"hunter2":1}"#, "{}", r#"{"name":"x","name":"hunter2"}"#, r#"{"name":1}"#, r#""hunter2""#] {
            let body = format!(r#"{{"password":"x","inner":{inner}}}"#);
            check(body.as_bytes(), ProblemCode::InvalidRequest, detail);
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["null", "[]", "1", r#""hunter2""#, r#"["hunter2", 1]"#] {
            check(body.as_bytes(), ProblemCode::InvalidRequest, NOT_AN_OBJECT);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_the_place() {
        let detail = "The body is not JSON: see line 1, column 13.";
        check(br#"{"password":hunter2}"#, ProblemCode::InvalidJson, detail);
        check(b"", ProblemCode::InvalidJson, "The body is not JSON: see line 1, column 0.");
        check(br#"{"password":"x"} {}"#, ProblemCode::InvalidJson, "The body is not JSON: see line 1, column 18.");
    }

    #[test]
    fn only_one_declaration_of_json_counts() {
        let declared = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, axum::http::HeaderValue::from_static(value));
            }
            declares_json(&headers)
        };
        assert!(declared(&["application/json"]) && declared(&["Application/JSON ; charset=utf-8"]));
        assert!(!declared(&[]) && !declared(&["text/plain"]) && !declared(&["application/jsonx"]));
        assert!(!declared(&["application/json", "text/plain"]));
    }
}
