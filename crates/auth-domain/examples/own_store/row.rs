//! A session as the file keeps it, and the way back to the model.

use std::str::FromStr;

use auth_domain::model::{
    AccountId, Actor, AttemptHash, DeviceClass, EndReason, Ended, Nonce, Presenter, SessionFacts, SessionId,
    SessionRecord, Timestamp, TokenHash,
};
use auth_domain::ports::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Times are microseconds since 1970; secrets are hashes, never the tokens themselves.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    session: Uuid,
    account: Uuid,
    generation: u32,
    client_id: String,
    scope: String,
    auth_time: i64,
    amr: Vec<String>,
    idle_expires_at: i64,
    expires_at: i64,
    token_hash: [u8; 32],
    nonce: Option<[u8; 32]>,
    key_id: u8,
    attempt_hash: Option<[u8; 32]>,
    rotated_at: i64,
    late_retries: u32,
    late_generation: Option<u32>,
    device_name: Option<String>,
    device_class: String,
    presenter: Presenter,
    created_at: i64,
    last_used_at: i64,
    ended: Option<EndedRow>,
}

#[derive(Serialize, Deserialize)]
struct EndedRow {
    at: i64,
    by: String,
    by_id: Option<Uuid>,
    reason: String,
}

impl From<&SessionRecord> for Row {
    fn from(record: &SessionRecord) -> Self {
        let SessionRecord { facts, .. } = record;
        let ended = record.ended.map(|ended| EndedRow {
            at: ended.at.as_micros(),
            by: ended.by.as_str().to_owned(),
            by_id: ended.by.id(),
            reason: ended.reason.as_str().to_owned(),
        });
        Self {
            session: facts.session.as_uuid(),
            account: facts.account.as_uuid(),
            generation: facts.generation,
            client_id: facts.client_id.clone(),
            scope: facts.scope.clone(),
            auth_time: facts.auth_time.as_micros(),
            amr: facts.amr.clone(),
            idle_expires_at: facts.idle_expires_at.as_micros(),
            expires_at: facts.expires_at.as_micros(),
            token_hash: *record.token_hash.as_bytes(),
            nonce: record.nonce.as_ref().map(|nonce| *nonce.as_bytes()),
            key_id: record.key_id,
            attempt_hash: record.attempt_hash.as_ref().map(|hash| *hash.as_bytes()),
            rotated_at: record.rotated_at.as_micros(),
            late_retries: record.late_retries,
            late_generation: record.late_generation,
            device_name: record.device_name.clone(),
            device_class: record.device_class.as_str().to_owned(),
            presenter: record.presenter.clone(),
            created_at: record.created_at.as_micros(),
            last_used_at: record.last_used_at.as_micros(),
            ended,
        }
    }
}

/// The record without its account: neither roles nor whether it is disabled.
impl TryFrom<Row> for SessionRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let facts = SessionFacts {
            session: SessionId::from_uuid(row.session),
            account: AccountId::from_uuid(row.account),
            generation: row.generation,
            client_id: row.client_id,
            scope: row.scope,
            auth_time: Timestamp::from_micros(row.auth_time),
            amr: row.amr,
            roles: Vec::new(),
            idle_expires_at: Timestamp::from_micros(row.idle_expires_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        };
        Ok(Self {
            facts,
            token_hash: TokenHash::from_bytes(row.token_hash),
            nonce: row.nonce.map(Nonce::from_bytes),
            key_id: row.key_id,
            attempt_hash: row.attempt_hash.map(AttemptHash::from_bytes),
            rotated_at: Timestamp::from_micros(row.rotated_at),
            late_retries: row.late_retries,
            late_generation: row.late_generation,
            device_name: row.device_name,
            device_class: DeviceClass::from_str(&row.device_class).map_err(|_| corrupt("device_class"))?,
            presenter: row.presenter,
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: Timestamp::from_micros(row.last_used_at),
            ended: row.ended.map(Ended::try_from).transpose()?,
            account_disabled: false,
        })
    }
}

impl TryFrom<EndedRow> for Ended {
    type Error = StoreError;

    fn try_from(row: EndedRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: Timestamp::from_micros(row.at),
            by: Actor::from_parts(&row.by, row.by_id).ok_or_else(|| corrupt("ended.by"))?,
            reason: EndReason::from_str(&row.reason).map_err(|_| corrupt("ended.reason"))?,
        })
    }
}

/// A row that no version of this program writes is refused, not guessed at.
pub(super) fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt { table: "sessions", column }
}
