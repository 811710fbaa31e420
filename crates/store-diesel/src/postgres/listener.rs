//! Hears of new entries of the feed, from whichever node writes them.
//!
//! A connection of its own, since a pooled one is not free to wait. What it misses while it is cut off costs nothing but
//! time: whoever follows the feed polls besides.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Config, NoTls};

use super::connection;
use crate::news::News;

/// The pauses between attempts to connect.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Listens from the first question on, until it is closed or dropped.
pub(super) struct Listener {
    config: Config,
    news: Arc<News>,
    task: Mutex<Task>,
}

enum Task {
    NotAsked,
    Listens(AbortHandle),
    Closed,
}

impl Listener {
    pub(super) fn new(config: &Config) -> Self {
        let mut config = connection::with_defaults(config.clone());
        // It only ever waits, so nothing but these tells that the server is gone.
        config.keepalives(true).keepalives_idle(Duration::from_secs(15)).keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3).connect_timeout(Duration::from_secs(5));
        Self { config, news: Arc::default(), task: Mutex::new(Task::NotAsked) }
    }

    /// Resolves when there may be new entries.
    pub(super) async fn changed(&self) {
        self.start();
        self.news.changed().await;
    }

    fn start(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*task, Task::NotAsked) {
            let listening = tokio::spawn(listen(self.config.clone(), Arc::clone(&self.news)));
            *task = Task::Listens(listening.abort_handle());
        }
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Task::Listens(listening) = std::mem::replace(&mut *task, Task::Closed) {
            listening.abort();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

/// Listens, and connects anew whenever it was cut off.
async fn listen(config: Config, news: Arc<News>) {
    let mut pause = SHORTEST;
    loop {
        let mut listened = false;
        let Err(error) = listen_once(&config, &news, &mut listened).await;
        if listened {
            pause = SHORTEST;
        }
        tracing::warn!(%error, pause_ms = pause.as_millis(), "no notifications of revocations: the feed is polled alone");
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST);
    }
}

#[derive(Debug, thiserror::Error)]
enum CutOff {
    #[error(transparent)]
    Failed(#[from] tokio_postgres::Error),
    #[error("the server closed the connection")]
    Closed,
}

async fn listen_once(config: &Config, news: &News, listened: &mut bool) -> Result<Infallible, CutOff> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut listening = pin!(client.batch_execute("LISTEN jeton_revocations"));
    loop {
        tokio::select! {
            done = &mut listening, if !*listened => {
                done?;
                *listened = true;
                // Something may have come before.
                news.tell();
            }
            message = poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => news.tell(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(CutOff::Closed),
            },
        }
    }
}
