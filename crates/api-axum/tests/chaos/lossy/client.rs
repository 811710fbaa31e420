//! One honest client, with what it stores, in the ways in which clients behave.

use crate::dice::Dice;
use crate::simulated::{HOUR, MINUTE, Micros, SECOND};

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// Tries again after 1, 2, 4 … seconds, at most a minute apart.
    Patient,
    /// Waits ten seconds for an answer before it does the same.
    Waits,
    /// Gives up until its next start, hours later.
    NextStart,
    /// Two tabs, due within two seconds of each other. Each looks first whether the other has just refreshed.
    TwoTabs,
    /// Two tabs that do not look: whoever is due refreshes what is stored.
    TwoHastyTabs,
}

impl Behaviour {
    pub(super) const ALL: [Self; 5] = [Self::Patient, Self::Waits, Self::NextStart, Self::TwoTabs, Self::TwoHastyTabs];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Patient => "sees at once that a connection is cut, retries after 1, 2, 4 … s",
            Self::Waits => "waits 10 s for each answer, then retries after 1, 2, 4 … s",
            Self::NextStart => "does not retry before its next start, 2 to 10 hours later",
            Self::TwoTabs => "two tabs, each looks first whether the other has refreshed",
            Self::TwoHastyTabs => "two tabs that do not look",
        }
    }

    pub(super) fn tabs(self) -> usize {
        if matches!(self, Self::TwoTabs | Self::TwoHastyTabs) { 2 } else { 1 }
    }

    /// For how long it waits for an answer that does not come; `None`: it sees the connection break.
    pub(super) fn silence(self) -> Option<Micros> {
        (self == Self::Waits).then_some(10 * SECOND)
    }
}

/// A request on its way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) tab: usize,
    pub(super) token: String,
    pub(super) key: Option<String>,
    pub(super) sent_at: Micros,
}

/// What a client does next.
pub(super) enum Next {
    Send(Sent),
    /// Nothing before this time.
    Wait(Micros),
    /// It was logged out.
    SignIn,
}

/// What the client's tabs share, and what each is about.
pub(super) struct Client {
    behaviour: Behaviour,
    with_keys: bool,
    token: String,
    /// Stored beside the token before it is sent.
    key: Option<String>,
    stored_at: Micros,
    tabs: [Tab; 2],
    dice: Dice,
}

/// What a tab tries again, and how often it has.
#[derive(Clone, Default)]
struct Tab {
    unanswered: Option<String>,
    failed: u32,
}

/// The access token lives for 15 minutes; a minute is left for trouble.
const PERIOD: Micros = 14 * MINUTE;

impl Client {
    pub(super) fn new(behaviour: Behaviour, with_keys: bool, seed: u64) -> Self {
        let dice = Dice::new(seed);
        Self { behaviour, with_keys, token: String::new(), key: None, stored_at: 0, tabs: Default::default(), dice }
    }

    /// Stores a token, of a login or a refresh.
    pub(super) fn store(&mut self, token: String, now: Micros) {
        (self.token, self.key, self.stored_at) = (token, None, now);
    }

    /// When a tab refreshes next, if nothing else happens.
    pub(super) fn next_due(&mut self) -> Micros {
        let apart = if self.behaviour.tabs() > 1 { self.dice.below(2 * SECOND) } else { 0 };
        self.stored_at + PERIOD + apart
    }

    pub(super) fn due(&mut self, tab: usize, now: Micros) -> Next {
        let done_by_the_other = match self.tabs[tab].unanswered.take() {
            Some(token) => token != self.token,
            None => self.behaviour != Behaviour::TwoHastyTabs && now < self.stored_at + MINUTE,
        };
        if done_by_the_other {
            self.tabs[tab].failed = 0;
            return Next::Wait(self.next_due());
        }
        if self.with_keys && self.key.is_none() {
            self.key = Some(self.dice.word());
        }
        Next::Send(Sent { tab, token: self.token.clone(), key: self.key.clone(), sent_at: now })
    }

    /// An answer came: tokens, or a refusal.
    pub(super) fn answered(&mut self, request: &Sent, successor: Option<String>, now: Micros) -> Next {
        self.tabs[request.tab] = Tab::default();
        // Where the other tab was faster, what it stored is newer.
        if self.token == request.token {
            match successor {
                Some(successor) => self.store(successor, now),
                None => return Next::SignIn,
            }
        }
        Next::Wait(self.next_due().max(now))
    }

    /// No answer came.
    pub(super) fn lost(&mut self, request: &Sent, now: Micros) -> Next {
        let tab = &mut self.tabs[request.tab];
        let pause = SECOND << tab.failed.min(6);
        *tab = Tab { unanswered: Some(request.token.clone()), failed: tab.failed + 1 };
        Next::Wait(
            now + match self.behaviour {
                Behaviour::NextStart => 2 * HOUR + self.dice.below(8 * HOUR),
                _ => pause.min(MINUTE),
            },
        )
    }
}
