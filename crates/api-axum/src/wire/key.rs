//! Signing keys on the wire: what they are and where they are in their life, and nothing of what they hold.

use auth_domain::model::{KeyChanged, KeyPolicy, StoredKey};
use serde::Serialize;

/// A signing key.
#[derive(Serialize)]
struct KeyBody {
    kid: String,
    algorithm: String,
    state: &'static str,
    created_at: String,
    /// When every verifier has seen it, so that it may sign.
    ready_at: String,
    since: Option<String>,
    until: Option<String>,
    /// The id of the master key that seals it; `null` once there is nothing left to seal.
    sealed_under: Option<u8>,
}

/// Every signing key, oldest first.
#[derive(Serialize)]
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
