//! What the pure part of a refresh costs: reading a token and its tag, the successor, writing the successor, and the ruling on
//! what did not move its session.

#[path = "../../token-core/benches/table/mod.rs"]
mod table;

use std::hint::black_box;
use std::time::Duration;

use auth_domain::model::{
    AccountId, DeviceClass, EventId, Nonce, Presenter, RefreshPolicy, SessionFacts, SessionId, SessionRecord,
    Timestamp, TokenSecret,
};
use auth_domain::refresh::{Attempt, MasterKey, PresentedToken, RefreshToken, RotationKeys, classify};
use aws_lc_rs::hmac;
use criterion::Criterion;
use table::{Row, Table, in_turn};
use uuid::Uuid;

const ROTATED: Timestamp = Timestamp::from_secs(1_000_000);
/// Bytes that the tag is over, with its label; and those that a successor is made of, with theirs.
const TAGGED: usize = 20 + 54;
const CHAINED: usize = 21 + 16 + 4 + 32 + 32;

/// An operation, and what it is held against.
type Compared<'a> = (&'a str, &'a dyn Fn(), &'a dyn Fn());

fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(1))
}

fn presented(generation: u32) -> PresentedToken {
    let [.., n] = generation.to_be_bytes();
    PresentedToken { session: session(), generation, secret: TokenSecret::from_bytes([n; 32]) }
}

/// A row at generation 5, made from the token of generation 4.
fn row(successor: &TokenSecret, nonce: Nonce) -> SessionRecord {
    SessionRecord {
        facts: SessionFacts {
            session: session(),
            account: AccountId::from_uuid(Uuid::from_u128(2)),
            generation: 5,
            client_id: "jeton".to_owned(),
            scope: "account".to_owned(),
            auth_time: ROTATED,
            amr: vec!["pwd".to_owned()],
            roles: Vec::new(),
            idle_expires_at: ROTATED.plus(Duration::from_secs(1_000)),
            expires_at: ROTATED.plus(Duration::from_secs(2_000)),
        },
        token_hash: successor.hash(),
        nonce: Some(nonce),
        key_id: 1,
        attempt_hash: None,
        rotated_at: ROTATED,
        late_retries: 0,
        late_generation: None,
        device_name: None,
        device_class: DeviceClass::Web,
        presenter: Presenter::new("192.0.2.1".parse().ok(), Some("first")),
        created_at: ROTATED,
        last_used_at: ROTATED,
        ended: None,
        account_disabled: false,
    }
}

#[expect(clippy::unwrap_used, reason = "a bench without keys has nothing to measure")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = Table::new("refresh");
    let keys = RotationKeys::new(1, [MasterKey::new(1, [1; 32])]).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
    let mac = |bytes: &[u8]| _ = black_box(hmac::sign(&key, black_box(bytes)));
    let (of_tag, of_successor) = (|| mac(&[0; TAGGED]), || mac(&[0; CHAINED]));

    let before = presented(4);
    let token = RefreshToken::seal_presented(&keys, 1, &before).unwrap();
    let nonce = Nonce::from_bytes([9; 32]);
    let read = || _ = black_box(PresentedToken::parse(&keys, black_box(token.expose())).unwrap());
    let written = || _ = black_box(RefreshToken::seal_presented(&keys, 1, black_box(&before)).unwrap());
    let next = || keys.successor(1, session(), 5, black_box(&nonce), black_box(&before.secret)).unwrap();
    let successor = || _ = black_box(next());

    let row = row(&next(), nonce.clone());
    let attempt = Attempt {
        key: None,
        presenter: Presenter::new("203.0.113.9".parse().ok(), Some("second")),
        now: ROTATED.plus(Duration::from_secs(1)),
        tokens_until: ROTATED.plus(Duration::from_secs(5_000)),
        event: EventId::from_uuid(Uuid::from_u128(3)),
    };
    let policy = RefreshPolicy::default();
    let older = presented(2);
    let ruling =
        |token: &PresentedToken| _ = black_box(classify(Some(&row), black_box(token), &attempt, &keys, &policy));
    let (retry, replay) = (|| ruling(&before), || ruling(&older));

    let ways: [Compared<'_>; 5] = [
        ("refresh token/read and tag", &read, &of_tag),
        ("refresh token/write and tag", &written, &of_tag),
        ("refresh token/successor", &successor, &of_successor),
        ("classify/retry", &retry, &of_successor),
        ("classify/replay", &replay, &of_successor),
    ];
    for (operation, ours, bare) in ways {
        criterion.bench_function(operation, |bencher| bencher.iter(ours));
        let [ours_ns, bare_ns] = in_turn([ours, bare]);
        table.rows.push(Row::beside(operation, ours_ns, "bare HMAC", bare_ns));
    }
    criterion.final_summary();
    table.finish();
}
