//! The checker finds each violation, and finds none where there is none.

use super::Line::{Answered, Opened, Row, Sent};
use super::Outcome::{Done, Refused, Successor, Unknown};
use super::What::{End, Use};
use super::{Call, Line, Outcome, Token, What, check};

const S: u64 = 1;

fn refresh(generation: u32) -> What {
    What::Refresh { generation, token: token(generation), key: None }
}

/// The token of a generation in an honest run.
fn token(generation: u32) -> Token {
    100 + Token::from(generation)
}

fn next(generation: u32) -> Outcome {
    Successor { generation, token: token(generation) }
}

fn sent(call: Call, what: What) -> Line {
    Sent { call, session: S, what }
}

fn answered(call: Call, outcome: Outcome) -> Line {
    Answered { call, outcome }
}

fn row(generation: u32, ended: bool) -> Line {
    Row { session: S, generation, ended }
}

/// A session that was opened and refreshed `times` times, each answered.
fn refreshed(times: u32) -> Vec<Line> {
    let mut journal = vec![Opened { session: S, token: token(0) }];
    for generation in 0..times {
        let call = 1_000 + Call::from(generation);
        journal.extend([sent(call, refresh(generation)), answered(call, next(generation + 1))]);
    }
    journal
}

/// The invariants that are broken when these lines follow on `times` refreshes.
fn broken(times: u32, lines: impl IntoIterator<Item = Line>) -> Vec<&'static str> {
    let journal: Vec<Line> = refreshed(times).into_iter().chain(lines).collect();
    check(&journal).into_iter().map(|violation| violation.invariant).collect()
}

#[test]
fn an_honest_run_breaks_nothing() {
    assert_eq!(broken(3, [row(3, false)]), [""; 0]);
}

#[test]
fn a_lost_answer_that_is_recovered_breaks_nothing() {
    let lines = [
        sent(1, refresh(1)),
        answered(1, Unknown),
        row(2, false),
        sent(2, refresh(1)),
        answered(2, next(2)),
        sent(3, refresh(2)),
        answered(3, next(3)),
        sent(4, Use),
        answered(4, Done),
    ];
    assert_eq!(broken(1, lines), [""; 0]);
}

#[test]
fn two_tabs_at_once_break_nothing() {
    let lines = [sent(1, refresh(0)), sent(2, refresh(0)), answered(2, next(1)), answered(1, next(1)), row(1, false)];
    assert_eq!(broken(0, lines), [""; 0]);
}

#[test]
fn a_logout_whose_answer_was_lost_may_have_happened_or_not() {
    let lost = [sent(1, End), answered(1, Unknown)];
    let over = [sent(2, refresh(1)), answered(2, Refused), row(1, true)];
    let live = [sent(2, refresh(1)), answered(2, next(2)), row(2, false)];
    assert_eq!(broken(1, lost.clone().into_iter().chain(over)), [""; 0]);
    assert_eq!(broken(1, lost.into_iter().chain(live)), [""; 0]);
}

#[test]
fn a_refresh_in_flight_beside_a_logout_may_go_either_way() {
    for outcome in [Refused, next(2)] {
        let lines = [sent(1, refresh(1)), sent(2, End), answered(2, Done), answered(1, outcome)];
        assert_eq!(broken(1, lines), [""; 0]);
    }
}

#[test]
fn a_replay_ends_its_session_and_breaks_nothing() {
    let lines = [
        sent(1, refresh(0)),
        answered(1, Refused),
        sent(2, refresh(2)),
        answered(2, Refused),
        sent(3, Use),
        answered(3, Refused),
        row(2, true),
    ];
    assert_eq!(broken(2, lines), [""; 0]);
}

#[test]
fn another_key_for_the_same_token_may_end_the_session() {
    let with = |key| What::Refresh { generation: 0, token: token(0), key: Some(key) };
    let lines = [
        sent(1, with(1)),
        answered(1, Unknown),
        sent(2, with(2)),
        answered(2, Refused),
        sent(3, with(1)),
        answered(3, Refused),
    ];
    assert_eq!(broken(0, lines), [""; 0]);
}

