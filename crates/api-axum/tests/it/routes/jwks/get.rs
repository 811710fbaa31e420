//! `GET /.well-known/jwks.json`.

use std::collections::BTreeSet;

use auth_domain::model::KeyPolicy;
use auth_domain::ports::Clock;
use axum::http::Method;
use serde_json::Value;
use token_core::{Algorithm, Claims, KeySet, Rules, SigningKey, Verifier};

use crate::support::{AUDIENCE, Answer, ORIGIN, Setup, TestApp};

const PATH: &str = "/.well-known/jwks.json";

async fn jwks(app: &TestApp) -> Answer {
    app.get(PATH).send().await
}

async fn metadata(app: &TestApp) -> Value {
    app.get("/.well-known/oauth-authorization-server").send().await.json()
}

fn listed(answer: &Answer, member: &str) -> Vec<String> {
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_published_keys_verify_the_access_tokens() {
    let app = Setup::memory().start();
    let tokens = app.signed_in("alice@example.com").await;
    let answer = jwks(&app).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let keys = KeySet::from_jwks(&answer.text()).unwrap();
    let verifier = Verifier::new(keys.into(), Rules::access_token(ORIGIN, AUDIENCE));
    let claims: Claims = verifier.verify(&tokens.access, app.clock.now().unix()).unwrap();
    assert_eq!(claims.sid.to_string(), tokens.session);
}

#[tokio::test]
async fn j13_of_a_key_of_any_algorithm_only_public_members_are_served() {
    let public = BTreeSet::from(["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"]);
    for &algorithm in Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let app = Setup::memory().start_with(SigningKey::generate(algorithm).unwrap());
        let set = jwks(&app).await.json();
        assert_eq!(set.as_object().unwrap().keys().collect::<Vec<_>>(), ["keys"]);
        let [key] = &set["keys"].as_array().unwrap()[..] else { panic!("{set}") };
        assert_eq!(key["alg"], algorithm.name());
        let members = key.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>();
        assert!(members.is_subset(&public), "{algorithm}: {members:?}");
    }
}

#[tokio::test]
async fn j13_a_shared_secret_is_not_served_and_the_metadata_names_no_jwks() {
    for &algorithm in Algorithm::ALL.iter().filter(|algorithm| algorithm.is_symmetric()) {
        let app = Setup::memory().start_with(SigningKey::generate(algorithm).unwrap());
        for method in [Method::GET, Method::HEAD] {
            let answer = app.request(method, PATH).header("if-none-match", "*").send().await;
            assert_eq!((answer.status, answer.header("etag")), (404, None), "{algorithm}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        assert_eq!(jwks(&app).await.problem(), (404, "keys_not_published".to_owned()));
        assert!(metadata(&app).await.get("jwks_uri").is_none(), "{algorithm}");
        let tokens = app.signed_in("alice@example.com").await;
        assert_eq!(app.me(&tokens.access).await.status, 200, "{algorithm}: its tokens are good all the same");
    }
}

#[tokio::test]
async fn j13_of_a_mixed_set_the_public_keys_alone_are_served() {
    let setup = Setup::memory();
    let before = Setup::over(setup.stores.clone()).start_with_keys(KeyPolicy::default()).await;
    let published = jwks(&before).await.text();
    let app = setup.start_with_keys(KeyPolicy { algorithm: Algorithm::Hs256, ..KeyPolicy::default() }).await;
    assert_eq!(app.keys().list().await.unwrap().len(), 3, "two of EdDSA, and a secret that waits");
    assert_eq!(jwks(&app).await.text(), published);
    app.wait(360).await;
    assert_eq!(app.keys().ring().trusted().len(), 4, "the secret signs, and another one waits");
    assert_eq!(listed(&jwks(&app).await, "alg"), ["EdDSA", "EdDSA"]);
    assert_eq!(metadata(&app).await["jwks_uri"], format!("{ORIGIN}{PATH}"));
}

#[tokio::test]
async fn the_keys_are_served_in_one_order_and_anybody_may_keep_them_as_long_as_the_policy_says() {
    let max_age = std::time::Duration::from_secs(40);
    let app = Setup::memory().start_with_keys(KeyPolicy { max_age, ..KeyPolicy::default() }).await;
    for _ in 0..3 {
        app.keys().rotate(None, true).await.unwrap();
    }
    let answer = jwks(&app).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=40"));
    let kids = listed(&answer, "kid");
    assert_eq!(kids.len(), 5);
    assert!(kids.is_sorted(), "{kids:?}");
    let other = Setup::over(app.stores.clone()).start_with_keys(KeyPolicy { max_age, ..KeyPolicy::default() }).await;
    let (one, two) = (jwks(&app).await, jwks(&other).await);
    assert_eq!((one.text(), one.header("etag")), (two.text(), two.header("etag")), "each node says the same");
}
