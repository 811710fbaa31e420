//! Passkeys: the ceremonies of `WebAuthn`, as webauthn-rs verifies them. Every passkey is discoverable, so that it can sign in
//! without a mail address, and every ceremony asks for a gesture or a PIN, so that it is two factors at once.

#[cfg(test)]
mod tests;

use auth_domain::model::Passkey as StoredPasskey;
use auth_domain::ports::{Ceremony, NewPasskey, PasskeyUser, UsedPasskey, WebAuthn, WebAuthnError};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

/// Which sites passkeys are good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PasskeySettings {
    /// The domain that they are bound to; where nobody says it, the issuer's host.
    pub(crate) rp_id: Option<String>,
    /// The origins that may use them; where nobody says it, the issuer's.
    pub(crate) origins: Vec<Url>,
}

/// The settings are those of no site.
#[derive(Debug, thiserror::Error)]
#[error(
    "passkeys.rp_id = {rp_id:?} is not the host of {origin}, nor a domain above it; browsers would refuse every passkey \
     (without passkeys.origins, the origin is the issuer's)"
)]
pub(crate) struct PasskeysUnusable {
    rp_id: String,
    origin: String,
}

/// What a ceremony keeps until its end. It travels sealed, stays on the server, and is used once: that is what the library's
/// serialisation of it is for.
#[derive(Serialize, Deserialize)]
enum State {
    Registration(PasskeyRegistration),
    OneOf(PasskeyAuthentication),
    Discoverable(DiscoverableAuthentication),
}

/// Verifies passkeys of one site.
pub(crate) struct Passkeys(Webauthn);

impl Passkeys {
    /// For the server that tokens name as `issuer`. `None` where browsers offer no passkeys: neither by https nor on localhost,
    /// and for an address that is no name.
    ///
    /// # Errors
    /// When the settings name a domain that is not the origin's.
    pub(crate) fn of(
        settings: &PasskeySettings,
        issuer: &str,
        product: &str,
    ) -> Result<Option<Self>, PasskeysUnusable> {
        let issuer = issuer.parse::<Url>().ok();
        let origins: Vec<&Url> = match &settings.origins[..] {
            [] => issuer.iter().filter(|issuer| offers_passkeys(issuer)).collect(),
            origins => origins.iter().collect(),
        };
        let Some((first, others)) = origins.split_first() else { return Ok(None) };
        let host = || issuer.as_ref().or(Some(first)).and_then(|url| url.domain());
        let Some(rp_id) = settings.rp_id.as_deref().or_else(host) else { return Ok(None) };
        let unusable =
            |origin: &Url| PasskeysUnusable { rp_id: rp_id.to_owned(), origin: origin.origin().ascii_serialization() };
        let mut builder = WebauthnBuilder::new(rp_id, first).map_err(|_| unusable(first))?.rp_name(product);
        for origin in others {
            // The library checks the first alone.
            WebauthnBuilder::new(rp_id, origin).map_err(|_| unusable(origin))?;
            builder = builder.append_allowed_origin(origin);
        }
        builder.build().map(|webauthn| Some(Self(webauthn))).map_err(|_| unusable(first))
    }
}

/// Whether browsers offer passkeys to pages of this address (a secure context, and a domain name: `WebAuthn` §5.1.3).
pub(crate) fn offers_passkeys(url: &Url) -> bool {
    let local = |host: &str| host == "localhost" || host.ends_with(".localhost");
    url.domain().is_some_and(|host| url.scheme() == "https" || url.scheme() == "http" && local(host))
}

impl WebAuthn for Passkeys {
    fn begin_registration(&self, user: PasskeyUser<'_>, existing: &[StoredPasskey]) -> Result<Ceremony, WebAuthnError> {
        let excluded = existing.iter().map(|passkey| CredentialID::from(passkey.credential_id.clone())).collect();
        let id = user.account.as_uuid();
        let (options, state) = self
            .0
            .start_passkey_registration(id, user.name, user.display_name, Some(excluded))
            .map_err(|error| unable(&error))?;
        let mut options = serde_json::to_value(options.public_key).map_err(|error| unable(&error))?;
        // The library asks for keys that a server has to name; these sign in by themselves.
        if let Some(selection) = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut) {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        ceremony(&options, &State::Registration(state))
    }

