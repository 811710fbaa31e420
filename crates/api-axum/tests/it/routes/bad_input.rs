//! Bad input on every route that takes a body: a 4xx problem with a code, never a 500, and no echo of a value.

use api_axum::ProblemCode;
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Setup, TestApp, Tokens};

/// Stands for a value that no answer may repeat.
const MARK: &str = "hunter2-hunter2-hunter2";

struct Route {
    method: Method,
    path: &'static str,
    /// A body that the route accepts, save that it means nothing to the server.
    body: Value,
    /// The fields of it that may be left out or `null`.
    optional: &'static [&'static str],
    /// What an empty body is.
    empty: (u16, &'static str),
}

impl Route {
    /// The most bytes that it reads.
    fn limit(&self) -> usize {
        let kib = match self.path {
            "/v1/login/mfa" | "/v1/login/passkey" | "/v1/me/passkeys" | "/v1/me/reauthenticate" => 16,
            "/v1/accounts"
            | "/v1/login"
            | "/v1/me/password"
            | "/v1/me/email"
            | "/v1/password/reset"
            | "/v1/password/strength" => 8,
            _ => 4,
        };
        kib * 1024
    }

    /// Whether every text is taken in this field: an unknown token at logout is no error (RFC 7009 §2.2), who asks for a mail
    /// learns nothing, and a language that there is not is none.
    fn takes_any_text(&self, field: &str) -> bool {
        const ALIKE: [&str; 4] =
            ["/v1/logout", "/v1/password/forgot", "/v1/email/verify/resend", "/v1/password/strength"];
        ALIKE.contains(&self.path) || field == "locale"
    }
}

fn routes() -> Vec<Route> {
    const NOT_JSON: (u16, &str) = (400, "invalid_json");
    let route = |method, path, body, optional, empty| Route { method, path, body, optional, empty };
    vec![
        route(
            Method::POST,
            "/v1/accounts",
            json!({
                "email": "bob@example.com",
                "password": PASSWORD,
                "display_name": "Bob",
                "locale": "ko",
                "invite": "jot_x",
            }),
            &["display_name", "locale", "invite"],
            NOT_JSON,
        ),
        route(
            Method::POST,
            "/v1/login",
            json!({
                "email": "bob@example.com",
                "password": PASSWORD,
                "device_name": "Phone",
                "device_class": "mobile",
                "end_session": "01890000-0000-7000-8000-000000000000",
                "device_token": "jdt_x",
                "transport": "body",
            }),
            &["device_name", "device_class", "end_session", "device_token"],
            NOT_JSON,
        ),
        route(
            Method::POST,
            "/v1/refresh",
            json!({"refresh_token": "jrt_x"}),
            &["refresh_token"],
            (422, "invalid_request"),
        ),
        route(
            Method::POST,
            "/v1/logout",
            json!({"refresh_token": "jrt_x"}),
            &["refresh_token"],
            // Without a token in the body the Bearer token decides.
            (204, ""),
        ),
        route(Method::PATCH, "/v1/me", json!({"display_name": "Bob"}), &["display_name"], NOT_JSON),
        route(Method::PATCH, "/v1/sessions/x", json!({"device_name": "Phone"}), &["device_name"], NOT_JSON),
        route(Method::DELETE, "/v1/me", json!({"current_password": "a guess"}), &[], NOT_JSON),
    ]
    .into_iter()
    .chain(recovery())
    .chain(factors())
    .collect()
}

/// The routes of recovery.
fn recovery() -> Vec<Route> {
    let route =
        |path, body, optional| Route { method: Method::POST, path, body, optional, empty: (400, "invalid_json") };
    let reset = json!({"token": "jot_x", "new_password": "a guess"});
    vec![
        route("/v1/me/password", json!({"current_password": "a guess", "new_password": "another guess"}), &[]),
        route("/v1/password/forgot", json!({"email": "bob@example.com", "locale": "ko"}), &["locale"]),
        route("/v1/password/reset", reset, &[]),
        route("/v1/password/strength", json!({"password": "a guess"}), &[]),
        route("/v1/email/verify", json!({"token": "jot_x"}), &[]),
        route("/v1/email/verify/resend", json!({"email": "bob@example.com", "locale": "ko"}), &["locale"]),
        route("/v1/me/email", json!({"password": "a guess", "email": "bob@example.com"}), &[]),
        route("/v1/email/change", json!({"token": "jot_x"}), &[]),
    ]
}

