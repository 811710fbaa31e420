//! Jeton over HTTP: a router with every route, and a guard for whoever accepts its access tokens.
//!
//! # What is inside
//!
//! Feature | Room | Holds
//! --- | --- | ---
//! `guard` | `Guard`, `GuardBuilder` | decides about access tokens, with an issuer's keys and what it revokes (`docs/reference/guard.md`)
//! | `Authenticated`, `HasScope`, `HasRole`, `RecentlyAuthenticated`, `GuardLayer` | the axum extractors and the tower layer that do it for handlers
//! | `GuardHealth` | what a guard knows and how fresh it is
//! | `SystemClock` | the operating system's time behind the domain's clock port
//! | `Problem`, `ProblemCode` | every failed request's answer (RFC 9457); the codes are in `docs/reference/errors.md`
//! `router` | `router`, `ApiState`, `ApiParts`, `HttpSettings`, `TrustedProxies` | all routes with their layers, to serve alone or to mount in your own application
//! | `measure` | the metrics that the router counts through the facade `metrics`, for whichever recorder you install (`docs/reference/metrics.md`)
//! | `Operations`, `RequestWatch` | what may watch requests, such as a tracer
//! | `openapi` | the OpenAPI document of the router, which `/openapi.json` answers too
//! `console` | the page at `/` | a page for people: sign in, devices, second factors, account; served where `HttpSettings::console` says so
//! `docs-page` | | `/docs`, a page that shows that document, with everything that it needs in the program
//! `server` | the binary `jeton` | configuration, storage and wiring; the library needs none of it
//!
//! # What it never does
//!
//! - **No rule of the domain.** A route extracts, calls one use case, and answers.
//! - **No look-up to let somebody in.** The guard asks a verifier, a clock and a set in memory.
//! - **No token from a query**, and no cookie from another site.
//! - **No inside on the outside.** The cause of a server's failure is in the log, once; the answer has a stable code.
//! - **No secret in the log.** Neither path, query, headers nor body are logged, only the method and the route's pattern.
//!
//! # Features
//!
//! Feature | On by default | Brings
//! --- | --- | ---
//! `server` | yes | the binary `jeton`; a library does not need it: `default-features = false`
//! `router` | with `server` | every route, to serve alone or to mount, and their OpenAPI document
//! `console` | with `server` | the page for people at `/`, where `HttpSettings::console` says so
//! `docs-page` | with `server` | the page at `/docs` that shows the OpenAPI document
//! `guard` | no | the guard with a client that fetches an issuer's keys and follows what it revokes
//! `guard-core` | with `guard` and `router` | the part of the guard that decides and knows no network
//! `failpoints` | no | stops the process at named places, for tests of what survives a crash; never in a release
//!
//! Whole programs are in `examples/`: `resource_server`, `embedded`, `custom_claims`, `tenants`, `client`.
//!
//! # The router in an application of your own
//!
#![cfg_attr(feature = "router", doc = "```")]
#![cfg_attr(not(feature = "router"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use api_axum::{ApiParts, ApiState, Guard, HttpSettings, Operations, router};
//! use auth_domain::refresh::{MasterKey, RotationKeys};
//! use auth_domain::sealing::Sealer;
//! use auth_domain::{Auth, AuthKeys, Policies, Ports};
//! use axum::Router;
//! use axum::routing::get;
//! use tokio::sync::watch;
//! use token_core::{Audience, Issuer, RevocationSet, Rules, SigningKey};
//!
//! /// `ports` is everything outside: a database, a clock, randomness, a password hasher, a mailer.
//! fn app(ports: Ports, signing: SigningKey, master: [u8; 32]) -> Result<Router, Box<dyn std::error::Error>> {
//!     let issuer = Issuer::new(signing, "https://login.example".into(), Audience::new("notes"), 900);
//!     let master = MasterKey::new(1, master);
//!     let keys = AuthKeys {
//!         rotation: RotationKeys::new(1, [master.clone()])?,
//!         sealer: Sealer::new(1, [master])?,
//!         signing: issuer.into(),
//!     };
//!     let policies = Policies::default();
//!     // What ends here is in the set before the answer leaves, so the guard must ask the same set.
//!     let revoked = Arc::new(RevocationSet::new());
//!     let auth = Arc::new(Auth::new(&ports, &policies, keys, Arc::clone(&revoked)));
//!
//!     let rules = Rules::access_token("https://login.example", "notes");
//!     let guard = Guard::of_issuer(auth.key_ring.clone(), rules, revoked, ports.clock);
//!     let settings = HttpSettings { origin: "https://login.example".into(), hsts: true, ..HttpSettings::default() };
//!     let state = ApiState::new(ApiParts {
//!         feed_news: follow(Arc::clone(&auth)),
//!         auth,
//!         guard,
//!         keys: None, // one fixed key; `auth_domain::signing::Keys` keeps some that rotate
//!         issuer: "https://login.example".into(),
//!         client_id: policies.client.id,
//!         password_policy: policies.password,
//!         health: ports.stores.health,
//!         settings,
//!         operations: Operations::default(),
//!     });
//!     Ok(Router::new().route("/notes", get(async || "mine")).nest("/auth", router(state)))
//! }
//!
//! /// Sees what other nodes end, and wakes whoever waits for it over HTTP. Call it in a runtime.
//! fn follow(auth: Arc<Auth>) -> watch::Receiver<u64> {
//!     let (news, heard) = watch::channel(0);
//!     tokio::spawn(async move {
//!         while !news.is_closed() {
//!             match auth.feed.follow().await {
//!                 Ok(0) => {}
//!                 Ok(_) => news.send_modify(|count| *count += 1),
//!                 Err(error) => eprintln!("the feed does not answer: {error}"),
//!             }
//!             tokio::time::sleep(std::time::Duration::from_millis(200)).await;
//!         }
//!     });
//!     heard
//! }
//! ```
//!
//! # The guard in a resource server
//!
#![cfg_attr(feature = "guard-core", doc = "```")]
#![cfg_attr(not(feature = "guard-core"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use api_axum::{Authenticated, Guard, SystemClock};
//! use axum::Router;
//! use axum::routing::get;
//! use serde::Deserialize;
//! use token_core::{KeySet, RevocationSet, Rules, Verifier};
//!
//! /// The claims that your tokens have beside the registered ones; leave it out if there are none.
//! #[derive(Deserialize)]
//! struct Tenant {
//!     tenant: Option<String>,
//! }
//!
//! async fn whoami(Authenticated(claims): Authenticated<Tenant>) -> String {
//!     format!("{} of {}", claims.sub, claims.extra.tenant.as_deref().unwrap_or_default())
//! }
//!
//! let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let keys = Arc::new(KeySet::from_jwks(jwks)?);
//! let verifier = Verifier::new(keys, Rules::access_token("https://login.example", "notes"));
//! let guard = Guard::new(Arc::new(verifier), Arc::new(RevocationSet::new()), Arc::new(SystemClock));
//! let app: Router = Router::new().route("/whoami", get(whoami)).with_state(guard);
//! # let _ = app;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "router")]
mod advice;
mod clock;
#[cfg(feature = "docs-page")]
mod docs_page;
#[cfg(feature = "router")]
mod extract;
#[cfg(feature = "guard-core")]
mod guard;
#[cfg(feature = "router")]
mod layers;
#[cfg(feature = "router")]
mod load;
#[cfg(feature = "router")]
pub mod measure;
#[cfg(feature = "router")]
mod openapi;
#[cfg(feature = "router")]
mod operations;
#[cfg(feature = "guard-core")]
mod problem;
#[cfg(feature = "router")]
mod proxies;
#[cfg(feature = "router")]
mod rhythm;
#[cfg(feature = "router")]
mod routes;
#[cfg(feature = "router")]
mod state;
#[cfg(feature = "router")]
mod transport;
#[cfg(feature = "console")]
mod web;
#[cfg(feature = "router")]
mod wire;

