//! The one place that decides whether an access token is good.

use crate::{
    Audience, Claims, Jws, KeySet, RevocationSet, UnixTime, VerifyError, claims::Bounds, strict, verify_error::Part,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{borrow::Cow, sync::Arc};

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
    /// Our own names: `aud` must contain one of them. Without any, no token is accepted.
    pub audiences: Vec<String>,
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
            audiences: vec![audience.into()],
            typ: TokenType::AccessToken,
            leeway: Leeway::default(),
        }
    }

    /// The same rules, with tokens accepted that are meant for this audience too.
    #[must_use]
    pub fn accepting(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The same rules for another kind of token.
    #[must_use]
    pub fn with_type(mut self, typ: TokenType) -> Self {
        self.typ = typ;
        self
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// `at+jwt` (RFC 9068 §2.1).
    AccessToken,
    /// Another media type, without `application/`: see [`TokenType::named`].
    Other(Cow<'static, str>),
}

const MEDIA_TYPE_PREFIX: &str = "application/";

impl TokenType {
    /// The kind with this media type, which may begin with `application/`.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        if Self::AccessToken.accepts(&name) {
            return Self::AccessToken;
        }
        match short(&name) {
            short if short.len() < name.len() => Self::Other(short.to_owned().into()),
            _ => Self::Other(name),
        }
    }

    /// The media type without `application/`, as it stands in `typ`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::Other(name) => name,
        }
    }

    fn to_name(&self) -> Cow<'static, str> {
        match self {
            Self::AccessToken => Cow::Borrowed("at+jwt"),
            Self::Other(name) => name.clone(),
        }
    }

    /// Whether a header's `typ` names this kind: in any case, with or without `application/` (RFC 9068 §4).
    #[must_use]
    pub fn accepts(&self, typ: &str) -> bool {
        short(typ).eq_ignore_ascii_case(self.name())
    }
}

/// A media type without `application/` (RFC 7515 §4.1.9).
fn short(typ: &str) -> &str {
    match typ.split_at_checked(MEDIA_TYPE_PREFIX.len()) {
        Some((prefix, name)) if prefix.eq_ignore_ascii_case(MEDIA_TYPE_PREFIX) => name,
        _ => typ,
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

    /// Verifies a JWT of another kind than an access token (see [`TokenType::Other`]) at the time `now` and gives its
    /// members out.
    ///
    /// Required are `iss aud exp`; `nbf` and `iat` are checked when they are there. What else its kind demands is the
    /// caller's to check.
    ///
    /// # Errors
    /// [`VerifyError`], one variant a reason.
    pub fn verify_jwt(&self, token: &str, now: UnixTime) -> Result<Map<String, Value>, VerifyError> {
        let members = self.members(token, |_| false)?;
        let Bounds { iss, aud, exp, nbf, iat } = Bounds::read(&members)?;
        self.check(&iss, &aud, exp, nbf, iat, now)?;
        Ok(members)
    }

    fn decide<X: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
        is_key_revoked: impl FnOnce(&str) -> bool,
    ) -> Result<Claims<X>, VerifyError> {
        let claims = Claims::read(self.members(token, is_key_revoked)?)?;
        self.check(&claims.iss, &claims.aud, claims.exp, claims.nbf, Some(claims.iat), now)?;
        Ok(claims)
    }

    /// What a token with a good signature of the right kind says.
    fn members(
        &self,
        token: &str,
        is_key_revoked: impl FnOnce(&str) -> bool,
    ) -> Result<Map<String, Value>, VerifyError> {
        let jws = Jws::read(token)?;
        if !jws.has_payload() {
            return Err(VerifyError::EmptyPart(Part::Payload));
        }
        let expected = &self.rules.typ;
        if !jws.header().typ().is_some_and(|typ| expected.accepts(typ)) {
            return Err(VerifyError::WrongType { expected: expected.to_name() });
        }
        let kid = jws.header().kid().ok_or(VerifyError::HeaderMember("kid"))?;
        let key = self.keys.get(kid).ok_or(VerifyError::UnknownKey)?;
        if is_key_revoked(kid) {
            return Err(VerifyError::Revoked);
        }
        let payload = jws.verify(key)?;
        strict::object(&payload).map_err(|reason| VerifyError::json(Part::Payload, reason))
    }

    fn check(
        &self,
        iss: &str,
        aud: &Audience,
        exp: UnixTime,
        nbf: Option<UnixTime>,
        iat: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<(), VerifyError> {
        let Leeway { expiry, not_before } = self.rules.leeway;
        if iss != self.rules.issuer {
            return Err(VerifyError::Issuer);
        }
        if !self.rules.audiences.iter().any(|audience| aud.contains(audience)) {
            return Err(VerifyError::Audience);
        }
        // In plain seconds: a time saturates at its own maximum, which would eat the leeway there.
        if now.as_secs() >= exp.as_secs().saturating_add(expiry) {
            return Err(VerifyError::Expired { at: exp, now });
        }
        let horizon = now.as_secs().saturating_add(not_before);
        if let Some(from) = nbf.filter(|nbf| nbf.as_secs() > horizon) {
            return Err(VerifyError::NotYetValid { from, now });
        }
        if let Some(at) = iat.filter(|iat| iat.as_secs() > horizon) {
            return Err(VerifyError::IssuedInFuture { at, now });
        }
        Ok(())
    }
}
