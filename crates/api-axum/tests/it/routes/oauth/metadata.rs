//! `GET /.well-known/oauth-authorization-server`.

use axum::http::Method;

use crate::support::{ORIGIN, Sending, Setup};

#[tokio::test]
async fn o14_the_metadata_lists_what_is_served_and_its_issuer_is_exact() {
    let app = Setup::memory().start();
    let answer = app.get("/.well-known/oauth-authorization-server").send().await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    insta::assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "grant_types_supported": [
          "refresh_token"
        ],
        "introspection_endpoint": "https://login.example/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": [
          "client_secret_basic",
          "Bearer"
        ],
        "issuer": "https://login.example",
        "jwks_uri": "https://login.example/.well-known/jwks.json",
        "response_types_supported": [],
        "revocation_endpoint": "https://login.example/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": [
          "none"
        ],
        "token_endpoint": "https://login.example/oauth/token",
        "token_endpoint_auth_methods_supported": [
          "none"
        ]
      }
    }
    "#);
    let metadata = answer.json();
    for (name, method) in [
        ("jwks_uri", Method::GET),
        ("token_endpoint", Method::POST),
        ("revocation_endpoint", Method::POST),
        ("introspection_endpoint", Method::POST),
    ] {
        let path = metadata[name].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
        let status = app.request(method, path).send().await.status;
        assert!(status != 404 && status != 405, "{name} is served");
    }
}

#[tokio::test]
async fn o14_an_issuer_with_a_path_has_its_metadata_where_rfc_8414_says() {
    let issuer = "https://login.example/auth";
    let app = Setup { issuer: issuer.to_owned(), ..Setup::memory() }.start();
    let found = app.get("/.well-known/oauth-authorization-server/auth").send().await.json();
    assert_eq!([&found["issuer"], &found["token_endpoint"]], [issuer, "https://login.example/auth/oauth/token"]);
    for path in ["/.well-known/oauth-authorization-server/other", "/.well-known/oauth-authorization-server/auth/x"] {
        assert_eq!(app.get(path).send().await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    let nested = axum::Router::new().nest("/auth", app.router.clone());
    let answer = Sending::new(nested, Method::GET, "/auth/.well-known/oauth-authorization-server").send().await;
    assert_eq!(answer.json(), found);
}

#[tokio::test]
async fn o14_an_issuer_without_a_path_has_it_nowhere_else() {
    let app = Setup::memory().start();
    let answer = app.get("/.well-known/oauth-authorization-server/auth").send().await;
    assert_eq!(answer.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn the_tokens_name_the_issuer_of_the_metadata() {
    let app = Setup { issuer: "https://login.example/".to_owned(), ..Setup::memory() }.start();
    let metadata = app.get("/.well-known/oauth-authorization-server").send().await.json();
    let key = app.api_key(&[auth_domain::model::ApiScope::Introspect]).await;
    let tokens = app.signed_in("alice@example.com").await;
    let sending = app.post("/oauth/introspect").bearer(&key).form(&[("token", &tokens.access)]);
    assert_eq!(sending.send().await.json()["iss"], metadata["issuer"]);
    assert_eq!(metadata["token_endpoint"], "https://login.example/oauth/token");
}
