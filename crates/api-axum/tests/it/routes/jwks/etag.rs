//! `GET /.well-known/jwks.json` for who has it already.

use auth_domain::model::KeyPolicy;

use crate::support::Setup;

#[tokio::test]
async fn who_has_the_keys_already_is_spared_the_body() {
    let app = Setup::memory().start();
    let first = app.get("/.well-known/jwks.json").send().await;
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    for known in [etag.to_owned(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let again = app.get("/.well-known/jwks.json").header("if-none-match", &known).send().await;
        assert_eq!((again.status, again.text().as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), Some(etag));
        assert_eq!(again.header("cache-control"), Some("public, max-age=300"));
    }
}

#[tokio::test]
async fn who_has_other_keys_gets_these() {
    let app = Setup::memory().start();
    let others = Setup::memory().start().get("/.well-known/jwks.json").send().await;
    let answer = app.get("/.well-known/jwks.json").header("if-none-match", others.header("etag").unwrap()).send().await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), others.header("etag"));
}

#[tokio::test]
async fn who_has_the_keys_of_before_a_rotation_gets_the_new_ones_at_once() {
    let app = Setup::memory().start_with_keys(KeyPolicy::default()).await;
    let jwks = async |known: &str| app.get("/.well-known/jwks.json").header("if-none-match", known).send().await;
    let before = jwks("\"none\"").await;
    let etag = before.header("etag").unwrap();
    assert_eq!(jwks(etag).await.status, 304);
    app.keys().rotate(None, true).await.unwrap();
    let after = jwks(etag).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), Some(etag));
    assert!(after.text().contains(&app.keys().ring().kid()));
    assert_eq!(jwks(after.header("etag").unwrap()).await.status, 304);
}
