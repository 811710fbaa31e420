//! argon2id (RFC 9106) behind the hashing port, on threads of its own.
//!
//! A thread is the permit: it hashes one password at a time, in memory that it keeps, and no request that goes away makes
//! room for another. As many jobs wait as the queue is long; beyond that the answer is [`HashError::Busy`]. Hashes that other
//! software made are verified on the same threads.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::{ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Params, Version};
use async_trait::async_trait;
use futures_channel::oneshot;
use tracing::Instrument as _;

use super::stored_hash::{
    MOST_ITERATIONS, MOST_MEMORY_KIB, MOST_PARALLELISM, Memory, StoredHash, argon2_allowed, hash_into,
};
use crate::model::{Password, PasswordHash};
use crate::ports::{Entropy, HashError, HashingLoad, PasswordHasher, Verdict, random};

/// How expensive a hash is, and how many are made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Settings {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashes at once.
    pub threads: NonZeroUsize,
    /// Jobs that may wait.
    pub queue: usize,
}

/// OWASP's minimum: 19 MiB, 2 passes, 1 lane; two at once, 256 waiting.
impl Default for Argon2Settings {
    fn default() -> Self {
        let threads = const { NonZeroUsize::new(2).unwrap() };
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1, threads, queue: 256 }
    }
}

/// Why the settings were refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidArgon2Settings {
    /// Below OWASP's minimum.
    #[error("argon2id with {memory_kib} KiB and {iterations} iterations is too weak; use at least 19456 KiB and 2")]
    TooWeak {
        /// Memory of one hash, in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        iterations: u32,
    },
    /// Beyond what a stored hash may ask for.
    #[error("argon2id is limited to {MOST_MEMORY_KIB} KiB, {MOST_ITERATIONS} iterations and {MOST_PARALLELISM} lanes")]
    TooStrong,
    /// Not a combination that argon2 knows.
    #[error("these argon2id parameters do not fit together: {0}")]
    Impossible(String),
    /// The threads could not be started.
    #[error("the threads for password hashing could not be started: {0}")]
    Threads(#[from] std::io::Error),
}

/// Measures how long jobs wait and take. What it gives is a reading of its own clock, which comes back to it.
pub trait HashingWatch: Send + Sync + 'static {
    /// A job begins to wait.
    fn queued(&self) -> Duration;
    /// The job that began to wait then is taken up.
    fn begun(&self, queued: Duration) -> Duration;
    /// The job that was taken up then is done.
    fn done(&self, begun: Duration);
}

/// Measures nothing.
struct Unwatched;

impl HashingWatch for Unwatched {
    fn queued(&self) -> Duration {
        Duration::ZERO
    }

    fn begun(&self, _queued: Duration) -> Duration {
        Duration::ZERO
    }

    fn done(&self, _begun: Duration) {}
}

/// The hashing port on argon2id.
pub struct Argon2id {
    jobs: SyncSender<Job>,
    params: Params,
    entropy: Arc<dyn Entropy>,
    state: Arc<State>,
    threads: usize,
    queue: usize,
}

/// What the threads and those who wait for them count.
struct State {
    waiting: AtomicUsize,
    running: AtomicUsize,
    watch: Arc<dyn HashingWatch>,
}

/// What a thread does with its memory.
type Job = Box<dyn FnOnce(&mut Memory) + Send>;

impl Argon2id {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the settings are weaker than OWASP's minimum, impossible, or beyond what a stored hash may ask for.
    pub fn start(settings: Argon2Settings, entropy: Arc<dyn Entropy>) -> Result<Self, InvalidArgon2Settings> {
        Self::start_watched(settings, entropy, Arc::new(Unwatched))
    }

    /// Starts the threads, and has their work measured.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_watched(
        settings: Argon2Settings,
        entropy: Arc<dyn Entropy>,
        watch: Arc<dyn HashingWatch>,
    ) -> Result<Self, InvalidArgon2Settings> {
        let Argon2Settings { memory_kib, iterations, parallelism, threads, queue } = settings;
        if memory_kib < 19_456 || iterations < 2 {
            return Err(InvalidArgon2Settings::TooWeak { memory_kib, iterations });
        }
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .map_err(|error| InvalidArgon2Settings::Impossible(error.to_string()))?;
        if !argon2_allowed(&params) {
            return Err(InvalidArgon2Settings::TooStrong);
        }
        let (sender, jobs) = sync_channel(queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for n in 0..threads.get() {
            let (jobs, memory) = (Arc::clone(&jobs), Memory::for_hashes_under(&params));
            thread::Builder::new().name(format!("argon2id-{n}")).spawn(move || work(&jobs, memory))?;
        }
        let state = Arc::new(State { waiting: AtomicUsize::new(0), running: AtomicUsize::new(0), watch });
        Ok(Self { jobs: sender, params, entropy, state, threads: threads.get(), queue })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, answer) = oneshot::channel();
        let state = Arc::clone(&self.state);
        let queued = state.watch.queued();
        let job: Job = Box::new(move |memory| {
            state.waiting.fetch_sub(1, Ordering::Relaxed);
            if !reply.is_canceled() {
                state.running.fetch_add(1, Ordering::Relaxed);
                let begun = state.watch.begun(queued);
                let outcome = work(memory);
                state.watch.done(begun);
                state.running.fetch_sub(1, Ordering::Relaxed);
                // The caller may go away meanwhile; the outcome is then nobody's.
                let _ = reply.send(outcome);
            }
        });
        // Before it is sent: a thread may take it up at once.
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|error| {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => HashError::Busy,
                TrySendError::Disconnected(_) => HashError::Failed("its threads have ended".to_owned()),
            }
        })?;
        let answer = answer.instrument(tracing::debug_span!(target: "step", "hash")).await;
        answer.unwrap_or_else(|_| Err(HashError::Failed("its thread has ended".to_owned())))
    }

    async fn compute(&self, password: Password, salt: Salt) -> Result<Phc, HashError> {
        let params = self.params.clone();
        let text = ParamsString::try_from(&params).map_err(|error| HashError::Failed(error.to_string()))?;
        let hash = self.run(move |memory| hash_into(memory, &password, Algorithm::Argon2id, &salt, &params)).await?;
        Ok(Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: text,
            salt: Some(salt),
            hash: Some(hash),
        })
    }
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        let salt: [u8; 16] = random(&*self.entropy).map_err(|error| HashError::Failed(error.to_string()))?;
        let salt = Salt::new(&salt).map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(PasswordHash::new(self.compute(password, salt).await?.to_string()))
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError> {
        let Some(hash) = hash else {
            let salt = Salt::new(&[0; 16]).map_err(|error| HashError::Failed(error.to_string()))?;
            self.compute(password, salt).await?;
            return Ok(Verdict::Differs);
        };
        let stored = StoredHash::parse(hash.expose()).map_err(|why| HashError::Unusable(why.to_string()))?;
        let rehash = !matches!(&stored, StoredHash::Argon2(hash) if hash.is_at_least(&self.params));
        let matches = self.run(move |memory| stored.verify(&password, memory)).await?;
        Ok(if matches { Verdict::Matches { rehash } } else { Verdict::Differs })
    }

    fn load(&self) -> HashingLoad {
        HashingLoad {
            running: self.state.running.load(Ordering::Relaxed),
            threads: self.threads,
            waiting: self.state.waiting.load(Ordering::Relaxed),
            queue: self.queue,
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, mut memory: Memory) {
    loop {
        // The lock is held while waiting: one idle thread waits for the queue, the others for the lock.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(&mut memory);
        memory.shrink();
    }
}
