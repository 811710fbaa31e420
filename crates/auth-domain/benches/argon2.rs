//! What hashing and checking a password costs through the port, on its threads, beside the bare hash of the argon2 crate in
//! memory that is kept.

#[path = "../../token-core/benches/table/mod.rs"]
mod table;

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use auth_domain::credential::{Argon2Settings, Argon2id};
use auth_domain::model::Password;
use auth_domain::ports::{PasswordHasher, Verdict};
use auth_domain::testing::SeededEntropy;
use criterion::Criterion;
use table::{Row, Table, in_turn};

const PASSWORD: &str = "correct horse battery staple";

/// The most that the port may cost beside the bare hash.
const TARGET: f64 = 1.05;

#[expect(clippy::unwrap_used, reason = "a bench that cannot hash has nothing to measure")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut table = Table::new("argon2");
    let settings = Argon2Settings::default();
    let hasher = Argon2id::start(settings, Arc::new(SeededEntropy::new(1))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

    let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, None).unwrap();
    let memory = RefCell::new(vec![Block::default(); params.block_count()]);
    let bare_hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let bare = || {
        let mut hash = [0; 32];
        let mut memory = memory.borrow_mut();
        let password = black_box(PASSWORD.as_bytes());
        bare_hasher.hash_password_into_with_memory(password, &[7; 16], &mut hash, &mut *memory).unwrap();
        black_box(hash);
    };
    let password = || Password::new(PASSWORD).unwrap();
    let stored = runtime.block_on(hasher.hash(password())).unwrap();
    let hash = || drop(black_box(runtime.block_on(hasher.hash(password())).unwrap()));
    let verify = || {
        let verdict = runtime.block_on(hasher.verify(password(), Some(stored.clone()))).unwrap();
        assert!(matches!(verdict, Verdict::Matches { .. }));
    };

    let ways: [(&str, &dyn Fn()); 2] = [("argon2/hash", &hash), ("argon2/login", &verify)];
    let mut group = criterion.benchmark_group("argon2, 19 MiB, 2 passes");
    group.measurement_time(Duration::from_secs(2));
    group.bench_function("bare", |bencher| bencher.iter(bare));
    for (operation, ours) in ways {
        group.bench_function(operation, |bencher| bencher.iter(ours));
        let [ours_ns, bare_ns] = in_turn([ours, &bare]);
        table.rows.push(Row { target: Some(TARGET), ..Row::beside(operation, ours_ns, "bare argon2id hash", bare_ns) });
    }
    group.finish();
    criterion.final_summary();
    table.finish();
}
