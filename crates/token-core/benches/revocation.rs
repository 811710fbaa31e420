//! What it costs to ask a set of a million revocations, from one thread and from two at once.

#[expect(dead_code, reason = "a revocation check is held against nothing")]
mod table;

use std::cell::Cell;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use criterion::Criterion;
use table::{Row, Table, in_turn};
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

fn check(criterion: &mut Criterion, table: &mut Table) {
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
    let turn = Cell::new(0);
    let next = |from: u64| {
        turn.set((turn.get() + 1) % 1_000_000);
        id(from + turn.get())
    };
    let other = || _ = black_box(set.is_revoked(black_box(next(2_000_000)), Uuid::nil(), NOW));
    let revoked = || _ = black_box(set.is_revoked(black_box(next(1)), Uuid::nil(), NOW));
    let [other_ns, revoked_ns] = in_turn([&other, &revoked]);
    let row = |operation: &str, ours_ns| Row { operation: operation.into(), ours_ns, ..Row::default() };
    table.rows.push(row("revocation check/not revoked", other_ns));
    table.rows.push(row("revocation check/revoked", revoked_ns));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = Table::new("revocation");
    check(&mut criterion, &mut table);
    criterion.final_summary();
    table.finish();
}