    fn finish_registration(&self, state: &[u8], answer: &str) -> Result<NewPasskey, WebAuthnError> {
        let State::Registration(state) = read_state(state)? else { return Err(another()) };
        let answer: RegisterPublicKeyCredential = read_answer(answer)?;
        let passkey = self.0.finish_passkey_registration(&answer, &state).map_err(|error| refused(&error))?;
        Ok(NewPasskey { credential_id: passkey.cred_id().clone(), data: data(&passkey)? })
    }

    fn begin_authentication(&self, allowed: &[StoredPasskey]) -> Result<Ceremony, WebAuthnError> {
        if allowed.is_empty() {
            let (options, state) = self.0.start_discoverable_authentication().map_err(|error| unable(&error))?;
            let options = serde_json::to_value(options.public_key).map_err(|error| unable(&error))?;
            return ceremony(&options, &State::Discoverable(state));
        }
        let passkeys = allowed.iter().map(|passkey| stored(&passkey.data)).collect::<Result<Vec<_>, _>>()?;
        let (options, state) = self.0.start_passkey_authentication(&passkeys).map_err(|error| unable(&error))?;
        let options = serde_json::to_value(options.public_key).map_err(|error| unable(&error))?;
        ceremony(&options, &State::OneOf(state))
    }

    fn credential_id(&self, answer: &str) -> Result<Vec<u8>, WebAuthnError> {
        Ok(read_answer::<PublicKeyCredential>(answer)?.raw_id)
    }

    fn finish_authentication(
        &self,
        state: &[u8],
        answer: &str,
        passkey: &StoredPasskey,
    ) -> Result<UsedPasskey, WebAuthnError> {
        let answer: PublicKeyCredential = read_answer(answer)?;
        let mut key = stored(&passkey.data)?;
        // §7.2 step 6: the authenticator's own word on whose the passkey is must not contradict the store's.
        let holder = answer.response.user_handle.as_deref();
        let account = passkey.account.as_uuid();
        if holder.is_some_and(|holder| holder != account.as_bytes()) {
            return Err(WebAuthnError::Refused("it is another account's".to_owned()));
        }
        let result = match read_state(state)? {
            State::OneOf(state) => self.0.finish_passkey_authentication(&answer, &state),
            State::Discoverable(_) if holder.is_none() => {
                return Err(WebAuthnError::Refused("it does not say whose it is".to_owned()));
            }
            State::Discoverable(state) => self.0.finish_discoverable_authentication_v2(&answer, state, &key),
            State::Registration(_) => return Err(another()),
        };
        let result = result.map_err(|error| refused(&error))?;
        if !result.user_verified() || key.update_credential(&result).is_none() {
            return Err(WebAuthnError::Refused("nobody was verified by it".to_owned()));
        }
        Ok(UsedPasskey { data: data(&key)? })
    }
}

fn ceremony(options: &Value, state: &State) -> Result<Ceremony, WebAuthnError> {
    let state = serde_json::to_vec(state).map_err(|error| unable(&error))?;
    Ok(Ceremony { options: options.to_string(), state })
}

fn read_state(state: &[u8]) -> Result<State, WebAuthnError> {
    serde_json::from_slice(state).map_err(|_| WebAuthnError::Refused("what was begun cannot be read".to_owned()))
}

/// What the browser sent is not repeated in the error.
fn read_answer<T: for<'a> Deserialize<'a>>(answer: &str) -> Result<T, WebAuthnError> {
    serde_json::from_str(answer).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        WebAuthnError::Refused(format!("it is not what a browser answers ({place})"))
    })
}

fn stored(data: &str) -> Result<Passkey, WebAuthnError> {
    serde_json::from_str(data).map_err(|_| WebAuthnError::Unable("a stored passkey cannot be read".to_owned()))
}

fn data(passkey: &Passkey) -> Result<String, WebAuthnError> {
    serde_json::to_string(passkey).map_err(|error| unable(&error))
}

fn another() -> WebAuthnError {
    WebAuthnError::Refused("another ceremony was begun".to_owned())
}

fn refused(error: &dyn std::fmt::Display) -> WebAuthnError {
    WebAuthnError::Refused(error.to_string())
}

fn unable(error: &dyn std::fmt::Display) -> WebAuthnError {
    WebAuthnError::Unable(error.to_string())
}
