//! Keys: one algorithm each, named by their thumbprint, and never printed.
//!
//! A key is read and checked once, and kept as AWS-LC's own parsed object: to sign or to verify parses nothing.
//!
//! What comes from `jsonwebtoken` is the seam between tokens and cryptography: [`SigningKey`] is a
//! [`JwtSigner`](jsonwebtoken::crypto::JwtSigner), through which [`Issuer`](crate::Issuer) signs, and
//! [`VerificationKey`] a [`JwtVerifier`](jsonwebtoken::crypto::JwtVerifier), so that code written for that crate takes
//! these keys. Its own keys are bytes that are parsed at each signature, its `decode` reads the system's clock and lets
//! `crit`, `typ` and repeated members pass: neither is used.

mod der;
mod error;
mod jwk;
mod pem;
mod private_jwk;
mod scheme;
mod signing;
mod strength;
mod verification;

pub use error::KeyError;
pub use jwk::{PublicJwk, PublicParameters, thumbprint};
pub use signing::SigningKey;
pub(crate) use verification::KeyIdentity;
pub use verification::VerificationKey;
