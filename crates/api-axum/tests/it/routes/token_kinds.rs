//! SECURITY J23: every kind of token counts where it belongs and nowhere else.

use auth_domain::model::ApiScope;
use serde_json::json;

use crate::support::{ORIGIN, Sending, Setup, TestApp};

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Access,
    Refresh,
    ApiKey,
}

const KINDS: [Kind; 3] = [Kind::Access, Kind::Refresh, Kind::ApiKey];

/// Where a token can be presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// As Bearer token of a route: its method and path.
    Bearer(&'static str, &'static str),
    RefreshBody,
    RefreshCookie,
    OAuthToken,
    Feed,
    FeedStream,
    IntrospectBearer,
    IntrospectBasic,
}

const PLACES: [Place; 27] = [
    Place::Bearer("GET", "/v1/me"),
    Place::Bearer("PATCH", "/v1/me"),
    Place::Bearer("DELETE", "/v1/me"),
    Place::Bearer("GET", "/v1/sessions"),
    Place::Bearer("DELETE", "/v1/sessions"),
    Place::Bearer("PATCH", "/v1/sessions/x"),
    Place::Bearer("DELETE", "/v1/sessions/x"),
    Place::Bearer("GET", "/v1/events"),
    Place::Bearer("POST", "/v1/logout"),
    Place::Bearer("GET", "/v1/admin/users"),
    Place::Bearer("GET", "/v1/admin/users/x"),
    Place::Bearer("DELETE", "/v1/admin/users/x"),
    Place::Bearer("POST", "/v1/admin/users/x/disable"),
    Place::Bearer("POST", "/v1/admin/users/x/enable"),
    Place::Bearer("PUT", "/v1/admin/users/x/roles"),
    Place::Bearer("GET", "/v1/admin/users/x/sessions"),
    Place::Bearer("DELETE", "/v1/admin/users/x/sessions"),
    Place::Bearer("DELETE", "/v1/admin/users/x/sessions/y"),
    Place::Bearer("GET", "/v1/admin/users/x/events"),
    Place::Bearer("GET", "/v1/admin/events"),
    Place::RefreshBody,
    Place::RefreshCookie,
    Place::OAuthToken,
    Place::Feed,
    Place::FeedStream,
    Place::IntrospectBearer,
    Place::IntrospectBasic,
];

impl Place {
    /// The one kind that counts here.
    fn takes(self) -> Kind {
        match self {
            Self::Bearer(..) => Kind::Access,
            Self::RefreshBody | Self::RefreshCookie | Self::OAuthToken => Kind::Refresh,
            Self::Feed | Self::FeedStream | Self::IntrospectBearer | Self::IntrospectBasic => Kind::ApiKey,
        }
    }

    /// How every other kind is refused: the status, and the problem's code or the OAuth error.
    fn refusal(self) -> (u16, &'static str) {
        match self {
            Self::Bearer(..) | Self::IntrospectBearer => (401, "invalid_token"),
            Self::RefreshBody | Self::RefreshCookie => (401, "invalid_grant"),
            // RFC 6749 §5.2 gives it this status.
            Self::OAuthToken => (400, "invalid_grant"),
            Self::Feed | Self::FeedStream => (401, "invalid_api_key"),
            Self::IntrospectBasic => (401, "invalid_client"),
        }
    }

    fn speaks_oauth(self) -> bool {
        matches!(self, Self::OAuthToken | Self::IntrospectBearer | Self::IntrospectBasic)
    }

    fn present(self, app: &TestApp, token: &str) -> Sending {
        match self {
            Self::Bearer(method, path) => {
                let sending = app.request(method.parse().unwrap(), path).bearer(token);
                match (method, path) {
                    ("DELETE", "/v1/me") => sending.json(json!({"current_password": "a guess"})),
                    ("PATCH", "/v1/me") => sending.json(json!({})),
                    ("PATCH", _) => sending.json(json!({"device_name": null})),
                    ("PUT", _) => sending.json(json!({"roles": []})),
                    _ => sending,
                }
            }
            Self::RefreshBody => app.post("/v1/refresh").json(json!({"refresh_token": token})),
            Self::RefreshCookie => {
                app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(token).json(json!({}))
            }
            Self::OAuthToken => {
                app.post("/oauth/token").form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            }
            Self::Feed => app.get("/v1/revocations").bearer(token),
            Self::FeedStream => app.get("/v1/revocations/stream").bearer(token),
            Self::IntrospectBearer => app.post("/oauth/introspect").bearer(token).form(&[("token", "x")]),
            Self::IntrospectBasic => app.post("/oauth/introspect").basic("x", token).form(&[("token", "x")]),
        }
    }
}

#[tokio::test]
async fn j23_each_kind_of_token_is_refused_in_every_place_but_its_own() {
    let app = Setup::memory().start();
    app.admin("root@example.com").await;
    app.follow().await;
    for place in PLACES {
        let tokens = app.login("root@example.com").await;
        let key = app.api_key(&ApiScope::ALL).await;
        let token = |kind| match kind {
            Kind::Access => &tokens.access,
            Kind::Refresh => &tokens.refresh,
            Kind::ApiKey => &key,
        };
        for kind in KINDS.into_iter().filter(|kind| *kind != place.takes()) {
            let answer = place.present(&app, token(kind)).send().await;
            let (status, code) = if place.speaks_oauth() { answer.oauth_error() } else { answer.problem() };
            assert_eq!((status, code.as_str()), place.refusal(), "{kind:?} at {place:?}");
        }
        let right = place.present(&app, token(place.takes())).open().await;
        assert_ne!(right.status(), place.refusal().0, "{place:?}");
    }
}

#[tokio::test]
async fn j23_an_access_token_in_the_place_of_a_refresh_token_signs_nobody_out() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.post("/v1/logout").json(json!({"refresh_token": tokens.access})).send().await;
    assert_eq!(answer.status, 204, "what is unknown is answered alike (RFC 7009 §2.2)");
    assert_eq!(app.me(&tokens.access).await.status, 200);
    assert_eq!(app.refresh(&tokens.refresh).await.status, 200);
}
