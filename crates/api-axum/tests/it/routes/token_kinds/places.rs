//! Where a token can be presented: every route that takes one, and how.

use serde_json::{Value, json};

use super::Kind;
use crate::support::{FakeWebAuthn, ORIGIN, PASSWORD, Sending, TestApp};

/// A way to present a token to a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) method: &'static str,
    /// The route's pattern, as the router has it.
    pub(super) pattern: &'static str,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// An access token, as Bearer token.
    Bearer,
    /// A refresh token, in the body.
    Body,
    /// A refresh token, in the cookie.
    Cookie,
    /// A refresh token, as RFC 6749 §6 sends it.
    Grant,
    /// An API key, as Bearer token.
    Key,
    /// An API key, as Bearer token of an OAuth endpoint.
    OAuthKey,
    /// An API key, as password of HTTP Basic.
    Basic,
    /// What was mailed, in the body.
    Mailed(Kind),
    /// What goes on with a login, in the body.
    SecondFactor,
    /// What a passkey's answer is presented with, in the body.
    Ceremony,
    /// The same by who is signed in.
    CeremonyOfOwner(Kind),
}

const fn place(method: &'static str, pattern: &'static str, way: Way) -> Place {
    Place { method, pattern, way }
}

pub(super) const PLACES: [Place; 54] = [
    place("GET", "/v1/me", Way::Bearer),
    place("PATCH", "/v1/me", Way::Bearer),
    place("DELETE", "/v1/me", Way::Bearer),
    place("POST", "/v1/me/password", Way::Bearer),
    place("POST", "/v1/me/email", Way::Bearer),
    place("GET", "/v1/me/factors", Way::Bearer),
    place("POST", "/v1/me/totp", Way::Bearer),
    place("POST", "/v1/me/totp/confirm", Way::Bearer),
    place("DELETE", "/v1/me/totp", Way::Bearer),
    place("POST", "/v1/me/recovery-codes", Way::Bearer),
    place("POST", "/v1/me/passkeys/begin", Way::Bearer),
    place("POST", "/v1/me/passkeys", Way::Bearer),
    place("PATCH", "/v1/me/passkeys/{id}", Way::Bearer),
    place("DELETE", "/v1/me/passkeys/{id}", Way::Bearer),
    place("POST", "/v1/me/reauthenticate", Way::Bearer),
    place("GET", "/v1/sessions", Way::Bearer),
    place("DELETE", "/v1/sessions", Way::Bearer),
    place("PATCH", "/v1/sessions/{id}", Way::Bearer),
    place("DELETE", "/v1/sessions/{id}", Way::Bearer),
    place("GET", "/v1/events", Way::Bearer),
    place("POST", "/v1/logout", Way::Bearer),
    place("GET", "/v1/admin/users", Way::Bearer),
    place("GET", "/v1/admin/users/{id}", Way::Bearer),
    place("DELETE", "/v1/admin/users/{id}", Way::Bearer),
    place("POST", "/v1/admin/users/{id}/disable", Way::Bearer),
    place("POST", "/v1/admin/users/{id}/enable", Way::Bearer),
    place("PUT", "/v1/admin/users/{id}/roles", Way::Bearer),
    place("GET", "/v1/admin/users/{id}/sessions", Way::Bearer),
    place("DELETE", "/v1/admin/users/{id}/sessions", Way::Bearer),
    place("DELETE", "/v1/admin/users/{id}/sessions/{session}", Way::Bearer),
    place("GET", "/v1/admin/users/{id}/events", Way::Bearer),
    place("DELETE", "/v1/admin/users/{id}/factors", Way::Bearer),
    place("POST", "/v1/admin/invites", Way::Bearer),
    place("GET", "/v1/admin/events", Way::Bearer),
    place("GET", "/v1/admin/keys", Way::Bearer),
    place("POST", "/v1/admin/keys/rotate", Way::Bearer),
    place("POST", "/v1/admin/keys/{kid}/revoke", Way::Bearer),
    place("DELETE", "/v1/admin/keys/{kid}", Way::Bearer),
    place("POST", "/v1/refresh", Way::Body),
    place("POST", "/v1/refresh", Way::Cookie),
    place("POST", "/oauth/token", Way::Grant),
    place("GET", "/v1/revocations", Way::Key),
    place("GET", "/v1/revocations/stream", Way::Key),
    place("POST", "/oauth/introspect", Way::OAuthKey),
    place("POST", "/oauth/introspect", Way::Basic),
    place("POST", "/v1/email/verify", Way::Mailed(Kind::VerifyEmail)),
    place("POST", "/v1/password/reset", Way::Mailed(Kind::ResetPassword)),
    place("POST", "/v1/email/change", Way::Mailed(Kind::ChangeEmail)),
    place("POST", "/v1/accounts", Way::Mailed(Kind::Invite)),
    place("POST", "/v1/login/passkey/begin", Way::SecondFactor),
    place("POST", "/v1/login/mfa", Way::SecondFactor),
    place("POST", "/v1/login/passkey", Way::Ceremony),
    place("POST", "/v1/me/passkeys", Way::CeremonyOfOwner(Kind::NewPasskey)),
    place("POST", "/v1/me/reauthenticate", Way::CeremonyOfOwner(Kind::Ceremony)),
];

