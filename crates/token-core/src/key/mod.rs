//! Keys: one algorithm each, named by their thumbprint, and never printed.

mod error;
mod jwk;
mod signing;
mod verification;

pub use error::KeyError;
pub use jwk::{PublicJwk, PublicParameters, thumbprint};
pub use signing::SigningKey;
pub use verification::VerificationKey;
