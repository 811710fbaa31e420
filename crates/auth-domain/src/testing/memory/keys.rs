//! Signing keys and retired master keys in memory.

use async_trait::async_trait;

use super::{MemoryStores, State};
use crate::model::{KeyChanged, KeyRefused, RetiredMasterKey, RevocationKind, StoredKey};
use crate::ports::{KeyJudge, KeyStore, StoreError};

#[async_trait]
impl KeyStore for MemoryStores {
    async fn list(&self) -> Result<Vec<StoredKey>, StoreError> {
        Ok(self.state().signing_keys())
    }

    async fn change(&self, judge: KeyJudge) -> Result<Result<KeyChanged, KeyRefused>, StoreError> {
        let mut state = self.state();
        let change = match judge(&state.signing_keys()) {
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        let replaced = |kid: &String| change.remove.contains(kid) || change.put.iter().any(|put| put.kid == *kid);
        state.keys.retain(|key| !replaced(&key.kid));
        state.keys.extend(change.put.iter().cloned());
        state.retired_masters.retain(|id, _| !change.forget.contains(id));
        state.retired_masters.extend(change.keep.iter().map(|master| (master.id, master.clone())));
        let revoked = change.revoke.map(|key| state.revoke(RevocationKind::Key(key.thumbprint), key.now, key.until));
        Ok(Ok(KeyChanged { keys: state.signing_keys(), change, revocations: revoked.into_iter().collect() }))
    }

    async fn retired_masters(&self) -> Result<Vec<RetiredMasterKey>, StoreError> {
        Ok(self.state().retired_masters.values().cloned().collect())
    }
}

impl State {
    fn signing_keys(&self) -> Vec<StoredKey> {
        let mut keys = self.keys.clone();
        keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        keys
    }
}
