//! What opening a session means on either engine: which sessions it ends, and what its first facts are.

use auth_domain::model::{
    Actor, ClassLimits, EndReason, NewSession, Occupied, Role, SessionFacts, SessionId, SessionLimit, SessionRecord,
};

/// Sessions to end so that a new one fits: by whom and why, in the order in which they end.
pub(crate) type Room = [(Actor, EndReason, Vec<SessionId>); 2];

/// Whether the account's live sessions matter: where nothing is limited and nothing was chosen, nobody counts them.
pub(crate) fn counts(new: &NewSession, limit: SessionLimit) -> bool {
    new.end_first.is_some() || limit.max_per_account.is_some() || limit.max_per_class != ClassLimits::default()
}

/// What ends so that the new session fits beside these live ones; `None` when it is refused.
pub(crate) fn make_room(new: &NewSession, limit: SessionLimit, live: &[SessionRecord]) -> Option<Room> {
    let is_chosen = |row: &&SessionRecord| Some(row.facts.session) == new.end_first;
    let chosen = live.iter().filter(is_chosen).map(|row| row.facts.session).collect();
    let others = live.iter().filter(|row| !is_chosen(row)).map(|row| Occupied {
        id: row.facts.session,
        class: row.device_class,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    let evicted = limit.make_room(others.collect(), new.device_class)?;
    Some([(Actor::Owner(Some(new.id)), EndReason::Limit, chosen), (Actor::Server, EndReason::Evicted, evicted)])
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
