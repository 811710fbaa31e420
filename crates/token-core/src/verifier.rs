//! The one place that decides whether an access token is good.

use crate::{Claims, Jws, KeySet, RevocationSet, UnixTime, VerifyError, strict, verify_error::Part};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Verifies access tokens: strictly, without a look-up, at a time that the caller gives.
///
/// In this order: length, form, encoding, header (all in [`Jws::read`]), `typ`, `kid`, `alg`, signature, then the
/// claims. Nothing of a token is used before its signature is good, save `kid` to find the key.
///
/// A good token may still belong to an ended session: ask a [`RevocationSet`](crate::RevocationSet) too.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Arc<KeySet>,
    rules: Rules,
}

/// What a verifier demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The one issuer, compared byte by byte with `iss`.
    pub issuer: String,
    /// Our own name, which `aud` must contain.
    pub audience: String,
    /// The kind of token.
    pub typ: TokenType,
    /// How far clocks may differ.
    pub leeway: Leeway,
}

impl Rules {
    /// The rules for access tokens of `issuer` that are meant for `audience`, with the default leeway.
    #[must_use]
    pub fn access_token(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            typ: TokenType::AccessToken,
            leeway: Leeway::default(),
        }
    }

    /// The same rules with another leeway.
    #[must_use]
    pub const fn with_leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }
}

/// How far the clocks of issuer and verifier may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leeway {
    /// Seconds for which an expired token is still accepted. None by default.
    ///
    /// A revocation entry must outlive it: see [`RevocationSet`](crate::RevocationSet).
    pub expiry: u64,
    /// Seconds by which `nbf` and `iat` may lie in the future. 30 by default.
    pub not_before: u64,
}

impl Default for Leeway {
    fn default() -> Self {
        Self { expiry: 0, not_before: 30 }
    }
}

/// The kinds of token, told apart by `typ` so that none passes for another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// `at+jwt` (RFC 9068 §2.1).
    AccessToken,
}

impl TokenType {
    /// The media type without `application/`, as it stands in `typ`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
        }
    }

    /// Whether a header's `typ` names this kind: in any case, with or without `application/` (RFC 9068 §4).
    #[must_use]
    pub fn accepts(self, typ: &str) -> bool {
        const PREFIX: &str = "application/";
        let name = match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, name)) if prefix.eq_ignore_ascii_case(PREFIX) => name,
            _ => typ,
        };
        name.eq_ignore_ascii_case(self.name())
    }
}

impl Verifier {
    /// A verifier that trusts these keys and applies these rules.
    #[must_use]
    pub const fn new(keys: Arc<KeySet>, rules: Rules) -> Self {
        Self { keys, rules }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The trusted keys.
    #[must_use]
    pub const fn keys(&self) -> &Arc<KeySet> {
        &self.keys
    }

    /// Verifies a token at the time `now` and gives its claims out, with the embedder's own claims as `X`.
    ///
    /// Required are `iss sub aud exp iat jti client_id sid auth_time`; `nbf scope amr roles` may be absent. A claim
    /// that is present with another type than its own is refused, never treated as absent.
    ///
    /// # Errors
    /// [`VerifyError`], one variant a reason.
    pub fn verify<X: DeserializeOwned>(&self, token: &str, now: UnixTime) -> Result<Claims<X>, VerifyError> {
        self.decide(token, now, |_| false)
    }

    /// Verifies a token as [`verify`](Self::verify) does, and refuses what has been revoked: the token of an ended session, of
    /// a revoked account, or signed by a revoked key.
    ///
    /// # Errors
    /// [`VerifyError`], one variant a reason; [`VerifyError::Revoked`] when the token is good otherwise.
    pub fn verify_unrevoked<X: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
        revocations: &RevocationSet,
    ) -> Result<Claims<X>, VerifyError> {
        let claims: Claims<X> = self.decide(token, now, |kid| revocations.is_key_revoked(kid))?;
        if revocations.is_revoked(claims.sid, claims.sub, claims.iat) {
            return Err(VerifyError::Revoked);
        }
        Ok(claims)
    }

    fn decide<X: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
        is_key_revoked: impl FnOnce(&str) -> bool,
    ) -> Result<Claims<X>, VerifyError> {
        let jws = Jws::read(token)?;
        let expected = self.rules.typ;
        if !jws.header().typ().is_some_and(|typ| expected.accepts(typ)) {
            return Err(VerifyError::WrongType { expected: expected.name() });
        }
        let kid = jws.header().kid().ok_or(VerifyError::HeaderMember("kid"))?;
        let key = self.keys.get(kid).ok_or(VerifyError::UnknownKey)?;
        if is_key_revoked(kid) {
            return Err(VerifyError::Revoked);
        }
        let payload = jws.verify(key)?;
        let members = strict::object(&payload).map_err(|reason| VerifyError::json(Part::Payload, reason))?;
        let claims = Claims::read(members)?;
        self.check(&claims, now)?;
        Ok(claims)
    }

    fn check<X>(&self, claims: &Claims<X>, now: UnixTime) -> Result<(), VerifyError> {
        let Leeway { expiry, not_before } = self.rules.leeway;
        if claims.iss != self.rules.issuer {
            return Err(VerifyError::Issuer);
        }
        if !claims.aud.contains(&self.rules.audience) {
            return Err(VerifyError::Audience);
        }
        // In plain seconds: a time saturates at its own maximum, which would eat the leeway there.
        if now.as_secs() >= claims.exp.as_secs().saturating_add(expiry) {
            return Err(VerifyError::Expired { at: claims.exp, now });
        }
        let horizon = now.as_secs().saturating_add(not_before);
        if let Some(from) = claims.nbf.filter(|nbf| nbf.as_secs() > horizon) {
            return Err(VerifyError::NotYetValid { from, now });
        }
        if claims.iat.as_secs() > horizon {
            return Err(VerifyError::IssuedInFuture { at: claims.iat, now });
        }
        Ok(())
    }
}