/// The routes that ask for no token, or answer every one alike.
pub(super) const ALIKE: [(&str, &str); 14] = [
    ("POST", "/v1/login"),
    ("POST", "/v1/password/forgot"),
    ("POST", "/v1/password/strength"),
    ("POST", "/v1/email/verify/resend"),
    ("POST", "/oauth/revoke"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-authorization-server/{*path}"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/"),
    ("GET", "/docs/{*file}"),
];

impl Place {
    /// The one kind that counts here.
    pub(super) fn takes(self) -> Kind {
        match self.way {
            Way::Bearer => Kind::Access,
            Way::Body | Way::Cookie | Way::Grant => Kind::Refresh,
            Way::Key | Way::OAuthKey | Way::Basic => Kind::ApiKey,
            Way::Mailed(kind) | Way::CeremonyOfOwner(kind) => kind,
            Way::SecondFactor => Kind::SecondFactor,
            Way::Ceremony => Kind::Ceremony,
        }
    }

    /// How every other kind is refused: the status, and the problem's code or the OAuth error.
    pub(super) fn refusal(self) -> (u16, &'static str) {
        match self.way {
            Way::Bearer | Way::OAuthKey => (401, "invalid_token"),
            Way::Body | Way::Cookie => (401, "invalid_grant"),
            // RFC 6749 §5.2 gives it this status.
            Way::Grant => (400, "invalid_grant"),
            Way::Key => (401, "invalid_api_key"),
            Way::Basic => (401, "invalid_client"),
            Way::Mailed(Kind::Invite) => (403, "not_invited"),
            Way::Mailed(_) => (410, "invalid_link"),
            Way::SecondFactor => (401, "invalid_mfa_token"),
            Way::Ceremony => (401, "invalid_passkey"),
            Way::CeremonyOfOwner(_) => (422, "passkey_refused"),
        }
    }

    pub(super) fn speaks_oauth(self) -> bool {
        matches!(self.way, Way::Grant | Way::OAuthKey | Way::Basic)
    }

    /// The token, presented; where another one lets in, by who holds this access token.
    pub(super) fn present(self, app: &TestApp, token: &str, access: &str) -> Sending {
        let path = ["{id}", "{session}", "{kid}"]
            .into_iter()
            .fold(self.pattern.to_owned(), |path, name| path.replace(name, "x"));
        let sending = app.request(self.method.parse().unwrap(), &path);
        match self.way {
            Way::Bearer => {
                let sending = sending.bearer(token);
                match self.body() {
                    Some(body) => sending.json(body),
                    None => sending,
                }
            }
            Way::Body => sending.json(json!({"refresh_token": token})),
            Way::Cookie => sending.header("origin", ORIGIN).refresh_cookie(token).json(json!({})),
            Way::Grant => sending.form(&[("grant_type", "refresh_token"), ("refresh_token", token)]),
            Way::Key => sending.bearer(token),
            Way::OAuthKey => sending.bearer(token).form(&[("token", "x")]),
            Way::Basic => sending.basic("x", token).form(&[("token", "x")]),
            Way::Mailed(Kind::Invite) => {
                sending.json(json!({"email": "dave@example.com", "password": PASSWORD, "invite": token}))
            }
            Way::Mailed(Kind::ResetPassword) => sending.json(json!({"token": token, "new_password": "short"})),
            Way::Mailed(_) => sending.json(json!({"token": token})),
            Way::SecondFactor if self.pattern.ends_with("/begin") => sending.json(json!({"mfa_token": token})),
            Way::SecondFactor => sending.json(json!({"mfa_token": token, "code": "000000"})),
            Way::Ceremony => sending.json(json!({"ceremony": token, "credential": FakeWebAuthn::answer("key-1")})),
            Way::CeremonyOfOwner(Kind::NewPasskey) => {
                let credential = FakeWebAuthn::answer("key-2");
                sending.bearer(access).json(json!({"ceremony": token, "credential": credential, "name": "Key"}))
            }
            Way::CeremonyOfOwner(_) => {
                let passkey = json!({"ceremony": token, "credential": FakeWebAuthn::answer("root-key")});
                sending.bearer(access).json(json!({"passkey": passkey}))
            }
        }
    }

    /// What goes with an access token.
    fn body(self) -> Option<Value> {
        Some(match (self.method, self.pattern) {
            ("DELETE", "/v1/me") => json!({"current_password": "a guess"}),
            ("PATCH", "/v1/me") => json!({}),
            ("POST", "/v1/me/password") => json!({"current_password": "a guess", "new_password": "another guess"}),
            ("POST", "/v1/me/email") => json!({"password": "a guess", "email": "new@example.com"}),
            ("POST", "/v1/me/totp/confirm") => json!({"code": "000000"}),
            ("POST", "/v1/me/passkeys") => json!({"ceremony": "x", "credential": {}, "name": "Key"}),
            ("PATCH", "/v1/me/passkeys/{id}") => json!({"name": "Key"}),
            ("POST", "/v1/me/reauthenticate") => json!({"password": "a guess"}),
            ("POST", "/v1/admin/invites") => json!({"email": "x"}),
            ("PATCH", _) => json!({"device_name": null}),
            ("PUT", _) => json!({"roles": []}),
            _ => return None,
        })
    }
}