/// The routes of second factors.
fn factors() -> Vec<Route> {
    const NOT_JSON: (u16, &str) = (400, "invalid_json");
    let route = |method, path, body, optional, empty| Route { method, path, body, optional, empty };
    let passkey = json!({"ceremony": "jot_x", "credential": {"id": "x"}});
    let by_code = json!({"mfa_token": "jot_x", "code": "123456", "device_token": "jdt_x", "transport": "body"});
    let login = json!({
        "ceremony": "jot_x",
        "credential": {"id": "x"},
        "device_name": "Phone",
        "device_class": "mobile",
        "end_session": "01890000-0000-7000-8000-000000000000",
        "device_token": "jdt_x",
        "transport": "body",
    });
    let optional: &[_] = &["device_name", "device_class", "end_session", "device_token"];
    let proofs: &[_] = &["password", "code", "passkey"];
    let add = json!({"ceremony": "jot_x", "credential": {"id": "x"}, "name": "Key"});
    let by_passkey = json!({"mfa_token": "jot_x", "passkey": passkey});
    vec![
        route(Method::POST, "/v1/login/mfa", by_code, &["code", "device_token"], NOT_JSON),
        route(Method::POST, "/v1/login/mfa", by_passkey, &["passkey"], NOT_JSON),
        // Without a body it is for whichever passkey the browser holds.
        route(Method::POST, "/v1/login/passkey/begin", json!({"mfa_token": "jot_x"}), &["mfa_token"], (200, "")),
        route(Method::POST, "/v1/login/passkey", login, optional, NOT_JSON),
        route(Method::POST, "/v1/me/totp/confirm", json!({"code": "123456"}), &[], NOT_JSON),
        route(Method::POST, "/v1/me/passkeys", add, &[], NOT_JSON),
        route(Method::PATCH, "/v1/me/passkeys/x", json!({"name": "Key"}), &[], NOT_JSON),
        route(Method::POST, "/v1/me/reauthenticate", json!({"password": "a guess"}), proofs, NOT_JSON),
        route(Method::POST, "/v1/me/reauthenticate", json!({"passkey": passkey}), proofs, NOT_JSON),
    ]
}

struct Client {
    app: TestApp,
    tokens: Tokens,
}

impl Client {
    async fn new() -> Self {
        let app = Setup::memory().start();
        let tokens = app.signed_in("alice@example.com").await;
        Self { app, tokens }
    }

    async fn send(&self, route: &Route, media_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        let sending = self.app.request(route.method.clone(), route.path).bearer(&self.tokens.access);
        sending.body(media_type, body.into()).send().await
    }

    async fn json(&self, route: &Route, body: impl Into<Vec<u8>>) -> Answer {
        self.send(route, "application/json", body).await
    }

    /// Asserts that the body is refused just so.
    async fn check(&self, route: &Route, body: impl Into<Vec<u8>>, expected: (u16, &str)) -> Answer {
        let body = body.into();
        let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let answer = self.json(route, body).await;
        let (status, code) = answer.problem();
        assert_eq!((status, code.as_str()), expected, "{} {} {start}", route.method, route.path);
        assert!(!answer.text().contains(MARK), "a value came back: {}", answer.text());
        answer
    }
}

fn fields(route: &Route) -> impl Iterator<Item = &String> {
    route.body.as_object().unwrap().keys()
}

fn with(body: &Value, field: &str, value: impl Into<Value>) -> String {
    let mut body = body.clone();
    body[field] = value.into();
    body.to_string()
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        let good = route.body.to_string();
        let open = &good[..good.len() - 1];
        for body in ["hello", "{", "{'a':1}", "\u{feff}{}", "nul", "{,}", "\\"] {
            client.check(&route, body, (400, "invalid_json")).await;
        }
        for body in [open.to_owned(), format!("{open},}}"), format!("{good} {{}}"), format!("\u{feff}{good}")] {
            client.check(&route, body, (400, "invalid_json")).await;
        }
    }
}

#[tokio::test]
async fn an_empty_body_is_refused_where_one_is_needed() {
    let client = Client::new().await;
    for route in routes().into_iter().filter(|route| route.empty.0 >= 400) {
        client.check(&route, "", route.empty).await;
    }
}

#[tokio::test]
async fn what_is_not_declared_as_json_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"] {
            let answer = client.send(&route, media_type, route.body.to_string()).await;
            assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()), "{} {media_type}", route.path);
        }
    }
}

