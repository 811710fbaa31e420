//! Second factors in a test's hands: an app, and passkeys that no authenticator signs for.

use auth_domain::model::{Passkey, Timestamp};
use auth_domain::ports::{Ceremony, NewPasskey, PasskeyUser, UsedPasskey, WebAuthn, WebAuthnError};
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

/// What an app with this secret shows at this moment.
pub(crate) fn code_of(secret: &str, at: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30).with_secret(secret);
    app.build().unwrap().generate(at.unix().as_secs()).to_string()
}

/// Passkeys whose signature is the word `good`.
pub(crate) struct FakeWebAuthn;

impl FakeWebAuthn {
    /// What a browser answers with this passkey.
    pub(crate) fn answer(credential: &str) -> Value {
        json!({"id": credential, "response": {"signature": "good"}})
    }

    /// The same, with a signature that does not verify.
    pub(crate) fn bad_answer(credential: &str) -> Value {
        json!({"id": credential, "response": {"signature": "bad"}})
    }
}

fn read(answer: &str) -> Result<Value, WebAuthnError> {
    serde_json::from_str(answer).map_err(|error| WebAuthnError::Refused(error.to_string()))
}

fn names(passkeys: &[Passkey]) -> Vec<String> {
    passkeys.iter().map(|passkey| String::from_utf8(passkey.credential_id.clone()).unwrap()).collect()
}

fn signed(answer: &str) -> Result<Vec<u8>, WebAuthnError> {
    let answer = read(answer)?;
    match (&answer["response"]["signature"], &answer["id"]) {
        (Value::String(signature), Value::String(id)) if signature == "good" => Ok(id.as_bytes().to_vec()),
        _ => Err(WebAuthnError::Refused("the signature is bad".to_owned())),
    }
}

impl WebAuthn for FakeWebAuthn {
    fn begin_registration(&self, user: PasskeyUser<'_>, existing: &[Passkey]) -> Result<Ceremony, WebAuthnError> {
        let options = json!({"user": user.name, "excludeCredentials": names(existing)}).to_string();
        Ok(Ceremony { options, state: b"registration".to_vec() })
    }

    fn finish_registration(&self, state: &[u8], answer: &str) -> Result<NewPasskey, WebAuthnError> {
        if state != b"registration" {
            return Err(WebAuthnError::Refused("another ceremony".to_owned()));
        }
        Ok(NewPasskey { credential_id: signed(answer)?, data: "{}".to_owned() })
    }

    fn begin_authentication(&self, allowed: &[Passkey]) -> Result<Ceremony, WebAuthnError> {
        let allowed = names(allowed);
        let state = serde_json::to_vec(&allowed).unwrap();
        Ok(Ceremony { options: json!({"allowCredentials": allowed}).to_string(), state })
    }

    fn credential_id(&self, answer: &str) -> Result<Vec<u8>, WebAuthnError> {
        match &read(answer)?["id"] {
            Value::String(id) => Ok(id.as_bytes().to_vec()),
            _ => Err(WebAuthnError::Refused("no id".to_owned())),
        }
    }

    fn finish_authentication(
        &self,
        state: &[u8],
        answer: &str,
        passkey: &Passkey,
    ) -> Result<UsedPasskey, WebAuthnError> {
        let allowed: Vec<String> =
            serde_json::from_slice(state).map_err(|error| WebAuthnError::Refused(error.to_string()))?;
        let id = signed(answer)?;
        let is_allowed = allowed.is_empty() || allowed.iter().any(|name| name.as_bytes() == id);
        if id != passkey.credential_id || !is_allowed {
            return Err(WebAuthnError::Refused("another passkey".to_owned()));
        }
        Ok(UsedPasskey { data: "{}".to_owned() })
    }
}
