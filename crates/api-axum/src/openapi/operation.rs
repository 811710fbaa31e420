//! One operation: what it reads, what it answers, and whom it lets in.

use auth_domain::model::ApiScope;
use serde_json::{Map, Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

use super::answer::Answer;
use super::{example, failure, security, text};
use crate::extract::{WireBody, WireQuery};
use crate::problem::ProblemCode;

const UUID: &str = "0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52";

/// An operation in the making.
pub(crate) struct Operation {
    path: &'static str,
    method: HttpMethod,
    builder: OperationBuilder,
    body: Option<Body>,
    answers: Vec<Answer>,
    problems: Vec<ProblemCode>,
    /// In the place of problems, at the OAuth endpoints.
    errors: Option<Vec<(u16, &'static str)>>,
    #[cfg(test)]
    pub(super) reads: super::tests::Reads,
}

/// What it reads.
struct Body {
    media_type: &'static str,
    required: bool,
    schema: RefOr<Schema>,
    schemas: Vec<(String, RefOr<Schema>)>,
    example: Option<Value>,
}

impl Operation {
    fn new(method: HttpMethod, path: &'static str, id: &str) -> Self {
        Self {
            path,
            method,
            builder: OperationBuilder::new().operation_id(Some(id)),
            body: None,
            answers: Vec::new(),
            problems: failure::ANY.to_vec(),
            errors: None,
            #[cfg(test)]
            reads: super::tests::Reads::of(id),
        }
    }

    /// `GET` of this path.
    pub(crate) fn get(path: &'static str, id: &str) -> Self {
        Self::new(HttpMethod::Get, path, id)
    }

    /// `POST` of this path.
    pub(crate) fn post(path: &'static str, id: &str) -> Self {
        Self::new(HttpMethod::Post, path, id)
    }

    /// `PUT` of this path.
    pub(crate) fn put(path: &'static str, id: &str) -> Self {
        Self::new(HttpMethod::Put, path, id)
    }

    /// `PATCH` of this path.
    pub(crate) fn patch(path: &'static str, id: &str) -> Self {
        Self::new(HttpMethod::Patch, path, id)
    }

    /// `DELETE` of this path.
    pub(crate) fn delete(path: &'static str, id: &str) -> Self {
        Self::new(HttpMethod::Delete, path, id)
    }

    /// What it does, in a few words and in a few sentences.
    pub(crate) fn does(self, summary: &str, about: &str) -> Self {
        self.with(|builder| builder.summary(Some(summary)).description(Some(about)))
    }

    fn with(mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    fn secured(self, by: Vec<SecurityRequirement>) -> Self {
        self.with(|builder| builder.securities(Some(by)))
    }

    /// Who has an access token may ask.
    pub(crate) fn by_owner(self) -> Self {
        let refused =
            [ProblemCode::AmbiguousCredentials, ProblemCode::AuthenticationRequired, ProblemCode::InvalidToken];
        self.fails(refused).secured(security::access_token())
    }

    /// Who has an access token and the role `admin` may ask.
    pub(crate) fn by_operator(self) -> Self {
        self.by_owner().fails([ProblemCode::InsufficientRole])
    }

    /// Who has an API key of this scope may ask.
    pub(crate) fn by_api_key(self, scope: ApiScope) -> Self {
        let refused = [
            ProblemCode::AmbiguousCredentials,
            ProblemCode::AuthenticationRequired,
            ProblemCode::InvalidToken,
            ProblemCode::InvalidApiKey,
            ProblemCode::InsufficientScope,
        ];
        self.fails(refused).secured(security::api_key(scope))
    }

    /// The same, where HTTP Basic will do too.
    pub(crate) fn by_api_key_or_basic(self, scope: ApiScope) -> Self {
        self.secured(security::api_key_or_basic(scope))
    }

    /// Who has a refresh token may ask; with an access token too where that is said.
    pub(crate) fn by_refresh_token(self, or_access_token: bool) -> Self {
        let by = if or_access_token { security::any_token() } else { security::refresh_token() };
        self.fails([ProblemCode::AmbiguousCredentials, ProblemCode::CrossSiteRequest]).secured(by)
    }

    fn parameter(self, place: ParameterIn, name: &str, about: &str, schema: ObjectBuilder, example: &str) -> Self {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(about))
            .schema(Some(schema))
            .example(Some(text(example)));
        self.with(|builder| builder.parameter(parameter))
    }

    /// A part of the path that is a UUID.
    pub(crate) fn names(self, name: &str, about: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".into())));
        self.parameter(ParameterIn::Path, name, about, schema, UUID)
    }

    /// A part of the path that is any text.
    pub(crate) fn names_by_text(self, name: &str, about: &str, example: &str) -> Self {
        self.parameter(ParameterIn::Path, name, about, ObjectBuilder::new().schema_type(Type::String), example)
    }

    /// A header that may be left out.
    pub(crate) fn header(self, name: &str, about: &str, schema: ObjectBuilder, example: &str) -> Self {
        self.parameter(ParameterIn::Header, name, about, schema.schema_type(Type::String), example)
    }

    /// `Idempotency-Key`, at an OAuth endpoint too.
    pub(crate) fn idempotent(self) -> Self {
        let about = "16 to 255 visible ASCII characters that nobody can guess, kept beside the token until the answer is stored: \
                     another try with it gets the same answer, also after the token was replaced.";
        let schema = ObjectBuilder::new().min_length(Some(16)).max_length(Some(255)).pattern(Some("^[!-~]{16,255}$"));
        self.header("Idempotency-Key", about, schema, "5f2c8a0e-1b7d-4c39-9a64-d0e8b37f6a12")
            .fails([ProblemCode::InvalidIdempotencyKey])
    }

    /// The query of this type.
    pub(crate) fn query<Q: IntoParams + WireQuery>(mut self) -> Self {
        let parameters: Vec<Parameter> = Q::into_params(|| Some(ParameterIn::Query));
        #[cfg(test)]
        self.reads.query::<Q>(&parameters);
        for parameter in parameters {
            self.builder = self.builder.parameter(parameter);
        }
        self.fails([ProblemCode::InvalidQuery])
    }

    /// A body of this type.
    pub(crate) fn reads<T: ToSchema + WireBody>(self) -> Self {
        self.body::<T>(true)
    }

    /// A body of this type, which may be left out.
    pub(crate) fn may_read<T: ToSchema + WireBody>(self) -> Self {
        self.body::<T>(false)
    }

    fn body<T: ToSchema + WireBody>(mut self, required: bool) -> Self {
        #[cfg(test)]
        self.reads.body::<T>();
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        let schema = RefOr::Ref(Ref::from_schema_name(T::name()));
        self.body = Some(Body { media_type: "application/json", required, schema, schemas, example: None });
        self.fails([
            ProblemCode::InvalidJson,
            ProblemCode::IncompleteBody,
            ProblemCode::BodyTooLarge,
            ProblemCode::UnsupportedMediaType,
            ProblemCode::InvalidRequest,
        ])
    }

    /// A form of OAuth: name, whether it must be there, what it is, an example. Answers are errors of RFC 6749 then.
    pub(crate) fn form(mut self, fields: &[(&str, bool, &str, &str)], errors: &[(u16, &'static str)]) -> Self {
        // What is not known is passed over, but nothing may come twice (RFC 6749 §3.2).
        let any = AdditionalProperties::RefOr(RefOr::T(Schema::from(Object::with_type(Type::String))));
        let mut form = ObjectBuilder::new().additional_properties(Some(any));
        let mut example = Map::new();
        for (name, required, about, value) in fields {
            let field = ObjectBuilder::new().schema_type(Type::String).description(Some(*about));
            let field = if *required { field.min_length(Some(1)) } else { field };
            form = form.property(*name, field);
            if *required {
                form = form.required(*name);
                example.insert((*name).to_owned(), text(value));
            }
        }
        let media_type = "application/x-www-form-urlencoded";
        let schema = RefOr::T(form.build().into());
        self.body = Some(Body {
            media_type,
            required: true,
            schema,
            schemas: Vec::new(),
            example: Some(Value::Object(example)),
        });
        let own = [(400, "invalid_request"), (413, "invalid_request")];
        self.errors = Some(own.iter().chain(errors).chain(&failure::ANY_OAUTH).copied().collect());
        self
    }

    /// Codes that it fails with, beside those that follow from what it reads and whom it lets in.
    pub(crate) fn fails(mut self, codes: impl IntoIterator<Item = ProblemCode>) -> Self {
        self.problems.extend(codes);
        self
    }

    /// What it answers when it does what was asked.
    pub(crate) fn answers(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    pub(super) fn tagged(self, tag: &str) -> Self {
        self.with(|builder| builder.tag(tag))
    }

    pub(super) fn place(&self) -> (&'static str, HttpMethod) {
        (self.path, self.method.clone())
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (String, RefOr<Schema>)> {
        let read = self.body.iter().flat_map(|body| body.schemas.iter().cloned());
        read.chain(self.answers.iter().flat_map(Answer::schemas))
    }

    pub(super) fn finish(self, known: &Value, shared: &mut failure::Shared) -> OperationBuilder {
        let mut builder = self.builder;
        if let Some(body) = self.body {
            let example = body.example.or_else(|| example::of(&json!(body.schema), known));
            let content = ContentBuilder::new().schema(Some(body.schema)).example(example).build();
            let required = if body.required { Required::True } else { Required::False };
            let body = RequestBodyBuilder::new().content(body.media_type, content).required(Some(required));
            builder = builder.request_body(Some(body.build()));
        }
        for answer in self.answers {
            let (status, response) = answer.finish(known);
            builder = builder.response(status, response);
        }
        let failures = match self.errors {
            Some(errors) => failure::oauth(&errors, shared),
            None => failure::problems(&self.problems, shared),
        };
        failures.into_iter().fold(builder, |builder, (status, response)| builder.response(status, response))
    }
}
