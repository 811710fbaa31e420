//! Wakes those who follow the feed.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// That there may be something new. News that comes while nobody waits is kept for the next who asks.
#[derive(Default)]
pub(crate) struct News {
    kept: AtomicBool,
    waiting: Notify,
}

impl News {
    /// Wakes everyone who waits.
    pub(crate) fn tell(&self) {
        self.kept.store(true, Ordering::SeqCst);
        self.waiting.notify_waiters();
    }

    /// Resolves at the next news, or at once when there was some that nobody has asked for.
    pub(crate) async fn changed(&self) {
        // Counts as waiting from here on, so that nothing falls between the question and the wait.
        let next = self.waiting.notified();
        if !self.kept.swap(false, Ordering::SeqCst) {
            next.await;
            self.kept.store(false, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    async fn wakes(news: &News) -> bool {
        tokio::time::timeout(Duration::from_millis(50), news.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn news_is_kept_for_who_comes_later_and_told_once() {
        let news = News::default();
        assert!(!wakes(&news).await);
        news.tell();
        news.tell();
        assert!(wakes(&news).await);
        assert!(!wakes(&news).await);
    }

    #[tokio::test]
    async fn everyone_who_waits_is_woken() {
        let news = Arc::new(News::default());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let news = Arc::clone(&news);
                tokio::spawn(async move { news.changed().await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        news.tell();
        for waiting in waiting {
            tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
        }
        assert!(!wakes(&news).await);
    }
}
