//! What the tests stand on: the real router in this process, requests, answers, and doubles for what can fail.

mod app;
mod documented;
mod doubles;
mod factors;
mod request;
mod routes;

pub(crate) use app::{AUDIENCE, Setup, TestApp, Tokens, recovery_codes};
pub(crate) use documented::{document, operation};
pub(crate) use doubles::{Broken, CountingHasher, Health, INSIDE, Trouble};
pub(crate) use factors::{FakeWebAuthn, code_of};
pub(crate) use request::{Answer, Sending};
pub(crate) use routes::routes_of;

/// A password that the policy accepts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The origin of the server's own pages.
pub(crate) const ORIGIN: &str = "https://login.example";
