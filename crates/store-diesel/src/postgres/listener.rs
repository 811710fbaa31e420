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
use tokio_postgres::AsyncMessage;

use crate::error::OpenError;
use crate::news::News;
use crate::servers::Servers;
use crate::url::Address;

/// The pauses between attempts to connect.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
/// How long one of them may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Listens from the first question on, until it is closed or dropped.
pub(super) struct Listener {
    servers: Arc<Servers>,
    news: Arc<News>,
    task: Mutex<Task>,
}

enum Task {
    NotAsked,
    Listens(AbortHandle),
    Closed,
}

impl Listener {
    pub(super) fn new(address: &Address) -> Result<Self, OpenError> {
        let mut address = address.clone();
        // It only ever waits, so nothing but these tells that the server is gone.
        let config = address.config.keepalives(true).keepalives_idle(Duration::from_secs(15));
        config.keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
        let servers = Arc::new(Servers::new(&address)?);
        Ok(Self { servers, news: Arc::default(), task: Mutex::new(Task::NotAsked) })
    }

    /// Resolves when there may be new entries.
    pub(super) async fn changed(&self) {
        self.start();
        self.news.changed().await;
    }

    fn start(&self) {
        // A pooler would hand the notifications to whoever has the connection then, which is nobody who listens.
        if self.servers.is_pooled() {
            return;
        }
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*task, Task::NotAsked) {
            let listening = tokio::spawn(listen(Arc::clone(&self.servers), Arc::clone(&self.news)));
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
async fn listen(servers: Arc<Servers>, news: Arc<News>) {
    let mut pause = SHORTEST;
    loop {
        let mut listened = false;
        let Err(error) = listen_once(&servers, &news, &mut listened).await;
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
    #[error("PostgreSQL cannot be reached: {0}")]
    NotConnected(String),
    #[error(transparent)]
    Failed(#[from] tokio_postgres::Error),
    #[error("the server closed the connection")]
    Closed,
}

async fn listen_once(servers: &Servers, news: &News, listened: &mut bool) -> Result<Infallible, CutOff> {
    let (client, mut connection) = servers.connect(CONNECT).await.map_err(CutOff::NotConnected)?;
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
