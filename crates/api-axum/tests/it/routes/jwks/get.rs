//! `GET /.well-known/jwks.json`.

use auth_domain::ports::Clock;
use token_core::{Claims, KeySet, Rules, Verifier};

use crate::support::{ORIGIN, Setup};

#[tokio::test]
async fn the_published_keys_verify_the_access_tokens() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = app.get("/.well-known/jwks.json").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let keys = KeySet::from_jwks(&answer.text()).unwrap();
    let verifier = Verifier::new(keys.into(), Rules::access_token(ORIGIN, "notes"));
    let claims: Claims = verifier.verify(&tokens.access, app.clock.now().unix()).unwrap();
    assert_eq!(claims.sid.to_string(), tokens.session);
}

#[tokio::test]
async fn j13_no_private_member_is_served() {
    let app = Setup::memory().start();
    let keys = app.get("/.well-known/jwks.json").send().await.json();
    let key = keys["keys"][0].as_object().unwrap();
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!key.contains_key(member), "{member}");
    }
}
