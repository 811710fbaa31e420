//! SECURITY J23: every kind of token counts where it belongs and nowhere else.

mod forged;
mod places;

use auth_domain::model::ApiScope;
use serde_json::json;
use token_core::{Algorithm, SigningKey};

use crate::support::{Setup, TestApp, Tokens, routes_of};
use forged::Forger;
use places::{ALIKE, PLACES};

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Access,
    Refresh,
    ApiKey,
    /// An access token that the right key signed, save for its `typ`: this one, or none.
    Typed(Option<&'static str>),
    /// What a client of OpenID Connect gets to know who signed in, signed by the right key.
    IdToken,
    /// An access token of another issuer that has the same key.
    OtherIssuer,
    /// An access token for another audience.
    OtherAudience,
    /// An access token that says all that it should, signed by somebody else's key.
    OtherKey,
}

const KINDS: [Kind; 13] = [
    Kind::Access,
    Kind::Refresh,
    Kind::ApiKey,
    Kind::Typed(None),
    Kind::Typed(Some("JWT")),
    Kind::Typed(Some("mail-verification+jwt")),
    Kind::Typed(Some("logout+jwt")),
    Kind::Typed(Some("rt+jwt")),
    Kind::Typed(Some("at+jwt2")),
    Kind::IdToken,
    Kind::OtherIssuer,
    Kind::OtherAudience,
    Kind::OtherKey,
];

/// An application, and a token of each kind.
struct World {
    app: TestApp,
    forger: Forger,
    api_key: String,
}

impl World {
    async fn new() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let app = Setup::memory().start_with(key.clone());
        app.admin("root@example.com").await;
        app.follow().await;
        let api_key = app.api_key(&ApiScope::ALL).await;
        Self { app, forger: Forger::new(key), api_key }
    }

    /// Signs the operator in once more.
    async fn login(&self) -> Tokens {
        self.app.login("root@example.com").await
    }

    fn token(&self, kind: Kind, tokens: &Tokens) -> String {
        match kind {
            Kind::Access => tokens.access.clone(),
            Kind::Refresh => tokens.refresh.clone(),
            Kind::ApiKey => self.api_key.clone(),
            Kind::Typed(typ) => self.forger.with_typ(&tokens.access, typ),
            Kind::IdToken => self.forger.id_token(&tokens.access),
            Kind::OtherIssuer => self.forger.with_claim(&tokens.access, "iss", "https://other.example"),
            Kind::OtherAudience => self.forger.with_claim(&tokens.access, "aud", "files"),
            Kind::OtherKey => Forger::new(SigningKey::generate(Algorithm::EdDsa).unwrap()).again(&tokens.access),
        }
    }
}

#[test]
fn j23_every_route_is_in_the_table() {
    let served = routes_of(&Setup::memory().start().router);
    let places = PLACES.iter().map(|place| (place.method, place.pattern));
    let known: std::collections::BTreeSet<_> =
        places.chain(ALIKE).map(|(method, pattern)| (method.to_owned(), pattern.to_owned())).collect();
    assert_eq!(served, known, "left: the router's; say of a new route which kind of token it takes");
}

#[tokio::test]
async fn j23_what_the_forger_signs_again_is_as_good_as_it_was() {
    let world = World::new().await;
    let tokens = world.login().await;
    let again = world.forger.with_typ(&tokens.access, Some("at+jwt"));
    assert_eq!(world.app.me(&again).await.status, 200, "so it is the kind alone that the others are refused for");
}

#[tokio::test]
async fn j23_each_kind_of_token_is_refused_in_every_place_but_its_own() {
    let world = World::new().await;
    for place in PLACES {
        let tokens = world.login().await;
        for kind in KINDS.into_iter().filter(|kind| *kind != place.takes()) {
            let answer = place.present(&world.app, &world.token(kind, &tokens)).send().await;
            let (status, code) = if place.speaks_oauth() { answer.oauth_error() } else { answer.problem() };
            assert_eq!((status, code.as_str()), place.refusal(), "{kind:?} at {place:?}");
        }
        let right = place.present(&world.app, &world.token(place.takes(), &tokens)).open().await;
        assert_ne!(right.status(), place.refusal().0, "{place:?}");
    }
}

/// Two routes answer every token alike, so that nobody learns what he holds (RFC 7009 §2.2).
#[tokio::test]
async fn j23_where_all_are_answered_alike_the_wrong_kinds_end_nothing() {
    let world = World::new().await;
    let tokens = world.login().await;
    let has_an_end = |kind| matches!(kind, Kind::Refresh | Kind::Access);
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Refresh) {
        let token = world.token(kind, &tokens);
        let answer = world.app.post("/v1/logout").json(json!({"refresh_token": token})).send().await;
        assert_eq!(answer.status, 204, "{kind:?}");
        if !has_an_end(kind) {
            let answer = world.app.post("/oauth/revoke").form(&[("token", &token)]).send().await;
            assert_eq!(answer.status, 200, "{kind:?}");
        }
        assert_eq!(world.app.me(&tokens.access).await.status, 200, "{kind:?}");
    }
    assert_eq!(world.app.refresh(&tokens.refresh).await.status, 200);
    let feed = world.app.get("/v1/revocations").bearer(&world.api_key).send().await;
    assert_eq!(feed.status, 200, "the API key lives");
}

#[tokio::test]
async fn j23_introspection_calls_active_what_is_accepted_somewhere_else_as_a_token_of_this_server() {
    let world = World::new().await;
    let tokens = world.login().await;
    for kind in KINDS {
        let form = [("token", world.token(kind, &tokens))];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = world.app.post("/oauth/introspect").bearer(&world.api_key).form(&form).send().await.json();
        let active = matches!(kind, Kind::Access | Kind::Refresh);
        assert_eq!(answer["active"], active, "{kind:?}");
        assert!(active || answer == json!({"active": false}), "{kind:?}: {answer}");
    }
}