#[tokio::test]
async fn what_is_no_object_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        let deep = (0..100).fold(json!([]), |inner, _| json!([inner]));
        let array = Value::Array(route.body.as_object().unwrap().values().cloned().collect());
        for body in [json!(null), json!(1), json!(true), json!(MARK), json!([]), json!([route.body]), array, deep] {
            client.check(&route, body.to_string(), (422, "invalid_request")).await;
        }
    }
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_refused_by_name() {
    let client = Client::new().await;
    for route in routes() {
        for field in fields(&route) {
            let mut values = vec![json!(1), json!(true), json!([MARK]), json!(1.5)];
            // What a browser answers is for the port that verifies it.
            if field != "credential" {
                values.push(json!({MARK: MARK}));
            }
            if !route.optional.contains(&field.as_str()) {
                values.push(Value::Null);
            }
            for value in values {
                let answer = client.check(&route, with(&route.body, field, value), (422, "invalid_request")).await;
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(&format!("`{field}`")), "{detail}");
            }
        }
    }
}

#[tokio::test]
async fn a_missing_field_is_refused_by_name() {
    let client = Client::new().await;
    for route in routes() {
        for field in fields(&route).filter(|field| !route.optional.contains(&field.as_str()) && *field != "transport") {
            let mut body = route.body.clone();
            body.as_object_mut().unwrap().remove(field);
            let answer = client.check(&route, body.to_string(), (422, "invalid_request")).await;
            assert!(answer.text().contains(&format!("The field `{field}` is missing.")), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn an_unknown_and_a_repeated_field_are_refused_by_name() {
    let client = Client::new().await;
    for route in routes() {
        let answer = client.check(&route, with(&route.body, "extra", MARK), (422, "invalid_request")).await;
        assert!(answer.text().contains("The field `extra`"), "{}", answer.text());
        for field in fields(&route) {
            let body = route.body.to_string();
            let twice = format!(r#"{{"{field}":"{MARK}",{}"#, &body[1..]);
            client.check(&route, twice, (422, "invalid_request")).await;
        }
    }
}

#[tokio::test]
async fn a_nul_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        for field in fields(&route) {
            let raw = with(&route.body, field, "NUL").replace("NUL", "a\0b");
            client.check(&route, raw, (400, "invalid_json")).await;
            if route.takes_any_text(field) {
                continue;
            }
            let escaped = client.json(&route, with(&route.body, field, "a\0b")).await;
            assert!((400..500).contains(&escaped.status), "{} {field}: {}", route.path, escaped.text());
            assert!(ProblemCode::ALL.iter().any(|code| code.code() == escaped.problem().1));
        }
    }
}

#[tokio::test]
async fn what_is_no_utf_8_or_no_unicode_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        for field in fields(&route) {
            let body = with(&route.body, field, "HERE").into_bytes();
            let at = body.windows(4).position(|window| window == b"HERE").unwrap();
            for bad in [&b"\xff\xfe"[..], b"\xc0\x80", b"\xed\xa0\x80", br"\ud800", br"\udc00x"] {
                let body = [&body[..at], bad, &body[at + 4..]].concat();
                client.check(&route, body, (400, "invalid_json")).await;
            }
        }
        client.check(&route, &b"\xff\xfe{\0}\0"[..], (400, "invalid_json")).await;
    }
}

#[tokio::test]
async fn a_body_beyond_the_routes_few_kib_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        let limit = route.limit();
        for size in [limit + 1, 100_000, 3 * 1024 * 1024] {
            client.check(&route, vec![b' '; size], (413, "body_too_large")).await;
            for field in fields(&route) {
                client.check(&route, with(&route.body, field, "x".repeat(size)), (413, "body_too_large")).await;
            }
        }
        let mut body = route.body.to_string().into_bytes();
        body.resize(limit, b' ');
        assert_ne!(client.json(&route, body).await.status, 413, "a body of exactly the limit is read");
        if route.method == Method::DELETE {
            assert_eq!(client.app.me(&client.tokens.access).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_off_at_the_limit() {
    let client = Client::new().await;
    for route in routes() {
        let chunks = (0..3000).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
        let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
        let sending = client.app.request(route.method.clone(), route.path).bearer(&client.tokens.access);
        let answer = sending.body("application/json", body).send().await;
        assert_eq!(answer.problem(), (413, "body_too_large".to_owned()), "{}", route.path);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let client = Client::new().await;
    for route in routes() {
        let chunks = [Ok(b"{".to_vec()), Err(std::io::Error::other(MARK))];
        let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
        let sending = client.app.request(route.method.clone(), route.path).bearer(&client.tokens.access);
        let answer = sending.body("application/json", body).send().await;
        assert_eq!(answer.problem(), (400, "incomplete_body".to_owned()), "{}", route.path);
        assert!(!answer.text().contains(MARK));
    }
}
