//! What an operation answers when it does not do what was asked: problems by their codes, and errors of RFC 6749.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Schema};

use super::answer::{CHALLENGE, RETRY_AFTER, SET_COOKIE, begin, put};
use super::text;
use crate::problem::{Problem, ProblemCode};

/// What any operation may answer, whatever was asked.
pub(super) const ANY: [ProblemCode; 4] =
    [ProblemCode::Internal, ProblemCode::Busy, ProblemCode::Unavailable, ProblemCode::Timeout];

/// The same at the OAuth endpoints.
pub(super) const ANY_OAUTH: [(u16, &str); 2] = [(500, "server_error"), (503, "temporarily_unavailable")];

/// The responses that operations share, by name.
pub(super) type Shared = BTreeMap<String, Response>;

/// Describes the problems with these codes, an answer a status.
pub(super) fn problems(codes: &[ProblemCode], shared: &mut Shared) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in ProblemCode::ALL.into_iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    let answers = by_status.into_iter().map(|(status, codes)| {
        let name = codes.iter().fold(status.to_string(), |name, code| name + "." + code.code());
        shared.entry(name.clone()).or_insert_with(|| problem(&codes));
        (status.to_string(), RefOr::Ref(Ref::from_response_name(name)))
    });
    answers.collect()
}

fn problem(codes: &[ProblemCode]) -> Response {
    let lines: Vec<_> = codes.iter().map(|code| format!("- `{}`: {}", code.code(), code.meaning())).collect();
    let mut response = begin(&lines.join("\n"));
    if codes.iter().any(|code| code.challenge().is_some() || *code == ProblemCode::AmbiguousCredentials) {
        put(&mut response, CHALLENGE);
    }
    if codes.iter().any(|code| code.is_final_for_a_refresh_token()) {
        put(&mut response, SET_COOKIE);
    }
    if codes.iter().any(|code| code.retry_after().is_some() || *code == ProblemCode::TooManyAttempts) {
        put(&mut response, RETRY_AFTER);
    }
    let names = codes.iter().map(|code| code.code());
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.clone()));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(ObjectBuilder::new().property("code", code))
        .build();
    let examples = names.map(|name| (name, RefOr::Ref(Ref::new(format!("#/components/examples/{name}")))));
    let content = ContentBuilder::new().schema(Some(Schema::from(schema))).examples_from_iter(examples).build();
    response.content.insert(Problem::MEDIA_TYPE.to_owned(), content.into());
    response
}

/// Describes errors of RFC 6749 §5.2.
pub(super) fn oauth(errors: &[(u16, &str)], shared: &mut Shared) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (status, error) in errors {
        by_status.entry(*status).or_default().push(error);
    }
    let answers = by_status.into_iter().map(|(status, errors)| {
        let name = errors.iter().fold(format!("oauth.{status}"), |name, error| name + "." + error);
        shared.entry(name.clone()).or_insert_with(|| oauth_error(status, &errors));
        (status.to_string(), RefOr::Ref(Ref::from_response_name(name)))
    });
    answers.collect()
}

fn oauth_error(status: u16, errors: &[&str]) -> Response {
    let named: Vec<_> = errors.iter().map(|error| format!("`{error}`")).collect();
    let mut response = begin(&named.join(" or "));
    match StatusCode::from_u16(status) {
        Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => put(&mut response, CHALLENGE),
        Ok(StatusCode::SERVICE_UNAVAILABLE) => put(&mut response, RETRY_AFTER),
        _ => {}
    }
    let error = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(errors.iter().copied()));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("OAuthError"))
        .item(ObjectBuilder::new().property("error", error))
        .build();
    let examples = errors.iter().map(|error| {
        let value = json!({"error": error, "error_description": "What is wrong, in words that may change."});
        (*error, ExampleBuilder::new().value(Some(value)).build())
    });
    let content = ContentBuilder::new().schema(Some(Schema::from(schema))).examples_from_iter(examples).build();
    response.content.insert("application/json".to_owned(), content.into());
    response
}

/// An example of each problem.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, Example)> {
    ProblemCode::ALL.into_iter().map(|code| {
        let problem = members(code)
            .into_iter()
            .fold(Problem::new(code, code.meaning()), |problem, (name, value)| problem.with(name, value));
        (code.code(), ExampleBuilder::new().summary(code.title()).value(Some(problem.body())).build())
    })
}

/// What a problem of this code says besides.
fn members(code: ProblemCode) -> Vec<(&'static str, Value)> {
    match code {
        ProblemCode::MfaRequired => vec![
            ("mfa_token", text("jmt_dGhlIHBhc3N3b3JkIHdhcyByaWdodA")),
            ("methods", json!(["totp", "passkey", "recovery_code"])),
        ],
        ProblemCode::SecondFactorRequired => vec![("methods", json!(["totp", "recovery_code"]))],
        ProblemCode::StepUpRequired => vec![("max_age", json!(300))],
        ProblemCode::PasswordGuessable => vec![("reason", text("common"))],
        ProblemCode::SessionLimitReached => vec![(
            "sessions",
            json!([{
                "id": "0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52", "device_name": "laptop", "device_class": "web",
                "browser": "Firefox 140", "system": "Windows 10", "ip": "192.0.2.7",
                "created_at": "2026-11-28T09:30:00Z", "last_used_at": "2026-11-28T09:30:00Z",
            }]),
        )],
        _ => Vec::new(),
    }
}

/// The form of every failed request's answer.
pub(super) fn schemas() -> [(String, RefOr<Schema>); 2] {
    let of = |kind, about: &str| ObjectBuilder::new().schema_type(kind).description(Some(about));
    let string = |about| of(Type::String, about);
    let many = |item: RefOr<Schema>, about: &str| ArrayBuilder::new().items(item).description(Some(about));
    let each = |name| RefOr::Ref(Ref::from_schema_name(name));
    let methods = "With `mfa_required` and `second_factor_required`, what will do: `totp`, `passkey`, `recovery_code`.";
    let problem = ObjectBuilder::new()
        .description(Some("Why a request failed (RFC 9457). Decide by `code`: codes are stable."))
        .property("type", string("`urn:jeton:problem:` and the code."))
        .property("title", string("The code in words."))
        .property("status", of(Type::Integer, "The HTTP status."))
        .property("detail", string("What is wrong, for people; its words may change."))
        .property("code", string("What is wrong, for programs."))
        .property("mfa_token", string("With `mfa_required`: what goes on with the login."))
        .property("methods", many(Schema::from(Object::with_type(Type::String)).into(), methods))
        .property("sessions", many(each("Device"), "With `session_limit_reached`: those that are live."))
        .property("max_age", of(Type::Integer, "With `step_up_required`: for how many seconds a proof counts."))
        .property("second_factor", of(Type::Boolean, "With `step_up_required`: whether it must be a second factor."))
        .property("reason", string("With `password_guessable`: why."))
        .property("checks", many(each("HealthCheck"), "With `unavailable` of `/readyz`: what the server needs."));
    let problem = ["type", "title", "status", "detail", "code"].into_iter().fold(problem, ObjectBuilder::required);
    let error = ObjectBuilder::new()
        .description(Some("Why a request failed at an OAuth endpoint (RFC 6749 §5.2)."))
        .property("error", string("What is wrong, for programs."))
        .property("error_description", string("What is wrong, for people; its words may change."))
        .required("error")
        .required("error_description");
    [("Problem", problem.build()), ("OAuthError", error.build())]
        .map(|(name, schema)| (name.to_owned(), Schema::from(schema).into()))
}
