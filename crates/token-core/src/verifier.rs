//! The one place that decides whether an access token is good.

use crate::{
    Audience, Claims, KeySet, RevocationSet, UnixTime, VerificationKey, VerifiedCache, VerifyError,
    claim_reader::Bounds,
    jws::{Compact, HEADER_ROOM, Header},
    strict::{self, Decoded},
    verify_error::Part,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{borrow::Cow, sync::Arc};

/// Verifies access tokens: strictly, without a look-up, at a time that the caller gives.
///
/// In this order: length, form, encoding, header (all as in [`Jws::read`](crate::Jws::read)), `typ`, `kid`, `alg`,
/// signature, then the claims. Nothing of a token is used before its signature is good, save `kid` to find the key.
///
/// A header that is, byte for byte, the one that [`Issuer`](crate::Issuer) writes with a trusted key needs no reading: what
/// it says is known. Any other is read, and rules alike.
///
/// A good token may still belong to an ended session: ask a [`RevocationSet`](crate::RevocationSet) too.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Arc<KeySet>,
    rules: Rules,
}

/// Bytes of a payload, and of a signature, that are decoded without the heap.
const PAYLOAD_ROOM: usize = 768;
const SIGNATURE_ROOM: usize = 516;

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
        self.decide(token, now, |_| false).map(|(claims, _)| claims)
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
        self.decide_unrevoked(token, now, revocations).map(|(claims, _)| claims)
    }

    /// Verifies a token as [`verify_unrevoked`](Self::verify_unrevoked) does, without its cryptography where `cache` holds it.
    ///
    /// What is remembered is only that the signature was good and what the claims said. The key, the claims, the times and
    /// the revocations are checked again each time, and whatever does not pass is decided about as if there were no cache.
    ///
    /// # Errors
    /// [`VerifyError`], the same as without the cache.
    pub fn verify_cached<X: DeserializeOwned + Send + Sync + 'static>(
        &self,
        token: &str,
        now: UnixTime,
        revocations: &RevocationSet,
        cache: &VerifiedCache,
    ) -> Result<Arc<Claims<X>>, VerifyError> {
        let is_access_token = self.rules.typ == TokenType::AccessToken;
        let Some(place) = cache.place_of::<X>(token).filter(|_| is_access_token) else {
            return self.verify_unrevoked(token, now, revocations).map(Arc::new);
        };
        if let Some((claims, identity)) = place.get() {
            if self.keys.find(&identity).is_some_and(|key| self.still_passes(&claims, key, now, revocations)) {
                return Ok(claims);
            }
            place.forget();
        }
        let (claims, key) = self.decide_unrevoked(token, now, revocations)?;
        let claims = Arc::new(claims);
        place.keep(Arc::clone(&claims), key.identity());
        Ok(claims)
    }

    /// Whether claims that this key has signed pass everything but the cryptography.
    #[inline]
    fn still_passes<X>(
        &self,
        claims: &Claims<X>,
        key: &VerificationKey,
        now: UnixTime,
        revoked: &RevocationSet,
    ) -> bool {
        self.check_claims(claims, now).is_ok()
            && !revoked.is_key_revoked(key.kid())
            && !revoked.is_revoked(claims.sid, claims.sub, claims.iat)
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
        let mut room = Decoded::<PAYLOAD_ROOM>::new();
        let (payload, _) = self.payload(token, &mut room, |_| false)?;
        let Bounds { iss, aud, exp, nbf, iat } = Bounds::read(payload)?;
        self.check(&iss, &aud, exp, nbf, iat, now)?;
        strict::object(payload).map_err(|reason| VerifyError::json(Part::Payload, reason))
    }

    #[inline]
    fn decide<X: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
        is_key_revoked: impl Fn(&str) -> bool,
    ) -> Result<(Claims<X>, &VerificationKey), VerifyError> {
        let mut room = Decoded::<PAYLOAD_ROOM>::new();
        let (payload, key) = self.payload(token, &mut room, is_key_revoked)?;
        let claims = Claims::read(payload)?;
        self.check_claims(&claims, now)?;
        Ok((claims, key))
    }

    #[inline]
    fn decide_unrevoked<X: DeserializeOwned>(
        &self,
        token: &str,
        now: UnixTime,
        revocations: &RevocationSet,
    ) -> Result<(Claims<X>, &VerificationKey), VerifyError> {
        let (claims, key): (Claims<X>, _) = self.decide(token, now, |kid| revocations.is_key_revoked(kid))?;
        if revocations.is_revoked(claims.sid, claims.sub, claims.iat) {
            return Err(VerifyError::Revoked);
        }
        Ok((claims, key))
    }

    /// The payload of a token of the right kind with a good signature, and the key that made it.
    #[inline]
    fn payload<'room>(
        &self,
        token: &str,
        room: &'room mut Decoded<PAYLOAD_ROOM>,
        is_key_revoked: impl Fn(&str) -> bool,
    ) -> Result<(&'room [u8], &VerificationKey), VerifyError> {
        let parts = Compact::split(token)?;
        let mut header_room;
        let known = if let Some(key) = self.known_header(parts.header) {
            Ok(key)
        } else {
            header_room = Decoded::<HEADER_ROOM>::new();
            Err(parts.read_header(&mut header_room)?)
        };
        let payload = parts.decode_payload(room)?;
        let mut signature_room = Decoded::<SIGNATURE_ROOM>::new();
        let signature = parts.decode_signature(&mut signature_room)?;
        if payload.is_empty() {
            return Err(VerifyError::EmptyPart(Part::Payload));
        }
        let key = match known {
            Ok(key) if is_key_revoked(key.kid()) => return Err(VerifyError::Revoked),
            Ok(key) => key,
            Err(header) => self.key_of(&header, is_key_revoked)?,
        };
        key.verify(parts.signed.as_bytes(), signature)?;
        Ok((payload, key))
    }

    /// The key of a header that need not be read: it is exactly what the key's own issuer writes, so `typ`, `kid` and
    /// `alg` are right, and nothing else is in it.
    #[inline]
    fn known_header(&self, encoded: &str) -> Option<&VerificationKey> {
        match self.rules.typ {
            TokenType::AccessToken => self.keys.by_header(encoded),
            TokenType::Other(_) => None,
        }
    }

    /// The key that a header names, if it is of the right kind and the key's algorithm stands in it.
    fn key_of(
        &self,
        header: &Header<'_>,
        is_key_revoked: impl Fn(&str) -> bool,
    ) -> Result<&VerificationKey, VerifyError> {
        let expected = &self.rules.typ;
        if !header.typ.as_ref().is_some_and(|typ| expected.accepts(typ)) {
            return Err(VerifyError::WrongType { expected: expected.to_name() });
        }
        let kid = header.kid.as_ref().ok_or(VerifyError::HeaderMember("kid"))?;
        let key = self.keys.get(kid).ok_or(VerifyError::UnknownKey)?;
        if is_key_revoked(kid) {
            return Err(VerifyError::Revoked);
        }
        if header.alg != key.algorithm().name() {
            return Err(VerifyError::AlgorithmMismatch);
        }
        Ok(key)
    }

    fn check_claims<X>(&self, claims: &Claims<X>, now: UnixTime) -> Result<(), VerifyError> {
        self.check(&claims.iss, &claims.aud, claims.exp, claims.nbf, Some(claims.iat), now)
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
