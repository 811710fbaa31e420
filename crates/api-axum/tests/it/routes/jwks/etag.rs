//! `GET /.well-known/jwks.json` for who has it already.

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
