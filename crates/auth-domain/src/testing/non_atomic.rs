//! A store that checks first and writes later, as many do. The contract suite must refuse it: a test of the test.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;

use super::MemoryStores;
use crate::model::{
    AccountId, Advance, DisplayName, EndSessions, Ending, Judge, NewSession, Opened, Ruling, SessionFacts, SessionId,
    SessionLimit, SessionRecord, Timestamp,
};
use crate::ports::{Reauthenticate, SessionStore, StoreError, Stores};

/// [`MemoryStores`], with a gap between check and act in `open` and `advance`.
pub struct NonAtomicStores(Arc<MemoryStores>);

impl NonAtomicStores {
    /// An empty one, as the storage ports.
    #[must_use]
    pub fn stores() -> Stores {
        let memory = MemoryStores::new();
        Stores { sessions: Arc::new(Self(Arc::clone(&memory))), ..memory.stores() }
    }
}

/// Lets others run once.
struct Gap(bool);

impl Future for Gap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[async_trait]
impl SessionStore for NonAtomicStores {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        let room = self.0.state().room(&new, limit);
        Gap(false).await;
        match room {
            Ok(evict) => Ok(self.0.state().insert(new, &evict)),
            Err(refused) => Ok(*refused),
        }
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        let fits = self.0.state().fits(&step);
        Gap(false).await;
        Ok(if fits { self.0.state().apply(step) } else { None })
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        self.0.settle(session, judge).await
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        self.0.end(end).await
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        SessionStore::list(&*self.0, account, now).await
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        SessionStore::get(&*self.0, session).await
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        self.0.reauthenticate(again).await
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        SessionStore::rename(&*self.0, account, session, name).await
    }
}
