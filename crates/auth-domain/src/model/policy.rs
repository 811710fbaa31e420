//! What the operator decides: how long sessions live, how rotation forgives, how many devices an account may have.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{DeviceClass, Timestamp};

/// A retry without an `Idempotency-Key` that comes later than this after its rotation is *late*.
pub const LATE_AFTER: Duration = Duration::from_secs(5);

/// The generation in a row with a late retry that is taken for a thief who shadows his victim.
pub const LATE_GENERATIONS: u32 = 3;

/// How long a session lives and how forgiving its rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// A session that is not refreshed for this long ends.
    pub idle: Duration,
    /// A session ends this long after the login, whatever happens.
    pub absolute: Duration,
    /// For how long after a rotation the same request, repeated without an `Idempotency-Key`, gets the same answer.
    /// Zero makes rotation strict.
    pub retry_window: Duration,
}

/// 14 days idle, 90 days absolute, 30 seconds to retry.
impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(14 * 86_400),
            absolute: Duration::from_secs(90 * 86_400),
            retry_window: Duration::from_secs(30),
        }
    }
}

impl RefreshPolicy {
    /// When a session that is used at `now` ends for idleness.
    #[must_use]
    pub fn idle_expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.idle)
    }

    /// When a session that is opened at `now` ends at the latest.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.absolute)
    }
}

/// How many live sessions an account may have, and what a login beyond that does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionLimit {
    /// The most live sessions of one account; `None` for no limit.
    pub max_per_account: Option<NonZeroU32>,
    /// The most live sessions of one account on devices of one class.
    pub max_per_class: ClassLimits,
    /// What happens to the login that would be one too many.
    pub on_limit: OnLimit,
}

/// What a login beyond the limit does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// It ends the session that was opened first.
    #[default]
    EvictOldest,
    /// It ends the session that was not used for longest.
    EvictLeastRecent,
    /// It is refused.
    Deny,
}

/// The most live sessions of one account by class of device; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassLimits {
    /// On [`DeviceClass::Web`].
    pub web: Option<NonZeroU32>,
    /// On [`DeviceClass::Mobile`].
    pub mobile: Option<NonZeroU32>,
    /// On [`DeviceClass::Desktop`].
    pub desktop: Option<NonZeroU32>,
    /// On [`DeviceClass::Cli`].
    pub cli: Option<NonZeroU32>,
}

impl ClassLimits {
    /// The limit for a class.
    #[must_use]
    pub const fn of(&self, class: DeviceClass) -> Option<NonZeroU32> {
        match class {
            DeviceClass::Web => self.web,
            DeviceClass::Mobile => self.mobile,
            DeviceClass::Desktop => self.desktop,
            DeviceClass::Cli => self.cli,
        }
    }
}

/// A live session, as far as the limits look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupied<Id> {
    /// The session.
    pub id: Id,
    /// The class of its device.
    pub class: DeviceClass,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
}

impl SessionLimit {
    /// Which of an account's live sessions must end so that one more of `class` fits, in the order in which they end;
    /// `None` when the policy is to refuse. Every adapter decides by this, under the lock of the account.
    #[must_use]
    pub fn make_room<Id: Copy + Ord>(&self, mut live: Vec<Occupied<Id>>, class: DeviceClass) -> Option<Vec<Id>> {
        match self.on_limit {
            OnLimit::EvictOldest | OnLimit::Deny => live.sort_by_key(|session| (session.created_at, session.id)),
            OnLimit::EvictLeastRecent => {
                live.sort_by_key(|session| (session.last_used_at, session.created_at, session.id));
            }
        }
        let surplus = |count: usize, max: Option<NonZeroU32>| {
            max.map_or(0, |max| (count + 1).saturating_sub(usize::try_from(max.get()).unwrap_or(usize::MAX)))
        };
        let of_class = || live.iter().filter(|session| session.class == class);
        let mut ended: Vec<Id> = of_class()
            .take(surplus(of_class().count(), self.max_per_class.of(class)))
            .map(|session| session.id)
            .collect();
        let more = surplus(live.len() - ended.len(), self.max_per_account);
        let others = live.iter().map(|session| session.id).filter(|id| !ended.contains(id)).take(more);
        let others: Vec<Id> = others.collect();
        ended.extend(others);
        (ended.is_empty() || self.on_limit != OnLimit::Deny).then_some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(sessions: &[(u32, DeviceClass, i64)]) -> Vec<Occupied<u32>> {
        sessions
            .iter()
            .map(|(id, class, last_used)| Occupied {
                id: *id,
                class: *class,
                created_at: Timestamp::from_secs((*id).into()),
                last_used_at: Timestamp::from_secs(*last_used),
            })
            .collect()
    }

    fn limit(max: u32, mobile: u32, on_limit: OnLimit) -> SessionLimit {
        let max_per_class = ClassLimits { mobile: NonZeroU32::new(mobile), ..ClassLimits::default() };
        SessionLimit { max_per_account: NonZeroU32::new(max), max_per_class, on_limit }
    }

    #[test]
    fn room_is_made_in_the_class_first_and_then_in_all() {
        use DeviceClass::{Mobile, Web};
        let sessions = || live(&[(1, Web, 90), (2, Mobile, 10), (3, Web, 20), (4, Mobile, 40)]);
        for (limit, class, expected) in [
            (limit(0, 0, OnLimit::Deny), Web, Some(vec![])),
            (limit(5, 0, OnLimit::Deny), Web, Some(vec![])),
            (limit(4, 0, OnLimit::Deny), Web, None),
            (limit(4, 0, OnLimit::EvictOldest), Web, Some(vec![1])),
            (limit(4, 0, OnLimit::EvictLeastRecent), Web, Some(vec![2])),
            (limit(2, 0, OnLimit::EvictOldest), Web, Some(vec![1, 2, 3])),
            (limit(0, 2, OnLimit::EvictOldest), Mobile, Some(vec![2])),
            (limit(0, 2, OnLimit::Deny), Mobile, None),
            (limit(0, 2, OnLimit::Deny), Web, Some(vec![])),
            (limit(4, 1, OnLimit::EvictOldest), Mobile, Some(vec![2, 4])),
            (limit(2, 2, OnLimit::EvictOldest), Mobile, Some(vec![2, 1, 3])),
        ] {
            assert_eq!(limit.make_room(sessions(), class), expected, "{limit:?} {class}");
        }
    }
}
