//! A client of the API.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A password that the policy takes.
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// Talks to one server.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

/// An answer that came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    /// The body as JSON; null when it has none.
    pub(super) body: Value,
}

/// Both tokens and the session that they belong to.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) session: String,
}

impl Client {
    pub(super) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build().unwrap();
        Self { http, url: url.to_owned() }
    }

    /// A request to be completed and sent.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(super) async fn register(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        send(self.request(Method::POST, "/v1/accounts").json(&body)).await.unwrap()
    }

    /// Logs in, which must succeed.
    pub(super) async fn login(&self, email: &str) -> Tokens {
        let answer = self.try_login(email).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.tokens().unwrap()
    }

    /// Logs in; `None` when no answer comes.
    pub(super) async fn try_login(&self, email: &str) -> Option<Answer> {
        let body = json!({ "email": email, "password": PASSWORD });
        send(self.request(Method::POST, "/v1/login").json(&body)).await
    }

    /// Registers and logs in.
    pub(super) async fn join(&self, email: &str) -> Tokens {
        let answer = self.register(email).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.login(email).await
    }

    /// Refreshes; `None` when no answer comes.
    pub(super) async fn refresh(&self, token: &str, key: Option<&str>) -> Option<Answer> {
        let request = self.request(Method::POST, "/v1/refresh").json(&json!({ "refresh_token": token }));
        send(match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        })
        .await
    }

    /// Uses an access token; `None` when no answer comes.
    pub(super) async fn me(&self, access: &str) -> Option<Answer> {
        send(self.request(Method::GET, "/v1/me").bearer_auth(access)).await
    }

    /// Signs out by an access token; `None` when no answer comes.
    pub(super) async fn logout(&self, access: &str) -> Option<Answer> {
        send(self.request(Method::POST, "/v1/logout").bearer_auth(access)).await
    }

    /// A GET with a Bearer token.
    pub(super) async fn get(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(token)).await.unwrap()
    }

    /// A POST without a body, with a Bearer token.
    pub(super) async fn post(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::POST, path).bearer_auth(token)).await.unwrap()
    }

    /// The status of a plain GET.
    pub(super) async fn status(&self, path: &str) -> u16 {
        send(self.request(Method::GET, path)).await.unwrap().status
    }
}

impl Answer {
    /// The problem's code.
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The tokens, where there are any.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let text = |name: &str| self.body[name].as_str().map(str::to_owned);
        Some(Tokens { access: text("access_token")?, refresh: text("refresh_token")?, session: text("session_id")? })
    }
}

/// Sends a request; `None` when no whole answer comes.
pub(super) async fn send(request: RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.ok()?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    Some(Answer { status, headers, body })
}
