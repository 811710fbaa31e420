//! Makes access tokens.

use crate::{
    Audience, MAX_TOKEN_LEN, NoClaims, REGISTERED_CLAIMS, SigningKey, TokenType, UnixTime, VerificationKey,
    jws::Header, strict,
};
use serde::Serialize;
use serde_json::{Map, Value};
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

/// [`Claims`](crate::Claims) as they are written, borrowed from where they are.
#[derive(Serialize)]
struct WrittenClaims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a Audience,
    exp: UnixTime,
    iat: UnixTime,
    jti: Uuid,
    client_id: &'a str,
    scope: &'a str,
    sid: Uuid,
    auth_time: UnixTime,
    amr: &'a [String],
    roles: &'a [String],
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

/// More bytes than the payload of most tokens has.
const ORDINARY_PAYLOAD: usize = 640;

/// The characters of a signature by the longest RSA key that is taken (8192 bits), and its dot.
const LONGEST_SIGNATURE: usize = 1368;

impl Issuer {
    /// An issuer of tokens that live `ttl_secs` seconds.
    #[must_use]
    pub fn new(key: SigningKey, issuer: String, audience: Audience, ttl_secs: u64) -> Self {
        let header = Header::encoded(&TokenType::AccessToken, key.algorithm(), key.kid()) + ".";
        Self { key, iss: issuer, audience, ttl_secs, header }
    }

    /// Issues one token at the time `now`.
    ///
    /// # Errors
    /// [`IssueError`] when the embedder's claims collide with registered ones or are no object, the token would be too
    /// long to be read, or signing failed.
    pub fn issue<X: Serialize>(&self, grant: Grant<X>, now: UnixTime) -> Result<AccessToken, IssueError> {
        self.issue_to(&self.audience, grant, now)
    }

    /// Issues one token at the time `now` that is meant for this audience, and not for the issuer's own.
    ///
    /// # Errors
    /// [`IssueError`], as [`issue`](Self::issue).
    #[expect(clippy::needless_pass_by_value, reason = "a grant is for one token")]
    pub fn issue_to<X: Serialize>(
        &self,
        audience: &Audience,
        grant: Grant<X>,
        now: UnixTime,
    ) -> Result<AccessToken, IssueError> {
        let expires_at = now.saturating_add_secs(self.ttl_secs);
        let claims = WrittenClaims {
            iss: &self.iss,
            sub: grant.subject,
            aud: audience,
            exp: expires_at,
            iat: now,
            jti: grant.token_id,
            client_id: &grant.client_id,
            scope: &grant.scope,
            sid: grant.session,
            auth_time: grant.auth_time,
            amr: &grant.amr,
            roles: &grant.roles,
            extra: &ExtraClaims::new(&grant.extra)?.0,
        };
        let mut payload = Vec::with_capacity(ORDINARY_PAYLOAD);
        serde_json::to_writer(&mut payload, &claims).map_err(|error| IssueError::NotAnObject(error.to_string()))?;
        let token = self.sign(&payload)?;
        Ok(AccessToken { token, expires_at, expires_in: expires_at.as_secs().saturating_sub(now.as_secs()) })
    }

    fn sign(&self, payload: &[u8]) -> Result<Zeroizing<String>, IssueError> {
        // Room for the longest signature, so that the token is never moved and no copy of it stays behind.
        let room = self.header.len() + payload.len().div_ceil(3) * 4 + LONGEST_SIGNATURE;
        let mut token = Zeroizing::new(String::with_capacity(room));
        token.push_str(&self.header);
        strict::push_base64url(payload, &mut token);
        let signature = self.key.sign_with(token.as_bytes(), strict::to_base64url).map_err(|_| IssueError::Signing)?;
        token.push('.');
        token.push_str(&signature);
        if token.len() > MAX_TOKEN_LEN { Err(IssueError::TooLong { length: token.len() }) } else { Ok(token) }
    }

    /// What stands in `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.iss
    }

    /// What stands in `aud`, unless a token is issued to another audience.
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

/// Claims of the embedder's own that an issuer takes: an object, none of whose members has the name of a registered claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ExtraClaims(Map<String, Value>);

impl ExtraClaims {
    /// The members of a struct, or of a map with text keys.
    ///
    /// # Errors
    /// [`IssueError::NotAnObject`] and [`IssueError::ReservedClaim`].
    pub fn new<X: Serialize>(claims: &X) -> Result<Self, IssueError> {
        let members = match serde_json::to_value(claims) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(IssueError::NotAnObject("it is another kind of value".to_owned())),
            Err(error) => return Err(IssueError::NotAnObject(error.to_string())),
        };
        match members.keys().find(|name| REGISTERED_CLAIMS.contains(&name.as_str())) {
            Some(name) => Err(IssueError::ReservedClaim(name.clone())),
            None => Ok(Self(members)),
        }
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
