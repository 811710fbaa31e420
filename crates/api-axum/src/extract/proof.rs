//! A second factor on the wire: a code, or the answer of a browser to the passkey that it was asked for.

use auth_domain::login::SecondFactorProof;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::openapi::credential;
use crate::problem::{Problem, ProblemCode};

/// A browser's `PublicKeyCredential`, as its `toJSON` writes it (`WebAuthn` Level 3, §5.1). Only the port that verifies it looks
/// inside.
pub(crate) struct Credential(SecretString);

impl Credential {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::<String, Value>::deserialize(deserializer)?;
        Ok(Self(Value::Object(object).to_string().into()))
    }
}

/// A passkey that was asked for, and its answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAnswer {
    #[schema(value_type = String, examples("jct_Zm9yIG9uZSBjZXJlbW9ueSBvZiBhIGJyb3dzZXI"))]
    ceremony: SecretString,
    #[schema(schema_with = credential)]
    credential: Credential,
}

/// The one second factor of a body.
pub(crate) fn second_factor<'a>(
    code: Option<&'a SecretString>,
    passkey: Option<&'a PasskeyAnswer>,
) -> Option<SecondFactorProof<'a>> {
    match (code, passkey) {
        (Some(code), None) => Some(SecondFactorProof::Code(code.expose_secret())),
        (None, Some(PasskeyAnswer { ceremony, credential })) => {
            Some(SecondFactorProof::Passkey { ceremony: ceremony.expose_secret(), answer: credential.json() })
        }
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// The answer to a body with no proof, or with several.
pub(crate) fn one_of(fields: &'static str) -> Problem {
    Problem::new(ProblemCode::InvalidRequest, format!("Send one of the fields {fields}, and no two of them."))
}
