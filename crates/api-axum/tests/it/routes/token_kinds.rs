//! SECURITY J23: every kind of token counts where it belongs and nowhere else.

mod forged;
mod places;

use auth_domain::model::{ApiScope, TokenMailKind};
use serde_json::json;
use token_core::{Algorithm, SigningKey};

use crate::support::{Answer, FakeWebAuthn, PASSWORD, Setup, TestApp, Tokens, routes_of};
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
    /// What was mailed to verify an address.
    VerifyEmail,
    /// What was mailed to set a new password.
    ResetPassword,
    /// What was mailed to change an address.
    ChangeEmail,
    /// An invitation.
    Invite,
    /// What goes on with a login whose password was right.
    SecondFactor,
    /// What a passkey's answer at a login is presented with.
    Ceremony,
    /// What a passkey that was made is presented with.
    NewPasskey,
    /// What a device is known by.
    Device,
}

const KINDS: [Kind; 21] = [
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
    Kind::VerifyEmail,
    Kind::ResetPassword,
    Kind::ChangeEmail,
    Kind::Invite,
    Kind::SecondFactor,
    Kind::Ceremony,
    Kind::NewPasskey,
    Kind::Device,
];

/// Has nothing but a password.
const BOB: &str = "bob@example.com";
/// Has a passkey.
const ALICE: &str = "alice@example.com";
/// Has got every mail that there is.
const CAROL: &str = "carol@example.com";
/// Is invited.
const DAVE: &str = "dave@example.com";

/// An application, and a token of each kind.
struct World {
    app: TestApp,
    forger: Forger,
    api_key: String,
    mailed: Vec<(Kind, String)>,
}

impl World {
    async fn new() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let app = Setup::memory().start_with(key.clone());
        let root = app.admin("root@example.com").await;
        app.follow().await;
        let api_key = app.api_key(&ApiScope::ALL).await;
        assert_eq!(app.add_passkey(&root, "root-key").await.status, 201);
        app.register(BOB).await;
        let alice = app.signed_in(ALICE).await;
        assert_eq!(app.add_passkey(&alice, "key-1").await.status, 201);
        let carol = app.signed_in(CAROL).await;
        app.post("/v1/password/forgot").json(json!({"email": CAROL})).send().await;
        let change = json!({"password": PASSWORD, "email": "new@example.com"});
        app.post("/v1/me/email").bearer(&carol.access).json(change).send().await;
        app.post("/v1/admin/invites").bearer(&root.access).json(json!({"email": DAVE})).send().await;
        let mut mailed = Vec::new();
        for (kind, mail) in [
            (Kind::VerifyEmail, TokenMailKind::VerifyEmail),
            (Kind::ResetPassword, TokenMailKind::ResetPassword),
            (Kind::ChangeEmail, TokenMailKind::ChangeEmail),
            (Kind::Invite, TokenMailKind::Invite),
        ] {
            mailed.push((kind, app.mailed(mail).await.unwrap()));
        }
        Self { app, forger: Forger::new(key), api_key, mailed }
    }

    fn mailed(&self, kind: Kind) -> String {
        self.mailed.iter().find(|(of, _)| *of == kind).unwrap().1.clone()
    }

    /// Signs the operator in once more.
    async fn login(&self) -> Tokens {
        let credential = FakeWebAuthn::answer("root-key");
        let body = json!({"ceremony": self.app.ceremony().await, "credential": credential});
        Tokens::of(&self.app.post("/v1/login/passkey").json(body).send().await)
    }

    /// A token of this kind. A ceremony is new at each time, since whoever presents one uses it up.
    async fn token(&self, kind: Kind, tokens: &Tokens) -> String {
        match kind {
            Kind::Access => tokens.access.clone(),
            Kind::Refresh => tokens.refresh.clone(),
            Kind::ApiKey => self.api_key.clone(),
            Kind::Typed(typ) => self.forger.with_typ(&tokens.access, typ),
            Kind::IdToken => self.forger.id_token(&tokens.access),
            Kind::OtherIssuer => self.forger.with_claim(&tokens.access, "iss", "https://other.example"),
            Kind::OtherAudience => self.forger.with_claim(&tokens.access, "aud", "files"),
            Kind::OtherKey => Forger::new(SigningKey::generate(Algorithm::EdDsa).unwrap()).again(&tokens.access),
            Kind::VerifyEmail | Kind::ResetPassword | Kind::ChangeEmail | Kind::Invite => self.mailed(kind),
            Kind::SecondFactor => self.app.mfa_token(ALICE).await,
            Kind::Ceremony => self.app.ceremony().await,
            Kind::NewPasskey => {
                let begun = self.app.post("/v1/me/passkeys/begin").bearer(&tokens.access).send().await;
                begun.json()["ceremony"].as_str().unwrap().to_owned()
            }
            Kind::Device => {
                let login = self.app.login_with(BOB, json!({})).await;
                login.json()["device_token"].as_str().unwrap().to_owned()
            }
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
            let token = world.token(kind, &tokens).await;
            let answer = place.present(&world.app, &token, &tokens.access).send().await;
            let (status, code) = if place.speaks_oauth() { answer.oauth_error() } else { answer.problem() };
            assert_eq!((status, code.as_str()), place.refusal(), "{kind:?} at {place:?}");
        }
        let token = world.token(place.takes(), &tokens).await;
        let right = place.present(&world.app, &token, &tokens.access).open().await;
        if right.status() == place.refusal().0 {
            assert_ne!(Answer::read(right).await.problem().1, place.refusal().1, "{place:?}");
        }
    }
}

/// Two routes answer every token alike, so that nobody learns what he holds (RFC 7009 §2.2).
#[tokio::test]
async fn j23_where_all_are_answered_alike_the_wrong_kinds_end_nothing() {
    let world = World::new().await;
    let tokens = world.login().await;
    let has_an_end = |kind| matches!(kind, Kind::Refresh | Kind::Access);
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Refresh) {
        let token = world.token(kind, &tokens).await;
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

/// A login asks for no device token, and takes every other kind for none.
#[tokio::test]
async fn j23_only_a_device_token_makes_a_device_known() {
    let world = World::new().await;
    let tokens = world.login().await;
    for kind in KINDS {
        let token = world.token(kind, &tokens).await;
        world.app.clock.advance(std::time::Duration::from_secs(1));
        let login = world.app.login_with(BOB, json!({"device_token": token})).await;
        let access = Tokens::of(&login).access;
        let events = world.app.get("/v1/events?limit=1").bearer(&access).send().await.json();
        let expected = if kind == Kind::Device { "known_device" } else { "new_device" };
        assert_eq!(events["events"][0]["detail"], expected, "{kind:?}");
    }
}

#[tokio::test]
async fn j23_introspection_calls_active_what_is_accepted_somewhere_else_as_a_token_of_this_server() {
    let world = World::new().await;
    let tokens = world.login().await;
    for kind in KINDS {
        let form = [("token", world.token(kind, &tokens).await)];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = world.app.post("/oauth/introspect").bearer(&world.api_key).form(&form).send().await.json();
        let active = matches!(kind, Kind::Access | Kind::Refresh);
        assert_eq!(answer["active"], active, "{kind:?}");
        assert!(active || answer == json!({"active": false}), "{kind:?}: {answer}");
    }
}
