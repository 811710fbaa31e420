//! Where a token can be presented: every route that takes one, and how.

use serde_json::json;

use super::Kind;
use crate::support::{ORIGIN, Sending, TestApp};

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
}

const fn place(method: &'static str, pattern: &'static str, way: Way) -> Place {
    Place { method, pattern, way }
}

pub(super) const PLACES: [Place; 31] = [
    place("GET", "/v1/me", Way::Bearer),
    place("PATCH", "/v1/me", Way::Bearer),
    place("DELETE", "/v1/me", Way::Bearer),
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
];

/// The routes that ask for no token, or answer every one alike.
pub(super) const ALIKE: [(&str, &str); 8] = [
    ("POST", "/v1/accounts"),
    ("POST", "/v1/login"),
    ("POST", "/oauth/revoke"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-authorization-server/{*path}"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
];

impl Place {
    /// The one kind that counts here.
    pub(super) fn takes(self) -> Kind {
        match self.way {
            Way::Bearer => Kind::Access,
            Way::Body | Way::Cookie | Way::Grant => Kind::Refresh,
            Way::Key | Way::OAuthKey | Way::Basic => Kind::ApiKey,
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
        }
    }

    pub(super) fn speaks_oauth(self) -> bool {
        matches!(self.way, Way::Grant | Way::OAuthKey | Way::Basic)
    }

    pub(super) fn present(self, app: &TestApp, token: &str) -> Sending {
        let path = ["{id}", "{session}", "{kid}"]
            .into_iter()
            .fold(self.pattern.to_owned(), |path, name| path.replace(name, "x"));
        let sending = app.request(self.method.parse().unwrap(), &path);
        match self.way {
            Way::Bearer => {
                let sending = sending.bearer(token);
                match (self.method, self.pattern) {
                    ("DELETE", "/v1/me") => sending.json(json!({"current_password": "a guess"})),
                    ("PATCH", "/v1/me") => sending.json(json!({})),
                    ("PATCH", _) => sending.json(json!({"device_name": null})),
                    ("PUT", _) => sending.json(json!({"roles": []})),
                    _ => sending,
                }
            }
            Way::Body => sending.json(json!({"refresh_token": token})),
            Way::Cookie => sending.header("origin", ORIGIN).refresh_cookie(token).json(json!({})),
            Way::Grant => sending.form(&[("grant_type", "refresh_token"), ("refresh_token", token)]),
            Way::Key => sending.bearer(token),
            Way::OAuthKey => sending.bearer(token).form(&[("token", "x")]),
            Way::Basic => sending.basic("x", token).form(&[("token", "x")]),
        }
    }
}
