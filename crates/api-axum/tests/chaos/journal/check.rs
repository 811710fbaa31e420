//! What a journal must not contain.

use std::collections::BTreeMap;

use super::{Call, Line, Outcome, Session, Token, Violation, What};

/// Every violation of SECURITY I1 to I5, I8, I10 and I12 that the journal proves. What a lost answer leaves open counts in
/// favour of the server.
pub(crate) fn check(journal: &[Line]) -> Vec<Violation> {
    let mut checker = Checker::default();
    for (number, line) in journal.iter().enumerate() {
        checker.number = number;
        checker.line(line);
    }
    checker.violations
}

#[derive(Default)]
struct Checker {
    number: usize,
    sessions: BTreeMap<Session, Known>,
    calls: BTreeMap<Call, Session>,
    violations: Vec<Violation>,
}

/// What is known of a session so far.
#[derive(Default)]
struct Known {
    /// The highest generation that was answered: the row is there at least.
    answered: u32,
    /// The token of each generation that was answered.
    tokens: BTreeMap<u32, Token>,
    refreshes: Vec<Refresh>,
    /// The line at which each was sent.
    uses: BTreeMap<Call, usize>,
    ends: BTreeMap<Call, usize>,
    /// Since which line it is certain that the session is over, and by which invariant it stays so.
    over: Option<(usize, &'static str)>,
    /// The generation that the row had last.
    row: u32,
}

struct Refresh {
    call: Call,
    sent: usize,
    generation: u32,
    token: Token,
    key: Option<u64>,
    /// The highest generation that was answered when it was sent.
    answered: u32,
    outcome: Option<Outcome>,
    answered_at: Option<usize>,
}

impl Checker {
    fn line(&mut self, line: &Line) {
        match line {
            Line::Opened { session, token } => {
                self.sessions.entry(*session).or_default().tokens.insert(0, *token);
            }
            Line::Sent { call, session, what } => self.sent(*call, *session, what),
            Line::Answered { call, outcome } => self.answered(*call, *outcome),
            Line::Row { session, generation, ended } => self.row(*session, *generation, *ended),
        }
    }

    fn sent(&mut self, call: Call, session: Session, what: &What) {
        self.calls.insert(call, session);
        let known = self.sessions.entry(session).or_default();
        match what {
            What::Refresh { generation, token, key } => known.refreshes.push(Refresh {
                call,
                sent: self.number,
                generation: *generation,
                token: *token,
                key: *key,
                answered: known.answered,
                outcome: None,
                answered_at: None,
            }),
            What::End => drop(known.ends.insert(call, self.number)),
            What::Use => drop(known.uses.insert(call, self.number)),
        }
    }

    fn answered(&mut self, call: Call, outcome: Outcome) {
        let Some(session) = self.calls.get(&call).copied() else { return };
        let Some(known) = self.sessions.get_mut(&session) else { return };
        let mut found = Vec::new();
        if let Some(index) = known.refreshes.iter().position(|refresh| refresh.call == call) {
            known.refreshes[index].outcome = Some(outcome);
            known.refreshes[index].answered_at = Some(self.number);
            match outcome {
                Outcome::Successor { generation, token } => known.moved(index, generation, token, &mut found),
                Outcome::Refused => known.refused(index, self.number, &mut found),
                Outcome::Done | Outcome::Unknown => {}
            }
        } else if let Some(sent) = known.uses.get(&call).copied() {
            match (outcome, known.over) {
                (Outcome::Done, Some((since, invariant))) if since < sent => {
                    found.push((invariant, "an access token works although its session is over".to_owned()));
                }
                (Outcome::Refused, _) if !known.may_be_over() => {
                    found.push(("I4", "an access token is refused although nobody ended its session".to_owned()));
                }
                _ => {}
            }
        } else if known.ends.contains_key(&call) && outcome == Outcome::Done {
            known.over.get_or_insert((self.number, "I5"));
        }
        self.report(session, found);
    }

