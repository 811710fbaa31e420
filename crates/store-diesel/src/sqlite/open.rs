//! Opening a session on SQLite, within the account's limit.

use auth_domain::model::{NewSession, Opened, Role, SessionLimit, Timestamp};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{sessions, users};
use super::{bytes, end, events};
use crate::ending::Cause;
use crate::error::Failure;
use crate::{column, opening};

/// Counts, makes room and adds, as one step of the one writer.
pub(super) struct Open {
    pub(super) new: NewSession,
    pub(super) limit: SessionLimit,
}

impl Step for Open {
    type Answer = Opened;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Opened, Failure> {
        let new = &self.new;
        let Some(roles) = self.roles(connection)? else { return Ok(Opened::AccountUnavailable) };
        let live = if opening::counts(new, self.limit) {
            super::sessions::live(connection, new.account, new.now)?
        } else {
            Vec::new()
        };
        let Some(room) = opening::make_room(new, self.limit, &live) else { return Ok(Opened::LimitReached { live }) };
        let mut evicted = Vec::new();
        for (by, reason, sessions) in room {
            let cause = Cause { by, reason, now: new.now, tokens_until: new.tokens_until };
            evicted.extend(end::revoke(connection, &sessions, cause)?);
        }
        self.add(connection)?;
        events::record(connection, &new.event)?;
        Ok(Opened::Opened { facts: opening::facts(new, roles), evicted })
    }

    fn is_news(opened: &Opened) -> bool {
        matches!(opened, Opened::Opened { evicted, .. } if !evicted.is_empty())
    }
}

impl Open {
    /// The account's roles; `None` when it is gone or disabled, or what the login rests on does not hold.
    fn roles(&self, connection: &mut SqliteConnection) -> Result<Option<Vec<Role>>, Failure> {
        let found: Option<(String, Option<i64>)> = users::table
            .filter(users::id.eq(bytes(self.new.account.as_uuid())))
            .filter(users::disabled_at.is_null())
            .select((users::roles, users::password_changed_at))
            .get_result(connection)
            .optional()?;
        let holds = |changed_at: Option<i64>| self.new.rests_on.holds(changed_at.map(Timestamp::from_micros));
        let usable = found.filter(|(_, changed_at)| holds(*changed_at));
        Ok(usable.map(|(roles, _)| column::roles(&roles)).transpose()?)
    }

    fn add(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let new = &self.new;
        let now = new.now.as_micros();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(bytes(new.id.as_uuid())),
                sessions::user_id.eq(bytes(new.account.as_uuid())),
                sessions::client_id.eq(&new.client_id),
                sessions::scope.eq(&new.scope),
                sessions::auth_time.eq(now),
                sessions::amr.eq(column::words(new.amr.iter().map(String::as_str))),
                sessions::generation.eq(0),
                sessions::token_hash.eq(new.token_hash.as_bytes().as_slice()),
                sessions::key_id.eq(i16::from(new.key_id)),
                sessions::rotated_at.eq(now),
                sessions::late_retries.eq(0),
                sessions::device_name.eq(&new.device_name),
                sessions::device_class.eq(new.device_class.as_str()),
                sessions::ip.eq(column::ip(&new.presenter)),
                sessions::user_agent.eq(&new.presenter.user_agent),
                sessions::created_at.eq(now),
                sessions::last_used_at.eq(now),
                sessions::idle_expires_at.eq(new.idle_expires_at.as_micros()),
                sessions::expires_at.eq(new.expires_at.as_micros()),
            ))
            .execute(connection)?;
        Ok(())
    }
}
