//! Accounts, login, refresh rotation and sessions.

#![deny(missing_docs)]

pub mod account;
mod auth;
pub mod credential;
pub mod login;
pub mod model;
pub mod ports;
pub mod refresh;
pub mod session;
pub mod signing;

pub use auth::{Auth, Policies, Ports};
