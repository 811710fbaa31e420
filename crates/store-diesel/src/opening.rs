//! What opening a session means on either engine: whether there is room, and what its first facts are.

use auth_domain::model::{NewSession, OnLimit, Role, SessionFacts, SessionLimit};

/// Whether an account has room for one session more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// It has, once this many of its oldest sessions are ended.
    After { evicting: usize },
    /// It has not, and none is to be made.
    Full,
}

/// Whether an account with `live` sessions has room for one more within `limit`.
pub(crate) fn room(limit: SessionLimit, live: usize) -> Room {
    let Some(max) = limit.max_per_account else { return Room::After { evicting: 0 } };
    let max = usize::try_from(max.get()).unwrap_or(usize::MAX);
    match limit.on_limit {
        _ if live < max => Room::After { evicting: 0 },
        OnLimit::EvictOldest => Room::After { evicting: live.saturating_sub(max).saturating_add(1) },
        OnLimit::Deny => Room::Full,
    }
}

/// The facts of a session at generation 0.
pub(crate) fn facts(new: &NewSession, roles: Vec<Role>) -> SessionFacts {
    SessionFacts {
        session: new.id,
        account: new.account,
        generation: 0,
        client_id: new.client_id.clone(),
        scope: new.scope.clone(),
        auth_time: new.now,
        amr: new.amr.clone(),
        roles,
        idle_expires_at: new.idle_expires_at,
        expires_at: new.expires_at,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn room_is_made_by_ending_as_many_of_the_oldest_as_it_takes() {
        for (max, on_limit, live, expected) in [
            (None, OnLimit::Deny, 1_000, Room::After { evicting: 0 }),
            (NonZeroU32::new(2), OnLimit::EvictOldest, 1, Room::After { evicting: 0 }),
            (NonZeroU32::new(2), OnLimit::EvictOldest, 2, Room::After { evicting: 1 }),
            (NonZeroU32::new(2), OnLimit::EvictOldest, 5, Room::After { evicting: 4 }),
            (NonZeroU32::new(2), OnLimit::Deny, 1, Room::After { evicting: 0 }),
            (NonZeroU32::new(2), OnLimit::Deny, 2, Room::Full),
        ] {
            assert_eq!(
                room(SessionLimit { max_per_account: max, on_limit }, live),
                expected,
                "{max:?} {on_limit:?} {live}"
            );
        }
    }
}
