//! The ruling: why a token with a good tag did not move its session. Pure, and the only place that decides it.

use super::chain::RotationKeys;
use super::token::PresentedToken;
use crate::model::{
    Actor, AttemptHash, EndReason, EndSessions, EndTarget, EventId, EventKind, LATE_AFTER, LATE_GENERATIONS, LateRetry,
    Over, Presenter, RefreshPolicy, RotationEvidence, Ruling, SecurityEvent, SessionRecord, Timestamp, TokenSecret,
};

/// What a refresh request brought, beside its token.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// SHA-256 of its `Idempotency-Key`.
    pub key: Option<AttemptHash>,
    /// Who sent it.
    pub presenter: Presenter,
    /// The moment that the use case took for now.
    pub now: Timestamp,
    /// No access token of the session lives beyond this.
    pub tokens_until: Timestamp,
    /// The identifier of the event, should there be one.
    pub event: EventId,
}

/// Says why `presented` did not move the session in `row`.
///
/// What is checked first wins: a session that is over; the current generation; its predecessor; anything older.
pub fn classify(
    row: Option<&SessionRecord>,
    presented: &PresentedToken,
    attempt: &Attempt,
    keys: &RotationKeys,
    policy: &RefreshPolicy,
) -> Ruling {
    let Some(row) = row else { return Ruling::Ended(None) };
    if !row.is_live(attempt.now) {
        return Ruling::Ended(holds_the_last(row, presented, keys).then(|| over(row)));
    }
    let current = row.facts.generation;
    if presented.generation > current {
        return diverged(row, presented, attempt);
    }
    if presented.generation == current {
        return if presented.secret.hash() == row.token_hash {
            Ruling::Raced
        } else {
            diverged(row, presented, attempt)
        };
    }
    if presented.generation.checked_add(1) != Some(current) {
        return replay(row, presented, attempt);
    }
    let Some(successor) = successor_in(row, presented, keys) else { return diverged(row, presented, attempt) };
    match forgiveness(row, attempt, policy) {
        Forgiveness::Granted(late) => Ruling::Retry { facts: row.facts.clone(), successor, key_id: row.key_id, late },
        Forgiveness::Refused => replay(row, presented, attempt),
    }
}

/// Whether this is the session's last token, or the one before it, whose answer may have been lost. A thief with an older
/// one is not told how the session ended.
fn holds_the_last(row: &SessionRecord, presented: &PresentedToken, keys: &RotationKeys) -> bool {
    let current = row.facts.generation;
    (presented.generation == current && presented.secret.hash() == row.token_hash)
        || (presented.generation.checked_add(1) == Some(current) && successor_in(row, presented, keys).is_some())
}

fn over(row: &SessionRecord) -> Over {
    match row.ended {
        Some(ended) => Over::Ended(ended.reason),
        None if row.account_disabled => Over::AccountDisabled,
        None => Over::Expired,
    }
}

/// The successor of `presented`, if it is what the row holds.
fn successor_in(row: &SessionRecord, presented: &PresentedToken, keys: &RotationKeys) -> Option<TokenSecret> {
    let nonce = row.nonce.as_ref()?;
    keys.successor(row.key_id, presented.session, row.facts.generation, nonce, &presented.secret)
        .filter(|successor| successor.hash() == row.token_hash)
}

enum Forgiveness {
    Granted(Option<LateRetry>),
    Refused,
}

/// Whether the predecessor may be presented once more.
///
/// Where either request had an `Idempotency-Key`, the keys alone decide: a thief with the token and without the key is
/// found at once, however near in time. Without keys, time decides: the window, and in it a budget of late retries.
fn forgiveness(row: &SessionRecord, attempt: &Attempt, policy: &RefreshPolicy) -> Forgiveness {
    if row.attempt_hash.is_some() || attempt.key.is_some() {
        return if row.attempt_hash == attempt.key { Forgiveness::Granted(None) } else { Forgiveness::Refused };
    }
    let age = attempt.now.since(row.rotated_at);
    if policy.retry_window.is_zero() || age > policy.retry_window {
        return Forgiveness::Refused;
    }
    let generation = row.facts.generation;
    if age <= LATE_AFTER || row.late_generation == Some(generation) {
        return Forgiveness::Granted(None);
    }
    let in_a_row = row.late_generation.is_some_and(|late| late.checked_add(1) == Some(generation));
    let retries = if in_a_row { row.late_retries.saturating_add(1) } else { 1 };
    if retries >= LATE_GENERATIONS {
        Forgiveness::Refused
    } else {
        Forgiveness::Granted(Some(LateRetry { retries, generation }))
    }
}

fn diverged(row: &SessionRecord, presented: &PresentedToken, attempt: &Attempt) -> Ruling {
    Ruling::Diverged(event(EventKind::RefreshDiverged, row, presented, attempt))
}

fn replay(row: &SessionRecord, presented: &PresentedToken, attempt: &Attempt) -> Ruling {
    Ruling::Replay(EndSessions {
        target: EndTarget::Session(row.facts.session),
        by: Actor::Server,
        reason: EndReason::Replay,
        now: attempt.now,
        tokens_until: attempt.tokens_until,
        event: Some(event(EventKind::RefreshReplayed, row, presented, attempt)),
    })
}

fn event(kind: EventKind, row: &SessionRecord, presented: &PresentedToken, attempt: &Attempt) -> SecurityEvent {
    let second = attempt.presenter.clone();
    let event = SecurityEvent::new(attempt.event, attempt.now, kind, row.facts.account, Actor::Server, second);
    SecurityEvent {
        evidence: Some(RotationEvidence {
            presented_generation: presented.generation,
            current_generation: row.facts.generation,
            rotated_by: row.presenter.clone(),
            rotated_at_micros: row.rotated_at.as_micros(),
        }),
        ..event.in_session(Some(row.facts.session))
    }
}
