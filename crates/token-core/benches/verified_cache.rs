//! What a request costs whose token has verified before, with the checks of time and revocation; and one whose token has not.

mod table;
mod token;

use std::{cell::Cell, hint::black_box, sync::Arc};

use criterion::Criterion;
use table::{Row, Table, in_turn};
use token::{AUDIENCE, ISSUER, NOW, grant};
use token_core::{
    Algorithm, Audience, Issuer, KeySet, NoClaims, RevocationSet, Rules, SigningKey, VerifiedCache, Verifier,
};
use uuid::Uuid;

/// Tokens in the cache, sessions in the revocation set.
const TOKENS: u128 = 10_000;
const REVOKED: u64 = 100_000;

#[expect(clippy::unwrap_used, reason = "a bench that cannot sign has nothing to measure")]
fn measure(criterion: &mut Criterion, algorithm: Algorithm) -> [Row; 3] {
    let issuer = Issuer::new(SigningKey::generate(algorithm).unwrap(), ISSUER.into(), Audience::new(AUDIENCE), 900);
    let keys = Arc::new(KeySet::new([issuer.verification_key()]));
    let verifier = Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE));
    let revoked = RevocationSet::new();
    for n in 1..=REVOKED {
        let id = Uuid::from_u64_pair(n.wrapping_mul(0x2545_f491_4f6c_dd1d), n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        revoked.revoke_session(id, NOW.saturating_add_secs(900));
    }
    let tokens: Vec<String> = (0..TOKENS).map(|n| issuer.issue(grant(n), NOW).unwrap().into_string()).collect();
    let capacity = tokens.len();
    let cache = VerifiedCache::new(capacity, [7; 32]);
    let ask = |cache: &VerifiedCache, token: &str| {
        drop(black_box(verifier.verify_cached::<NoClaims>(black_box(token), NOW, &revoked, cache).unwrap()));
    };
    let kept = allocation_counter::measure(|| tokens.iter().for_each(|token| ask(&cache, token)));
    println!(
        "{} tokens in the cache take {} bytes each",
        cache.len(),
        kept.bytes_current / i64::try_from(capacity).unwrap()
    );

    let one = tokens.first().unwrap();
    let turn = Cell::new(0_usize);
    let next = || {
        turn.set((turn.get() + 7) % capacity);
        tokens.get(turn.get()).unwrap()
    };
    // One in ten thousand of them may have been pushed out, by the cache's own division into parts.
    let hit_one = || ask(&cache, one);
    let hit_any = || ask(&cache, next());
    let small = VerifiedCache::new(1, [7; 32]);
    let miss = || ask(&small, next());
    let uncached = || drop(black_box(verifier.verify_unrevoked::<NoClaims>(black_box(next()), NOW, &revoked).unwrap()));
    for (name, way) in [("hit", &hit_one as &dyn Fn()), ("miss", &miss), ("uncached", &uncached)] {
        criterion.bench_function(&format!("verify cached/{algorithm}/{name}"), |bencher| bencher.iter(way));
    }
    hit_one();
    let allocations = allocation_counter::measure(|| (0..1_000).for_each(|_| hit_one())).count_total;
    let [hit_ns, any_ns, miss_ns, uncached_ns] = in_turn([&hit_one, &hit_any, &miss, &uncached]);
    let hit = |operation: String, ours_ns| Row { operation, ours_ns, target_ns: Some(300.0), ..Row::default() };
    [
        Row { allocations: Some(allocations), ..hit(format!("verify cached/{algorithm}/hit"), hit_ns) },
        hit(format!("verify cached/{algorithm}/hit of 10^4"), any_ns),
        Row::beside(format!("verify cached/{algorithm}/miss"), miss_ns, "verify uncached", uncached_ns),
    ]
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = Table::new("verified_cache");
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        table.rows.extend(measure(&mut criterion, algorithm));
    }
    criterion.final_summary();
    table.finish();
}
