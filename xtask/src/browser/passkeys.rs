//! Passkeys by the HTTP interface alone, as a page of one's own would use them, with the browser's virtual authenticator.

use serde_json::{Value, json};

use super::driver::Looks;
use super::page::Page;
use super::stage::{PASSWORD, Stage, check, text};
use crate::run::Failure;

/// The browser makes a passkey.
const CREATE: &str = "const [options, done] = arguments;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey ?? options);
    navigator.credentials.create({ publicKey }).then((made) => done({ credential: made.toJSON() }), (why) => done({ refused: String(why) }));";
/// The browser shows a passkey.
const GET: &str = "const [options, done] = arguments;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey ?? options);
    navigator.credentials.get({ publicKey }).then((shown) => done({ credential: shown.toJSON() }), (why) => done({ refused: String(why) }));";

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.visit(Looks::LIGHT, |page| {
        page.open("/livez")?;
        Scene { stage, page }.play()
    })
}

/// A browser's page, and the server that it belongs to.
struct Scene<'a> {
    stage: &'a Stage,
    page: &'a Page<'a>,
}

impl Scene<'_> {
    fn play(&self) -> Result<(), Failure> {
        for email in ["alice@example.com", "eve@example.com"] {
            self.stage.account(email)?;
        }
        let login = |email: &str| json!({ "email": email, "password": PASSWORD });
        let token = text(&self.stage.post("/v1/login", None, login("alice@example.com"), 200)?, "access_token")?;

        let added = self.add_passkey(&token, "Laptop")?;
        let codes = added.get("recovery_codes").and_then(Value::as_array).map_or(0, Vec::len);
        check("the first second factor brings ten recovery codes", codes == 10)?;
        let id = text(added.get("passkey").unwrap_or(&added), "id")?;

        let (request, answer) = self.sign_in()?;
        check("a passkey signs in without a password", answer.get("access_token").is_some())?;
        let token = text(&answer, "access_token")?;
        let again = self.stage.post("/v1/login/passkey", None, request, 401)?;
        check("its answer is accepted once", again.get("code") == Some(&json!("invalid_passkey")))?;

        let first_half = self.stage.post("/v1/login", None, login("alice@example.com"), 401)?;
        check("the password alone is not enough any more", first_half.get("code") == Some(&json!("mfa_required")))?;
        let mfa_token = text(&first_half, "mfa_token")?;
        let begun = self.stage.post("/v1/login/passkey/begin", None, json!({ "mfa_token": mfa_token }), 200)?;
        let shown = self.credential(GET, &begun)?;
        let passkey = json!({ "ceremony": begun.get("ceremony"), "credential": shown });
        let whole =
            self.stage.post("/v1/login/mfa", None, json!({ "mfa_token": mfa_token, "passkey": passkey }), 200)?;
        check("it signs in after the password", whole.get("access_token").is_some())?;

        let eve = text(&self.stage.post("/v1/login", None, login("eve@example.com"), 200)?, "access_token")?;
        self.stage.call("DELETE", &format!("/v1/me/passkeys/{id}"), Some(&eve), None, 404)?;
        check("another account cannot remove it", self.names(&token)? == ["Laptop"])?;
        self.stage.call(
            "PATCH",
            &format!("/v1/me/passkeys/{id}"),
            Some(&token),
            Some(json!({ "name": "Old laptop" })),
            204,
        )?;
        check("it is renamed", self.names(&token)? == ["Old laptop"])?;

        let refused = self.add_passkey(&token, "Twice");
        check("one authenticator is not registered twice", refused.is_err())?;

        let begun = self.stage.post("/v1/login/passkey/begin", None, json!({}), 200)?;
        let mut bent = self.credential(GET, &begun)?;
        if let Some(signature) = bent.pointer_mut("/response/signature") {
            *signature = json!(
                "MEUCIQDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            );
        }
        let forged = json!({ "ceremony": begun.get("ceremony"), "credential": bent });
        self.stage.post("/v1/login/passkey", None, forged, 401)?;
        check("a signature of somebody else is refused", true)?;

        self.stage.call("DELETE", &format!("/v1/me/passkeys/{id}"), Some(&token), None, 204)?;
        check("it is removed", self.names(&token)?.is_empty())?;
        let (_, answer) = self.sign_in_expecting(401)?;
        check("and signs in no more", answer.get("code") == Some(&json!("invalid_passkey")))?;
        self.stage.post("/v1/login", None, login("alice@example.com"), 200)?;
        check("the password is enough again", true)
    }

    fn add_passkey(&self, token: &str, name: &str) -> Result<Value, Failure> {
        let begun = self.stage.post("/v1/me/passkeys/begin", Some(token), json!({}), 200)?;
        let made = self.credential(CREATE, &begun)?;
        let body = json!({ "ceremony": begun.get("ceremony"), "credential": made, "name": name });
        self.stage.post("/v1/me/passkeys", Some(token), body, 201)
    }

    /// What the browser makes or shows when it is asked by the `options` of a ceremony.
    fn credential(&self, script: &str, begun: &Value) -> Result<Value, Failure> {
        let options = begun.get("options").cloned().unwrap_or_default();
        let done = self.page.script_async(script, &json!([options]))?;
        match done.get("credential") {
            Some(credential) => Ok(credential.clone()),
            None => Err(Failure::new(format!("the browser refuses: {}", done.get("refused").unwrap_or(&done)))),
        }
    }

    fn sign_in(&self) -> Result<(Value, Value), Failure> {
        self.sign_in_expecting(200)
    }

    /// Signs in with whichever passkey the browser holds; gives what was sent and what was answered.
    fn sign_in_expecting(&self, status: u16) -> Result<(Value, Value), Failure> {
        let begun = self.stage.post("/v1/login/passkey/begin", None, json!({}), 200)?;
        let shown = self.credential(GET, &begun)?;
        let request = json!({ "ceremony": begun.get("ceremony"), "credential": shown });
        let answer = self.stage.post("/v1/login/passkey", None, request.clone(), status)?;
        Ok((request, answer))
    }

    fn names(&self, token: &str) -> Result<Vec<String>, Failure> {
        let factors = self.stage.call("GET", "/v1/me/factors", Some(token), None, 200)?;
        let passkeys = factors.get("passkeys").and_then(Value::as_array).cloned().unwrap_or_default();
        passkeys.iter().map(|passkey| text(passkey, "name")).collect()
    }
}
