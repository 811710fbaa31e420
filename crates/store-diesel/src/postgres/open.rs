//! Opening a session on PostgreSQL, within the account's limit.

use auth_domain::model::{EndReason, NewSession, Opened, Role, SessionLimit};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::end;
use super::pool::Step;
use super::schema::{sessions, users};
use crate::column;
use crate::error::Failure;
use crate::opening::{self, Room};

/// Counts, makes room and adds, while it holds the account's row: logins of one account come one after the other.
pub(super) struct Open {
    pub(super) new: NewSession,
    pub(super) limit: SessionLimit,
}

impl Step for Open {
    type Answer = Opened;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Opened, Failure> {
        let new = &self.new;
        let Some(roles) = self.lock(connection).await? else { return Ok(Opened::AccountUnavailable) };
        let mut live = self.live(connection).await?;
        match opening::room(self.limit, live.len()) {
            Room::Full => {
                return Ok(Opened::LimitReached { live: u32::try_from(live.len()).unwrap_or(u32::MAX) });
            }
            Room::After { evicting } => live.truncate(evicting),
        }
        let evicted = end::revoke(connection, live, EndReason::Evicted, new.now, new.tokens_until).await?;
        self.add(connection).await?;
        Ok(Opened::Opened { facts: opening::facts(new, roles), evicted })
    }
}

impl Open {
    /// Locks the account and reads its roles; `None` when it is gone or disabled.
    async fn lock(&self, connection: &mut AsyncPgConnection) -> Result<Option<Vec<Role>>, Failure> {
        let roles: Option<String> = users::table
            .filter(users::id.eq(self.new.account.as_uuid()))
            .filter(users::disabled_at.is_null())
            .select(users::roles)
            .for_update()
            .first(connection)
            .await
            .optional()?;
        Ok(roles.as_deref().map(column::roles).transpose()?)
    }

    /// The account's live sessions, the one that was opened first in front. Nobody counts them where there is no limit.
    /// While the account is locked their number can only fall.
    async fn live(&self, connection: &mut AsyncPgConnection) -> Result<Vec<Uuid>, Failure> {
        if self.limit.max_per_account.is_none() {
            return Ok(Vec::new());
        }
        let now = self.new.now.as_micros();
        Ok(sessions::table
            .filter(sessions::user_id.eq(self.new.account.as_uuid()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::created_at.asc(), sessions::id.asc()))
            .select(sessions::id)
            .load(connection)
            .await?)
    }

    async fn add(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        let new = &self.new;
        let now = new.now.as_micros();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(new.id.as_uuid()),
                sessions::user_id.eq(new.account.as_uuid()),
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
            .execute(connection)
            .await?;
        Ok(())
    }
}
