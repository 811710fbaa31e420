//! Looks after the signing keys while the server runs, on a thread of its own: making an RSA key takes seconds.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use auth_domain::model::{KeyState, StoredKey};
use auth_domain::signing::Keys;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::background::Trouble;
use crate::operations::Work;

/// The longest time between two looks at the keys.
const TEND_EVERY: Duration = Duration::from_secs(5);
/// How long a stop waits for a key that is being made.
const LONGEST_STEP: Duration = Duration::from_secs(10);

/// The thread, as others see it.
pub(crate) struct KeyKeeper {
    keys: Arc<Keys>,
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<()>,
}

enum Order {
    Tend,
    Stop,
}

impl KeyKeeper {
    /// Begins. `known` are the keys as they were before this server started. Needs a tokio runtime.
    pub(crate) fn start(keys: Arc<Keys>, known: Vec<StoredKey>) -> io::Result<Self> {
        let (orders, heard) = mpsc::channel();
        let (ending, ended) = watch::channel(());
        let (runtime, kept) = (Handle::current(), Arc::clone(&keys));
        thread::Builder::new().name("signing-keys".to_owned()).spawn(move || {
            let _ending = ending;
            keep(&runtime, &kept, &heard, known);
        })?;
        Ok(Self { keys, orders, ended })
    }

    /// Has the keys looked after at once if the feed has just told that the one that signs here was revoked elsewhere.
    pub(crate) fn hear_news(&self) {
        if self.keys.signs_in_vain() {
            // Without its thread this server ends anyway.
            let _ = self.orders.send(Order::Tend);
        }
    }

    /// Ends the thread after the step that it is in.
    pub(crate) async fn stop(&self) {
        let _ = self.orders.send(Order::Stop);
        let mut ended = self.ended.clone();
        // Nothing is ever sent: the channel closes with the thread.
        let _ = timeout(LONGEST_STEP, ended.changed()).await;
    }
}

fn keep(runtime: &Handle, keys: &Keys, orders: &mpsc::Receiver<Order>, mut known: Vec<StoredKey>) {
    // A server that has not read the keys for the margin does not sign.
    let every = TEND_EVERY.min(keys.policy().margin / 4);
    let mut trouble = Trouble::of(Work::Keys, "the signing keys cannot be looked after");
    loop {
        let listed = runtime.block_on(keys.list());
        if !trouble.note(&listed)
            && let Ok(listed) = listed
        {
            tell(&known, &listed);
            known = listed;
        }
        loop {
            match orders.recv_timeout(every) {
                Ok(Order::Tend) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let tended = runtime.block_on(keys.tend());
            trouble.note(&tended);
            if matches!(tended, Ok(true)) {
                break;
            }
        }
    }
}

/// A line for each key that is not what it was.
fn tell(before: &[StoredKey], after: &[StoredKey]) {
    let find = |keys: &[StoredKey], kid: &str| keys.iter().find(|key| key.kid == kid).map(|key| key.state);
    for StoredKey { kid, algorithm, state, .. } in after {
        let old = find(before, kid);
        if old.is_none() {
            tracing::info!(kid, algorithm, "a new signing key is published");
        }
        if old.map(KeyState::as_str) == Some(state.as_str()) {
            continue;
        }
        match state {
            KeyState::Next => {}
            KeyState::Active { .. } => tracing::info!(kid, algorithm, "a signing key signs from now on"),
            KeyState::Retired { until, .. } => tracing::info!(kid, %until, "a signing key is retired"),
            KeyState::Revoked { .. } => tracing::warn!(kid, "a signing key was revoked: its tokens are refused"),
        }
    }
    for StoredKey { kid, .. } in before.iter().filter(|key| find(after, &key.kid).is_none()) {
        tracing::info!(kid, "a signing key is gone");
    }
}
