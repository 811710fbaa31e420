//! The feed under transactions that commit in any order, nodes that poll at any time, and readers that move between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use auth_domain::feed::{Cursor, FeedLog, Question};
use auth_domain::model::{Revocation, RevocationKind, SessionId, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn entry(seq: i64) -> Revocation {
    entry_at(seq, NOW)
}

fn entry_at(seq: i64, not_before: Timestamp) -> Revocation {
    let kind = RevocationKind::Session(SessionId::from_uuid(Uuid::from_u128(seq.unsigned_abs().into())));
    Revocation { seq, kind, not_before, expires_at: not_before.plus(Duration::from_secs(900)) }
}

/// A store's answer to a log's question.
fn poll(log: &mut FeedLog, committed: &BTreeMap<i64, Revocation>, now: Timestamp) -> Vec<i64> {
    let asked = |seq: i64| match log.question() {
        Question::Everything => true,
        Question::After { reached, missing } => {
            seq > reached || missing.iter().any(|(start, end)| (*start..=*end).contains(&seq))
        }
    };
    let answer: Vec<_> = committed.values().filter(|entry| asked(entry.seq)).copied().collect();
    log.absorb(&answer, now).iter().map(|entry| entry.seq).collect()
}

fn committed(seqs: &[i64]) -> BTreeMap<i64, Revocation> {
    seqs.iter().map(|seq| (*seq, entry(*seq))).collect()
}

fn seqs(entries: &[Revocation]) -> Vec<i64> {
    entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn an_entry_that_is_committed_after_a_later_one_is_not_skipped() {
    let mut log = FeedLog::default();
    assert_eq!(poll(&mut log, &committed(&[]), NOW), [0; 0]);
    assert_eq!(poll(&mut log, &committed(&[2]), NOW), [2], "1 is not committed yet");
    let (seen, cursor) = log.since(None);
    assert_eq!((seqs(&seen), cursor.to_string().as_str()), (vec![2], "2~1"));
    assert_eq!(log.since(Some(&cursor)).0, [], "a reader is not told twice");
    assert_eq!(poll(&mut log, &committed(&[1, 2]), NOW), [1]);
    let (late, cursor) = log.since(Some(&cursor));
    assert_eq!((seqs(&late), cursor.to_string().as_str()), (vec![1], "2"));
}

#[test]
fn a_first_answer_misses_only_what_may_be_on_its_way() {
    let old = NOW.minus(Duration::from_secs(600));
    let rows = BTreeMap::from([(10, entry_at(10, old)), (14, entry_at(14, old)), (17, entry(17))]);
    let mut log = FeedLog::default();
    assert_eq!(poll(&mut log, &rows, NOW), [10, 14, 17]);
    assert_eq!(log.question(), Question::After { reached: 17, missing: vec![(15, 16)] });
}

#[test]
fn a_number_that_never_comes_is_given_up_when_no_transaction_can_be_that_old() {
    let mut log = FeedLog::default();
    poll(&mut log, &committed(&[]), NOW);
    poll(&mut log, &committed(&[5]), NOW);
    poll(&mut log, &committed(&[5]), NOW.plus(Duration::from_secs(119)));
    assert_eq!(log.question(), Question::After { reached: 5, missing: vec![(1, 4)] });
    poll(&mut log, &committed(&[5]), NOW.plus(Duration::from_secs(120)));
    assert_eq!(log.question(), Question::After { reached: 5, missing: vec![] });
}

#[test]
fn a_reader_that_moves_to_a_node_that_lags_behind_loses_nothing() {
    let (mut ahead, mut behind) = (FeedLog::default(), FeedLog::default());
    poll(&mut behind, &committed(&[1]), NOW);
    poll(&mut ahead, &committed(&[1, 4]), NOW);
    let (_, cursor) = ahead.since(None);
    let (nothing, cursor) = behind.since(Some(&cursor));
    assert_eq!((seqs(&nothing), cursor.to_string().as_str()), (vec![], "4~2-3"));
    poll(&mut behind, &committed(&[1, 2, 4, 5]), NOW);
    let (entries, cursor) = behind.since(Some(&cursor));
    assert_eq!((seqs(&entries), cursor.to_string().as_str()), (vec![2, 5], "5~3"));
}

#[test]
fn expired_entries_are_dropped() {
    let mut log = FeedLog::default();
    poll(&mut log, &committed(&[1, 2]), NOW);
    assert_eq!(log.len(), 2);
    log.purge(NOW.plus(Duration::from_secs(900)));
    assert!(log.is_empty());
}

/// What happens next.
#[derive(Clone, Debug)]
enum Act {
    /// A transaction takes the next number.
    Begin,
    /// The n-th open transaction commits.
    Commit(usize),
    /// The n-th open transaction is rolled back.
    RollBack(usize),
    /// A node asks the store.
    Poll(usize),
    /// The reader asks a node.
    Read(usize),
    /// A node starts anew.
    Restart(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Begin),
        5 => (0_usize..8).prop_map(Act::Commit),
        1 => (0_usize..8).prop_map(Act::RollBack),
        4 => (0_usize..2).prop_map(Act::Poll),
        4 => (0_usize..2).prop_map(Act::Read),
        1 => (0_usize..2).prop_map(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_reader_never_skips_an_entry_in_whatever_order_transactions_commit(
        acts in proptest::collection::vec(act(), 1..120),
    ) {
        let (mut next, mut open, mut rows) = (0_i64, Vec::new(), BTreeMap::new());
        let mut nodes = [FeedLog::default(), FeedLog::default()];
        for node in &mut nodes {
            poll(node, &rows, NOW);
        }
        let (mut cursor, mut seen): (Option<Cursor>, BTreeSet<i64>) = (None, BTreeSet::new());
        for act in acts.into_iter().chain([Act::Poll(0), Act::Poll(1), Act::Read(0), Act::Read(1)]) {
            match act {
                Act::Begin => { next += 1; open.push(next); }
                Act::Commit(n) => if n < open.len() { let seq = open.remove(n); rows.insert(seq, entry(seq)); },
                Act::RollBack(n) => if n < open.len() { open.remove(n); },
                Act::Poll(n) => { poll(&mut nodes[n], &rows, NOW); }
                Act::Restart(n) => { nodes[n] = FeedLog::default(); poll(&mut nodes[n], &rows, NOW); }
                Act::Read(n) => {
                    let (entries, after) = nodes[n].since(cursor.as_ref());
                    seen.extend(entries.iter().map(|entry| entry.seq));
                    cursor = Some(after.to_string().parse().unwrap());
                }
            }
        }
        prop_assert_eq!(seen, rows.keys().copied().collect::<BTreeSet<_>>());
        let cursor = cursor.unwrap();
        prop_assert!(nodes.iter().all(|node| node.since(Some(&cursor)).0.is_empty()), "a reader is not told twice");
    }
}