#[test]
fn i1_two_successors_of_one_token_are_found() {
    let other = Successor { generation: 1, token: 666 };
    let lines = [sent(1, refresh(0)), sent(2, refresh(0)), answered(1, next(1)), answered(2, other)];
    assert_eq!(broken(0, lines), ["I1"]);
}

#[test]
fn i1_a_generation_that_is_left_out_is_found() {
    assert_eq!(broken(0, [sent(1, refresh(0)), answered(1, next(2))]), ["I1"]);
}

#[test]
fn i1_a_token_that_was_never_issued_and_works_is_found() {
    let forged = What::Refresh { generation: 1, token: 666, key: None };
    assert_eq!(broken(1, [sent(1, forged), answered(1, next(2))]), ["I1"]);
}

#[test]
fn i2_an_old_token_that_works_is_found() {
    assert_eq!(broken(3, [sent(1, refresh(1)), answered(1, next(2))]), ["I2"]);
}

#[test]
fn i3_a_token_that_works_after_a_replay_is_found() {
    let replay = [sent(1, refresh(0)), answered(1, Refused)];
    let refreshes = [sent(2, refresh(3)), answered(2, next(4))];
    let uses = [sent(2, Use), answered(2, Done)];
    assert_eq!(broken(3, replay.clone().into_iter().chain(refreshes)), ["I3"]);
    assert_eq!(broken(3, replay.clone().into_iter().chain(uses)), ["I3"]);
    assert_eq!(broken(3, replay.into_iter().chain([row(3, false)])), ["I3"]);
}

#[test]
fn i4_an_answered_rotation_that_is_lost_is_found() {
    assert_eq!(broken(2, [sent(1, refresh(2)), answered(1, Refused)]), ["I4"]);
    assert_eq!(broken(2, [row(1, false)]), ["I4"]);
    assert_eq!(broken(2, [sent(1, Use), answered(1, Refused)]), ["I4"]);
}

#[test]
fn i5_a_token_that_works_after_a_logout_is_found() {
    let over = [sent(1, End), answered(1, Done)];
    let refreshes = [sent(2, refresh(1)), answered(2, next(2))];
    let uses = [sent(2, Use), answered(2, Done)];
    assert_eq!(broken(1, over.clone().into_iter().chain(refreshes)), ["I5"]);
    assert_eq!(broken(1, over.clone().into_iter().chain(uses)), ["I5"]);
    assert_eq!(broken(1, over.into_iter().chain([row(1, false)])), ["I5"]);
}

#[test]
fn i5_a_logout_that_a_refresh_in_flight_undoes_is_found() {
    let lines = [
        sent(1, refresh(1)),
        sent(2, End),
        answered(2, Done),
        answered(1, next(2)),
        sent(3, refresh(2)),
        answered(3, next(3)),
    ];
    assert_eq!(broken(1, lines), ["I5"]);
}

#[test]
fn i8_a_session_that_ends_by_itself_is_found() {
    assert_eq!(broken(2, [row(2, true)]), ["I8"]);
}

#[test]
fn i10_a_generation_that_falls_is_found() {
    let lines = [sent(1, refresh(1)), answered(1, Unknown), row(2, false), row(1, false)];
    assert_eq!(broken(1, lines), ["I10"]);
    assert_eq!(broken(2, [sent(1, refresh(2)), answered(1, next(2))]), ["I10"]);
}

#[test]
fn i12_a_token_that_is_refused_after_its_answer_was_lost_is_found() {
    let lines = [sent(1, refresh(1)), answered(1, Unknown), sent(2, refresh(1)), answered(2, Refused)];
    assert_eq!(broken(1, lines), ["I12"]);
}

#[test]
fn i12_a_row_that_a_refused_request_moved_is_found() {
    let lines = [sent(1, End), sent(2, refresh(1)), answered(2, Refused), answered(1, Unknown), row(2, true)];
    assert_eq!(broken(1, lines), ["I12"]);
}
