//! A resource server: it accepts Jeton's access tokens without a look-up, and refuses a signed-out device within a moment.
//!
//! ```text
//! jeton serve                                               # the issuer
//! jeton apikeys create --name notes --scope revocations     # prints the key, once
//! ISSUER=http://127.0.0.1:8080 API_KEY=jak_… LISTEN=127.0.0.1:9000 cargo run --example resource_server
//! curl -H "Authorization: Bearer $ACCESS_TOKEN" http://127.0.0.1:9000/notes
//! ```
//!
//! `AUDIENCE` is `jeton` unless it is set, as in the issuer. `ON_STALE=deny` lets nobody in when for longer than
//! `MAX_STALENESS` seconds (30) the issuer has not said what was revoked.

use std::env::{self, VarError};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use api_axum::{
    Authenticated, Guard, GuardHealth, GuardLayer, HasRole, HasScope, OnStale, RequiredRole, RequiredScope,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use token_core::Claims;
use tokio::net::TcpListener;

/// The claims that this server reads beside the registered ones. Jeton's own tokens have none; those of an application that
/// embeds Jeton may.
#[derive(Clone, Debug, Deserialize)]
struct Tenant {
    tenant: Option<String>,
}

/// The scope that Jeton gives to the sessions of its own client.
struct Account;

impl RequiredScope for Account {
    const SCOPE: &'static str = "account";
}

/// A scope that nobody has until you configure it.
struct WriteNotes;

impl RequiredScope for WriteNotes {
    const SCOPE: &'static str = "notes:write";
}

struct Admin;

impl RequiredRole for Admin {
    const ROLE: &'static str = "admin";
}

/// For everybody with a good token.
async fn whoami(Authenticated(claims): Authenticated<Tenant>) -> Json<Value> {
    Json(json!({"account": claims.sub, "session": claims.sid, "tenant": claims.extra.tenant}))
}

/// For good tokens with the scope `account`.
async fn read_notes(HasScope { claims, .. }: HasScope<Account, Tenant>) -> Json<Value> {
    Json(json!({"notes": [format!("a note of {}", claims.sub)]}))
}

/// For good tokens with the scope `notes:write`; others get 403 and a challenge that names it.
async fn write_note(HasScope { claims, .. }: HasScope<WriteNotes>) -> (StatusCode, Json<Value>) {
    (StatusCode::CREATED, Json(json!({"note": format!("another note of {}", claims.sub)})))
}

/// For accounts with the role `admin`.
async fn all_notes(_: HasRole<Admin>) -> Json<Value> {
    Json(json!({"notes": ["everybody's"]}))
}

/// Behind a layer: its handlers see the claims without asking for them.
async fn quota(Extension(claims): Extension<Claims>) -> Json<Value> {
    Json(json!({"account": claims.sub, "left": 10}))
}

/// For whoever watches this server: 503 when it lets nobody in because it does not know what was revoked.
async fn health(State(guard): State<Guard>) -> (StatusCode, Json<GuardHealth>) {
    let health = guard.health();
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

fn app(guard: Guard) -> Router {
    let behind_the_layer = Router::new().route("/quota", get(quota)).layer(GuardLayer::new(guard.clone()));
    Router::new()
        .route("/whoami", get(whoami))
        .route("/notes", get(read_notes).post(write_note))
        .route("/notes/all", get(all_notes))
        .route("/health", get(health))
        .with_state(guard)
        .merge(behind_the_layer)
}

/// What this server is told from outside.
pub(crate) struct Settings {
    /// The issuer, exactly as its tokens name it.
    pub(crate) issuer: String,
    /// A key with the scope `revocations`.
    pub(crate) api_key: SecretString,
    /// The name that this server's tokens are meant for.
    pub(crate) audience: String,
    pub(crate) max_staleness: Duration,
    pub(crate) on_stale: OnStale,
}

impl Settings {
    fn from_environment() -> Result<Self, Failure> {
        let required = |name: &str| env::var(name).map_err(|error| format!("set {name}: {error}"));
        let on_stale = match optional("ON_STALE", "allow")?.as_str() {
            "allow" => OnStale::Allow,
            "deny" => OnStale::Deny,
            other => return Err(format!("ON_STALE is {other:?}; use allow or deny").into()),
        };
        Ok(Self {
            issuer: required("ISSUER")?,
            api_key: required("API_KEY")?.into(),
            audience: optional("AUDIENCE", "jeton")?,
            max_staleness: Duration::from_secs(optional("MAX_STALENESS", "30")?.parse()?),
            on_stale,
        })
    }
}

fn optional(name: &str, default: &str) -> Result<String, VarError> {
    match env::var(name) {
        Err(VarError::NotPresent) => Ok(default.to_owned()),
        other => other,
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// Serves until the process ends. The guard is ready before the first request is taken.
pub(crate) async fn serve(listener: TcpListener, settings: Settings) -> Result<(), Failure> {
    let guard = Guard::builder(settings.issuer)
        .audience(settings.audience)
        .api_key(settings.api_key)
        .max_staleness(settings.max_staleness)
        .on_stale(settings.on_stale)
        .start()
        .await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(guard)).await?;
    Ok(())
}

async fn run() -> Result<(), Failure> {
    let settings = Settings::from_environment()?;
    let listener = TcpListener::bind(optional("LISTEN", "127.0.0.1:9000")?).await?;
    serve(listener, settings).await
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What the guard's error says is meant to be read.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
