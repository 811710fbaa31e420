//! `/v1/me/reauthenticate`: who is signed in proves again who he is (RFC 9470).

use auth_domain::login::{Proof, ProvedAgain};
use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::extract::{ByOwner, Json, PasskeyAnswer, WireBody, one_of, second_factor};
use crate::problem::Problem;
use crate::state::ApiState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofBody {
    #[serde(default)]
    password: Option<SecretString>,
    #[serde(default)]
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

#[derive(Serialize)]
pub(super) struct ProvedBody {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    /// Seconds since the epoch, as in the token.
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
