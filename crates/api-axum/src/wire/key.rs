//! Signing keys on the wire: what they are and where they are in their life, and nothing of what they hold.

use auth_domain::model::{KeyChanged, KeyPolicy, StoredKey};
use serde::Serialize;
use utoipa::ToSchema;

/// A signing key.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
struct KeyBody {
    #[schema(examples("k7Yb2nQe"))]
    kid: String,
    #[schema(examples("EdDSA"))]
    algorithm: String,
    /// `next`, `active`, `retired` or `revoked`.
    #[schema(value_type = String, examples("active"))]
    state: &'static str,
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    created_at: String,
    /// When every verifier has seen it, so that it may sign.
    #[schema(format = DateTime, examples("2026-11-28T09:30:00Z"))]
    ready_at: String,
    /// Since when it is in this state.
    #[schema(required, format = DateTime, examples("2026-11-28T09:30:00Z"))]
    since: Option<String>,
    /// Until when it is published, where that is known.
    #[schema(required, format = DateTime)]
    until: Option<String>,
    /// The id of the master key that seals it; `null` once there is nothing left to seal.
    #[schema(required, examples(1))]
    sealed_under: Option<u8>,
}

/// Every signing key, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKeys)]
pub(crate) struct KeysBody {
    keys: Vec<KeyBody>,
    /// What a forced change broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    overruled: Option<String>,
}

impl KeysBody {
    pub(crate) fn new(keys: Vec<StoredKey>, policy: &KeyPolicy) -> Self {
        let body = |key: StoredKey| KeyBody {
            state: key.state.as_str(),
            created_at: key.created_at.to_string(),
            ready_at: policy.ready_at(&key).to_string(),
            since: key.state.since().map(|time| time.to_string()),
            until: key.state.until().map(|time| time.to_string()),
            sealed_under: (!key.sealed.is_empty()).then_some(key.key_id),
            kid: key.kid,
            algorithm: key.algorithm,
        };
        Self { keys: keys.into_iter().map(body).collect(), overruled: None }
    }

    /// The keys after a change.
    pub(crate) fn changed(changed: KeyChanged, policy: &KeyPolicy) -> Self {
        let overruled = changed.change.overruled.map(|refused| refused.to_string());
        Self { overruled, ..Self::new(changed.keys, policy) }
    }
}
