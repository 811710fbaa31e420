//! A network between a client and a server that loses, repeats and delays, in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::client::Sent;
use crate::dice::Dice;
use crate::simulated::{Micros, SECOND};

/// How bad it is.
#[derive(Clone, Copy)]
pub(super) struct Weather {
    /// How many answers of a hundred get lost.
    pub(super) lost: u64,
    /// How many requests of a hundred arrive twice.
    pub(super) repeated: u64,
    /// When a client sees that an answer is lost: at once, since its connection is cut, or so long after it sent.
    pub(super) silence: Option<Micros>,
}

/// What happens at a moment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// It is time for a tab to refresh, or to try again.
    Due { tab: usize },
    /// A request arrives at the server. The answer to a copy finds nobody.
    Arrives { request: Sent, is_copy: bool },
    /// An answer arrives at the client: a successor, or a refusal.
    Answered { request: Sent, successor: Option<String> },
    /// The client sees that no answer comes.
    Lost { request: Sent },
}

/// All that is still to happen, the next first.
pub(super) struct Network {
    weather: Weather,
    dice: Dice,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    scheduled: u64,
}

impl Network {
    pub(super) fn new(weather: Weather, seed: u64) -> Self {
        Self { weather, dice: Dice::new(seed), events: BinaryHeap::new(), scheduled: 0 }
    }

    pub(super) fn at(&mut self, time: Micros, event: Event) {
        // What is due at the same moment comes in the order in which it was scheduled.
        self.scheduled += 1;
        self.events.push(Reverse((time, self.scheduled, event)));
    }

    pub(super) fn next(&mut self) -> Option<(Micros, Event)> {
        self.events.pop().map(|Reverse((time, _, event))| (time, event))
    }

    pub(super) fn send(&mut self, now: Micros, request: Sent) {
        let arrives = now + self.delay();
        self.at(arrives, Event::Arrives { request: request.clone(), is_copy: false });
        if self.dice.percent(self.weather.repeated) {
            let again = arrives + self.repeat_delay();
            self.at(again, Event::Arrives { request, is_copy: true });
        }
    }

    /// Lets the server's answer travel, or lose its way.
    pub(super) fn answer(&mut self, now: Micros, request: Sent, successor: Option<String>) {
        let arrives = now + self.delay();
        if self.dice.percent(self.weather.lost) {
            let seen = self.weather.silence.map_or(arrives, |silence| arrives.max(request.sent_at + silence));
            self.at(seen, Event::Lost { request });
        } else {
            self.at(arrives, Event::Answered { request, successor });
        }
    }

    /// 20 to 200 ms; one in twenty takes up to 3 s more.
    fn delay(&mut self) -> Micros {
        let usual = 20_000 + self.dice.below(180_000);
        if self.dice.percent(5) { usual + self.dice.below(3 * SECOND) } else { usual }
    }

    /// How long after the first the second copy arrives: half of them within a second, one in a hundred up to 20 s later.
    fn repeat_delay(&mut self) -> Micros {
        let most = match self.dice.below(100) {
            0 => 20,
            1..10 => 8,
            10..50 => 3,
            _ => 1,
        };
        self.dice.below(most * SECOND)
    }
}
