//! Requests to a resource server: scopes, roles, the layer, and what the guard counts.

use api_axum::{Authenticated, Guard, GuardLayer, HasRole, HasScope, RequiredRole, RequiredScope};
use axum::http::Method;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use token_core::{Claims, NoClaims};

use super::guard_of;
use super::issuer::TestIssuer;
use crate::support::{Answer, Sending};

struct WriteNotes;

impl RequiredScope for WriteNotes {
    const SCOPE: &'static str = "notes:write";
}

struct Admin;

impl RequiredRole for Admin {
    const ROLE: &'static str = "admin";
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Tenant {
    tenant: String,
}

struct World {
    issuer: TestIssuer,
    guard: Guard,
    app: Router,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await;
        let guard = guard_of(&issuer).start().await.unwrap();
        let quota = async |Extension(claims): Extension<Claims<Tenant>>| claims.extra.tenant;
        let layer = GuardLayer::new(guard.clone()).with_claims::<Tenant>();
        let strict = layer.clone().require_scope::<WriteNotes>().require_role::<Admin>();
        let app = Router::new()
            .route("/notes", post(async |HasScope { claims, .. }: HasScope<WriteNotes>| claims.sub.to_string()))
            .route(
                "/tenant",
                get(async |HasScope { claims, .. }: HasScope<WriteNotes, Tenant>| claims.extra.tenant.clone()),
            )
            .route("/all", get(async |_: HasRole<Admin>| "everybody's"))
            .route("/whoami", get(async |_: Authenticated| "you"))
            .with_state(guard.clone())
            .merge(Router::new().route("/quota", get(quota)).layer(layer))
            .merge(Router::new().route("/strict", get(quota)).layer(strict));
        Self { issuer, guard, app }
    }

    fn token(&self, scope: &str, roles: &[&str]) -> String {
        self.issuer.hands.token_with(1, 1, scope, roles, Tenant { tenant: "acme".to_owned() })
    }

    async fn send(&self, method: Method, path: &str, token: &str) -> Answer {
        Sending::new(self.app.clone(), method, path).bearer(token).send().await
    }
}

/// SECURITY O4.
#[tokio::test]
async fn o4_a_missing_scope_is_403_with_a_challenge_that_names_it() {
    let world = World::new().await;
    let answer = world.send(Method::POST, "/notes", &world.token("notes:read notes:write:all", &[])).await;
    assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
    let challenge = r#"Bearer error="insufficient_scope", scope="notes:write""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    let answer = world.send(Method::POST, "/notes", &world.token("notes:read notes:write", &[])).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_bad_token_is_401_whatever_scope_it_claims() {
    let world = World::new().await;
    let token = TestIssuer::start().await.hands.token_with(1, 1, "notes:write", &["admin"], NoClaims);
    for (method, path) in [(Method::POST, "/notes"), (Method::GET, "/all"), (Method::GET, "/strict")] {
        let answer = world.send(method, path, &token).await;
        assert_eq!(answer.problem(), (401, "invalid_token".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_missing_role_is_403() {
    let world = World::new().await;
    let answer = world.send(Method::GET, "/all", &world.token("notes:write", &["user", "administrator"])).await;
    assert_eq!(answer.problem(), (403, "insufficient_role".to_owned()));
    assert_eq!(world.send(Method::GET, "/all", &world.token("", &["admin"])).await.status, 200);
}

#[tokio::test]
async fn a_required_scope_and_the_owners_own_claims_go_together() {
    let world = World::new().await;
    assert_eq!(world.send(Method::GET, "/tenant", &world.token("notes:write", &[])).await.text(), "acme");
    let without = world.issuer.hands.token_with(1, 1, "notes:write", &[], json!({}));
    assert_eq!(world.send(Method::GET, "/tenant", &without).await.status, 401);
}

#[tokio::test]
async fn the_layer_gives_handlers_the_claims_and_lets_nobody_else_through() {
    let world = World::new().await;
    assert_eq!(world.send(Method::GET, "/quota", &world.token("", &[])).await.text(), "acme");
    let answer = Sending::new(world.app.clone(), Method::GET, "/quota").send().await;
    assert_eq!(answer.problem(), (401, "authentication_required".to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(world.send(Method::GET, "/quota", "rubbish").await.problem(), (401, "invalid_token".to_owned()));
    let without = world.issuer.hands.token(1, 1);
    assert_eq!(world.send(Method::GET, "/quota", &without).await.problem(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn the_layer_asks_for_each_scope_and_role_that_it_was_given() {
    let world = World::new().await;
    let answer = async |scope: &str, roles: &[&str]| {
        let answer = world.send(Method::GET, "/strict", &world.token(scope, roles)).await;
        if answer.status == 200 { (200, answer.text()) } else { answer.problem() }
    };
    assert_eq!(answer("notes:write", &["admin"]).await, (200, "acme".to_owned()));
    assert_eq!(answer("notes:write", &[]).await, (403, "insufficient_role".to_owned()));
    assert_eq!(answer("", &["admin"]).await, (403, "insufficient_scope".to_owned()));
}

#[tokio::test]
async fn every_request_is_counted_by_what_came_of_it() {
    let world = World::new().await;
    let good = world.token("notes:write", &["admin"]);
    world.send(Method::GET, "/whoami", &good).await;
    world.send(Method::GET, "/strict", &good).await;
    world.send(Method::GET, "/whoami", "rubbish").await;
    Sending::new(world.app.clone(), Method::GET, "/whoami").send().await;
    world.send(Method::GET, "/whoami?access_token=x", &good).await;
    world.send(Method::POST, "/notes", &world.token("", &[])).await;
    world.send(Method::GET, "/all", &world.token("", &[])).await;
    let refused = world.guard.health().refused;
    assert_eq!(world.guard.health().accepted, 2);
    assert_eq!((refused.invalid, refused.no_credentials, refused.ambiguous), (1, 1, 1));
    assert_eq!((refused.missing_scope, refused.missing_role, refused.expired), (1, 1, 0));
}

#[tokio::test]
async fn the_health_view_is_json_without_a_secret() {
    let world = World::new().await;
    let health = serde_json::to_string(&world.guard.health()).unwrap();
    assert!(health.contains(r#""on_stale":"allow""#) && !health.contains("jak_"), "{health}");
}
