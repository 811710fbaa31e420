//! Access tokens: issued, verified strictly, taken back before they expire.
//!
//! # What is inside
//!
//! Room | Holds
//! --- | ---
//! [`Claims`], [`Audience`], [`UnixTime`] | what a token says (RFC 9068), typed, with your own claims beside it
//! [`Algorithm`], [`SigningKey`], [`VerificationKey`], [`KeySet`] | keys: one algorithm each, named by thumbprint, published as JWK set
//! [`Issuer`], [`Grant`], [`ExtraClaims`] | makes tokens
//! [`Verifier`], [`Rules`], [`VerifyError`] | decides whether a token is good, at a time that you give
//! [`VerifiedCache`] | tokens that have verified, so that a session's requests pay for one signature
//! [`Jws`] | the layer below: form, header and signature of any compact JWS
//! [`RevocationSet`] | which sessions and accounts have been revoked while their tokens still live
//! [`inspect()`] | what a token says, explained and not believed
//! [`strict`] | JSON and base64url with exactly one reading
//!
//! # What it never does
//!
//! - **No I/O, no async, no clock.** Every function that needs the time takes it.
//! - **No choice for the token.** The algorithm belongs to the key, the key comes from the set: `alg` is compared,
//!   `kid` is looked up, `jku`, `jwk`, `x5u` and `x5c` are refused. `none` does not exist.
//! - **No leniency.** What has two readings (a member twice, padding, stray bits, a time as text) is refused.
//! - **No secret in a print.** Keys and issued tokens have a `Debug` that hides them, and are wiped when dropped.
//!
//! # Features
//!
//! None: all of it is always there. docs.rs shows all of it.
//!
//! # The whole of it
//!
//! Issue a token, verify it, and take it back before it expires.
//!
//! ```
//! use std::sync::Arc;
//! use token_core::{
//!     Algorithm, Audience, Claims, Grant, Issuer, KeySet, NoClaims, RevocationSet, Rules, SigningKey, UnixTime,
//!     Verifier, VerifyError,
//! };
//! use uuid::Uuid;
//!
//! let key = SigningKey::generate(Algorithm::EdDsa)?;
//! let issuer = Issuer::new(key, "https://login.example".into(), Audience::new("https://api.example"), 900);
//! let keys = Arc::new(KeySet::new([issuer.verification_key()]));
//! let verifier = Verifier::new(keys, Rules::access_token("https://login.example", "https://api.example"));
//!
//! // Issue.
//! let now = UnixTime::from_secs(1_800_000_000);
//! let (account, session) = (Uuid::from_u128(1), Uuid::from_u128(2));
//! let token = issuer.issue(
//!     Grant {
//!         subject: account,
//!         session,
//!         token_id: Uuid::from_u128(3),
//!         client_id: "web".into(),
//!         scope: "notes:read".into(),
//!         auth_time: now,
//!         amr: vec!["pwd".into()],
//!         roles: vec![],
//!         extra: NoClaims,
//!     },
//!     now,
//! )?;
//!
//! // Verify.
//! let claims: Claims = verifier.verify(token.expose(), now)?;
//! assert!(claims.has_scope("notes:read"));
//! let later = token.expires_at();
//! assert!(matches!(verifier.verify::<NoClaims>(token.expose(), later), Err(VerifyError::Expired { .. })));
//!
//! // Revoke.
//! let revoked = RevocationSet::new();
//! revoked.revoke_session(session, token.expires_at());
//! assert!(revoked.is_revoked(claims.sid, claims.sub, claims.iat));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod claim_reader;
mod claims;
mod inspect;
mod issuer;
mod jws;
mod key;
mod key_set;
mod revocation;
pub mod strict;
mod time;
mod verified_cache;
mod verifier;
mod verify_error;

pub use algorithm::{Algorithm, KeyType, UnknownAlgorithm};
pub use claims::{Audience, Claims, EmptyAudience, NoClaims, REGISTERED_CLAIMS};
pub use inspect::{ExplainedMember, InspectedPart, InspectedSignature, Inspection, inspect};
pub use issuer::{AccessToken, ExtraClaims, Grant, IssueError, Issuer};
pub use jws::{Jws, JwsHeader, MAX_TOKEN_LEN};
pub use key::{KeyError, PublicJwk, PublicParameters, SigningKey, VerificationKey, thumbprint};
pub use key_set::KeySet;
pub use revocation::RevocationSet;
pub use time::{TimeOutOfRange, UnixTime};
pub use verified_cache::VerifiedCache;
pub use verifier::{Leeway, Rules, TokenType, Verifier};
pub use verify_error::{Part, VerifyError};

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
