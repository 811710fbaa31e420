//! `/v1/me/reauthenticate`: who is signed in proves again who he is (RFC 9470).

use auth_domain::login::{Proof, ProvedAgain};
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{ByOwner, Json, PasskeyAnswer, WireBody, one_of, second_factor};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// Exactly one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReauthenticateRequest)]
pub(super) struct ProofBody {
    /// Where the account has no second factor.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, examples("correct horse battery staple"))]
    password: Option<SecretString>,
    /// Of the app, or a recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Option<SecretString>,
    #[serde(default)]
    passkey: Option<PasskeyAnswer>,
}

impl WireBody for ProofBody {
    const LIMIT: usize = 16 * 1024;
}

impl ProofBody {
    fn proof(&self) -> Option<Proof<'_>> {
        match (&self.password, second_factor(self.code.as_ref(), self.passkey.as_ref())) {
            (Some(password), None) if self.code.is_none() && self.passkey.is_none() => Some(Proof::Password(password)),
            (None, Some(proof)) => Some(Proof::SecondFactor(proof)),
            _ => None,
        }
    }
}

/// An access token that says when its owner proved who he is.
#[derive(Serialize, ToSchema)]
#[schema(as = ReauthenticatedResponse)]
pub(super) struct ProvedBody {
    #[schema(examples("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"))]
    access_token: String,
    #[schema(value_type = String, examples("Bearer"))]
    token_type: &'static str,
    /// In seconds.
    #[schema(examples(900))]
    expires_in: u64,
    /// Seconds since the epoch, as in the token.
    #[schema(examples(1_795_858_200_u64))]
    auth_time: u64,
}

impl From<ProvedAgain> for ProvedBody {
    fn from(proved: ProvedAgain) -> Self {
        Self {
            access_token: proved.access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: proved.access_token.expires_in(),
            auth_time: proved.facts.auth_time.unix().as_secs(),
        }
    }
}

/// `POST /v1/me/reauthenticate`: 200 and an access token that says so. The refresh token stays as it is.
pub(super) async fn prove(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Json(body): Json<ProofBody>,
) -> Result<axum::Json<ProvedBody>, Problem> {
    let proof = body.proof().ok_or_else(|| one_of("`password`, `code` and `passkey`"))?;
    Ok(axum::Json(state.auth().login.reauthenticate(&owner, proof).await?.into()))
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Account", "Registration, and what owners do with their accounts.");
    tag.add(
        Operation::post("/v1/me/reauthenticate", "reauthenticate")
            .does("Prove again who I am", "For what asks for a recent proof (`step_up_required`, RFC 9470): send one of `password`, `code` and `passkey`. The refresh token stays as it is.")
            .by_owner()
            .reads::<ProofBody>()
            .answers(Answer::json::<ProvedBody>(StatusCode::OK, "An access token that says so."))
            .fails([ProblemCode::WrongPassword, ProblemCode::SecondFactorRequired, ProblemCode::WrongCode, ProblemCode::PasskeyRefused, ProblemCode::PasskeysUnavailable, ProblemCode::TooManyAttempts]),
    );
}
