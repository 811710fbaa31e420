//! Password hashing on threads that give way: hundreds of logins at once keep every core busy, and answers to everybody else
//! are not to wait for them.

use std::sync::Arc;
use std::thread;

use auth_domain::credential::{Argon2Settings, Argon2id};
use auth_domain::ports::Entropy;

use crate::failure::{Doing as _, Failure};
use crate::operations::HashingTimes;

/// How nice they are: a tenth of the weight of the other threads, which they hold up no longer than a switch takes.
const NICE: i32 = 10;

/// Starts the threads.
pub(crate) fn start(settings: Argon2Settings, entropy: Arc<dyn Entropy>) -> Result<Argon2id, Failure> {
    // On Linux a thread has a priority of its own, and those that it starts begin with it.
    let starter = thread::Builder::new().name("argon2id".to_owned()).spawn(move || {
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "password hashing runs at the priority of everything else");
        }
        Argon2id::start_watched(settings, entropy, Arc::new(HashingTimes::begin()))
    });
    let ended = || Failure::new("the thread that starts password hashing ended");
    starter.doing("start password hashing")?.join().map_err(|_| ended())?.doing("start password hashing")
}
