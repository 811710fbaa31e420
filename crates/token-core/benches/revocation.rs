//! What it costs to ask a set of a million revocations, from one thread and from two at once.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use token_core::{RevocationSet, UnixTime};
use uuid::Uuid;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Spread as random identifiers are.
fn id(n: u64) -> Uuid {
    Uuid::from_u64_pair(n.wrapping_mul(0x2545_f491_4f6c_dd1d), n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Asks `times` times, about sessions from `from` on.
fn ask(set: &RevocationSet, from: u64, times: u64) {
    for n in from..from + times {
        black_box(set.is_revoked(black_box(id(n)), Uuid::nil(), NOW));
    }
}

fn check(criterion: &mut Criterion) {
    let set = RevocationSet::new();
    for n in 1..=1_000_000 {
        set.revoke_session(id(n), NOW.saturating_add_secs(900));
    }
    println!("a million entries take {} KiB", set.memory_bytes() / 1024);
    let mut group = criterion.benchmark_group("revocation check, a million entries");
    group.bench_function("not revoked, one thread", |bencher| {
        bencher.iter_custom(|times| {
            let started = Instant::now();
            ask(&set, 2_000_000, times);
            started.elapsed()
        });
    });
    group.bench_function("revoked, one thread", |bencher| {
        bencher.iter_custom(|times| {
            let started = Instant::now();
            for n in 0..times {
                black_box(set.is_revoked(black_box(id(n % 1_000_000 + 1)), Uuid::nil(), NOW));
            }
            started.elapsed()
        });
    });
    group.bench_function("not revoked, each of two threads", |bencher| {
        bencher.iter_custom(|times| {
            let started = Instant::now();
            thread::scope(|scope| {
                scope.spawn(|| ask(&set, 2_000_000, times));
                scope.spawn(|| ask(&set, 900_000_000, times));
            });
            started.elapsed()
        });
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
