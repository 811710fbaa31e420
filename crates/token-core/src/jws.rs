//! Signed objects in compact form (RFC 7515): form, header and signature, without any rule about claims.

use crate::{
    VerificationKey, VerifyError, strict,
    verify_error::Part::{self, Header as InHeader, Payload, Signature},
};
use serde_json::{Map, Value};
use std::fmt;

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = 8 * 1024;

/// A signed object whose form and header are sound, and whose signature nobody has verified yet.
///
/// [`Verifier`](crate::Verifier) stands on it. Use it alone only for objects that are not tokens: it checks neither
/// `typ` nor claims nor times.
///
/// ```
/// use token_core::{Jws, VerificationKey};
/// // RFC 8037 appendix A.4
/// let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
///             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// let payload = Jws::read(text)?.verify(&VerificationKey::from_jwk(key)?)?;
/// assert_eq!(payload, b"Example of Ed25519 signing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Jws<'a> {
    header: JwsHeader,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What a header says, unverified (RFC 7515 §4.1). Other members are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwsHeader {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
}

impl JwsHeader {
    /// `alg` as it stands there; it is never used to choose an algorithm.
    #[must_use]
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// `typ`, the kind of object.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `kid`, the name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    fn read(bytes: &[u8]) -> Result<Self, VerifyError> {
        let members = strict::object(bytes).map_err(|reason| VerifyError::json(InHeader, reason))?;
        if members.contains_key("crit") {
            return Err(VerifyError::CriticalHeader);
        }
        if members.contains_key("b64") {
            return Err(VerifyError::UnencodedPayload);
        }
        if members.contains_key("zip") {
            return Err(VerifyError::Compressed);
        }
        // RFC 7515 would let a reader ignore these. A token that brings its own key is an attack or a
        // misunderstanding, and refusing it tells the operator so.
        if let Some(name) = ["jku", "jwk", "x5u", "x5c"].into_iter().find(|name| members.contains_key(*name)) {
            return Err(VerifyError::EmbeddedKey(name));
        }
        Ok(Self {
            alg: string(&members, "alg")?.ok_or(VerifyError::HeaderMember("alg"))?,
            typ: string(&members, "typ")?,
            kid: string(&members, "kid")?,
        })
    }
}

fn string(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, VerifyError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(VerifyError::HeaderMember(name)),
    }
}

impl<'a> Jws<'a> {
    /// Reads the compact form, strictly, before any cryptography.
    ///
    /// Refused are: more than [`MAX_TOKEN_LEN`] bytes; anything but three parts of canonical base64url, of which
    /// only the payload may be empty; a header that is not a JSON object of unique members; `crit`, `b64`, `zip`; `jku`, `jwk`, `x5u`, `x5c`.
    ///
    /// # Errors
    /// [`VerifyError`], saying which.
    pub fn read(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(VerifyError::TooLong { length: token.len() });
        }
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            return Err(VerifyError::NotAJwt);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::NotAJwt)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::NotAJwt)?;
        if payload.contains('.') {
            return Err(VerifyError::NotAJwt);
        }
        let header = JwsHeader::read(&decode(InHeader, header)?)?;
        let payload = strict::base64url(payload).map_err(|_| VerifyError::Base64(Payload))?;
        let signature = decode(Signature, signature)?;
        Ok(Self { header, signed, payload, signature })
    }

    /// Whether there is a payload at all. An empty one may be meant, or travel apart from the token (RFC 7515
    /// appendix F), which is not supported: the signature then is not good.
    #[must_use]
    pub const fn has_payload(&self) -> bool {
        !self.payload.is_empty()
    }

    /// What the header says, unverified.
    #[must_use]
    pub const fn header(&self) -> &JwsHeader {
        &self.header
    }

    /// Verifies the signature with a key of the caller's choice and gives the payload out.
    ///
    /// # Errors
    /// [`VerifyError::AlgorithmMismatch`] unless `alg` is exactly the key's algorithm, so `none` never passes;
    /// [`VerifyError::Signature`] when the signature is not good.
    pub fn verify(self, key: &VerificationKey) -> Result<Vec<u8>, VerifyError> {
        if self.header.alg != key.algorithm().name() {
            return Err(VerifyError::AlgorithmMismatch);
        }
        key.verify(self.signed.as_bytes(), &self.signature)?;
        Ok(self.payload)
    }
}

impl fmt::Debug for Jws<'_> {
    /// The header only: payload and signature together would be a token that works.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws").field("header", &self.header).finish_non_exhaustive()
    }
}

fn decode(part: Part, text: &str) -> Result<Vec<u8>, VerifyError> {
    if text.is_empty() {
        return Err(VerifyError::EmptyPart(part));
    }
    strict::base64url(text).map_err(|_| VerifyError::Base64(part))
}