    fn row(&mut self, session: Session, generation: u32, ended: bool) {
        let known = self.sessions.entry(session).or_default();
        let mut found = Vec::new();
        if generation < known.answered {
            found.push(("I4", format!("generation {} was answered, and the row is at {generation}", known.answered)));
        }
        if generation < known.row {
            found.push(("I10", format!("the row was at generation {} and is at {generation}", known.row)));
        }
        if generation > known.highest_possible() {
            found.push(("I12", format!("only refused requests could have moved the row to generation {generation}")));
        }
        match known.over {
            Some((_, invariant)) if !ended => {
                found.push((invariant, "the row does not say that it is over".to_owned()));
            }
            None if ended && !known.may_be_over() => found.push(("I8", "it was ended, but nobody ended it".to_owned())),
            _ => {}
        }
        known.row = known.row.max(generation);
        self.report(session, found);
    }

    fn report(&mut self, session: Session, found: Vec<(&'static str, String)>) {
        let line = self.number;
        self.violations.extend(found.into_iter().map(|(invariant, why)| Violation { invariant, session, line, why }));
    }
}

impl Known {
    /// A refresh was answered with a token.
    fn moved(&mut self, index: usize, generation: u32, token: Token, found: &mut Vec<(&'static str, String)>) {
        let refresh = &self.refreshes[index];
        let presented = refresh.generation;
        if generation <= presented {
            found.push(("I10", format!("generation {presented} was answered with {generation}")));
        } else if generation != presented + 1 {
            found.push(("I1", format!("generation {presented} was answered with {generation}")));
        }
        if self.tokens.get(&generation).is_some_and(|known| *known != token) {
            found.push(("I1", format!("there are two tokens of generation {generation}")));
        }
        if self.tokens.get(&presented).is_some_and(|known| *known != refresh.token) {
            found.push(("I1", format!("a token of generation {presented} that was not issued is accepted")));
        }
        if presented + 1 < refresh.answered {
            found.push(("I2", format!("generation {presented} is accepted, and {} was out", refresh.answered)));
        }
        if let Some((_, invariant)) = self.over.filter(|(since, _)| *since < refresh.sent) {
            found.push((invariant, "a refresh token works although its session is over".to_owned()));
        }
        self.tokens.entry(generation).or_insert(token);
        self.answered = self.answered.max(generation);
    }

    /// A refresh was refused.
    fn refused(&mut self, index: usize, number: usize, found: &mut Vec<(&'static str, String)>) {
        let refresh = &self.refreshes[index];
        if refresh.generation + 1 < refresh.answered {
            // It was older than the predecessor for certain: a replay, after which all is over.
            self.over.get_or_insert((number, "I3"));
        } else if !self.may_be_over() {
            let lost = self.refreshes.iter().any(|other| {
                other.token == refresh.token && other.sent < refresh.sent && other.outcome == Some(Outcome::Unknown)
            });
            let invariant = if lost { "I12" } else { "I4" };
            found.push((invariant, format!("generation {} is refused, and nobody ended it", refresh.generation)));
        }
    }

    /// Whether any request that was sent so far could have ended the session, answered or not: one that asks for it, or a
    /// token that reached the server when it was older than the predecessor, or came under another key.
    fn may_be_over(&self) -> bool {
        let replays = |late: &Refresh| {
            self.refreshes.iter().any(|other| {
                let beyond = other.generation > late.generation
                    || (other.generation == late.generation && other.key != late.key);
                beyond && late.answered_at.is_none_or(|answered| other.sent < answered)
            })
        };
        !self.ends.is_empty() || self.refreshes.iter().any(replays)
    }

    /// The highest generation that the row can have: a refused request moves nothing.
    fn highest_possible(&self) -> u32 {
        let moving = self.refreshes.iter().filter(|refresh| refresh.outcome != Some(Outcome::Refused));
        moving.map(|refresh| refresh.generation + 1).max().unwrap_or(0)
    }
}
