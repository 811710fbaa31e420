//! The library in an application of its user's own: the router mounted, the guard before the user's own routes.

use std::sync::Arc;

use api_axum::{Authenticated, Guard, GuardError};
use auth_domain::model::Timestamp;
use auth_domain::testing::ManualClock;
use axum::Router;
use axum::extract::FromRef;
use axum::http::{Method, StatusCode};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::json;
use token_core::{
    Algorithm, Audience, Grant, Issuer, KeySet, RevocationSet, Rules, SigningKey, UnixTime, Verifier, VerifyError,
};
use uuid::Uuid;

use crate::support::{ORIGIN, PASSWORD, Sending, Setup, TestApp};

const NOW: u64 = 1_800_000_000;

/// An application that has routes and a 404 of its own.
fn own() -> Router {
    Router::new().route("/notes", get(async || "mine")).fallback(async || (StatusCode::NOT_FOUND, "my own 404"))
}

async fn text(router: &Router, path: &str) -> (u16, String) {
    let answer = Sending::new(router.clone(), Method::GET, path).send().await;
    (answer.status, answer.text())
}

#[tokio::test]
async fn the_router_is_mounted_under_a_prefix() {
    let TestApp { router, .. } = Setup::memory().start();
    let app = own().nest("/auth", router);
    let account = json!({"email": "alice@example.com", "password": PASSWORD});
    let answer = Sending::new(app.clone(), Method::POST, "/auth/v1/accounts").json(account).send().await;
    assert_eq!(answer.status, 201);
    let unknown = Sending::new(app.clone(), Method::GET, "/auth/nowhere").send().await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
    assert_eq!(text(&app, "/notes").await, (200, "mine".to_owned()));
    assert_eq!(text(&app, "/nowhere").await, (404, "my own 404".to_owned()));
}

#[tokio::test]
async fn the_router_is_mounted_beside_other_routes() {
    let TestApp { router, .. } = Setup::memory().start();
    let app = own().merge(router.reset_fallback());
    let answer = Sending::new(app.clone(), Method::GET, "/v1/me").send().await;
    assert_eq!(answer.problem(), (401, "authentication_required".to_owned()));
    assert_eq!(text(&app, "/notes").await, (200, "mine".to_owned()));
    assert_eq!(text(&app, "/nowhere").await, (404, "my own 404".to_owned()));
}

/// A resource server's own claims and state.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tenant {
    tenant: String,
}

#[derive(Clone)]
struct ResourceServer {
    guard: Guard,
}

impl FromRef<ResourceServer> for Guard {
    fn from_ref(state: &ResourceServer) -> Self {
        state.guard.clone()
    }
}

struct World {
    issuer: Issuer,
    revoked: Arc<RevocationSet>,
    guard: Guard,
}

impl World {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let issuer = Issuer::new(key, ORIGIN.to_owned(), Audience::new("notes"), 900);
        let keys = Arc::new(KeySet::new([issuer.verification_key()]));
        let revoked = Arc::new(RevocationSet::new());
        let verifier = Arc::new(Verifier::new(keys, Rules::access_token(ORIGIN, "notes")));
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(i64::try_from(NOW).unwrap())));
        let guard = Guard::new(verifier, Arc::clone(&revoked), clock);
        Self { issuer, revoked, guard }
    }

    fn token<X: Serialize>(&self, extra: X) -> String {
        let grant = Grant {
            subject: Uuid::from_u128(1),
            session: Uuid::from_u128(2),
            token_id: Uuid::from_u128(3),
            client_id: "web".to_owned(),
            scope: "notes:read".to_owned(),
            auth_time: UnixTime::from_secs(NOW),
            amr: Vec::new(),
            roles: Vec::new(),
            extra,
        };
        self.issuer.issue(grant, UnixTime::from_secs(NOW)).unwrap().expose().to_owned()
    }

    async fn whoami(&self, token: &str) -> (u16, String) {
        let whoami = async |Authenticated(claims): Authenticated<Tenant>| claims.extra.tenant.clone();
        let state = ResourceServer { guard: self.guard.clone() };
        let app = Router::new().route("/whoami", get(whoami)).with_state(state);
        let answer = Sending::new(app, Method::GET, "/whoami").bearer(token).send().await;
        if answer.status == 200 { (200, answer.text()) } else { answer.problem() }
    }
}

#[tokio::test]
async fn the_guard_gives_a_handler_the_users_own_claims() {
    let world = World::new();
    let token = world.token(Tenant { tenant: "acme".to_owned() });
    assert_eq!(world.whoami(&token).await, (200, "acme".to_owned()));
}

#[tokio::test]
async fn a_token_without_the_users_own_claims_is_refused() {
    let world = World::new();
    for token in [world.token(json!({})), world.token(json!({"tenant": 7}))] {
        assert_eq!(world.whoami(&token).await, (401, "invalid_token".to_owned()));
    }
}

#[tokio::test]
async fn the_guard_asks_the_revocation_set_at_every_request() {
    let world = World::new();
    let token = world.token(Tenant { tenant: "acme".to_owned() });
    assert_eq!(world.whoami(&token).await.0, 200);
    world.revoked.revoke_subject(Uuid::from_u128(1), UnixTime::from_secs(NOW), UnixTime::from_secs(NOW + 900));
    assert_eq!(world.whoami(&token).await, (401, "invalid_token".to_owned()));
}

#[test]
fn a_verifier_with_other_keys_takes_the_place_of_the_one_before() {
    let (world, other) = (World::new(), World::new());
    let lets_in = |guard: &Guard, world: &World| guard.verify::<token_core::NoClaims>(&world.token(json!({}))).is_ok();
    let verifier = |world: &World, issuer: &str| {
        let keys = Arc::new(KeySet::new([world.issuer.verification_key()]));
        Arc::new(Verifier::new(keys, Rules::access_token(issuer, "notes")))
    };
    world.guard.replace_verifier(verifier(&other, ORIGIN));
    assert!(lets_in(&world.guard, &other) && !lets_in(&world.guard, &world));

    let elsewhere = verifier(&world, "https://elsewhere.example");
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(i64::try_from(NOW).unwrap())));
    let both = Guard::any_of([Guard::new(elsewhere, Arc::default(), clock), world.guard.clone()]);
    both.replace_verifier(verifier(&world, ORIGIN));
    assert!(lets_in(&both, &world) && !lets_in(&both, &other), "it goes by the issuer's name");
    assert!(lets_in(&world.guard, &world), "the guard that was joined sees it too");
}

#[test]
fn without_http_the_guard_says_why() {
    let world = World::new();
    let token = world.token(json!({}));
    assert!(world.guard.verify::<token_core::NoClaims>(&token).is_ok());
    let other = World::new().token(json!({}));
    let refused = world.guard.verify::<token_core::NoClaims>(&other);
    assert_eq!(refused.err(), Some(GuardError::Refused(VerifyError::UnknownKey)));
    world.revoked.revoke_session(Uuid::from_u128(2), UnixTime::from_secs(NOW + 900));
    assert_eq!(world.guard.verify::<token_core::NoClaims>(&token).err(), Some(GuardError::Revoked));
}
