//! The feed, the events and API keys in memory.

use async_trait::async_trait;

use super::MemoryStores;
use crate::model::{ApiKey, ApiKeyId, EventQuery, Revocation, SecurityEvent, Timestamp};
use crate::ports::{ApiKeyStore, EventStore, RevocationStore, StoreError};

#[async_trait]
impl RevocationStore for MemoryStores {
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        Ok(self.state().revocations.iter().filter(|entry| entry.expires_at > now).copied().collect())
    }

    async fn after(&self, reached: i64, missing: &[(i64, i64)]) -> Result<Vec<Revocation>, StoreError> {
        let asked = |seq: i64| seq > reached || missing.iter().any(|(start, end)| (*start..=*end).contains(&seq));
        Ok(self.state().revocations.iter().filter(|entry| asked(entry.seq)).copied().collect())
    }
}

#[async_trait]
impl EventStore for MemoryStores {
    async fn page(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, StoreError> {
        let mut events = self.state().events.clone();
        events.retain(|event| query.account.is_none_or(|account| event.account == account));
        events.retain(|event| query.before.is_none_or(|before| event.id < before));
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        events.truncate(query.limit as usize);
        Ok(events)
    }
}

#[async_trait]
impl ApiKeyStore for MemoryStores {
    async fn add(&self, key: ApiKey) -> Result<(), StoreError> {
        self.state().api_keys.push(key);
        Ok(())
    }

    async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.state().api_keys.iter().find(|key| key.id == id).cloned())
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        let mut keys = self.state().api_keys.clone();
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn revoke(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let key = state.api_keys.iter_mut().find(|key| key.id == id && key.revoked_at.is_none());
        Ok(key.map(|key| key.revoked_at = Some(now)).is_some())
    }
}
