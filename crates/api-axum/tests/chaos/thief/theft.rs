//! One theft: who refreshes when, until it is found.

use std::fmt;

use crate::dice::Dice;
use crate::simulated::{DAY, HOUR, MINUTE, Micros, SECOND, Simulated};
use crate::support::Tokens;

/// Who refreshes first after the theft, and in each step after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Thief,
    Victim,
}

/// Who sends an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    None,
    OfVictim,
    /// The thief knows each of the victim's keys.
    Stolen,
}

/// The habits of both.
pub(super) enum Course {
    /// The second comes always as long after the first.
    Steady { first: First, lag: Micros },
    /// Order and lag, from 5 s to a day, are another each time.
    Erratic(Dice),
    /// The thief follows 20 s later, twice, then 2 s later.
    TwiceLateThenInTime,
}

pub(super) struct Theft {
    pub(super) keys: Keys,
    pub(super) course: Course,
}

impl Course {
    /// Who is first in this step, and how much later the other comes.
    fn step(&mut self, number: u32) -> (First, Micros) {
        match self {
            Self::Steady { first, lag } => (*first, *lag),
            Self::Erratic(dice) => {
                let first = if dice.percent(50) { First::Thief } else { First::Victim };
                let longest = [30 * SECOND, MINUTE, HOUR, DAY][usize::try_from(dice.below(4)).unwrap()];
                (first, 5 * SECOND + 1 + dice.below(longest - 5 * SECOND))
            }
            Self::TwiceLateThenInTime => (First::Victim, if number % 3 == 2 { 2 * SECOND } else { 20 * SECOND }),
        }
    }
}

/// When it was found, and what the thief had of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How many refreshes of the second party it took; `None`: it was not found.
    pub(super) generations: Option<u32>,
    /// From the first refresh after the theft on.
    after: Micros,
    /// Refreshes that the thief got: an access token each.
    pub(super) thief_served: u32,
}

impl Found {
    pub(super) fn is_within(&self, most: u32) -> bool {
        self.generations.is_some_and(|generations| generations <= most)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(generations) = self.generations else {
            return write!(f, "not found in {STEPS} steps");
        };
        write!(f, "refresh {generations}, after ")?;
        match self.after {
            secs @ 0..MINUTE => write!(f, "{} s", secs / SECOND)?,
            mins @ MINUTE..HOUR => write!(f, "{} min", mins / MINUTE)?,
            hours => write!(f, "{} h", hours / HOUR)?,
        }
        write!(f, "; thief served {}", self.thief_served)
    }
}

/// Longer is not waited.
const STEPS: u32 = 60;
/// A client refreshes a minute before its access token ends.
const PERIOD: Micros = 14 * MINUTE;

/// One of the two: what he holds.
struct Party {
    is_thief: bool,
    token: String,
    access: String,
}

/// Steals the token of a session and lets both go on until one is refused, or for 60 steps.
pub(super) async fn steal(server: &Simulated, Theft { keys, mut course }: Theft) -> Found {
    server.set(0);
    let tokens = server.login().await;
    let party = |is_thief| Party { is_thief, token: tokens.refresh.clone(), access: tokens.access.clone() };
    let (mut thief, mut victim) = (party(true), party(false));
    let (mut now, mut gains, began) = (PERIOD, 0, PERIOD);
    let found = 'found: {
        for number in 0..STEPS {
            let (first, lag) = course.step(number);
            let (one, other) = match first {
                First::Thief => (&mut thief, &mut victim),
                First::Victim => (&mut victim, &mut thief),
            };
            let second_at = now + lag;
            // Until the second comes, the first goes on as every client does.
            while now < second_at {
                assert!(refresh(server, one, keys, now, &mut gains).await, "the first holds the current token");
                now += PERIOD;
            }
            if !refresh(server, other, keys, second_at, &mut gains).await {
                break 'found Found { generations: Some(number + 1), after: second_at - began, thief_served: gains };
            }
            now = now.max(second_at + PERIOD);
        }
        break 'found Found { generations: None, after: now - began, thief_served: gains };
    };
    check_the_end(server, &found, [&thief, &victim], keys).await;
    found
}

/// Refreshes with what he holds. Answers whether he got something.
async fn refresh(server: &Simulated, party: &mut Party, keys: Keys, now: Micros, gains: &mut u32) -> bool {
    server.set(now);
    // A key is one for each token: who knows the token and the victim's storage knows it.
    let key: String = party.token.chars().rev().take(32).collect();
    let has_key = match keys {
        Keys::None => false,
        Keys::OfVictim => !party.is_thief,
        Keys::Stolen => true,
    };
    let answer = server.refresh(&party.token, has_key.then_some(key.as_str())).await;
    if answer.status != 200 {
        assert_eq!(answer.status, 401, "{}", answer.text());
        return false;
    }
    let tokens = Tokens::of(&answer);
    (party.token, party.access) = (tokens.refresh, tokens.access);
    *gains += u32::from(party.is_thief);
    true
}

/// SECURITY I3: once it is found, nothing that either of them holds works. Before, the thief's access token does.
async fn check_the_end(server: &Simulated, found: &Found, both: [&Party; 2], keys: Keys) {
    let mut gains = 0;
    for holder in both {
        let is_over = found.generations.is_some();
        assert!(!is_over || !server.lets_in(&holder.access).await, "an access token outlived the theft");
        let mut again = Party { is_thief: holder.is_thief, token: holder.token.clone(), access: String::new() };
        let now = PERIOD + found.after;
        assert!(!is_over || !refresh(server, &mut again, keys, now, &mut gains).await);
    }
}
