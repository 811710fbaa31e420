//! The tables as PostgreSQL keeps them, and the columns that rows are read from.

use diesel::table;

table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        email_canonical -> Text,
        display_name -> Nullable<Text>,
        roles -> Text,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}

table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        client_id -> Text,
        scope -> Text,
        auth_time -> BigInt,
        amr -> Text,
        generation -> BigInt,
        token_hash -> Binary,
        nonce -> Nullable<Binary>,
        key_id -> SmallInt,
        attempt_hash -> Nullable<Binary>,
        rotated_at -> BigInt,
        late_retries -> BigInt,
        late_generation -> Nullable<BigInt>,
        device_name -> Nullable<Text>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> BigInt,
        last_used_at -> BigInt,
        idle_expires_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
    }
}

table! {
    revocations (seq) {
        seq -> BigInt,
        kind -> Text,
        subject -> Uuid,
        not_before -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    security_events (id) {
        id -> Uuid,
        at -> BigInt,
        kind -> Text,
        user_id -> Uuid,
        session_id -> Nullable<Uuid>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        evidence -> Nullable<Text>,
    }
}

table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        key_id -> SmallInt,
        sealed -> Binary,
        created_at -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, sessions);

/// The columns of an [`AccountRow`](crate::row::AccountRow).
pub(super) const ACCOUNT: Account =
    (users::id, users::email, users::display_name, users::roles, users::created_at, users::disabled_at);
pub(super) type Account =
    (users::id, users::email, users::display_name, users::roles, users::created_at, users::disabled_at);

/// The columns of a [`FactsRow`](crate::row::FactsRow).
pub(super) const FACTS: Facts = (
    sessions::id,
    sessions::user_id,
    sessions::generation,
    sessions::client_id,
    sessions::scope,
    sessions::auth_time,
    sessions::amr,
    sessions::idle_expires_at,
    sessions::expires_at,
    users::roles,
);
pub(super) type Facts = (
    sessions::id,
    sessions::user_id,
    sessions::generation,
    sessions::client_id,
    sessions::scope,
    sessions::auth_time,
    sessions::amr,
    sessions::idle_expires_at,
    sessions::expires_at,
    users::roles,
);

/// The columns of a [`SessionRow`](crate::row::SessionRow).
pub(super) const SESSION: Session = (
    FACTS,
    sessions::token_hash,
    sessions::nonce,
    sessions::key_id,
    sessions::attempt_hash,
    sessions::rotated_at,
    sessions::late_retries,
    sessions::late_generation,
    sessions::device_name,
    sessions::ip,
    sessions::user_agent,
    sessions::created_at,
    sessions::last_used_at,
    sessions::revoked_at,
    sessions::end_reason,
    users::disabled_at,
);
pub(super) type Session = (
    Facts,
    sessions::token_hash,
    sessions::nonce,
    sessions::key_id,
    sessions::attempt_hash,
    sessions::rotated_at,
    sessions::late_retries,
    sessions::late_generation,
    sessions::device_name,
    sessions::ip,
    sessions::user_agent,
    sessions::created_at,
    sessions::last_used_at,
    sessions::revoked_at,
    sessions::end_reason,
    users::disabled_at,
);
