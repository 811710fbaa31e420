//! The bare argon2id hash with the server's default parameters, in memory that is kept.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::drive::Pace;
use crate::figures::Run;
use crate::outcome::{Outcome, Trouble};

/// The defaults of `password.memory_kib`, `password.iterations` and `password.parallelism`.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Hashes on so many threads at once.
pub(crate) fn hashes(threads: usize, pace: Pace) -> Outcome<Run> {
    let (from, until) = (Instant::now() + pace.warm_up, Instant::now() + pace.warm_up + pace.length);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(move || work(from, until, pace))).collect();
        let mut all = Run::of(pace.length);
        for worker in workers {
            all.add(&worker.join().map_err(|_| Trouble::from("a hashing thread ended"))??);
        }
        Ok(all)
    })
}

fn work(from: Instant, until: Instant, pace: Pace) -> Outcome<Run> {
    let params = Params::new(COST.0, COST.1, COST.2, Some(32)).map_err(|error| error.to_string())?;
    let mut memory = vec![Block::default(); params.block_count()];
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut run = Run::of(pace.length);
    let mut out = [0_u8; 32];
    loop {
        let began = Instant::now();
        if began >= until {
            return Ok(run);
        }
        hasher
            .hash_password_into_with_memory(black_box(b"correct horse battery staple"), &[7; 16], &mut out, &mut memory)
            .map_err(|error| error.to_string())?;
        black_box(&out);
        let ended = Instant::now();
        if ended >= from && ended < until {
            run.took(ended - began);
        }
    }
}
