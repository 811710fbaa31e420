//! API keys: made once, shown once, checked by machines that are no accounts.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::model::{ApiKey, ApiKeyId, ApiScope, DisplayName, TokenSecret};
use crate::ports::{ApiKeyStore, Clock, Entropy, EntropyUnavailable, StoreError, random};

/// Secret scanners find a leaked key by this.
const PREFIX: &str = "jak_";

/// Makes, lists, revokes and checks API keys.
pub struct ApiKeys {
    pub(crate) keys: Arc<dyn ApiKeyStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The text of a new API key: `jak_` and base64url of its id and its 32 secret bytes. Shown once, zeroed on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ApiKeyText(String);

impl ApiKeyText {
    /// The text, for its owner alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyText(…)")
    }
}

/// Why a request with an API key was refused, or a key not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// It is no API key of this server, or was revoked.
    #[error("the API key is not valid, or was revoked")]
    Invalid,
    /// It is a key, but not for this.
    #[error("the API key lacks the scope `{0}`")]
    MissingScope(ApiScope),
    /// There is no key with this id that could be revoked.
    #[error("there is no such API key, or it was revoked already")]
    NotFound,
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl ApiKeys {
    /// Makes a key. Its text is in no store and cannot be shown again.
    pub async fn create(&self, name: &DisplayName, scopes: Vec<ApiScope>) -> Result<(ApiKey, ApiKeyText), ApiKeyError> {
        let now = self.clock.now();
        let id = ApiKeyId::new(now, random(&*self.entropy)?);
        let secret = TokenSecret::from_bytes(random(&*self.entropy)?);
        let bytes = Zeroizing::new([id.as_uuid().as_bytes().as_slice(), secret.as_bytes()].concat());
        let text = ApiKeyText(format!("{PREFIX}{}", *Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes))));
        let key = ApiKey {
            id,
            name: name.as_str().to_owned(),
            secret_hash: secret.hash(),
            scopes,
            created_at: now,
            revoked_at: None,
        };
        self.keys.add(key.clone()).await?;
        Ok((key, text))
    }

    /// The key of this text, if it may be used for `scope`.
    ///
    /// # Errors
    /// [`ApiKeyError::Invalid`] for everything that is no live key, [`ApiKeyError::MissingScope`] for one that is.
    pub async fn authenticate(&self, text: &str, scope: ApiScope) -> Result<ApiKey, ApiKeyError> {
        let (id, secret) = parse(text).ok_or(ApiKeyError::Invalid)?;
        let found = self.keys.get(id).await?;
        let live = found.filter(|key| key.secret_hash == secret.hash() && key.revoked_at.is_none());
        let key = live.ok_or(ApiKeyError::Invalid)?;
        if key.scopes.contains(&scope) { Ok(key) } else { Err(ApiKeyError::MissingScope(scope)) }
    }

    /// Every key, newest first.
    pub async fn list(&self) -> Result<Vec<ApiKey>, ApiKeyError> {
        Ok(self.keys.list().await?)
    }

    /// Revokes a key at once.
    ///
    /// # Errors
    /// [`ApiKeyError::NotFound`] when there is none that could be revoked.
    pub async fn revoke(&self, id: ApiKeyId) -> Result<(), ApiKeyError> {
        if self.keys.revoke(id, self.clock.now()).await? { Ok(()) } else { Err(ApiKeyError::NotFound) }
    }
}

fn parse(text: &str) -> Option<(ApiKeyId, TokenSecret)> {
    let mut bytes = Zeroizing::new([0; 48]);
    let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == 64)?;
    URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes).ok()?;
    let (id, secret) = bytes.split_first_chunk::<16>()?;
    Some((ApiKeyId::from_uuid(Uuid::from_bytes(*id)), TokenSecret::from_bytes(secret.try_into().ok()?)))
}
