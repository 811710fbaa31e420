//! The rows of seeded accounts and sessions, the same on both engines.

use std::time::SystemTime;

use auth_domain::model::{SessionId, TokenSecret};
use uuid::{Builder, Uuid};

use super::Size;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// What every row has in common.
pub(crate) struct Rows {
    pub(crate) size: Size,
    key_id: u8,
    now: i64,
}

/// The columns of a session, in the order of [`SESSION_COLUMNS`].
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    pub(crate) token_hash: [u8; 32],
    pub(crate) created_at: i64,
    /// Those that are the same in every row, but for the last: `key_id`.
    pub(crate) idle_expires_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) key_id: u8,
    pub(crate) ip: String,
}

pub(crate) const USER_COLUMNS: &str = "id, email, email_canonical, roles, created_at";
pub(crate) const SESSION_COLUMNS: &str = "id, user_id, token_hash, created_at, auth_time, rotated_at, last_used_at, \
    idle_expires_at, expires_at, key_id, ip, client_id, scope, amr, generation, late_retries, device_class, user_agent";
/// The values of the last columns, which are texts without anything to escape, or numbers.
pub(crate) const CLIENT: &str = "jeton";
pub(crate) const SCOPE: &str = "account";
pub(crate) const AMR: &str = "pwd";
pub(crate) const DEVICE_CLASS: &str = "web";
pub(crate) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

impl Rows {
    pub(crate) fn new(size: Size, key_id: u8) -> Self {
        Self { size, key_id, now: now_micros() }
    }

    /// Account `n`: id, address, time.
    pub(crate) fn user(&self, n: u64) -> (Uuid, String, i64) {
        (id(n, 1), format!("seed{n}@example.com"), self.now - 2 * HOUR)
    }

    /// Session `n`; the sessions of one account do not lie side by side.
    pub(crate) fn session(&self, n: u64) -> Session {
        let created_at = self.now - HOUR + i64::try_from(n % 1_000_000).unwrap_or(0);
        Session {
            id: session_id(n).as_uuid(),
            user: id(n % self.size.users, 1),
            token_hash: *secret(n).hash().as_bytes(),
            created_at,
            idle_expires_at: created_at + 14 * DAY,
            expires_at: created_at + 90 * DAY,
            key_id: self.key_id,
            ip: format!("192.0.2.{}", n % 254 + 1),
        }
    }
}

/// As new identifiers are: ordered by time.
pub(crate) fn session_id(n: u64) -> SessionId {
    SessionId::from_uuid(id(n, 2))
}

fn id(n: u64, kind: u8) -> Uuid {
    let [a, b, rest @ ..] = n.to_be_bytes();
    Builder::from_unix_timestamp_millis(
        1_700_000_000_000 + n / 1_000,
        &[kind, 0, a, b, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]],
    )
    .into_uuid()
}

/// The first secret of session `n`. No secret at all: a token also needs the tag of the server's master key.
pub(crate) fn secret(n: u64) -> TokenSecret {
    let mut seed = *b"jeton/seeded-session/v1 ........";
    if let Some((_, place)) = seed.split_last_chunk_mut::<8>() {
        *place = n.to_be_bytes();
    }
    TokenSecret::from_bytes(*TokenSecret::from_bytes(seed).hash().as_bytes())
}

/// Microseconds since the epoch.
fn now_micros() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a tool beside the server, which has no clock port")]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
