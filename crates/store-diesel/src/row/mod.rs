//! What a row means to the model. `I` is how the engine keeps identifiers; the columns come in the order of the fields.

mod factor;
mod one_time;

use auth_domain::model::{
    Account, AccountId, ApiKey, ApiKeyId, ApiScope, AttemptHash, Credentials, Delivery, DeliveryId, DeviceClass,
    DisplayName, EmailAddress, EndReason, Ended, Endpoint, EventId, EventKind, KeyState, Nonce, PasswordHash,
    RetiredMasterKey, Revocation, RevocationKind, SecurityEvent, SessionFacts, SessionId, SessionRecord, StoredKey,
    Timestamp, TokenHash,
};
use auth_domain::ports::StoreError;
use diesel::prelude::{Queryable, QueryableByName};
use diesel::sql_types::{BigInt, Binary, Text};

pub(crate) use self::factor::{FactorsRow, PasskeyRow, SealedTotpRow, factors};
pub(crate) use self::one_time::{TokenRow, TokenWithAccountRow};
use crate::column::{self, At, StoredId};

/// A row of `users` without what proves it.
#[derive(Queryable)]
pub(crate) struct AccountRow<I> {
    id: I,
    email: String,
    display_name: Option<String>,
    roles: String,
    locale: String,
    email_verified_at: Option<i64>,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl<I: StoredId> AccountRow<I> {
    pub(crate) fn account(self) -> Result<Account, StoreError> {
        Ok(Account {
            id: AccountId::from_uuid(self.id.read(At("users", "id"))?),
            email: EmailAddress::parse(&self.email).map_err(|_| At("users", "email").corrupt())?,
            display_name: self.display_name.as_deref().map(display_name).transpose()?,
            roles: column::roles(&self.roles)?,
            locale: column::locale(&self.locale, At("users", "locale"))?,
            email_verified_at: column::time(self.email_verified_at),
            created_at: Timestamp::from_micros(self.created_at),
            disabled_at: column::time(self.disabled_at),
        })
    }
}

/// A name as it was written, and not one that would be taken for it.
fn display_name(stored: &str) -> Result<DisplayName, StoreError> {
    DisplayName::new(stored)
        .ok()
        .filter(|name| name.as_str() == stored)
        .ok_or_else(|| At("users", "display_name").corrupt())
}

/// A row of `users`, and last whether it has a factor that counts.
#[derive(Queryable)]
pub(crate) struct CredentialsRow<I> {
    account: AccountRow<I>,
    password_hash: Option<String>,
    password_changed_at: Option<i64>,
    second_factor: bool,
}

impl<I: StoredId> CredentialsRow<I> {
    pub(crate) fn credentials(self) -> Result<Credentials, StoreError> {
        Ok(Credentials {
            account: self.account.account()?,
            password_hash: self.password_hash.map(PasswordHash::new),
            password_changed_at: column::time(self.password_changed_at),
            second_factor: self.second_factor,
        })
    }
}

/// What an access token needs to know: of `sessions`, and last the roles of `users`.
#[derive(Queryable)]
pub(crate) struct FactsRow<I> {
    id: I,
    user_id: I,
    generation: i64,
    client_id: String,
    scope: String,
    auth_time: i64,
    amr: String,
    idle_expires_at: i64,
    expires_at: i64,
    roles: String,
}

impl<I: StoredId> FactsRow<I> {
    pub(crate) fn facts(self) -> Result<SessionFacts, StoreError> {
        Ok(SessionFacts {
            session: SessionId::from_uuid(self.id.read(At("sessions", "id"))?),
            account: AccountId::from_uuid(self.user_id.read(At("sessions", "user_id"))?),
            generation: column::unsigned(self.generation, At("sessions", "generation"))?,
            client_id: self.client_id,
            scope: self.scope,
            auth_time: Timestamp::from_micros(self.auth_time),
            amr: column::split(&self.amr).map(str::to_owned).collect(),
            roles: column::roles(&self.roles)?,
            idle_expires_at: Timestamp::from_micros(self.idle_expires_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

/// A row of `sessions`, and last `disabled_at` of `users`.
#[derive(Queryable)]
pub(crate) struct SessionRow<I> {
    facts: FactsRow<I>,
    token_hash: Vec<u8>,
    nonce: Option<Vec<u8>>,
    key_id: i16,
    attempt_hash: Option<Vec<u8>>,
    rotated_at: i64,
    late_retries: i64,
    late_generation: Option<i64>,
    device_name: Option<String>,
    device_class: String,
    ip: Option<String>,
    user_agent: Option<String>,
    created_at: i64,
    last_used_at: i64,
    revoked_at: Option<i64>,
    end_reason: Option<String>,
    ended_by: Option<String>,
    ended_by_id: Option<I>,
    disabled_at: Option<i64>,
}

impl<I: StoredId> SessionRow<I> {
    pub(crate) fn record(self) -> Result<SessionRecord, StoreError> {
        let at = |column| At("sessions", column);
        let bytes =
            |stored: Option<Vec<u8>>, column| stored.map(|stored| column::bytes32(&stored, at(column))).transpose();
        let ended = match (self.revoked_at, self.end_reason, self.ended_by) {
            (None, None, None) => None,
            (Some(when), Some(reason), Some(by)) => Some(Ended {
                at: Timestamp::from_micros(when),
                by: column::actor(&by, self.ended_by_id, at("ended_by"))?,
                reason: reason.parse::<EndReason>().map_err(|_| at("end_reason").corrupt())?,
            }),
            _ => return Err(at("end_reason").corrupt()),
        };
        let nonce = bytes(self.nonce, "nonce")?.map(Nonce::from_bytes);
        if nonce.is_none() != (self.facts.generation == 0) {
            return Err(at("nonce").corrupt());
        }
        Ok(SessionRecord {
            facts: self.facts.facts()?,
            token_hash: TokenHash::from_bytes(column::bytes32(&self.token_hash, at("token_hash"))?),
            nonce,
            key_id: column::key_id(self.key_id, at("key_id"))?,
            attempt_hash: bytes(self.attempt_hash, "attempt_hash")?.map(AttemptHash::from_bytes),
            rotated_at: Timestamp::from_micros(self.rotated_at),
            late_retries: column::unsigned(self.late_retries, at("late_retries"))?,
            late_generation: self
                .late_generation
                .map(|generation| column::unsigned(generation, at("late_generation")))
                .transpose()?,
            device_name: self.device_name,
            device_class: self.device_class.parse::<DeviceClass>().map_err(|_| at("device_class").corrupt())?,
            presenter: column::presenter(self.ip.as_deref(), self.user_agent, at("ip"))?,
            created_at: Timestamp::from_micros(self.created_at),
            last_used_at: Timestamp::from_micros(self.last_used_at),
            ended,
            account_disabled: self.disabled_at.is_some(),
        })
    }
}

/// A row of `revocations`.
#[derive(Queryable, QueryableByName)]
pub(crate) struct RevocationRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Binary)]
    subject: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    not_before: i64,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
}

impl RevocationRow {
    pub(crate) fn revocation(self) -> Result<Revocation, StoreError> {
        // The kind or its subject: the one cannot be read without the other.
        let kind = RevocationKind::from_bytes(&self.kind, &self.subject);
        Ok(Revocation {
            seq: self.seq,
            kind: kind.ok_or_else(|| At("revocations", "kind").corrupt())?,
            not_before: Timestamp::from_micros(self.not_before),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

/// A row of `security_events`.
#[derive(Queryable)]
pub(crate) struct EventRow<I> {
    id: I,
    at: i64,
    kind: String,
    user_id: I,
    session_id: Option<I>,
    ip: Option<String>,
    user_agent: Option<String>,
    evidence: Option<String>,
    actor: String,
    actor_id: Option<I>,
    detail: Option<String>,
}

impl<I: StoredId> EventRow<I> {
    pub(crate) fn event(self) -> Result<SecurityEvent, StoreError> {
        let at = |column| At("security_events", column);
        let session = self.session_id.map(|id| id.read(at("session_id"))).transpose()?;
        Ok(SecurityEvent {
            id: EventId::from_uuid(self.id.read(at("id"))?),
            at: Timestamp::from_micros(self.at),
            kind: self.kind.parse::<EventKind>().map_err(|_| at("kind").corrupt())?,
            account: AccountId::from_uuid(self.user_id.read(at("user_id"))?),
            session: session.map(SessionId::from_uuid),
            actor: column::actor(&self.actor, self.actor_id, at("actor"))?,
            presenter: column::presenter(self.ip.as_deref(), self.user_agent, at("ip"))?,
            evidence: column::evidence(self.evidence.as_deref(), at("evidence"))?,
            detail: self.detail,
        })
    }
}

/// A row of `signing_keys`.
#[derive(Queryable)]
pub(crate) struct KeyRow {
    kid: String,
    algorithm: String,
    key_id: i16,
    sealed: Vec<u8>,
    created_at: i64,
    state: String,
    state_since: Option<i64>,
    state_until: Option<i64>,
}

impl KeyRow {
    pub(crate) fn key(self) -> Result<StoredKey, StoreError> {
        let at = |column| At("signing_keys", column);
        // The state or its times: the one cannot be read without the others.
        let state = KeyState::from_parts(&self.state, column::time(self.state_since), column::time(self.state_until))
            .ok_or_else(|| at("state").corrupt())?;
        if self.sealed.is_empty() && state.is_trusted() {
            return Err(at("sealed").corrupt());
        }
        Ok(StoredKey {
            kid: self.kid,
            algorithm: self.algorithm,
            key_id: column::key_id(self.key_id, at("key_id"))?,
            sealed: self.sealed,
            created_at: Timestamp::from_micros(self.created_at),
            state,
        })
    }
}

/// A row of `retired_master_keys`.
#[derive(Queryable)]
pub(crate) struct RetiredMasterRow {
    id: i16,
    key_id: i16,
    sealed: Vec<u8>,
    retired_at: i64,
}

impl RetiredMasterRow {
    pub(crate) fn master(self) -> Result<RetiredMasterKey, StoreError> {
        let at = |column| At("retired_master_keys", column);
        Ok(RetiredMasterKey {
            id: column::key_id(self.id, at("id"))?,
            key_id: column::key_id(self.key_id, at("key_id"))?,
            sealed: self.sealed,
            retired_at: Timestamp::from_micros(self.retired_at),
        })
    }
}

/// A row of `api_keys`.
#[derive(Queryable)]
pub(crate) struct ApiKeyRow<I> {
    id: I,
    name: String,
    secret_hash: Vec<u8>,
    scopes: String,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl<I: StoredId> ApiKeyRow<I> {
    pub(crate) fn key(self) -> Result<ApiKey, StoreError> {
        let at = |column| At("api_keys", column);
        let scopes = column::split(&self.scopes).map(str::parse::<ApiScope>).collect::<Result<_, _>>();
        Ok(ApiKey {
            id: ApiKeyId::from_uuid(self.id.read(at("id"))?),
            name: self.name,
            secret_hash: TokenHash::from_bytes(column::bytes32(&self.secret_hash, at("secret_hash"))?),
            scopes: scopes.map_err(|_| at("scopes").corrupt())?,
            created_at: Timestamp::from_micros(self.created_at),
            revoked_at: column::time(self.revoked_at),
        })
    }
}

/// A row of `webhook_deliveries`, and last the event.
#[derive(Queryable)]
pub(crate) struct DeliveryRow<I> {
    id: I,
    endpoint: String,
    attempts: i64,
    event: EventRow<I>,
}

impl<I: StoredId> DeliveryRow<I> {
    pub(crate) fn delivery(self) -> Result<Delivery, StoreError> {
        let at = |column| At("webhook_deliveries", column);
        Ok(Delivery {
            id: DeliveryId::from_uuid(self.id.read(at("id"))?),
            endpoint: Endpoint(self.endpoint),
            event: self.event.event()?,
            attempts: column::unsigned(self.attempts, at("attempts"))?,
        })
    }
}
