//! Signed objects in compact form (RFC 7515): form, header and signature, without any rule about claims.

use crate::{
    Algorithm, TokenType, VerificationKey, VerifyError,
    strict::{self, Decoded, Places, Shallow},
    verify_error::Part::{self, Header as InHeader, Payload, Signature},
};
use serde_json::json;
use std::{borrow::Cow, fmt};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = 8 * 1024;

/// Bytes of a header that are decoded without the heap.
pub(crate) const HEADER_ROOM: usize = 384;

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
}

/// The three parts of a token in compact form, still encoded.
pub(crate) struct Compact<'a> {
    token: &'a str,
    /// What the signature is over: header, dot, payload.
    pub(crate) signed: &'a str,
    pub(crate) header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Parts a token at its first and its last dot, unless it is too long. A dot between them is no base64url, and found so.
    #[inline]
    pub(crate) fn split(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(VerifyError::TooLong { length: token.len() });
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::NotAJwt)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::NotAJwt)?;
        Ok(Self { token, signed, header, payload, signature })
    }

    /// Reads the header: the first step.
    pub(crate) fn read_header<'b, const N: usize>(&self, room: &'b mut Decoded<N>) -> Result<Header<'b>, VerifyError> {
        let bytes = self.decode(InHeader, self.header, room)?;
        Header::read(bytes).map_err(|error| self.or_no_jwt(error))
    }

    /// Decodes the payload, which may be empty: the second step.
    #[inline]
    pub(crate) fn decode_payload<'b, const N: usize>(&self, room: &'b mut Decoded<N>) -> Result<&'b [u8], VerifyError> {
        room.decode(self.payload).map_err(|_| self.or_no_jwt(VerifyError::Base64(Payload)))
    }

    /// Decodes the signature: the third step.
    #[inline]
    pub(crate) fn decode_signature<'b, const N: usize>(
        &self,
        room: &'b mut Decoded<N>,
    ) -> Result<&'b [u8], VerifyError> {
        self.decode(Signature, self.signature, room)
    }

    #[inline]
    fn decode<'b, const N: usize>(
        &self,
        part: Part,
        text: &str,
        room: &'b mut Decoded<N>,
    ) -> Result<&'b [u8], VerifyError> {
        if text.is_empty() {
            return Err(self.or_no_jwt(VerifyError::EmptyPart(part)));
        }
        room.decode(text).map_err(|_| self.or_no_jwt(VerifyError::Base64(part)))
    }

    /// What is no base64url may be no JWT at all: one bad character anywhere, or a third dot, says so, and is only looked
    /// for then.
    #[cold]
    fn or_no_jwt(&self, error: VerifyError) -> VerifyError {
        let is_of_jwt = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if self.payload.contains('.') || !self.token.bytes().all(is_of_jwt) { VerifyError::NotAJwt } else { error }
    }
}

/// The members of a header that are of use, borrowed from it where they have no escapes.
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) kid: Option<Cow<'a, str>>,
}

#[derive(Default)]
struct HeaderMembers<'a> {
    alg: Option<Shallow<'a>>,
    typ: Option<Shallow<'a>>,
    kid: Option<Shallow<'a>>,
    crit: Option<Shallow<'a>>,
    b64: Option<Shallow<'a>>,
    zip: Option<Shallow<'a>>,
    embedded: [Option<Shallow<'a>>; EMBEDDED_KEYS.len()],
}

impl<'a> Places<'a> for HeaderMembers<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Option<Shallow<'a>>> {
        match name {
            "alg" => Some(&mut self.alg),
            "typ" => Some(&mut self.typ),
            "kid" => Some(&mut self.kid),
            "crit" => Some(&mut self.crit),
            "b64" => Some(&mut self.b64),
            "zip" => Some(&mut self.zip),
            _ => EMBEDDED_KEYS.iter().zip(&mut self.embedded).find(|(key, _)| **key == name).map(|(_, place)| place),
        }
    }
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, VerifyError> {
        let mut found = HeaderMembers::default();
        strict::members(bytes, &mut found, None).map_err(|reason| VerifyError::json(InHeader, reason))?;
        if found.crit.is_some() {
            return Err(VerifyError::CriticalHeader);
        }
        if found.b64.is_some() {
            return Err(VerifyError::UnencodedPayload);
        }
        if found.zip.is_some() {
            return Err(VerifyError::Compressed);
        }
        // RFC 7515 would let a reader ignore these. A token that brings its own key is an attack or a
        // misunderstanding, and refusing it tells the operator so.
        if let Some((name, _)) = EMBEDDED_KEYS.into_iter().zip(found.embedded).find(|(_, found)| found.is_some()) {
            return Err(VerifyError::EmbeddedKey(name));
        }
        Ok(Self {
            alg: string(found.alg, "alg")?.ok_or(VerifyError::HeaderMember("alg"))?,
            typ: string(found.typ, "typ")?,
            kid: string(found.kid, "kid")?,
        })
    }

    fn into_owned(self) -> JwsHeader {
        JwsHeader { alg: self.alg.into_owned(), typ: self.typ.map(Cow::into_owned), kid: self.kid.map(Cow::into_owned) }
    }

    /// The header of a token of this kind that this key signs, encoded: the one text that [`Issuer`](crate::Issuer) writes.
    pub(crate) fn encoded(typ: &TokenType, algorithm: Algorithm, kid: &str) -> String {
        let header = json!({"typ": typ.name(), "alg": algorithm.name(), "kid": kid});
        strict::to_base64url(header.to_string().as_bytes())
    }
}

/// Members that would bring a key along (RFC 7515 §4.1.2, §4.1.3, §4.1.5, §4.1.6).
const EMBEDDED_KEYS: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];

fn string<'a>(value: Option<Shallow<'a>>, name: &'static str) -> Result<Option<Cow<'a, str>>, VerifyError> {
    match value {
        None => Ok(None),
        Some(Shallow::Text(text)) => Ok(Some(text)),
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
        let parts = Compact::split(token)?;
        let header = parts.read_header(&mut Decoded::<HEADER_ROOM>::new())?.into_owned();
        let payload = parts.decode_payload(&mut Decoded::<0>::new())?.to_vec();
        let signature = parts.decode_signature(&mut Decoded::<0>::new())?.to_vec();
        Ok(Self { header, signed: parts.signed, payload, signature })
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
