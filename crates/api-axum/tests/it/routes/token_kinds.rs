//! SECURITY J23: every kind of token counts where it belongs and nowhere else.

use serde_json::json;

use crate::support::{ORIGIN, Sending, Setup, TestApp, Tokens};

/// Where a token can be presented.
#[derive(Clone, Copy, Debug)]
enum Place {
    Me,
    ChangeMe,
    DeleteMe,
    Sessions,
    EndSessions,
    EndSession,
    LogoutBearer,
    RefreshBody,
    RefreshCookie,
}

const PLACES: [Place; 9] = [
    Place::Me,
    Place::ChangeMe,
    Place::DeleteMe,
    Place::Sessions,
    Place::EndSessions,
    Place::EndSession,
    Place::LogoutBearer,
    Place::RefreshBody,
    Place::RefreshCookie,
];

impl Place {
    fn takes_refresh_tokens(self) -> bool {
        matches!(self, Self::RefreshBody | Self::RefreshCookie)
    }

    fn present(self, app: &TestApp, token: &str) -> Sending {
        match self {
            Self::Me => app.get("/v1/me").bearer(token),
            Self::ChangeMe => app.patch("/v1/me").bearer(token).json(json!({})),
            Self::DeleteMe => app.delete("/v1/me").bearer(token).json(json!({"current_password": "a guess"})),
            Self::Sessions => app.get("/v1/sessions").bearer(token),
            Self::EndSessions => app.delete("/v1/sessions").bearer(token),
            Self::EndSession => app.delete("/v1/sessions/x").bearer(token),
            Self::LogoutBearer => app.post("/v1/logout").bearer(token),
            Self::RefreshBody => app.post("/v1/refresh").json(json!({"refresh_token": token})),
            Self::RefreshCookie => {
                app.post("/v1/refresh").header("origin", ORIGIN).refresh_cookie(token).json(json!({}))
            }
        }
    }
}

#[tokio::test]
async fn j23_each_kind_of_token_is_refused_in_every_place_but_its_own() {
    let app = Setup::memory().start();
    app.register("alice@example.com").await;
    for place in PLACES {
        let Tokens { access, refresh, .. } = app.login("alice@example.com").await;
        let (wrong, right, code) = if place.takes_refresh_tokens() {
            (access, refresh, "invalid_grant")
        } else {
            (refresh, access, "invalid_token")
        };
        assert_eq!(place.present(&app, &wrong).send().await.problem(), (401, code.to_owned()), "{place:?}");
        assert_ne!(place.present(&app, &right).send().await.status, 401, "{place:?}");
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
