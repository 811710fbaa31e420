//! Makes access tokens.

use crate::{
    Audience, Claims, MAX_TOKEN_LEN, NoClaims, REGISTERED_CLAIMS, SigningKey, TokenType, UnixTime, VerificationKey,
    strict,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use signature::Signer;
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Issues access tokens (RFC 9068) for one issuer and audience with one key.
#[derive(Debug)]
pub struct Issuer {
    key: SigningKey,
    iss: String,
    audience: Audience,
    ttl_secs: u64,
    /// The encoded header and its dot, the same for every token of the key.
    header: String,
}

/// What one token is to say.
#[derive(Clone, Debug)]
pub struct Grant<X = NoClaims> {
    /// The account, `sub`.
    pub subject: Uuid,
    /// The session, `sid`.
    pub session: Uuid,
    /// The token's own id, `jti`: a fresh one each time.
    pub token_id: Uuid,
    /// The client, `client_id`.
    pub client_id: String,
    /// What it allows, parted by spaces.
    pub scope: String,
    /// When the user last proved who he is.
    pub auth_time: UnixTime,
    /// How he proved it (RFC 8176).
    pub amr: Vec<String>,
    /// The account's roles.
    pub roles: Vec<String>,
    /// The embedder's own claims: a struct or map, flattened beside the others; [`NoClaims`] for none.
    pub extra: X,
}

/// Why no token was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A claim of the embedder's has the name of a registered claim.
    #[error("the application's claim {0:?} has the name of a registered claim: rename it")]
    ReservedClaim(String),
    /// The embedder's claims do not serialise as a JSON object.
    #[error("the application's claims must be a struct or a map with text keys: {0}")]
    NotAnObject(String),
    /// The token would be longer than any verifier reads.
    #[error("the token would have {length} bytes, and verifiers read no more than 8192: put less into it")]
    TooLong {
        /// Bytes it would have.
        length: usize,
    },
    /// The cryptographic library could not sign.
    #[error("the cryptographic library could not sign")]
    Signing,
}

impl Issuer {
    /// An issuer of tokens that live `ttl_secs` seconds.
    #[must_use]
    pub fn new(key: SigningKey, issuer: String, audience: Audience, ttl_secs: u64) -> Self {
        let header = json!({
            "typ": TokenType::AccessToken.name(),
            "alg": key.algorithm().name(),
            "kid": key.kid(),
        });
        let header = strict::to_base64url(header.to_string().as_bytes()) + ".";
        Self { key, iss: issuer, audience, ttl_secs, header }
    }

    /// Issues one token at the time `now`.
    ///
    /// # Errors
    /// [`IssueError`] when the embedder's claims collide with registered ones or are no object, the token would be too
    /// long to be read, or signing failed.
    pub fn issue<X: Serialize>(&self, grant: Grant<X>, now: UnixTime) -> Result<AccessToken, IssueError> {
        let expires_at = now.saturating_add_secs(self.ttl_secs);
        let claims = Claims {
            iss: self.iss.clone(),
            sub: grant.subject,
            aud: self.audience.clone(),
            exp: expires_at,
            iat: now,
            nbf: None,
            jti: grant.token_id,
            client_id: grant.client_id,
            scope: grant.scope,
            sid: grant.session,
            auth_time: grant.auth_time,
            amr: grant.amr,
            roles: grant.roles,
            extra: extra_members(&grant.extra)?,
        };
        let payload = serde_json::to_vec(&claims).map_err(|error| IssueError::NotAnObject(error.to_string()))?;
        let token = self.sign(&payload)?;
        Ok(AccessToken { token, expires_at, expires_in: expires_at.as_secs().saturating_sub(now.as_secs()) })
    }

    fn sign(&self, payload: &[u8]) -> Result<Zeroizing<String>, IssueError> {
        let payload = strict::to_base64url(payload);
        // Room for the longest signature, so that the token is never moved and no copy of it stays behind.
        let mut token = Zeroizing::new(String::with_capacity(self.header.len() + payload.len() + 1024));
        token.push_str(&self.header);
        token.push_str(&payload);
        let signature = self.key.try_sign(token.as_bytes()).map_err(|_| IssueError::Signing)?;
        token.push('.');
        token.push_str(&strict::to_base64url(&signature));
        if token.len() > MAX_TOKEN_LEN { Err(IssueError::TooLong { length: token.len() }) } else { Ok(token) }
    }

    /// What stands in `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.iss
    }

    /// What stands in `aud`.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// How long a token lives, in seconds.
    #[must_use]
    pub const fn ttl(&self) -> u64 {
        self.ttl_secs
    }

    /// The key's name, which stands in every token's `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.key.kid()
    }

    /// The key that verifies the tokens.
    #[must_use]
    pub fn verification_key(&self) -> VerificationKey {
        self.key.verification_key()
    }
}

/// The embedder's claims as members, none of them with a registered name.
fn extra_members<X: Serialize>(extra: &X) -> Result<Map<String, Value>, IssueError> {
    let members = match serde_json::to_value(extra) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(IssueError::NotAnObject("it is another kind of value".to_owned())),
        Err(error) => return Err(IssueError::NotAnObject(error.to_string())),
    };
    match members.keys().find(|name| REGISTERED_CLAIMS.contains(&name.as_str())) {
        Some(name) => Err(IssueError::ReservedClaim(name.clone())),
        None => Ok(members),
    }
}

/// An issued token. `Debug` hides it, and its memory is wiped when it is dropped.
pub struct AccessToken {
    token: Zeroizing<String>,
    expires_at: UnixTime,
    expires_in: u64,
}

impl AccessToken {
    /// The token's text, to be sent and never logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.token
    }

    /// Takes the text out. From then on its memory is the caller's to guard.
    #[must_use]
    pub fn into_string(mut self) -> String {
        std::mem::take(&mut *self.token)
    }

    /// From then on it is refused.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// How long it lives from its issue on, in seconds (RFC 6749 §5.1).
    #[must_use]
    pub const fn expires_in(&self) -> u64 {
        self.expires_in
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
