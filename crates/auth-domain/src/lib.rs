//! Accounts, login, refresh rotation and sessions: the rules of Jeton, and nothing else.
//!
//! | Floor | Modules | Knows |
//! | --- | --- | --- |
//! | top: the use cases | [`account`], [`credential`], [`login`], [`refresh`], [`session`], [`feed`], [`introspect`], [`admin`], [`api_key`], [`webhook`], [`housekeeping`], [`signing`], [`sealing`], [`factor`], [`one_time`], [`mail`], [`throttle`] | all below |
//! | first: what is outside | [`ports`] | the model |
//! | ground: values | [`model`] | nothing |
//!
//! # What it never does
//!
//! - **No I/O.** It never opens a file or a socket, and never asks the system for the time or for randomness. Everything outside is
//!   a trait in [`ports`]; adapters for SQLite and PostgreSQL are in `store-diesel`, for HTTP in `api-axum`. One adapter is here:
//!   argon2id behind the hashing port, on threads of its own (`credential::Argon2id`).
//! - **No transaction that crosses a port.** A storage method is one atomic step: all of it is durable, or nothing happened.
//! - **No refusal as an error.** What a store refuses is data in its answer, so that no rollback undoes a revocation.
//! - **No secret in a print, and none in a store.** A store keeps hashes and what is sealed.
//!
//! # Features
//!
//! Feature | On by default | Brings
//! --- | --- | ---
//! `argon2` | yes | `credential::Argon2id`, the hashing port on argon2id; it verifies bcrypt, scrypt and PBKDF2 too
//! `strength` | yes | an estimate of how hard a new password is to guess ([`model::PasswordPolicy`])
//! `testing` | no | in-memory adapters, a clock set by hand, repeatable randomness, and the contract suite (`testing::contract`)
//!
//! # What you bring
//!
//! - **Another database**: implement the storage ports, and run their contract suite. `examples/own_store` keeps sessions in a
//!   file, and `docs/how-to/own-store.md` walks through it.
//! - **Claims of your own**, and tokens for the audience you choose: [`ports::ClaimSource`].
//! - **How many devices** an account may have: [`model::SessionLimit`] in [`Policies`]; `examples/single_device.rs` allows one.
//!
//! # Example
//!
//! Register, log in, refresh; lose the answer, and get the same one again. The stores forget everything at the end: put
//! `store_diesel::Database` in their place.
//!
//! ```
//! use std::sync::Arc;
//!
//! use auth_domain::account::{RegisterRequest, RegisteredBy};
//! use auth_domain::credential::{Argon2Settings, Argon2id};
//! use auth_domain::login::{Device, LoginRequest};
//! use auth_domain::model::{Locale, Presenter, Timestamp};
//! use auth_domain::refresh::{MasterKey, RefreshRequest, RotationKeys};
//! use auth_domain::sealing::Sealer;
//! use auth_domain::testing::{ManualClock, MemoryStores, RecordingMailer, SeededEntropy};
//! use auth_domain::throttle::MemoryThrottle;
//! use auth_domain::{Auth, AuthKeys, Policies, Ports};
//! use secrecy::SecretString;
//! use token_core::{Algorithm, Audience, Issuer, RevocationSet, SigningKey};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entropy = Arc::new(SeededEntropy::new(1));
//! let ports = Ports {
//!     stores: MemoryStores::new().stores(),
//!     clock: Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000))),
//!     hasher: Arc::new(Argon2id::start(Argon2Settings::default(), entropy.clone())?),
//!     mailer: Arc::new(RecordingMailer::default()),
//!     throttle: Arc::new(MemoryThrottle::default()),
//!     webauthn: None,
//!     breaches: None,
//!     claims: None,
//!     entropy,
//! };
//! let master = MasterKey::new(1, [7; 32]);
//! let issuer = Issuer::new(
//!     SigningKey::generate(Algorithm::EdDsa)?,
//!     "https://id.example.com".to_owned(),
//!     Audience::from("example"),
//!     900,
//! );
//! let keys = AuthKeys {
//!     rotation: RotationKeys::new(1, [master.clone()])?,
//!     sealer: Sealer::new(1, [master])?,
//!     signing: issuer.into(),
//! };
//! let auth = Auth::new(&ports, &Policies::default(), keys, Arc::new(RevocationSet::new()));
//!
//! let password = SecretString::from("correct horse battery staple");
//! let email = "alice@example.com";
//! let presenter = Presenter::default();
//! let registration = RegisterRequest {
//!     email,
//!     password: Some(&password),
//!     display_name: None,
//!     roles: vec![],
//!     locale: Locale::En,
//!     by: RegisteredBy::Owner { invite: None },
//!     presenter: presenter.clone(),
//! };
//! auth.accounts.register(registration).await?;
//! let signed_in = auth.login.login(LoginRequest { email, password: &password, device: Device::default() }).await?;
//!
//! let request = || RefreshRequest {
//!     token: signed_in.tokens.refresh_token.expose(),
//!     idempotency_key: None,
//!     presenter: presenter.clone(),
//! };
//! let lost = auth.refresh.refresh(request()).await?;
//! let again = auth.refresh.refresh(request()).await?;
//! assert_eq!(lost.refresh_token.expose(), again.refresh_token.expose());
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

pub mod account;
pub mod admin;
pub mod api_key;
mod auth;
pub mod credential;
pub mod factor;
pub mod feed;
pub mod housekeeping;
pub mod introspect;
pub mod login;
pub mod mail;
pub mod model;
pub mod one_time;
pub mod ports;
pub mod refresh;
pub mod sealing;
pub mod session;
pub mod signing;
#[cfg(feature = "testing")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#[expect(clippy::missing_panics_doc, reason = "a case of the contract suite fails by panicking")]
pub mod testing;
pub mod throttle;
pub mod webhook;

pub use auth::{Auth, AuthKeys, Policies, Ports};
