//! The examples are whole programs: here they run, over real HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use api_axum::OnStale;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use token_core::NoClaims;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::issuer::{API_KEY, AUDIENCE, TestIssuer};
use super::until;
use crate::support::PASSWORD;

#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../../examples/embedded.rs"]
mod embedded;
#[expect(dead_code, reason = "its `main` is for those who run it alone")]
#[path = "../../../examples/resource_server.rs"]
mod resource_server;

pub(crate) use resource_server::Settings;

/// A program that serves HTTP until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    http: Client,
    program: JoinSet<()>,
}

impl Running {
    fn start<F>(listener: TcpListener, program: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        running.spawn(program(listener));
        Self { address, http: Client::builder().no_proxy().build().unwrap(), program: running }
    }

    /// The resource server of the examples.
    pub(crate) async fn resource_server(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::start(listener, |listener| async { resource_server::serve(listener, settings).await.unwrap() })
    }

    /// Ends it, and waits until it has let go of its address.
    async fn stop(mut self) {
        self.program.shutdown().await;
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with a token, which must be answered.
    pub(crate) async fn send(&self, method: Method, path: &str, token: &str) -> Response {
        self.request(method, path).bearer_auth(token).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let answer = self.send(Method::GET, path, token).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn settings(issuer: &TestIssuer) -> Settings {
    Settings {
        issuer: issuer.url.clone(),
        api_key: API_KEY.into(),
        audience: AUDIENCE.to_owned(),
        max_staleness: Duration::from_secs(30),
        on_stale: OnStale::Allow,
    }
}

#[tokio::test]
async fn the_resource_server_lets_in_by_token_scope_and_role() {
    let issuer = TestIssuer::start().await;
    let server = Running::resource_server(settings(&issuer)).await;
    let user = issuer.hands.token_with(1, 1, "account", &[], json!({"tenant": "acme"}));
    let admin = issuer.hands.token_with(2, 2, "account notes:write", &["admin"], NoClaims);

    let (status, whoami) = server.get("/whoami", &user).await;
    assert_eq!((status, &whoami["tenant"]), (200, &json!("acme")));
    assert_eq!(server.get("/whoami", &admin).await.1["tenant"], Value::Null);
    assert_eq!(server.get("/notes", &user).await.0, 200);
    assert_eq!(server.get("/quota", &user).await.0, 200);
    assert_eq!(server.get("/notes/all", &admin).await.0, 200);
    assert_eq!(server.send(Method::POST, "/notes", &admin).await.status(), 201);

    let refused = server.send(Method::POST, "/notes", &user).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().contains(r#"scope="notes:write""#));
    assert_eq!(server.get("/notes/all", &user).await.0, 403);
    for path in ["/whoami", "/notes", "/quota", "/notes/all"] {
        assert_eq!(server.get(path, "rubbish").await.0, 401, "{path}");
        assert_eq!(server.request(Method::GET, path).send().await.unwrap().status(), 401, "{path}");
    }
}

#[tokio::test]
async fn the_resource_server_refuses_what_ends_at_the_issuer_and_shows_its_health() {
    let issuer = TestIssuer::start().await;
    let server = Running::resource_server(settings(&issuer)).await;
    let token = issuer.hands.token(1, 1);
    assert_eq!(server.get("/whoami", &token).await.0, 200);
    issuer.hands.revoke_session(1);
    until("the session is refused", async || server.get("/whoami", &token).await.0 == 401).await;
    let (status, health) = server.get("/health", "").await;
    assert_eq!((status, &health["healthy"], &health["revocations"]), (200, &json!(true), &json!(1)));
}

/// The application with Jeton inside, over a folder.
async fn embedded_at(folder: &std::path::Path, address: &str) -> Running {
    let (listener, folder) = (TcpListener::bind(address).await.unwrap(), folder.to_owned());
    Running::start(listener, |listener| async { embedded::serve(listener, folder).await.unwrap() })
}

async fn posted(app: &Running, path: &str, body: Value) -> (u16, Value) {
    let answer = app.request(Method::POST, path).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedding_application_signs_in_uses_its_own_route_and_signs_out() {
    let folder = tempfile::tempdir().unwrap();
    let app = embedded_at(folder.path(), "127.0.0.1:0").await;
    let alice = json!({"email": "alice@example.com", "password": PASSWORD});
    assert_eq!(posted(&app, "/auth/v1/accounts", alice.clone()).await.0, 201);
    let (status, tokens) = posted(&app, "/auth/v1/login", alice.clone()).await;
    assert_eq!(status, 200, "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();

    assert_eq!(app.request(Method::GET, "/notes").send().await.unwrap().status(), 401);
    let note = app.request(Method::POST, "/notes").bearer_auth(access).body("buy milk").send().await.unwrap();
    assert_eq!(note.status(), 201);
    assert_eq!(app.get("/notes", access).await, (200, json!(["buy milk"])));
    assert_eq!(app.get("/auth/.well-known/jwks.json", "").await.0, 200);

    // Its keys and sessions outlive a restart.
    let address = app.address.to_string();
    app.stop().await;
    let app = embedded_at(folder.path(), &address).await;
    assert_eq!(app.get("/auth/v1/me", access).await.0, 200);
    let (status, refreshed) = posted(&app, "/auth/v1/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    assert_eq!(status, 200, "{refreshed}");

    assert_eq!(app.send(Method::POST, "/auth/v1/logout", access).await.status(), 204);
    assert_eq!(app.get("/notes", access).await.0, 401);
    assert_eq!(app.get("/notes", refreshed["access_token"].as_str().unwrap()).await.0, 401);
}
