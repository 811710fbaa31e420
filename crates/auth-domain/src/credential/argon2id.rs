//! argon2id (RFC 9106) behind the hashing port, on threads of its own.
//!
//! A thread is the permit: it hashes one password at a time, in memory that it keeps, and no request that goes away makes
//! room for another. As many jobs wait as the queue is long; beyond that the answer is [`HashError::Busy`].

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use futures_channel::oneshot;
use subtle::ConstantTimeEq;

use crate::model::{Password, PasswordHash};
use crate::ports::{Entropy, HashError, PasswordHasher, Verdict, random};

/// Most memory, passes and lanes that a stored hash may ask for, so that a hostile row cannot exhaust the server.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_ITERATIONS: u32 = 16;
const MOST_PARALLELISM: u32 = 16;

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

/// The hashing port on argon2id.
pub struct Argon2id {
    queue: SyncSender<Job>,
    params: Params,
    entropy: Arc<dyn Entropy>,
}

struct Job {
    password: Password,
    salt: Salt,
    params: Params,
    reply: oneshot::Sender<Result<Output, HashError>>,
}

impl Argon2id {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the settings are weaker than OWASP's minimum, impossible, or beyond what a stored hash may ask for.
    pub fn start(settings: Argon2Settings, entropy: Arc<dyn Entropy>) -> Result<Self, InvalidArgon2Settings> {
        let Argon2Settings { memory_kib, iterations, parallelism, threads, queue } = settings;
        if memory_kib < 19_456 || iterations < 2 {
            return Err(InvalidArgon2Settings::TooWeak { memory_kib, iterations });
        }
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .map_err(|error| InvalidArgon2Settings::Impossible(error.to_string()))?;
        if !allowed(&params) {
            return Err(InvalidArgon2Settings::TooStrong);
        }
        let (queue, jobs) = sync_channel(queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for n in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("argon2id-{n}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, params, entropy })
    }

    async fn run(&self, password: Password, salt: Salt, params: Params) -> Result<Output, HashError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job { password, salt, params, reply }).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy,
            TrySendError::Disconnected(_) => HashError::Failed("its threads have ended".to_owned()),
        })?;
        answer.await.unwrap_or_else(|_| Err(HashError::Failed("its thread has ended".to_owned())))
    }
}

#[async_trait]
impl PasswordHasher for Argon2id {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        let salt: [u8; 16] = random(&*self.entropy).map_err(|error| HashError::Failed(error.to_string()))?;
        let salt = Salt::new(&salt).map_err(|error| HashError::Failed(error.to_string()))?;
        let output = self.run(password, salt, self.params.clone()).await?;
        let params = ParamsString::try_from(&self.params).map_err(|error| HashError::Failed(error.to_string()))?;
        let phc = Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(PasswordHash::new(phc.to_string()))
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError> {
        let (salt, params, expected) = if let Some(hash) = hash {
            let (salt, params, expected) = read(&hash)?;
            (salt, params, Some(expected))
        } else {
            let salt = Salt::new(&[0; 16]).map_err(|error| HashError::Failed(error.to_string()))?;
            (salt, self.params.clone(), None)
        };
        let output = self.run(password, salt, params).await?;
        let matches = expected.is_some_and(|expected| expected.as_bytes().ct_eq(output.as_bytes()).into());
        Ok(if matches { Verdict::Matches } else { Verdict::Differs })
    }
}

fn allowed(params: &Params) -> bool {
    params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_ITERATIONS && params.p_cost() <= MOST_PARALLELISM
}

fn read(hash: &PasswordHash) -> Result<(Salt, Params, Output), HashError> {
    let unusable = |why: &str| HashError::Unusable(why.to_owned());
    let phc = Phc::new(hash.expose()).map_err(|_| unusable("it is not a PHC string"))?;
    if phc.algorithm != Algorithm::Argon2id.ident() || phc.version != Some(Version::V0x13.into()) {
        return Err(unusable("it is not argon2id version 19"));
    }
    let params = Params::try_from(&phc).map_err(|_| unusable("its parameters are not argon2's"))?;
    if !allowed(&params) {
        return Err(unusable("it asks for more than this server allows"));
    }
    match (phc.salt, phc.hash) {
        (Some(salt), Some(output)) => Ok((salt, params, output)),
        _ => Err(unusable("it has no salt or no output")),
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    let mut memory: Vec<Block> = Vec::new();
    loop {
        // The lock is held while waiting: one idle thread waits for the queue, the others for the lock.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { password, salt, params, reply }) = job else { return };
        if reply.is_canceled() {
            continue;
        }
        let blocks = params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let output = memory.get_mut(..blocks).ok_or_else(|| HashError::Failed("no memory".to_owned()));
        let output = output.and_then(|memory| hash_into(memory, &password, &salt, params));
        // The caller may have gone away; the hash is then nobody's.
        let _ = reply.send(output);
    }
}

fn hash_into(memory: &mut [Block], password: &Password, salt: &Salt, params: Params) -> Result<Output, HashError> {
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut buffer = zeroize::Zeroizing::new([0; Output::MAX_LENGTH]);
    let out = buffer.get_mut(..length).ok_or_else(|| HashError::Unusable("its output is too long".to_owned()))?;
    argon2
        .hash_password_into_with_memory(password.expose(), salt, out, memory)
        .map_err(|error| HashError::Failed(error.to_string()))?;
    Output::new(out).map_err(|error| HashError::Failed(error.to_string()))
}