pub use clock::SystemClock;
#[cfg(feature = "guard-core")]
pub use guard::{
    Authenticated, Guard, GuardError, HasRole, HasScope, OwnClaims, RecentlyAuthenticated, RequiredProof, RequiredRole,
    RequiredScope,
};
#[cfg(feature = "guard")]
pub use guard::{
    FeedHealth, GuardBuilder, GuardHealth, GuardLayer, GuardService, GuardStartError, IssuerHealth, KeysHealth,
    OnStale, Refusals,
};
#[cfg(feature = "router")]
pub use openapi::openapi;
#[cfg(feature = "router")]
pub use operations::{BegunRequest, HttpLoad, Operations, RequestWatch};
#[cfg(feature = "guard-core")]
pub use problem::{Problem, ProblemCode};
#[cfg(feature = "router")]
pub use proxies::{InvalidProxy, TrustedProxies};
#[cfg(feature = "router")]
pub use routes::{health_router, router};
#[cfg(feature = "router")]
pub use state::{ApiParts, ApiState, ConsoleSettings, HttpSettings};
#[cfg(all(fuzzing, feature = "router"))]
pub use transport::refresh_cookie;

/// The README's example compiles.
#[cfg(all(doctest, feature = "guard-core"))]
#[doc = include_str!("../README.md")]
struct Readme;
