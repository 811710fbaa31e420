//! The table of (row, presented, attempt, now) and the ruling on it.

use std::time::Duration;

use auth_domain::model::{
    AccountId, Actor, AttemptHash, DeviceClass, EndReason, EndTarget, Ended, EventId, EventKind, IdempotencyKey,
    LateRetry, Nonce, Over, Presenter, RefreshPolicy, Ruling, SessionFacts, SessionId, SessionRecord, Timestamp,
    TokenHash, TokenSecret,
};
use auth_domain::refresh::{Attempt, MasterKey, PresentedToken, RotationKeys, classify};
use proptest::prelude::*;
use uuid::Uuid;

const ROTATED: Timestamp = Timestamp::from_secs(1_000_000);

fn keys() -> RotationKeys {
    RotationKeys::new(1, [MasterKey::new(1, [1; 32]), MasterKey::new(2, [2; 32])]).unwrap()
}

fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(1))
}

fn secret(n: u8) -> TokenSecret {
    TokenSecret::from_bytes([n; 32])
}

fn nonce() -> Nonce {
    Nonce::from_bytes([9; 32])
}

/// A row at generation 5, made from the secret 4 of generation 4.
fn row() -> SessionRecord {
    let successor = keys().successor(1, session(), 5, &nonce(), &secret(4)).unwrap();
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
        nonce: Some(nonce()),
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

fn presented(generation: u32, secret: TokenSecret) -> PresentedToken {
    PresentedToken { session: session(), generation, secret }
}

/// The token that was used to make the row.
fn predecessor() -> PresentedToken {
    presented(4, secret(4))
}

fn attempt(after: Duration) -> Attempt {
    Attempt {
        key: None,
        presenter: Presenter::new("203.0.113.9".parse().ok(), Some("second")),
        now: ROTATED.plus(after),
        tokens_until: ROTATED.plus(Duration::from_secs(5_000)),
        event: EventId::from_uuid(Uuid::from_u128(3)),
    }
}

fn after(secs: u64) -> Attempt {
    attempt(Duration::from_secs(secs))
}

fn key(name: &str) -> AttemptHash {
    IdempotencyKey::new(&format!("idempotency-key-{name}")).unwrap().hash()
}

fn with_key(attempt: Attempt, name: &str) -> Attempt {
    Attempt { key: Some(key(name)), ..attempt }
}

fn ruling(row: &SessionRecord, presented: &PresentedToken, attempt: &Attempt) -> Ruling {
    classify(Some(row), presented, attempt, &keys(), &RefreshPolicy::default())
}

fn shown(row: &SessionRecord, presented: &PresentedToken, attempt: &Attempt) -> String {
    format!("{:?}", ruling(row, presented, attempt))
}

#[test]
fn an_unknown_session_is_over() {
    assert_eq!(classify(None, &predecessor(), &after(1), &keys(), &RefreshPolicy::default()), Ruling::Ended(None));
}

fn over_by(reason: EndReason) -> Ended {
    Ended { at: ROTATED, by: Actor::Server, reason }
}

#[test]
fn how_a_session_ended_is_told_to_who_holds_its_last_token_or_the_one_before() {
    let last = SessionRecord { token_hash: secret(5).hash(), ..row() };
    for (row, over) in [
        (SessionRecord { ended: Some(over_by(EndReason::Evicted)), ..row() }, Over::Ended(EndReason::Evicted)),
        (SessionRecord { account_disabled: true, ..row() }, Over::AccountDisabled),
    ] {
        assert_eq!(ruling(&row, &predecessor(), &after(1)), Ruling::Ended(Some(over)));
        let last = SessionRecord { token_hash: last.token_hash.clone(), ..row };
        assert_eq!(ruling(&last, &presented(5, secret(5)), &after(1)), Ruling::Ended(Some(over)));
    }
    assert_eq!(ruling(&row(), &predecessor(), &after(1_000)), Ruling::Ended(Some(Over::Expired)));
}

#[test]
fn a_session_that_is_over_tells_nothing_to_who_holds_an_older_token_or_none() {
    let ended = SessionRecord { ended: Some(over_by(EndReason::Logout)), ..row() };
    let disabled = SessionRecord { account_disabled: true, ..row() };
    for presented in
        [presented(0, secret(0)), presented(3, secret(3)), presented(4, secret(9)), presented(9, secret(9))]
    {
        assert_eq!(ruling(&ended, &presented, &after(1)), Ruling::Ended(None));
        assert_eq!(ruling(&disabled, &presented, &after(1)), Ruling::Ended(None));
        assert_eq!(ruling(&row(), &presented, &after(1_000)), Ruling::Ended(None), "idle");
    }
}

#[test]
fn the_current_token_raced() {
    let mut row = row();
    row.token_hash = secret(5).hash();
    assert_eq!(ruling(&row, &presented(5, secret(5)), &after(1)), Ruling::Raced);
}

#[test]
fn the_predecessor_within_the_window_gets_the_same_successor() {
    let Ruling::Retry { successor, key_id, late, facts } = ruling(&row(), &predecessor(), &after(5)) else {
        panic!("not a retry");
    };
    assert_eq!((successor.hash(), key_id, late), (row().token_hash, 1, None));
    assert_eq!(facts, row().facts);
}

#[test]
fn the_window_ends_where_the_policy_says() {
    assert_eq!(shown(&row(), &predecessor(), &after(30)), "Retry(late)");
    assert_eq!(shown(&row(), &predecessor(), &attempt(Duration::from_micros(30_000_001))), "Replay");
}

#[test]
fn a_window_of_zero_makes_rotation_strict() {
    let strict = RefreshPolicy { retry_window: Duration::ZERO, ..RefreshPolicy::default() };
    let ruling = classify(Some(&row()), &predecessor(), &after(0), &keys(), &strict);
    assert!(matches!(ruling, Ruling::Replay(_)));
}

#[test]
fn a_clock_that_steps_back_makes_no_replay() {
    let back = Attempt { now: ROTATED.minus(Duration::from_secs(500)), ..after(0) };
    assert_eq!(shown(&row(), &predecessor(), &back), "Retry");
}

#[test]
fn the_matching_key_recovers_at_any_time_before_expiry_and_is_never_late() {
    let row = SessionRecord { attempt_hash: Some(key("a")), ..row() };
    for secs in [0, 6, 31, 999] {
        assert_eq!(shown(&row, &predecessor(), &with_key(after(secs), "a")), "Retry", "after {secs} s");
    }
}

#[test]
fn a_key_on_either_side_that_the_other_lacks_is_a_replay_even_within_the_window() {
    let keyed = SessionRecord { attempt_hash: Some(key("a")), ..row() };
    assert_eq!(shown(&keyed, &predecessor(), &with_key(after(1), "b")), "Replay");
    assert_eq!(shown(&keyed, &predecessor(), &after(1)), "Replay");
    assert_eq!(shown(&row(), &predecessor(), &with_key(after(1), "a")), "Replay");
}

#[test]
fn the_third_generation_in_a_row_with_a_late_retry_is_a_replay() {
    let late =
        |retries, generation| SessionRecord { late_retries: retries, late_generation: Some(generation), ..row() };
    let counted = |row: &SessionRecord| match ruling(row, &predecessor(), &after(6)) {
        Ruling::Retry { late, .. } => late,
        other => panic!("{other:?}"),
    };
    assert_eq!(counted(&row()), Some(LateRetry { retries: 1, generation: 5 }), "the first");
    assert_eq!(counted(&late(1, 4)), Some(LateRetry { retries: 2, generation: 5 }), "the second in a row");
    assert_eq!(shown(&late(2, 4), &predecessor(), &after(6)), "Replay", "the third in a row");
    assert_eq!(counted(&late(2, 3)), Some(LateRetry { retries: 1, generation: 5 }), "a good one lies between");
    assert_eq!(counted(&late(2, 5)), None, "this generation is counted already");
    assert_eq!(shown(&late(2, 4), &predecessor(), &after(5)), "Retry", "within 5 s nothing is late");
}

#[test]
fn an_older_generation_is_a_replay_that_ends_the_session_and_names_both_parties() {
    let Ruling::Replay(end) = ruling(&row(), &presented(3, secret(3)), &after(1)) else { panic!("not a replay") };
    assert_eq!((end.target, end.reason), (EndTarget::Session(session()), EndReason::Replay));
    assert_eq!(end.tokens_until, after(1).tokens_until);
    let event = end.event.unwrap();
    assert_eq!((event.kind, event.account), (EventKind::RefreshReplayed, row().facts.account));
    assert_eq!(event.presenter.user_agent.as_deref(), Some("second"));
    let evidence = event.evidence.unwrap();
    assert_eq!(evidence.rotated_by.user_agent.as_deref(), Some("first"));
    assert_eq!((evidence.presented_generation, evidence.current_generation), (3, 5));
}

#[test]
fn a_token_that_the_database_does_not_explain_has_diverged() {
    for presented in
        [presented(6, secret(6)), presented(u32::MAX, secret(6)), presented(5, secret(6)), presented(4, secret(6))]
    {
        let Ruling::Diverged(event) = ruling(&row(), &presented, &after(1)) else { panic!("{presented:?}") };
        assert_eq!(event.kind, EventKind::RefreshDiverged);
    }
}

#[test]
fn a_row_made_under_a_master_key_that_is_gone_has_diverged() {
    let row = SessionRecord { key_id: 9, ..row() };
    assert_eq!(shown(&row, &predecessor(), &after(1)), "Diverged");
}

#[test]
fn a_row_made_under_an_older_master_key_retries_under_that_key() {
    let successor = keys().successor(2, session(), 5, &nonce(), &secret(4)).unwrap();
    let row = SessionRecord { key_id: 2, token_hash: successor.hash(), ..row() };
    assert!(matches!(ruling(&row, &predecessor(), &after(1)), Ruling::Retry { key_id: 2, .. }));
}

proptest! {
    /// I9 in the small: a secret that never was in the chain never ends a session of the current or previous generation.
    #[test]
    fn a_wrong_secret_of_the_current_or_previous_generation_ends_nothing(
        bytes in any::<[u8; 32]>(), previous in any::<bool>(), secs in 0_u64..2_500, keyed in any::<bool>(),
    ) {
        let presented = presented(if previous { 4 } else { 5 }, TokenSecret::from_bytes(bytes));
        let attempt = if keyed { with_key(after(secs), "a") } else { after(secs) };
        prop_assert!(!matches!(ruling(&row(), &presented, &attempt), Ruling::Replay(_)));
    }

    /// I2: whatever is presented, only the predecessor with its own secret is ever answered with a token.
    #[test]
    fn nothing_but_the_predecessor_is_ever_a_retry(
        generation in 0_u32..8, n in 0_u8..8, secs in 0_u64..2_500, hash in any::<[u8; 32]>(),
    ) {
        let row = SessionRecord { token_hash: if secs % 2 == 0 { row().token_hash } else { TokenHash::from_bytes(hash) }, ..row() };
        if let Ruling::Retry { successor, .. } = ruling(&row, &presented(generation, secret(n)), &after(secs)) {
            prop_assert_eq!((generation, n), (4, 4));
            prop_assert_eq!(successor.hash(), row.token_hash);
        }
    }
}
