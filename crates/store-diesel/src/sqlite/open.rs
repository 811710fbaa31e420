//! Opening a session on SQLite, within the account's limit.

use auth_domain::model::{EndReason, NewSession, Opened, Role, SessionLimit};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{sessions, users};
use super::{bytes, end};
use crate::column;
use crate::error::Failure;
use crate::opening::{self, Room};

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
        let mut live = self.live(connection)?;
        match opening::room(self.limit, live.len()) {
            Room::Full => {
                return Ok(Opened::LimitReached { live: u32::try_from(live.len()).unwrap_or(u32::MAX) });
            }
            Room::After { evicting } => live.truncate(evicting),
        }
        let evicted = end::revoke(connection, live, EndReason::Evicted, new.now, new.tokens_until)?;
        self.add(connection)?;
        Ok(Opened::Opened { facts: opening::facts(new, roles), evicted })
    }
}

impl Open {
    /// The account's roles; `None` when it is gone or disabled.
    fn roles(&self, connection: &mut SqliteConnection) -> Result<Option<Vec<Role>>, Failure> {
        let roles: Option<String> = users::table
            .filter(users::id.eq(bytes(self.new.account.as_uuid())))
            .filter(users::disabled_at.is_null())
            .select(users::roles)
            .first(connection)
            .optional()?;
        Ok(roles.as_deref().map(column::roles).transpose()?)
    }

    /// The account's live sessions, the one that was opened first in front. Nobody counts them where there is no limit.
    fn live(&self, connection: &mut SqliteConnection) -> Result<Vec<Vec<u8>>, Failure> {
        if self.limit.max_per_account.is_none() {
            return Ok(Vec::new());
        }
        let now = self.new.now.as_micros();
        Ok(sessions::table
            .filter(sessions::user_id.eq(bytes(self.new.account.as_uuid())))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::created_at.asc(), sessions::id.asc()))
            .select(sessions::id)
            .load(connection)?)
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
