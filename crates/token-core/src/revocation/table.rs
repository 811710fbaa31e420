//! A compact set of identifiers with their expiry: read without a lock, written under one.

use crate::UnixTime;
use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// An open-addressed table of 16-byte slots, between 1/2 and 3/4 full once it has grown.
///
/// A slot holds 96 bits of the identifier: all of its low half, which is random in every version of UUID that is in use,
/// and its high half folded. Two identifiers of one server agree in these with a probability of 2^-94 at most, which is
/// what lets a slot be half as large.
///
/// A slot is written once and then only its expiry moves, so a reader needs no lock: it sees the entry or the gap before it.
/// Growing and purging build another table and put it in place; a reader that began before ends on the old one.
#[derive(Debug)]
pub(super) struct Table {
    slots: ArcSwap<Slots>,
    writer: Mutex<()>,
    entries: AtomicUsize,
}

#[derive(Debug)]
struct Slots(Box<[Slot]>);

/// `state` is 0 while the slot is free; otherwise its high half is the folded identifier, its low half the expiry.
#[derive(Debug, Default)]
struct Slot {
    low: AtomicU64,
    state: AtomicU64,
}

/// What a slot keeps of an identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    low: u64,
    folded: u32,
}

impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        let (high, low) = id.as_u64_pair();
        let [.., a, b, c, d] = (high ^ (high >> 32)).to_be_bytes();
        Self { low, folded: u32::from_be_bytes([a, b, c, d]) }
    }
}

const SMALLEST: usize = 16;

/// Seconds that fit a slot; 0 would read as a free one.
fn stored(time: UnixTime) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1)
}

fn split(state: u64) -> (u32, u32) {
    let [a, b, c, d, expiry @ ..] = state.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(expiry))
}

fn joined(folded: u32, expiry: u32) -> u64 {
    (u64::from(folded) << 32) | u64::from(expiry)
}

impl Slots {
    fn with_room_for(entries: usize) -> Self {
        let slots = entries.saturating_mul(2).max(SMALLEST);
        Self(std::iter::repeat_with(Slot::default).take(slots).collect())
    }

    /// The slot of a key, or the free one where it would be: from its place on, around the end.
    fn find(&self, key: Key) -> Option<(&Slot, u64)> {
        // Identifiers that were counted up, as in tests, must not fill one corner.
        let hash = (key.low ^ u64::from(key.folded)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = usize::try_from((u128::from(hash) * self.0.len() as u128) >> 64).unwrap_or(0);
        let (before, from) = self.0.split_at_checked(place)?;
        from.iter().chain(before).find_map(|slot| {
            let state = slot.state.load(Ordering::Acquire);
            let here = state != 0 && split(state).0 == key.folded && slot.low.load(Ordering::Relaxed) == key.low;
            (state == 0 || here).then_some((slot, state))
        })
    }

    fn put(&self, key: Key, expiry: u32) {
        if let Some((slot, _)) = self.find(key) {
            slot.low.store(key.low, Ordering::Relaxed);
            // The slot begins to exist for readers here, after its other half is in place.
            slot.state.store(joined(key.folded, expiry), Ordering::Release);
        }
    }

    /// Every entry.
    fn entries(&self) -> impl Iterator<Item = (Key, u32)> {
        self.0.iter().filter_map(|slot| {
            let (folded, expiry) = split(slot.state.load(Ordering::Acquire));
            (expiry != 0).then(|| (Key { low: slot.low.load(Ordering::Relaxed), folded }, expiry))
        })
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: ArcSwap::from_pointee(Slots::with_room_for(0)),
            writer: Mutex::default(),
            entries: AtomicUsize::new(0),
        }
    }
}

impl Table {
    /// Adds an entry, or moves its expiry to the later of both.
    pub(super) fn insert(&self, id: Uuid, expires_at: UnixTime) {
        let (key, expiry) = (Key::from(id), stored(expires_at));
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots.load_full();
        if let Some((slot, state)) = slots.find(key).filter(|(_, state)| *state != 0) {
            slot.state.store(joined(key.folded, split(state).1.max(expiry)), Ordering::Release);
            return;
        }
        let entries = self.entries.load(Ordering::Relaxed) + 1;
        if entries.saturating_mul(4) > slots.0.len().saturating_mul(3) {
            let larger = Slots::with_room_for(entries);
            slots.entries().for_each(|(key, expiry)| larger.put(key, expiry));
            larger.put(key, expiry);
            self.slots.store(Arc::new(larger));
        } else {
            slots.put(key, expiry);
        }
        self.entries.store(entries, Ordering::Relaxed);
    }

    pub(super) fn contains(&self, id: Uuid) -> bool {
        self.slots.load().find(Key::from(id)).is_some_and(|(_, state)| state != 0)
    }

    /// Drops the entries whose time has come.
    pub(super) fn purge(&self, now: UnixTime) {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots.load_full();
        let needed = |expiry: u32| u64::from(expiry) > now.as_secs();
        let entries = slots.entries().filter(|(_, expiry)| needed(*expiry)).count();
        if entries == self.entries.load(Ordering::Relaxed) {
            return;
        }
        let smaller = Slots::with_room_for(entries);
        slots.entries().filter(|(_, expiry)| needed(*expiry)).for_each(|(key, expiry)| smaller.put(key, expiry));
        self.slots.store(Arc::new(smaller));
        self.entries.store(entries, Ordering::Relaxed);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.slots.load().0.len() * size_of::<Slot>()
    }
}
